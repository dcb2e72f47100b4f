import type { Column, StorageDescriptor, Table, TableInput } from "@aws-sdk/client-glue"
import type { TableError } from "../table/errors.ts"
import { evolveSchema } from "../table/evolve.ts"
import { typeText } from "../table/schema.ts"
import type { CatalogError } from "./api.ts"
import { type GlueColumn, type GlueTable, oneLine } from "./glue-table.ts"
import { hiveType, readHiveType } from "./hive-type.ts"

/*
 * What a sync would do to a catalog, as plain data: what the lake's tables are, against what the catalog says of them. What others have put to a
 * table stays: parameters, comments where the contract has none, columns that the table has no longer.
 */

/** A table of the lake, as the catalog is to have it. */
export interface WantedTable {
  readonly name: string
  /** Below the root of the lake. */
  readonly path: string
  /** URL of its folder, with a slash at its end. */
  readonly location: string
  readonly table: GlueTable
}

interface About {
  readonly name: string
  readonly path: string
}

/** What is to be done with one table. */
export type Step =
  | (About & { readonly action: "create"; readonly input: TableInput })
  | (About & {
      readonly action: "update"
      readonly input: TableInput
      /** The version of the catalog's that it was worked out from. */
      readonly version: string | undefined
      /** What changes, in words. */
      readonly changes: ReadonlyArray<string>
      /** Columns that the catalog has, the table has no longer, and that stay. */
      readonly kept: ReadonlyArray<string>
    })
  | (About & { readonly action: "nothing"; readonly kept: ReadonlyArray<string> })
  /** `refused`: the name is somebody else's. `gone`: the catalog has a table that the lake has no longer; it stays. `unknown`: no contract says what it is, or its log cannot be read. */
  | (About & { readonly action: "refused" | "gone" | "unknown"; readonly problem: string })

/** What became of one table, or would. */
export interface Synced {
  readonly step: Step
  /** Why it could not be done, or not be worked out; null: it was, or there was nothing to do, or nothing was to be done. */
  readonly failure: CatalogError | TableError | null
}

export interface PlanOptions {
  /** Does who asks know all that is said of tables? Else what was said before stays: the models' part of it, and what runs recorded. */
  readonly isWhole: boolean
  /** Take columns out of the catalog that a table has no longer. */
  readonly allowDrop: boolean
}

/** Parameter of a table in the catalog: its path in the lake. */
export const pathParameter = "sluice.table"
/** A JSON list of the names of the parameters that a contract gave, so that those which it gives no longer can go. */
const givenParameter = "sluice.parameters"

/** What makes a table a Delta table to Athena and Trino (`table_type`), to Spark (`spark.sql.sources.provider`) and on Glue's console. */
const deltaParameters = {
  EXTERNAL: "TRUE",
  table_type: "DELTA",
  "spark.sql.sources.provider": "delta",
  classification: "delta"
} as const

const externalTable = "EXTERNAL_TABLE"

/** Works out what is to be done with each wanted table. @param existing all tables that the catalog has under these names, others do not matter */
export const planTables = (
  wanted: ReadonlyArray<WantedTable>,
  existing: ReadonlyArray<Table>,
  options: PlanOptions
): ReadonlyArray<Step> => {
  const taken = new Map<string, string>()
  return wanted.map((table) => {
    const { name, path } = table
    const other = taken.get(name)
    if (other !== undefined)
      return {
        action: "refused",
        name,
        path,
        problem: `${other} has that name in the catalog already: give one of the datasets another name`
      }
    taken.set(name, path)
    return planTable(
      table,
      existing.find(({ Name }) => Name?.toLowerCase() === name),
      options
    )
  })
}

const planTable = (wanted: WantedTable, existing: Table | undefined, options: PlanOptions): Step => {
  const { name, path } = wanted
  if (existing === undefined)
    return { action: "create", name, path, input: inputOf(wanted, {}, columnsOf(wanted.table, [], options), options) }
  const problem = foreignProblem(wanted, existing)
  if (problem !== null) return { action: "refused", name, path, problem }
  const columns = columnsOf(wanted.table, existingColumns(existing), options)
  const input = inputOf(wanted, existing, columns, options)
  const changes = changesOf(existing, input)
  const { kept } = columns
  return changes.length === 0
    ? { action: "nothing", name, path, kept }
    : { action: "update", name, path, input, version: existing.VersionId, changes, kept }
}

/** Why a table that has the name is not the lake's; null: it is. */
const foreignProblem = (wanted: WantedTable, existing: Table): string | null => {
  const { TargetTable, TableType, Parameters = {} } = existing
  if (TargetTable !== undefined) return "it is a link to a table of another catalog"
  if (TableType === "VIRTUAL_VIEW") return "it is a view"
  const kind = [Parameters["table_type"], Parameters["spark.sql.sources.provider"]].find((text) => text !== undefined)
  if (kind?.toLowerCase() !== "delta") return `it is no Delta table${kind === undefined ? "" : `, but ${kind}`}`
  const place = placeOf(existing)
  return place === withoutSlash(wanted.location) ? null : `it lies at ${place === "" ? "no place" : place}`
}

/** Where a Delta table of the catalog lies. Spark says it beside the location, which it fills with a placeholder. */
const placeOf = ({ StorageDescriptor: storage }: Table): string =>
  withoutSlash((storage?.SerdeInfo?.Parameters?.["path"] ?? storage?.Location ?? "").replace(/^s3[an]:/, "s3:"))

const withoutSlash = (url: string): string => url.replace(/\/+$/, "")

const existingColumns = ({ StorageDescriptor: storage, PartitionKeys: keys = [] }: Table): ReadonlyArray<Column> => {
  const columns = storage?.Columns ?? []
  const [only] = columns
  // Spark registers a Delta table with this one column, which stands for none.
  const isPlaceholder = columns.length === 1 && only?.Name === "col" && only.Type === "array<string>"
  return [...(isPlaceholder ? [] : columns), ...keys]
}

interface PlannedColumns {
  readonly columns: Array<Column>
  readonly partitionKeys: Array<Column>
  readonly kept: ReadonlyArray<string>
}

const columnsOf = ({ columns, partitionKeys }: GlueTable, existing: ReadonlyArray<Column>, { allowDrop }: PlanOptions): PlannedColumns => {
  const kept: Array<string> = []
  const byName = new Map(existing.map((column) => [column.Name?.toLowerCase() ?? "", column]))
  const planned = (wanted: GlueColumn): Column => {
    const there = byName.get(wanted.Name.toLowerCase())
    byName.delete(wanted.Name.toLowerCase())
    if (there === undefined) return { ...wanted }
    const type = typeOf(wanted, there, allowDrop)
    kept.push(...type.kept)
    return { ...there, ...wanted, Type: type.text, Comment: wanted.Comment === "" ? (there.Comment ?? "") : wanted.Comment }
  }
  const all = { columns: columns.map(planned), partitionKeys: partitionKeys.map(planned) }
  if (!allowDrop)
    for (const column of byName.values()) {
      all.columns.push(column)
      kept.push(column.Name ?? "")
    }
  return { columns: inOrderOf(existing, all.columns), partitionKeys: all.partitionKeys, kept }
}

/**
 * Columns in the order of the catalog, new ones at the end. All who read a Delta table find columns by their names, while Terraform, which has those of a stage in the order of the
 * contract, would see each other order as a change, and put it back.
 */
const inOrderOf = (existing: ReadonlyArray<Column>, columns: ReadonlyArray<Column>): Array<Column> => {
  const places = new Map(existing.map(({ Name }, i) => [Name?.toLowerCase(), i]))
  const placeOf = ({ Name }: Column) => places.get(Name?.toLowerCase()) ?? places.size
  return [...columns].sort((a, b) => placeOf(a) - placeOf(b))
}

/** The type of a column, and in it the fields that only the catalog has. Another type altogether is the catalog's mistake: the table's counts. */
const typeOf = (
  wanted: GlueColumn,
  { Type: there = "" }: Column,
  allowDrop: boolean
): { readonly text: string; readonly kept: ReadonlyArray<string> } => {
  const [own, other] = [readHiveType(wanted.Type), readHiveType(there)]
  if (own === null || other === null) return { text: wanted.Type, kept: [] }
  if (typeText(own) === typeText(other)) return { text: there, kept: [] }
  const asSchema = (type: typeof own) => ({ type: "struct", fields: [{ name: wanted.Name, type, nullable: true, metadata: {} }] }) as const
  try {
    const { added } = evolveSchema(asSchema(own), asSchema(other))
    if (allowDrop && added.length > 0) return { text: wanted.Type, kept: [] }
    // In the order of the catalog, as the columns are.
    const [field] = evolveSchema(asSchema(other), asSchema(own)).schema.fields
    return field === undefined ? { text: wanted.Type, kept: [] } : { text: hiveType(field.type), kept: added }
  } catch {
    return { text: wanted.Type, kept: [] }
  }
}

const inputOf = (
  wanted: WantedTable,
  existing: Partial<Table>,
  { columns, partitionKeys }: PlannedColumns,
  { isWhole }: PlanOptions
): TableInput => {
  const { description, owner } = wanted.table
  const { Owner, Retention, LastAccessTime, LastAnalyzedTime } = existing
  return {
    Name: wanted.name,
    Description: oneLine(description, 2048),
    ...(owner === undefined ? (Owner === undefined ? {} : { Owner }) : { Owner: oneLine(owner, 255) }),
    ...(Retention === undefined ? {} : { Retention }),
    ...(LastAccessTime === undefined ? {} : { LastAccessTime }),
    ...(LastAnalyzedTime === undefined ? {} : { LastAnalyzedTime }),
    TableType: externalTable,
    Parameters: parametersOf(wanted, existing.Parameters ?? {}, isWhole),
    PartitionKeys: partitionKeys,
    StorageDescriptor: storageOf(wanted.location, columns, existing.StorageDescriptor)
  }
}

const parametersOf = ({ path, table }: WantedTable, existing: Record<string, string>, isWhole: boolean): Record<string, string> => {
  const given = Object.entries(table.parameters).filter(([name]) => !Object.hasOwn(deltaParameters, name))
  const others = { ...existing }
  const before = namesIn(existing[givenParameter])
  if (isWhole) for (const name of before) delete others[name]
  const names = [...new Set([...(isWhole ? [] : before), ...given.map(([name]) => name)])]
  // A crawler writes them in other letters.
  for (const [name, value] of Object.entries(deltaParameters)) if (others[name]?.toLowerCase() !== value.toLowerCase()) others[name] = value
  return { ...others, ...Object.fromEntries(given), [pathParameter]: path, [givenParameter]: JSON.stringify(names) }
}

/** Somebody else may have put anything there. */
const namesIn = (text: string | undefined): ReadonlyArray<string> => {
  try {
    const names: unknown = JSON.parse(text ?? "[]")
    return Array.isArray(names) ? names.filter((name) => typeof name === "string") : []
  } catch {
    return []
  }
}

/** The formats are those of Glue's crawler and of Spark, which neither they nor Athena use; readers of Hive refuse a table that has none. */
const storageOf = (location: string, columns: Array<Column>, existing: StorageDescriptor | undefined): StorageDescriptor => {
  const isThere = existing?.Location !== undefined && withoutSlash(existing.Location) === withoutSlash(location)
  const path = existing?.SerdeInfo?.Parameters?.["path"]
  return {
    Compressed: false,
    NumberOfBuckets: -1,
    StoredAsSubDirectories: false,
    ...existing,
    Columns: columns,
    Location: isThere ? existing.Location : location,
    InputFormat: "org.apache.hadoop.mapred.SequenceFileInputFormat",
    OutputFormat: "org.apache.hadoop.hive.ql.io.HiveSequenceFileOutputFormat",
    SerdeInfo: {
      ...existing?.SerdeInfo,
      SerializationLibrary: "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe",
      Parameters: {
        "serialization.format": "1",
        ...existing?.SerdeInfo?.Parameters,
        // Where Spark looks for it.
        path: path ?? location
      }
    }
  }
}

/** What an update changes, in words. */
const changesOf = (existing: Table, input: TableInput): ReadonlyArray<string> => {
  const before = existing.StorageDescriptor
  const after = input.StorageDescriptor
  const { Columns: columnsBefore, ...storageBefore } = before ?? {}
  const { Columns: columnsAfter, ...storageAfter } = after ?? {}
  const columns = columnChanges(columnsBefore ?? [], columnsAfter ?? [])
  const keys = columnChanges(existing.PartitionKeys ?? [], input.PartitionKeys ?? [])
  const parameters = changedNames(existing.Parameters ?? {}, input.Parameters ?? {})
  const others = [
    ...((input.Description ?? "") === (existing.Description ?? "") ? [] : ["description"]),
    ...((input.Owner ?? "") === (existing.Owner ?? "") ? [] : ["owner"]),
    ...(input.TableType === existing.TableType ? [] : ["kind of table"]),
    ...(isSame(storageBefore, storageAfter) ? [] : ["storage"])
  ]
  return [
    ...columns,
    ...(keys.length === 0 ? [] : [`partition columns: ${(input.PartitionKeys ?? []).map(({ Name }) => Name).join(", ") || "none"}`]),
    ...others,
    ...(parameters.length === 0 ? [] : [`parameters: ${parameters.join(", ")}`])
  ]
}

const columnChanges = (before: ReadonlyArray<Column>, after: ReadonlyArray<Column>): ReadonlyArray<string> => {
  const was = new Map(before.map((column) => [column.Name, column]))
  const is = new Set(after.map(({ Name }) => Name))
  const added = after.filter(({ Name }) => !was.has(Name))
  const commented = after.filter(({ Name, Comment = "" }) => was.has(Name) && (was.get(Name)?.Comment ?? "") !== Comment)
  const changes = [
    ...(added.length === 0 ? [] : [`columns added: ${added.map(({ Name }) => Name).join(", ")}`]),
    ...after.flatMap(({ Name, Type }) => {
      const other = was.get(Name)
      return other === undefined || other.Type === Type ? [] : [`column ${Name}: ${other.Type} becomes ${Type}`]
    }),
    ...(commented.length === 0 ? [] : [`comments: ${commented.map(({ Name }) => Name).join(", ")}`]),
    ...before.flatMap(({ Name }) => (is.has(Name) ? [] : [`column ${Name} goes`]))
  ]
  const order = (columns: ReadonlyArray<Column>) => columns.map(({ Name }) => Name).join("\n")
  return changes.length > 0 || order(before) === order(after) ? changes : ["order of columns"]
}

const changedNames = (before: Record<string, string>, after: Record<string, string>): ReadonlyArray<string> =>
  [...new Set([...Object.keys(before), ...Object.keys(after)])].filter((name) => before[name] !== after[name]).sort()

/** Are two values of JSON alike? What is absent and what is undefined are one. */
const isSame = (a: unknown, b: unknown): boolean => {
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return (a ?? null) === (b ?? null)
  const [left, right] = [new Map<string, unknown>(Object.entries(a)), new Map<string, unknown>(Object.entries(b))]
  return [...new Set([...left.keys(), ...right.keys()])].every((name) => isSame(left.get(name), right.get(name)))
}

/** Tables that the catalog has from this lake, and the lake has no longer. They stay: others may ask for them still. */
export const goneTables = (existing: ReadonlyArray<Table>, root: string, isGone: (path: string) => boolean): ReadonlyArray<Step> =>
  existing.flatMap((table): ReadonlyArray<Step> => {
    const { Name: name = "", Parameters = {} } = table
    const path = Parameters[pathParameter]
    return path !== undefined && placeOf(table) === `${withoutSlash(root)}/${path}` && isGone(path)
      ? [{ action: "gone", name, path, problem: "the lake has no such table any more: drop it in Glue where nobody needs it" }]
      : []
  })
