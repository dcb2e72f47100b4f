import { nearestOr } from "../record/nearest.ts"
import type { Input, Piece, Problem } from "./model.ts"
import { isElements, lookups, ofBothBranches } from "./pieces.ts"
import { parseText } from "./text.ts"

/** Something that is named, and where. */
export interface Reference {
  readonly input: Input
  readonly file: string
  readonly line: number
}

const sources = ["consumable", "stage", "lake", "changes", "elements", "stage_elements"] as const
const lakeTables = ["dead_letters", "runs"]

/** What pieces of a text name, in their order, each time. */
export const referencesOf = (pieces: ReadonlyArray<Piece>, file: string, problems: Array<Problem>): ReadonlyArray<Reference> =>
  ofBothBranches(pieces).flatMap((piece): ReadonlyArray<Reference> => {
    if (piece.kind === "ref") return [{ input: { kind: "model", name: piece.model }, file, line: piece.line }]
    if (piece.kind !== "source") return []
    if (piece.source === lookups) return [{ input: { kind: "model", name: piece.table }, file, line: piece.line }]
    const source = sources.find((name) => name === piece.source)
    if (source !== undefined) return [{ input: { kind: "source", source, table: piece.table }, file, line: piece.line }]
    problems.push({
      file,
      line: piece.line,
      problem: `there is no source ${piece.source}`,
      hint: nearestOr(piece.source, [...sources, lookups])
    })
    return []
  })

/** Reads `ref('m')` and `source('s', 't')`, as they stand in YAML. Null: it is neither, which is told. */
export const referenceOf = (text: string, file: string, line: number, project: string, problems: Array<Problem>): Reference | null => {
  const read = parseText(`{{ ${text} }}`, file, project)
  const told: Array<Problem> = []
  const [reference] = read.problems.length === 0 && read.pieces.length === 1 ? referencesOf(read.pieces, file, told) : []
  if (reference !== undefined) return { ...reference, line }
  const { problem, hint } = told[0] ?? {
    problem: `${JSON.stringify(text)} names no model and no source`,
    hint: "Write ref('model') or source('consumable', 'dataset')."
  }
  problems.push({ file, line, problem, hint })
  return null
}

/** What there is to name. */
export interface Known {
  readonly models: ReadonlySet<string>
  /** Datasets of the project. */
  readonly datasets: ReadonlyArray<string>
}

/** What is wrong with what is named: it is not there. */
export const unknownReferences = (references: ReadonlyArray<Reference>, { models, datasets }: Known): ReadonlyArray<Problem> =>
  references.flatMap(({ input, file, line }) => {
    const [name, names, what] =
      input.kind === "model"
        ? [input.name, [...models], "model"]
        : input.source === "lake"
          ? [input.table, lakeTables, "table of the lake"]
          : [datasetOf(input), datasets, "dataset"]
    if (names.includes(name)) return []
    const isOther = input.kind === "model" ? datasets.includes(name) : models.has(name)
    const other = input.kind === "model" ? `{{ source('consumable', '${name}') }}` : `{{ ref('${name}') }}`
    return [{ file, line, problem: `there is no ${what} ${name}`, hint: isOther ? `Write ${other}.` : nearestOr(name, names) }]
  })

/** The dataset whose table a source is. */
export const datasetOf = ({ source, table }: Pick<Extract<Input, { readonly kind: "source" }>, "source" | "table">): string =>
  isElements(source) ? table.slice(0, table.indexOf(".") >>> 0) : table

/** As people read it: a model by its name, a source as `consumable.orders`. */
export const inputKey = (input: Input): string => (input.kind === "model" ? input.name : `${input.source}.${input.table}`)

/** Each input once, in the order in which they are first named. */
export const distinctInputs = (references: ReadonlyArray<Reference>): ReadonlyArray<Input> => [
  ...new Map(references.map(({ input }) => [`${input.kind} ${inputKey(input)}`, input])).values()
]
