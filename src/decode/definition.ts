import { isUtf8 } from "node:buffer"
import type { CompiledContract } from "../contract/compile.ts"
import { trimmed } from "../contract/convert.ts"
import { keysOf } from "../contract/field.ts"
import { isObject, type JsonFault, Members, maxContainers, members, readJson } from "../contract/json.ts"
import { fold, snakeCase } from "../contract/names.ts"
import { keyFieldsOf, versionFieldOf } from "../contract/table.ts"
import { markAt } from "../record/byte-order-mark.ts"
import type { Value } from "../record/column.ts"
import type { Expectations } from "./expectations.ts"
import { type Fault, fault, notUtf8, shifted } from "./fault.ts"
import { RecordFields } from "./fields/read-fields.ts"
import { fieldsOf } from "./formats.ts"
import { byteOffset } from "./locate.ts"
import { maxElements, maxValues, type Run } from "./run.ts"
import { parse, type Walker } from "./walk.ts"

/** A record's data columns by name; absent is null. */
export interface Row {
  readonly row: { readonly [column: string]: Value }
}

/**
 * What becomes of a record: a row, a fault, or null where there is nothing (a blank line, `{}`). What else is known of it stands in the run.
 *
 * @param header of the record's page
 */
export type Definition = (raw: Buffer, header?: Uint8Array) => Row | Fault | null

/**
 * The definition of decoding: a record's bytes → the row of stage, as the contract says.
 *
 * Documents are read by `JSON.parse`, and a second time by `readJson` when the first showed something that `JSON.parse` does not tell: a
 * number whose text matters and is not what a float gives back, the order of keys that look like integers, a field in two spellings.
 */
export const makeDefinition = (
  compiled: CompiledContract,
  run: Run,
  walker: Walker,
  expectations: Expectations,
  maxDepth: number
): Definition => {
  const { contract } = compiled
  const { table, eventTime } = contract
  const version = versionFieldOf(table)
  const keyFields = keyFieldsOf(table)

  /** The record's data columns by name; a fault; or null where there is nothing. */
  const decode = (text: string): Row | Fault | null => {
    let parsed = parse(text)
    if (parsed === undefined) {
      if (trimmed(text) === "") return null
      const read = readJson(text, maxDepth)
      if (!("value" in read)) return jsonFault(text, read)
      // What JSON.parse refuses and readJson takes cannot be; if it were, readJson would be right.
      parsed = read.value
    }
    if (!isObject(parsed)) return deepFault(text) ?? notObject
    if (isEmpty(parsed)) return null

    run.begin(text)
    let row = walker.record(run, parsed)
    if (run.needExact) {
      const again = readJson(text, maxDepth)
      if (!("value" in again)) return jsonFault(text, again)
      run.begin(text)
      run.exact = true
      row = walker.record(run, again.value)
    }
    return (run.tooMany === null && run.tooDeep !== null ? deepFault(text) : null) ?? judged(row, parsed)
  }

  /** A record whose values are read. */
  const judged = (row: Row["row"] | null, record: object): Row | Fault => {
    if (run.tooMany !== null)
      return fault("too_large", run.tooMany, `Lists of more than ${maxElements} elements in all: a row cannot hold them.`)
    if (run.tooDeep !== null) return fault("too_deep", run.tooDeep, `Nested deeper than ${maxDepth}, a document in text included.`)
    if (row === null) return notObject
    return missing(row) ?? (isForeign(record) ? notOfDataset : null) ?? unwanted(row) ?? { row }
  }

  /** Is the record itself, without documents in text, deeper than the limit? Then it has an offset. */
  const deepFault = (text: string): Fault | null => {
    const read = readJson(text, maxDepth)
    return "value" in read ? null : jsonFault(text, read)
  }

  const jsonFault = (text: string, { fault: what, offset }: JsonFault): Fault => {
    const at = byteOffset(text, offset)
    switch (what) {
      case "deep":
        return fault("too_deep", null, `Nested deeper than ${maxDepth} at byte ${at}.`, at)
      case "truncated":
        return fault("truncated", null, `The JSON ends at byte ${at} before it is complete.`, at)
      case "syntax":
        return fault("not_json", null, `Not JSON at byte ${at}.`, at)
      case "many":
        return tooMany
    }
  }

  /** A row must have its key, its event time and its version. What is there and cannot be read has no fallback: it told versions apart. */
  const missing = (row: Row["row"]): Fault | null => {
    for (const key of keyFields) {
      const value = row[snakeCase(key)] ?? null
      if (value === null || (typeof value === "string" && value.trim() === ""))
        return run.rescued.includes(key)
          ? fault("unreadable_key", key, "The key does not fit its type.")
          : fault("missing_key", key, "The key is missing, null or empty.")
    }
    return (eventTime === undefined ? null : missingTime(row, eventTime)) ?? missingVersion(row)
  }

  const missingTime = (row: Row["row"], { field, fallback, unreadable }: NonNullable<typeof eventTime>): Fault | null => {
    const times = fallback === undefined ? [field] : [field, fallback]
    for (const [i, time] of times.entries()) {
      if (isThere(row, snakeCase(time))) return null
      const isLast = i === times.length - 1
      if (run.rescued.includes(time) && (isLast || unreadable !== "fallback"))
        return fault("unreadable_event_time", time, "The event time is there but is not a timestamp.")
    }
    return fault("missing_event_time", field, "The event time, and its fallback, are missing or null.")
  }

  const missingVersion = (row: Row["row"]): Fault | null => {
    if (version === null || version === eventTime?.field || isThere(row, snakeCase(version))) return null
    return run.rescued.includes(version)
      ? fault("unreadable_version", version, "The version does not fit its type.")
      : fault("missing_version", version, "The version is missing or null.")
  }

  /** Keys that only records of the dataset have. */
  const spelled = contract.conventions?.anyCase === true ? fold : (key: string) => key
  const telling = new Set(
    Object.keys(contract.fields)
      .flatMap((key) => (contract.commonFields?.includes(key) === true ? [] : keysOf(contract.fields, key)))
      .map(spelled)
  )

  /** Has it nothing of the dataset but what other messages have too, and something besides? Then it is one of those. */
  const isForeign = (record: object): boolean => {
    if (contract.commonFields === undefined || run.drift.length === 0) return false
    for (const [key, value] of members(record)) if (value !== null && telling.has(spelled(key))) return false
    return true
  }

  const unwanted = (row: Row["row"]): Fault | null => {
    const rejected = expectations.rejects(row)
    return rejected === undefined ? null : fault("quality_rejected", rejected.name, `${rejected.description} Does not hold.`)
  }

  const byFields = fieldsOf(contract)
  if (byFields === null)
    return (raw) => {
      const outcome = decodeBytes(raw, decode)
      // A text may have megabytes, and each dataset a run.
      run.text = ""
      return outcome
    }
  return (raw, header) => {
    const fields = byFields.read(raw, header)
    if (!(fields instanceof Members)) return fields
    run.begin("")
    run.exact = true
    const row = walker.record(run, fields)
    if (fields instanceof RecordFields) for (const { key, name, value } of fields.lost) walker.lost(run, key, name, value)
    return judged(row, fields)
  }
}

const decodeBytes = (raw: Buffer, decode: (text: string) => Row | Fault | null): Row | Fault | null => {
  if (!isUtf8(raw)) return notUtf8(raw)
  // A byte order mark is tolerated; offsets count from the first byte of the record.
  const mark = markAt(raw)
  const outcome = decode(raw.toString("utf8", mark))
  return outcome === null || "row" in outcome ? outcome : shifted(outcome, mark)
}

const isThere = (row: Row["row"], column: string): boolean => (row[column] ?? null) !== null

const notOfDataset = fault(
  "not_of_dataset",
  null,
  "It has no field that only records of this dataset have, and some that the contract does not know."
)

const notObject = fault("not_object", null, "The record is JSON, but not an object.", 0)

export const tooLarge = (size: number, limit: number): Fault => fault("too_large", null, `${size} bytes; the limit is ${limit}.`, limit)

/** The fault of a record that would take too much memory. */
export const tooMany: Fault = fault(
  "too_large",
  null,
  `More than ${maxContainers} objects and lists, or ${maxValues} values: reading them takes too much memory.`
)

const isEmpty = (object: object): boolean => {
  for (const _ of members(object)) return false
  return true
}
