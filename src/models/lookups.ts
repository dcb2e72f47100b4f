import { unfit } from "../contract/convert.ts"
import { shapeOf } from "../contract/field.ts"
import type { Lookup } from "../contract/lookup.ts"
import { snakeCase } from "../contract/names.ts"
import { type Leaf, leaf, type Value } from "../record/column.ts"
import type { DataTest, Model, Piece, Problem } from "./model.ts"
import { ofBothBranches, lookups as source } from "./pieces.ts"
import { distinctInputs, type Reference } from "./references.ts"

/** What lookups are among the models of a project. */

/** Where they are written. */
export const projectModule = "project.ts"

/** A SELECT of keys, read. */
interface KeysText {
  readonly name: string
  readonly file: string
  readonly text: { readonly pieces: ReadonlyArray<Piece> }
  readonly references: ReadonlyArray<Reference>
}

export const lookupModel = ({ text, references }: KeysText, lookup: Lookup): Model => {
  const { name, description, keys, version } = lookup
  const columns = columnsOf(lookup)
  return {
    name,
    file: projectModule,
    description,
    columns: columns.map((column) => ({ name: column.name, description: column.description, isSensitive: false, dataType: null })),
    tags: [],
    meta: {},
    owner: null,
    materialization: { kind: "lookup", lookup: { version, key: snakeCase(lookup.key), columns: columns, row: rowOf(lookup) } },
    partitionBy: [],
    isContractEnforced: false,
    text: text.pieces,
    source: keys,
    inputs: distinctInputs(references)
  }
}

const columnsOf = ({ columns }: Lookup): ReadonlyArray<Leaf> =>
  Object.entries(columns).flatMap(([key, field]) => {
    const shape = shapeOf(field)
    return shape.kind === "leaf"
      ? [leaf(snakeCase(key), shape.leaf.type === "json" ? { type: "text" } : shape.leaf, shape.description)]
      : []
  })

const rowOf =
  ({ name, key: keyField, columns, row }: Lookup) =>
  (key: string): { readonly [column: string]: Value } => {
    const given = { ...row(key), [keyField]: key }
    const values: { [column: string]: Value } = {}
    for (const [column, field] of Object.entries(columns)) {
      const shape = shapeOf(field)
      const value = shape.kind === "leaf" ? shape.convert(given[column] ?? null) : null
      if (value === unfit) throw new TypeError(`${column} of a row of ${name} does not fit its column`)
      values[snakeCase(column)] = value
    }
    return values
  }

/** Its keys are there, each once: whoever joins it relies on that. */
export const lookupTests = ({ name, key }: Lookup): ReadonlyArray<DataTest> =>
  (["unique", "not_null"] as const).map((kind) => ({
    name: `${kind}_${name}_${snakeCase(key)}`,
    model: name,
    column: snakeCase(key),
    check: { kind },
    severity: "error",
    where: null,
    warnIf: null,
    errorIf: null,
    file: projectModule,
    line: 1
  }))

/** Where a lookup is named as what it is not to dbt. */
export const lookupsByRef = (texts: ReadonlyArray<KeysText>, all: ReadonlyArray<Lookup>): ReadonlyArray<Problem> => {
  const names = new Set(all.map(({ name }) => name))
  return texts.flatMap(({ file, text }) =>
    ofBothBranches(text.pieces).flatMap((piece) => {
      const [name, isRef] =
        piece.kind === "ref"
          ? [piece.model, true]
          : piece.kind === "source" && piece.source === source
            ? [piece.table, false]
            : [null, false]
      if (name === null || names.has(name) !== isRef || (piece.kind !== "ref" && piece.kind !== "source")) return []
      return [
        {
          file,
          line: piece.line,
          problem: isRef ? `${name} is a lookup: to dbt it is a source` : `there is no lookup ${name}`,
          hint: isRef
            ? `Write {{ source('${source}', '${name}') }}.`
            : names.size === 0
              ? "The project has none."
              : `There are ${[...names].join(", ")}.`
        }
      ]
    })
  )
}
