import type { CompiledContract } from "../contract/compile.ts"
import type { DropRule } from "../contract/contract.ts"
import { type Identity, identityWords, winnerWords } from "../contract/identity.ts"
import { snakeCase } from "../contract/names.ts"
import { versionFieldOf } from "../contract/table.ts"
import type { Column } from "../record/column.ts"
import { deadLetterColumns } from "../record/dead-letter.ts"
import { coordinateColumns, ingestDateColumn, ingestHourColumn, rescuedColumn, stageColumns } from "../record/system-columns.ts"
import { leafPaths, typeName, walkColumns } from "./columns.ts"
import type { ColumnLineage, InputField, Transformation } from "./facets.ts"
import type { DatasetName } from "./names.ts"
import { contractFields, type Origin, recordField } from "./origins.ts"

const identity: Transformation = { type: "DIRECT", subtype: "IDENTITY", description: "", masking: false }
const transformation = (description: string, masking = false): Transformation => ({
  type: "DIRECT",
  subtype: "TRANSFORMATION",
  description,
  masking
})
const indirect = (subtype: "FILTER" | "WINDOW" | "SORT", description: string): Transformation => ({
  type: "INDIRECT",
  subtype,
  description,
  masking: false
})

/** What happens to a value on its way from the record to its column. */
const conversion = ({ leaf, reshaped }: Origin): Transformation => {
  const { sensitive } = leaf
  if (sensitive === "hash") return transformation("HMAC-SHA-256 of the normalized value; left out where no key is set", true)
  if (sensitive === "drop") return transformation("left out: sensitive", true)
  if (reshaped) return transformation("object whose keys are data, reshaped to a list of its entries")
  switch (leaf.leaf.type) {
    case "text":
      return identity
    case "json":
      return transformation("kept as JSON text")
    case "timestamp":
      return transformation("read as an instant, in UTC, truncated to microseconds")
    default:
      return transformation(`read as ${typeName(leaf)}`)
  }
}

/** Collects the lineage of an output's columns from any number of inputs of one kind. */
class Collector {
  readonly fields: { [column: string]: { readonly inputFields: ReadonlyArray<InputField> } } = {}
  readonly dataset: Array<InputField> = []
  readonly #inputs: ReadonlyArray<DatasetName>

  constructor(inputs: ReadonlyArray<DatasetName>) {
    this.#inputs = inputs
  }

  /** `column` of the output is made of `field` of the inputs. */
  column(column: string, field: string, how: Transformation): void {
    const earlier = this.fields[column]?.inputFields ?? []
    this.fields[column] = { inputFields: [...earlier, ...this.#of(field, how)] }
  }

  /** `field` of the inputs acts on the output as a whole, or was left out of it. */
  whole(field: string, ...how: ReadonlyArray<Transformation>): void {
    this.dataset.push(...this.#of(field, ...how))
  }

  #of(field: string, ...transformations: ReadonlyArray<Transformation>): ReadonlyArray<InputField> {
    return this.#inputs.map(({ namespace, name }) => ({ namespace, name, field, transformations }))
  }
}

type Counts = { readonly [rule: string]: number }

/** A field that is left out shows as what acts on the dataset: it has no column to show at. */
const leftOut = (description: string): Transformation => ({ ...indirect("FILTER", `left out: ${description}`), masking: true })

/** Where a drop rule points, in the form of field paths; a rule by key names a pattern. */
const ruledPath = (rule: DropRule): string =>
  rule.path === undefined ? `*${rule.keyContains ?? ""}*` : rule.path.replaceAll("[]", ".element")

/** Does the rule leave out the field at this path itself? */
const pointsAt = (rule: DropRule, field: string): boolean => {
  const segments = field.toLowerCase().split(".")
  if (rule.keyContains !== undefined) return segments.at(-1)?.includes(rule.keyContains.toLowerCase()) === true
  const ruled = ruledPath(rule).toLowerCase().split(".")
  return ruled.length === segments.length && ruled.every((segment, i) => segment === "*" || segment === segments[i])
}

/** What a batch is decoded from: records of a source, or the `raw` column of dead letters. */
export type DecodedFrom = "source" | "dead letters"

/**
 * Lineage of stage: every column from its field, with the conversion and whether it masks; fields that drop rules leave out, with rule and
 * reason; what decides whether a record becomes a row. From dead letters every value comes out of `raw`.
 *
 * @param drops values left out by rule, of this run
 */
export const stageLineage = (
  compiled: CompiledContract,
  inputs: ReadonlyArray<DatasetName>,
  drops: Counts,
  from: DecodedFrom
): ColumnLineage => {
  const lineage = new Collector(inputs)
  const { contract } = compiled
  const { origins, fieldOf, columnAt } = contractFields(compiled)
  const record = from === "source" ? recordField : "raw"

  for (const origin of origins) {
    const how = conversion(origin)
    if (from === "source") lineage.column(origin.column, origin.field, how)
    else
      lineage.column(
        origin.column,
        record,
        transformation(`field ${origin.field}${how === identity ? "" : `: ${how.description}`}`, how.masking)
      )
  }
  coordinates(lineage)
  lineage.column(rescuedColumn.name, record, transformation("values that did not fit their column, as JSON text"))
  ingestionHour(lineage, ingestDateColumn, ingestHourColumn)

  if (from === "dead letters") lineage.whole("dataset", indirect("FILTER", `dead letters of ${contract.name}`))
  const { key, eventTime } = compiled.identity
  const needed = new Map<string, string>([
    ...key.map((column) => [column, "the key must be there and readable"] as const),
    ...eventTime.map((column) => [column, "one event time must be there and readable"] as const)
  ])
  const version = versionFieldOf(contract.table)
  if (version !== null && !needed.has(snakeCase(version))) needed.set(snakeCase(version), "the version must be there and readable")
  for (const { name, column, severity } of contract.expectations) {
    const path = column === undefined ? undefined : columnAt.get(column.replaceAll("[]", ""))
    if (severity === "reject" && path !== undefined && !needed.has(path)) needed.set(path, `expectation ${name}`)
  }
  for (const [column, description] of needed) {
    lineage.whole(from === "source" ? (fieldOf.get(column) ?? column) : record, indirect("FILTER", description))
  }
  for (const rule of contract.drops) {
    if (rule.from !== "stage") continue
    const count = drops[rule.name]
    lineage.whole(ruledPath(rule), leftOut(`${rule.name}, ${rule.reason}${count === undefined ? "" : ` (${count} values)`}`))
  }
  return lineage
}

const coordinates = (lineage: Collector): void => {
  for (const { name } of coordinateColumns) lineage.column(name, name, identity)
}

const ingestionHour = (lineage: Collector, ...columns: ReadonlyArray<Column>): void => {
  for (const { name, description } of columns) lineage.column(name, "_arrived_at", transformation(description))
}

/** Columns of a consumable table's files. */
export const consumableTableColumns = (compiled: CompiledContract): ReadonlyArray<Column> => stageColumns(compiled.consumableColumns)

/** Lineage of consumable from stage: the same values, each row once as the contract says, less what drop rules leave out here. */
export const consumableLineage = (compiled: CompiledContract, inputs: ReadonlyArray<DatasetName>): ColumnLineage => {
  const lineage = new Collector(inputs)
  const { identity: same, contract } = compiled
  for (const path of leafPaths(consumableTableColumns(compiled))) lineage.column(path, path, identity)
  partitionLineage(lineage, same)
  const one = indirect("WINDOW", `one row per ${identityWords(same)}: ${winnerWords(same)}`)
  const fresh = indirect("FILTER", `${same.version.length === 0 ? "rows" : "versions"} that are in the table already are not added again`)
  for (const column of new Set([...same.key, ...same.version.slice(0, 1)])) lineage.whole(column, one, fresh)
  for (const column of same.order.flat()) lineage.whole(column, indirect("SORT", "decides which of several copies is the newest"))
  if (same.deleted !== null) {
    const { column, says } = same.deleted
    lineage.whole(column, indirect("FILTER", `${says ?? "true"} where the key was deleted: it has no row`))
  }
  if (same.loads !== null)
    lineage.whole(same.loads.at ?? "_arrived_at", indirect("FILTER", "what is older than the newest load of the whole table is gone"))
  for (const { name } of coordinateColumns) lineage.whole(name, indirect("SORT", "decides which of several copies is the latest arrival"))
  const kept = new Set(Array.from(walkColumns(compiled.consumableColumns), ({ path }) => path))
  const { fieldOf } = contractFields(compiled)
  for (const { path } of walkColumns(compiled.columns)) {
    const parent = path.slice(0, Math.max(0, path.lastIndexOf(".")))
    if (kept.has(path) || (parent !== "" && !kept.has(parent))) continue
    const rule = contract.drops.find((each) => each.from === "consumable" && pointsAt(each, fieldOf.get(path) ?? path))
    lineage.whole(path, leftOut(rule === undefined ? "drop rules leave nothing of it" : `${rule.name}, ${rule.reason}`))
  }
  return lineage
}

/** Of the partition columns: a time has the day first, then the hour; a bucket has one. */
const partitionLineage = (lineage: Collector, { key, partition }: Identity): void => {
  for (const [i, { name }] of partition.columns.entries()) {
    const from = "time" in partition ? partition.time : key
    const how =
      partition.by === "bucket"
        ? `hash of the key, one of ${partition.buckets}`
        : `UTC ${i === 0 ? "day" : "hour"} of the first that is not null of ${from.join(", ")}`
    for (const column of from) lineage.column(name, column, transformation(how))
  }
}

/**
 * Lineage of dead letters. Of a batch: the record as it came, and what was wrong with it. Of a replay: the letters that are left.
 */
export const deadLetterLineage = (inputs: ReadonlyArray<DatasetName>, from: DecodedFrom): ColumnLineage => {
  const lineage = new Collector(inputs)
  if (from === "dead letters") {
    for (const { name } of [...deadLetterColumns, ingestDateColumn]) lineage.column(name, name, identity)
    lineage.whole("raw", indirect("FILTER", "dead letters that still do not become rows"))
    return lineage
  }
  const own = new Set(coordinateColumns.map(({ name }) => name))
  for (const { name } of deadLetterColumns) {
    if (own.has(name) || name === "dataset") continue
    lineage.column(name, recordField, name === "raw" ? identity : transformation("what was wrong with the record"))
  }
  coordinates(lineage)
  ingestionHour(lineage, ingestDateColumn)
  lineage.whole(recordField, indirect("FILTER", "records that the contract rejects"))
  return lineage
}
