import { didYouMean } from "../record/nearest.ts"
import { problemOfPattern } from "./arrives.ts"
import { findShape } from "./field.ts"
import { partitionOf } from "./identity.ts"
import {
  isObjectOf,
  isOneOf,
  isRecord,
  isText,
  isTexts,
  isWhole,
  optional,
  problemOf,
  problemsOfObject,
  type Rule,
  shown
} from "./input-rules.ts"
import { fold } from "./names.ts"
import { type ContractTable, coordinates, type Latest, type PartitionBy } from "./table.ts"

const isBy: Rule = {
  accepts: '{ day: field }, { hour: field }, { bucket: number } or "none"',
  holds: (value): value is PartitionBy => value === "none" || isRecord(value)
}

const isOrder: Rule<string | ReadonlyArray<string>> = {
  accepts: "text, or a list of texts",
  holds: (value): value is string | ReadonlyArray<string> => isText.holds(value) || isTexts.holds(value)
}
const isDeleted: Rule = {
  accepts: 'a boolean field, or a text field and what it says, such as { op: "D" }',
  holds: (value): value is NonNullable<Latest["deleted"]> =>
    isText.holds(value) || (isRecord(value) && Object.keys(value).length === 1 && Object.values(value).every(isText.holds))
}
const loadsRules = { files: isTexts, begin: isTexts, at: optional(isText) }

const tableRules: { readonly [kind in ContractTable["kind"]]: { readonly [key: string]: Rule } } = {
  versions: { kind: isText, key: isTexts, version: isText, by: isBy },
  events: { kind: isText, key: isTexts, by: isBy },
  latest: {
    kind: isText,
    key: isTexts,
    order: optional(isOrder),
    deleted: optional(isDeleted),
    loads: optional(isObjectOf("files and begin")),
    by: isBy
  }
}
const isKind = isOneOf("versions", "events", "latest")

const eventTimeRules = { field: isText, fallback: optional(isText), unreadable: optional(isOneOf("reject", "fallback")) }

/** Types of columns that tell rows apart, and of those that order them: values that are the same in every engine. */
const keyTypes = ["text", "long", "integer", "timestamp", "date"]
/** A partition is a folder, and a folder without files costs nothing. */
const mostBuckets = 10_000

/**
 * The fields that make a record, a version and a partition: they exist, and have a type that can.
 *
 * @returns their keys, folded, and the names that the partition columns take
 */
export const checkTable = (
  given: { readonly [key: string]: unknown },
  fields: object,
  problems: Array<string>
): { readonly needed: ReadonlySet<string>; readonly partitions: ReadonlyArray<string> } => {
  const needed = new Set<string>()
  const role = (what: string, key: unknown, types: ReadonlyArray<string>) => {
    if (!isText.holds(key)) return
    needed.add(fold(key))
    // The key is the object's own.
    const field: unknown = Object.hasOwn(fields, key) ? Reflect.get(fields, key) : undefined
    // One that is there and is nothing was told with the fields.
    if (!Object.hasOwn(fields, key))
      problems.push(
        `${what} is ${shown(key)}, which is no field: give one of type ${types.join(" or ")}.${didYouMean(key, Object.keys(fields))}`
      )
    const shape = findShape(field)
    if (shape === null) return
    if (shape.kind !== "leaf" || !types.includes(shape.leaf.type)) {
      const type = shape.kind === "leaf" ? shape.leaf.type : shape.kind
      problems.push(`${what} is ${shown(key)}, which has the type ${type}: give a field of type ${types.join(" or ")}.`)
    } else if (shape.problems.length === 0 && shape.sensitive !== undefined && shape.sensitive !== "keep")
      problems.push(`${what} is ${shown(key)}, which is sensitive (${shape.sensitive}): it must stay as it is.`)
  }
  const { table, eventTime } = given
  const partitions = isRecord(table) ? checkKind(table, role, problems) : []
  if (isRecord(eventTime)) {
    problems.push(...problemsOfObject("eventTime.", eventTime, eventTimeRules))
    role("eventTime.field", eventTime["field"], ["timestamp"])
    role("eventTime.fallback", eventTime["fallback"], ["timestamp"])
  }
  return { needed, partitions }
}

const checkKind = (
  table: { readonly [key: string]: unknown },
  role: (what: string, key: unknown, types: ReadonlyArray<string>) => void,
  problems: Array<string>
): ReadonlyArray<string> => {
  const { kind, key, version, order, deleted, loads, by } = table
  if (!isKind.holds(kind)) {
    problems.push("table is an object of another kind: give versions(…), events(…) or latest(…).")
    return []
  }
  problems.push(...problemsOfObject("table.", table, tableRules[kind]))
  const keys = isTexts.holds(key) ? key : []
  if (isTexts.holds(key) && key.length === 0) problems.push("table.key is empty: give the fields that together identify a row.")
  for (const [i, each] of keys.entries()) {
    const what = keys.length === 1 ? "table.key" : `table.key[${i}]`
    if (keys.indexOf(each) !== i) problems.push(`${what} is ${shown(each)}, which stands in the key before: leave it out.`)
    else if (!coordinates.includes(each)) role(what, each, keyTypes)
  }
  if (kind === "versions") role("table.version", version, keyTypes)
  const orders = [order].flat()
  if (kind === "latest") {
    for (const each of orders) role("table.order", each, keyTypes)
    if (isRecord(deleted)) for (const field of Object.keys(deleted)) role("table.deleted", field, ["text"])
    else role("table.deleted", deleted, ["boolean"])
    if (isRecord(loads)) checkLoads(loads, role, problems)
  }
  for (const [what, field] of [["table.version", version] as const, ...orders.map((each) => ["table.order", each] as const)])
    if (isText.holds(field) && keys.includes(field))
      problems.push(`${what} is ${shown(field)}, which is in the key: no two rows of one key would differ.`)
  return checkBy(kind, by, role, problems)
}

const checkLoads = (
  loads: { readonly [key: string]: unknown },
  role: (what: string, key: unknown, types: ReadonlyArray<string>) => void,
  problems: Array<string>
): void => {
  problems.push(...problemsOfObject("table.loads.", loads, loadsRules))
  for (const name of ["files", "begin"]) {
    const patterns = loads[name]
    for (const pattern of isTexts.holds(patterns) ? patterns : [])
      problems.push(...[problemOfPattern(pattern, `table.loads.${name}`)].filter((each) => each !== null))
  }
  role("table.loads.at", loads["at"], ["timestamp"])
}

const checkBy = (
  kind: ContractTable["kind"],
  by: unknown,
  role: (what: string, key: unknown, types: ReadonlyArray<string>) => void,
  problems: Array<string>
): ReadonlyArray<string> => {
  if (!isRecord(by)) return []
  const said = Object.keys(by)
  const [way] = said
  const rules: { readonly [way: string]: Rule } = { day: isText, hour: isText, bucket: isWhole(1, mostBuckets) }
  const rule = way !== undefined && Object.hasOwn(rules, way) ? rules[way] : undefined
  if (said.length !== 1 || way === undefined || rule === undefined) {
    problems.push(
      `table.by has ${said.length === 0 ? "nothing" : said.join(" and ")}: give ${isBy.accepts}.${said.length === 1 && way !== undefined ? didYouMean(way, Object.keys(rules)) : ""}`
    )
    return []
  }
  const problem = problemOf(`table.by.${way}`, by[way], rule)
  if (problem !== null) {
    problems.push(problem)
    return []
  }
  if (way !== "bucket") role(`table.by.${way}`, by[way], way === "day" ? ["timestamp", "date"] : ["timestamp"])
  // It has one of the three, with a value of its type.
  return partitionOf({ kind, by: by as Exclude<PartitionBy, "none"> }, () => []).columns.map(({ name }) => name)
}
