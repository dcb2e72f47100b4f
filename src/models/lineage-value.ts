import type { DirectKind, IndirectKind, LineageInput } from "../record/column-lineage.ts"

/** What a value is made of; null: not decided. What is made of something undecided is undecided. */
export type Value = ReadonlyArray<LineageInput> | null

/** What a constant is made of. */
export const nothing: Value = []

export const all = (values: ReadonlyArray<Value>): Value => {
  const found = new Map<string, LineageInput>()
  for (const value of values) {
    if (value === null) return null
    for (const input of value) found.set(JSON.stringify([input.relation, input.column, input.type, input.kind]), input)
  }
  return [...found.values()]
}

const strength: { readonly [kind in DirectKind]: number } = { IDENTITY: 0, TRANSFORMATION: 1, AGGREGATION: 2 }

/** Something is made of the value. A sum stays one, whatever is made of it. */
export const direct = (value: Value, kind: DirectKind): Value =>
  value && all([value.map((input) => (input.type === "DIRECT" && strength[input.kind] < strength[kind] ? { ...input, kind } : input))])

/** The value decides on something. */
export const indirect = (value: Value, kind: IndirectKind): Value =>
  value && all([value.map(({ relation, column }): LineageInput => ({ relation, column, type: "INDIRECT", kind }))])

/** A field of a struct: where the struct is an input's as it is, so is the field. */
export const fieldOf = (value: Value, name: string): Value =>
  value === null
    ? null
    : value.map((input) => (input.type === "DIRECT" && input.kind === "IDENTITY" ? { ...input, column: `${input.column}.${name}` } : input))
