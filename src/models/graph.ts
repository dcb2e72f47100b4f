import { nearestOr } from "../record/nearest.ts"
import type { Input, Model, Models, Piece, Problem } from "./model.ts"
import { ofBothBranches } from "./pieces.ts"
import { inputKey } from "./references.ts"

/** What reads what: models by name, sources by `consumable.orders`. */

const parentsOf = (model: Model): ReadonlyArray<string> => model.inputs.map(inputKey)
const modelParents = (model: Model): ReadonlyArray<string> => model.inputs.flatMap((input) => (input.kind === "model" ? [input.name] : []))

/** Models, each after those that it reads; else in the order of their names. Those of a circle are left out. */
export const inOrder = (models: ReadonlyArray<Model>): ReadonlyArray<Model> => {
  const waiting = new Map([...models].sort((a, b) => (a.name < b.name ? -1 : 1)).map((model) => [model.name, model]))
  const ordered: Array<Model> = []
  for (;;) {
    const next = [...waiting.values()].find((model) => modelParents(model).every((name) => !waiting.has(name)))
    if (next === undefined) return ordered
    waiting.delete(next.name)
    ordered.push(next)
  }
}

/** Models that read each other in a circle: each circle once, at the reference that a model has to the next. */
export const circles = (models: ReadonlyArray<Model>): ReadonlyArray<Problem> => {
  const byName = new Map(models.map((model) => [model.name, model]))
  const done = new Set<string>()
  const found: Array<Problem> = []
  const visit = (name: string, path: ReadonlyArray<string>): void => {
    const at = path.indexOf(name)
    const model = byName.get(name)
    if (at === -1 && model !== undefined && !done.has(name)) {
      for (const parent of modelParents(model)) visit(parent, [...path, name])
      done.add(name)
    }
    if (at === -1) return
    const circle = [...path.slice(at), name]
    const first = byName.get(name)
    if (first === undefined) return
    found.push({
      file: first.file,
      line: refLine(first.text, circle[1] ?? "") ?? 1,
      problem: `models read each other in a circle: ${circle.join(" → ")}`,
      hint: "Move what both need into a model that they read. What a model has already is {{ this }}."
    })
  }
  for (const { name } of models) visit(name, [])
  return found
}

const refLine = (pieces: ReadonlyArray<Piece>, name: string): number | null =>
  ofBothBranches(pieces).flatMap((piece) => (piece.kind === "ref" && piece.model === name ? [piece.line] : []))[0] ?? null

const reach = (from: Iterable<string>, next: (name: string) => ReadonlyArray<string>, steps: number): ReadonlySet<string> => {
  const reached = new Set<string>()
  let edge = [...from]
  for (let step = 0; step < steps && edge.length > 0; step++) {
    edge = [...new Set(edge.flatMap(next))].filter((name) => !reached.has(name))
    for (const name of edge) reached.add(name)
  }
  return reached
}

/** Names of the models and sources that some are made of. @param steps how far away at most */
export const ancestors = (models: ReadonlyArray<Model>, names: Iterable<string>, steps = Number.POSITIVE_INFINITY): ReadonlySet<string> => {
  const parents = new Map(models.map((model) => [model.name, parentsOf(model)]))
  return reach(names, (name) => parents.get(name) ?? [], steps)
}

/** Names of the models that are made of some models or sources. @param steps how far away at most */
export const descendants = (
  models: ReadonlyArray<Model>,
  names: Iterable<string>,
  steps = Number.POSITIVE_INFINITY
): ReadonlySet<string> => {
  const children = new Map<string, Array<string>>()
  for (const model of models) for (const parent of parentsOf(model)) children.set(parent, [...(children.get(parent) ?? []), model.name])
  return reach(names, (name) => children.get(name) ?? [], steps)
}

/** Models that are selected, in their order, or why none can be. */
export type Selected = { readonly models: ReadonlyArray<Model> } | { readonly problem: string; readonly hint: string }

const grammar =
  "Write model, +model, model+, 2+model, tag:name, path:folder or source:consumable.dataset+; a space adds, a comma takes what is in both."

/**
 * Models by dbt's words: `m`, `+m` with all that it is made of, `m+` with all that is made of it, `2+m` two steps far, `tag:x`,
 * `path:models/marts`, `source:consumable.orders+`; `*` in a name stands for anything. A space adds, a comma takes what is in both.
 */
export const select = (models: ReadonlyArray<Model>, text: string): Selected => {
  const unions = text.split(/\s+/).filter((word) => word !== "")
  if (unions.length === 0) return { problem: "nothing is selected", hint: grammar }
  const selected = new Set<string>()
  for (const union of unions) {
    const found: Array<ReadonlySet<string>> = []
    for (const word of union.split(",")) {
      const each = selectWord(models, word)
      if ("problem" in each) return each
      found.push(each.names)
    }
    for (const name of found[0] ?? []) if (found.every((names) => names.has(name))) selected.add(name)
  }
  return { models: models.filter(({ name }) => selected.has(name)) }
}

const selectWord = (
  models: ReadonlyArray<Model>,
  word: string
): { readonly names: ReadonlySet<string> } | { readonly problem: string; readonly hint: string } => {
  const parts = /^(?:([0-9]*)\+)?(?:([a-z]+):)?([^+:]+)(?:\+([0-9]*))?$/.exec(word)
  if (parts === null) return { problem: `${JSON.stringify(word)} selects nothing`, hint: grammar }
  const [, up, method = "model", value = "", down] = parts
  const methods = Object.keys(candidates)
  const find = candidates[method]
  if (find === undefined || !Object.hasOwn(candidates, method))
    return { problem: `there is no selection by ${method}`, hint: nearestOr(method, methods, grammar) }
  const known = find(models)
  const matches = patternOf(value, method === "path")
  const found = known.filter(({ value: each }) => matches(each)).map(({ name }) => name)
  if (found.length === 0) {
    const values = [...new Set(known.map((each) => each.value))]
    return { problem: `there is no ${method} ${value}`, hint: nearestOr(value, values) }
  }
  const steps = (digits: string | undefined): number =>
    digits === undefined ? 0 : digits === "" ? Number.POSITIVE_INFINITY : Number(digits)
  return { names: new Set([...found, ...ancestors(models, found, steps(up)), ...descendants(models, found, steps(down))]) }
}

type Candidates = (models: ReadonlyArray<Model>) => ReadonlyArray<{ readonly name: string; readonly value: string }>

/** What each way of selecting finds: names, by what is written. */
const candidates: { readonly [method: string]: Candidates } = {
  model: (models) => models.map(({ name }) => ({ name, value: name })),
  tag: (models) => models.flatMap(({ name, tags }) => tags.map((value) => ({ name, value }))),
  path: (models) => models.map(({ name, file }) => ({ name, value: file })),
  source: (models) =>
    models.flatMap(({ inputs }) =>
      inputs.flatMap((input) =>
        input.kind === "source" ? [inputKey(input), input.source].map((value) => ({ name: inputKey(input), value })) : []
      )
    )
}

const patternOf = (value: string, isPath: boolean): ((text: string) => boolean) => {
  const given = isPath ? value.replace(/^\.\//, "").replace(/\/+$/, "") : value
  const pattern = given
    .split("*")
    .map((part) => part.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, "\\$&"))
    .join(".*")
  const whole = new RegExp(`^${pattern}${isPath ? "(?:/.*)?" : ""}$`, "s")
  return (text) => whole.test(text)
}

/** The graph as Mermaid text: sources, models, and where they are looked at. */
export const mermaid = ({ models, exposures }: Pick<Models, "models" | "exposures">): string => {
  const sources = new Map(
    [...models, ...exposures].flatMap(({ inputs }) =>
      inputs.filter(({ kind }) => kind === "source").map((input) => [inputKey(input), input])
    )
  )
  const lines = [
    ...[...sources].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, input]) => `${idOf(input)}[("${key}")]`),
    ...models.map(({ name }) => `model_${name}["${name}"]`),
    ...exposures.map(({ name }, i) => `exposure_${i}(["${labelOf(name)}"])`),
    ...models.flatMap(({ name, inputs }) => inputs.map((input) => `${idOf(input)} --> model_${name}`)),
    ...exposures.flatMap(({ inputs }, i) => inputs.map((input) => `${idOf(input)} --> exposure_${i}`))
  ]
  return ["flowchart LR", ...lines.map((line) => `  ${line}`), ""].join("\n")
}

const idOf = (input: Input): string =>
  input.kind === "model" ? `model_${input.name}` : `source_${input.source}_${input.table.replaceAll(".", "_")}`

/** A text in quotes, in which signs of Mermaid mean nothing. */
const labelOf = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;").replaceAll("\n", " ")
