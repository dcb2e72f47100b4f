import type { Column, SensitivePolicy } from "../record/column.ts"
import type { LineageInput, SelectLineage } from "../record/column-lineage.ts"

/** A model's table, as far as it matters to what is sensitive in it. */
export interface TracedModel {
  /** As SELECTs call it, without quotes. */
  readonly name: string
  /** Names of the columns that it was built with. */
  readonly columns: ReadonlyArray<string>
  /** Those that its own properties call sensitive. */
  readonly marked: ReadonlyArray<string>
  /** Relations that its SELECT reads, as it calls them. */
  readonly reads: ReadonlyArray<string>
  readonly lineage: SelectLineage
}

/** Sensitive columns by name in lower case, and what became of their values: where several went into one, of the most telling. */
export type SensitiveColumns = ReadonlyMap<string, SensitivePolicy>

/**
 * The sensitive columns of each model: those that it says are, and those that are directly made of a sensitive column, under any name and by
 * any function. A hash of the contract's stays one: `hash`; values that are as they came are `keep`, and so is what a model marks. A column
 * whose lineage is not decided is taken for sensitive as soon as anything is that its model reads.
 *
 * @param models each after those that it reads
 * @param sources columns of what is read beside models, by the name that SELECTs call it; of those that are sensitive every one
 */
export const sensitiveColumnsOf = (
  models: ReadonlyArray<TracedModel>,
  sources: ReadonlyMap<string, ReadonlyArray<Column>>
): ReadonlyMap<string, SensitiveColumns> => {
  const columns = new Map([...sources].map(([name, columns]) => [name.toLowerCase(), columns]))
  const found = new Map<string, SensitiveColumns>()
  const policyOf = ({ relation, column }: LineageInput): SensitivePolicy | undefined => {
    const path = column.toLowerCase().split(".")
    const [first = ""] = path
    const given = columns.get(relation.toLowerCase())?.filter(({ name }) => name.toLowerCase() === first) ?? []
    const model = found.get(relation.toLowerCase())
    // A model may have called a column by a name with a dot in it.
    return model?.get(column.toLowerCase()) ?? model?.get(first) ?? strongest(policiesAt(given, path))
  }
  const policyOfAll = (relation: string): SensitivePolicy | undefined =>
    strongest([
      ...(found.get(relation.toLowerCase())?.values() ?? []),
      ...(columns.get(relation.toLowerCase()) ?? []).flatMap(policiesBelow)
    ])
  for (const model of models) {
    // A model that reads its own table may pass on in one column what is sensitive in another.
    for (let size = -1; size !== (found.get(model.name.toLowerCase())?.size ?? 0); ) {
      size = found.get(model.name.toLowerCase())?.size ?? 0
      found.set(model.name.toLowerCase(), sensitiveOf(model, policyOf, policyOfAll))
    }
  }
  return new Map(models.map(({ name }) => [name, found.get(name.toLowerCase()) ?? new Map()]))
}

const sensitiveOf = (
  { columns, marked, reads, lineage }: TracedModel,
  policyOf: (input: LineageInput) => SensitivePolicy | undefined,
  policyOfAll: (relation: string) => SensitivePolicy | undefined
): SensitiveColumns => {
  const isMarked = new Set(marked.map((name) => name.toLowerCase()))
  const inputsOf = new Map(lineage.columns?.map(({ output, inputs }) => [output.toLowerCase(), inputs]))
  return new Map(
    columns.flatMap((column): ReadonlyArray<[string, SensitivePolicy]> => {
      const name = column.toLowerCase()
      const inputs = inputsOf.get(name) ?? null
      const policy = isMarked.has(name)
        ? "keep"
        : strongest(
            inputs === null ? reads.map(policyOfAll) : inputs.map((input) => (input.type === "DIRECT" ? policyOf(input) : undefined))
          )
      return policy === undefined ? [] : [[name, policy]]
    })
  )
}

const telling: ReadonlyArray<SensitivePolicy> = ["keep", "hash", "drop"]

const strongest = (policies: ReadonlyArray<SensitivePolicy | undefined>): SensitivePolicy | undefined =>
  telling.find((policy) => policies.includes(policy))

/** Of what stands at a path, or where that is not known, of all that stands beside it. */
const policiesAt = (columns: ReadonlyArray<Column>, [first, ...rest]: ReadonlyArray<string>): ReadonlyArray<SensitivePolicy> => {
  const column = columns.find(({ name }) => name.toLowerCase() === first)
  if (column === undefined) return columns.flatMap(policiesBelow)
  const inner = column.kind === "struct" ? column.fields : column.kind === "list" ? [column.element] : []
  return rest.length === 0 || inner.length === 0 ? policiesBelow(column) : policiesAt(inner, rest)
}

const policiesBelow = (column: Column): ReadonlyArray<SensitivePolicy> => {
  if (column.kind === "leaf") return column.sensitive === undefined ? [] : [column.sensitive]
  return (column.kind === "list" ? [column.element] : column.fields).flatMap(policiesBelow)
}
