import type { CompiledContract } from "../contract/compile.ts"
import { type Identity, partitionWords } from "../contract/identity.ts"
import { type Column, leaf } from "../record/column.ts"
import { Malformed } from "../record/malformed.ts"
import { columnsBeyond } from "../table/columns-beyond.ts"
import { type DataType, decimalType, type StructType } from "../table/schema.ts"
import type { Snapshot } from "../table/snapshot.ts"
import { identityProperty } from "./log-keys.ts"
import { nowOf, orderColumns, type RememberedBy, readIdentity, rememberedBy } from "./remembered.ts"

/**
 * A contract and the tables that were made with an earlier one. What "once" means must not change unseen, and no column may quietly end: a
 * contract that would do either is refused, by name.
 */

/** Does the table say that its records are told apart by other columns? One that was made before tables said it does not. */
export const isOtherIdentity = (contract: CompiledContract, { metaData }: Snapshot): boolean => otherIdentity(contract, metaData) !== null

/** What is another one, in words. Where rows lie is no part of it. */
const otherIdentity = (contract: CompiledContract, { configuration }: Snapshot["metaData"]): string | null => {
  const text = configuration[identityProperty]
  if (text === undefined) return null
  const before = readIdentity(text)
  const now = nowOf(contract.columns)
  const { kind, key, version, deleted, eventTime } = contract.identity
  const saysOrder = before.order !== undefined || before.table !== "latest"
  const differ = [
    ["table", [before.table ?? "versions"], [kind], ""],
    ["key", [before.key].flat(), key, ", "],
    ["version", optional(before.version), version.slice(0, 1), ""],
    ...(saysOrder
      ? ([
          ["order", [before.order ?? []].flat(), orderColumns(contract.identity), ", then "],
          ["column that deletes", optional(before.deleted), optional(deleted?.column), ""],
          ["word that deletes", optional(before.says), optional(deleted?.says), ""],
          ["load of the whole table", told(before.loads), told(contract.identity.loads), ""]
        ] as const)
      : []),
    ["event time", before.eventTime, eventTime, ", else "]
  ] as const
  const words = (columns: ReadonlyArray<string>, between: string) => (columns.length === 0 ? "none" : columns.join(between))
  const found = differ.flatMap(([what, before, after, between]) =>
    before.map(now).join("\n") === after.join("\n")
      ? []
      : [`the ${what} is ${words(before, between)} in the table and ${words(after, between)} in the contract`]
  )
  return found.length === 0 ? null : found.join(", ")
}

/** Of where a load is told by. */
const told = (loads: Identity["loads"] | undefined): ReadonlyArray<string> =>
  loads == null ? [] : [loads.files, loads.begin, loads.at ?? "_arrived_at"]

const optional = (column: string | null | undefined): ReadonlyArray<string> => (column == null ? [] : [column])

/** Refuses a table whose records are told apart by other columns than the contract says. Throws `Malformed`. */
export const refuseOtherIdentity = (contract: CompiledContract, { metaData }: Snapshot): void => {
  const problem = otherIdentity(contract, metaData)
  if (problem !== null) throw movedAway(contract, `${problem}: what is once would change`, "Give the dataset another name; or move")
}

/** Refuses a consumable whose rows lie otherwise than the contract says. Throws `Malformed`. */
export const refuseOtherPartition = (contract: CompiledContract, { metaData, files }: Snapshot): void => {
  const { identity, columns } = contract
  const names = identity.partition.columns.map(({ name }) => name)
  const text = metaData.configuration[identityProperty]
  const now = nowOf(columns)
  const asNow = (by: RememberedBy | undefined) => JSON.stringify(by, (_, value) => (typeof value === "string" ? now(value) : value))
  const isSame =
    metaData.partitionColumns.join("\n") === names.join("\n") &&
    (files.size === 0 || text === undefined || asNow(readIdentity(text).by) === asNow(rememberedBy(identity)))
  if (!isSame) throw movedAway(contract, `its rows do not lie ${partitionWords(identity.partition)}, as the contract says`, "Move")
}

const movedAway = ({ contract: { name } }: CompiledContract, problem: string, hint: string): Malformed =>
  new Malformed(
    "Invalid",
    problem,
    `${hint} the folder consumable/${name} of the lake away and run: sluice repartition --dataset ${name}. That folds all of stage anew (docs/contracts.md, "Another key")`
  )

/** Refuses a stage that has columns which the contract does not know, or cannot fill. Throws `Malformed`. */
export const refuseUnknownColumns = (contract: CompiledContract, wanted: StructType, { schema }: Snapshot): void => {
  const { unknown, misfits } = columnsBeyond(schema, wanted, retiredOf(contract))
  const problems = [
    ...(unknown.length === 0 ? [] : [`it has columns that the contract of ${contract.contract.name} does not know: ${unknown.join(", ")}`]),
    ...misfits
  ]
  if (problems.length === 0) return
  throw new Malformed(
    "Invalid",
    problems.join("; "),
    'Let a field that has a new name say formerly, and list a column that has ended under retired; where a newer contract has it, use that one (docs/contracts.md, "A contract changes")'
  )
}

/** Refuses a consumable that only a rebuild makes what the contract says. Throws `Malformed`. */
export const refuseOldColumns = (contract: CompiledContract, wanted: StructType, { schema }: Snapshot): void => {
  const { unknown, renamed } = columnsBeyond(schema, wanted, retiredOf(contract))
  const old = [...unknown, ...renamed.map(([before, now]) => `${before} (now ${now})`)]
  if (old.length === 0) return
  throw new Malformed(
    "Invalid",
    `it has columns that the contract of ${contract.contract.name} has no longer: ${old.join(", ")}`,
    `Run once: sluice repartition --dataset ${contract.contract.name} --rebuild. It makes the table as the contract says, from all of stage`
  )
}

const retiredOf = ({ contract }: CompiledContract): ReadonlySet<string> => new Set(contract.retired ?? [])

/**
 * Columns to write, with those that the contract has retired and the table has: they keep their values. Nobody knows any more whether these are
 * sensitive, so they are taken for it.
 */
export const withRetired = (contract: CompiledContract, columns: ReadonlyArray<Column>, schema: StructType): ReadonlyArray<Column> => {
  const retired = retiredOf(contract)
  if (retired.size === 0) return columns
  const merged = (columns: ReadonlyArray<Column>, { fields }: StructType, path: string): ReadonlyArray<Column> => [
    ...columns.map((column) => {
      const field = fields.find(({ name }) => name === column.name)
      return field === undefined ? column : below(column, field.type, `${path}${column.name}.`)
    }),
    ...fields.flatMap(({ name, type }) => (retired.has(path + name) ? [columnOf(name, type)] : []))
  ]
  const below = (column: Column, type: DataType, path: string): Column => {
    if (typeof type === "string") return column
    if (column.kind === "struct" && type.type === "struct") return { ...column, fields: merged(column.fields, type, path) }
    if (column.kind === "list" && type.type === "array") return { ...column, element: below(column.element, type.elementType, path) }
    return column
  }
  return merged(columns, schema, "")
}

/** The column of a type that the contract no longer has. Throws `Malformed` for a type that no contract gives. */
const columnOf = (name: string, type: DataType): Column => {
  if (typeof type !== "string") {
    if (type.type === "struct")
      return { kind: "struct", name, description: "", fields: type.fields.map((field) => columnOf(field.name, field.type)) }
    if (type.type === "array") return { kind: "list", name, description: "", element: columnOf("element", type.elementType) }
  }
  const decimal = typeof type === "string" ? decimalType(type) : null
  if (decimal !== null) return leaf(name, { type: "decimal", ...decimal }, "", "keep")
  switch (type) {
    case "string":
      return leaf(name, "text", "", "keep")
    case "integer":
    case "long":
    case "double":
    case "boolean":
    case "timestamp":
    case "date":
    case "binary":
      return leaf(name, type, "", "keep")
    default:
      throw new Malformed("Unsupported", `the column ${name} has a type that no contract gives`, "Move the table away and run again")
  }
}
