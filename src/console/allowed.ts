import type { CompiledContract } from "../contract/compile.ts"
import { datasetAt, deadLettersPath, martAt, runsPath } from "../lake/layout.ts"
import type { Models } from "../models/model.ts"
import type { Traced } from "../models/traced.ts"
import { holdsSensitive } from "../record/column.ts"

/** A type that no hash and no text fits in: what is made of a hash and is such a number is a count. */
const isNumber = (type: string): boolean => /^(?:(?:TINY|SMALL|BIG|HUGE)INT|INTEGER|DECIMAL\(.*\)|DOUBLE|FLOAT|BOOLEAN)$/.test(type)

/** Columns that hold what a record said and no contract looked at, and a dead letter's bytes. */
const unlooked: ReadonlySet<string> = new Set(["_rescued", "raw", "header"])

/**
 * Which columns of a table are nobody's personal data, as contracts and models say it. Null: nobody says it.
 */
export const allowedIn = (
  path: string,
  { contracts, models }: { readonly contracts: ReadonlyArray<CompiledContract>; readonly models: Models },
  traced: Traced
): ((column: string, type: string) => boolean) | null => {
  if (path === runsPath) return () => true
  if (path === deadLettersPath) return (column) => !unlooked.has(column)
  const dataset = datasetAt(path)
  if (dataset !== null) {
    const contract = contracts.find((each) => each.contract.name === dataset)
    if (contract === undefined) return null
    const all = [...contract.columns, ...contract.consumableColumns]
    const sensitive = new Set(all.flatMap((column) => (holdsSensitive(column) ? [column.name.toLowerCase()] : [])))
    return (column) => !sensitive.has(column.toLowerCase()) && !unlooked.has(column)
  }
  const model = martAt(path)
  if (model === null || !models.models.some(({ name }) => name === model)) return null
  return (column, type) => {
    const policy = traced.sensitiveOf(model, column)
    return policy === undefined || (policy === "hash" && isNumber(type))
  }
}
