import { isUtf8 } from "node:buffer"
import type { ColumnBuilders } from "../columns/builders.ts"
import type { CompiledContract } from "../contract/compile.ts"
import type { Expectation } from "../contract/contract.ts"
import { trimmed } from "../contract/convert.ts"
import { isObject, type JsonFault, members, readJson } from "../contract/json.ts"
import type { Value } from "../record/column.ts"
import type { DeadLetter, DeadLetterReason } from "../record/dead-letter.ts"
import { arrivedAt, type RecordPage } from "../record/record.ts"
import type { DecodeCounts } from "../record/report.ts"
import { count } from "./drift.ts"
import { Keeper } from "./keep.ts"
import { byteOffset, firstInvalidUtf8 } from "./locate.ts"
import { Masker } from "./mask.ts"
import { makePlan } from "./plan.ts"
import { Run } from "./run.ts"
import { parse, Walker } from "./walk.ts"

export interface DecodeSettings {
  /** Key of the hash that stands in for sensitive values; null: they become null. */
  readonly hashKey: Uint8Array | null
  /** Deepest nesting of objects and lists, documents in text included. At most 512. */
  readonly maxDepth: number
  readonly maxRecordBytes: number
}

/** Where decoded records go. */
export interface DecodeSink {
  /** Columns of the ingestion hour that this arrival time (milliseconds since 1970) belongs to. */
  columnsFor(arrivedAtMillis: number): Pick<ColumnBuilders, "append">
  deadLetter(letter: DeadLetter): void
  readonly counts: DecodeCounts
}

export interface Decoder {
  /** Decodes every record of a page. Synchronous; never throws for data. */
  decodePage(source: string, page: RecordPage, sink: DecodeSink): void
}

/** Why a record cannot be a row. */
interface Fault {
  readonly reason: DeadLetterReason
  readonly path: string | null
  readonly offset: number | null
  readonly detail: string
}

/**
 * The definition of decoding: bytes → rows of stage, as the contract says. Each record becomes exactly one of a row, a dead letter, or
 * nothing (a blank line, `{}`), and is counted so: `records = rows + deadLetters + empty`. What a record did to the other counts is added
 * when it has become a row.
 *
 * Documents are read by `JSON.parse`, and a second time by `readJson` when the first showed something that `JSON.parse` does not tell: a
 * number whose text matters and is not what a float gives back, the order of keys that look like integers, a field in two spellings.
 */
export const makeDecoder = (compiled: CompiledContract, settings: DecodeSettings): Decoder => {
  const { contract } = compiled
  const maxDepth = Math.max(1, Math.min(512, settings.maxDepth))
  const plan = makePlan(contract)
  const masker = new Masker(settings.hashKey)
  const keeper = new Keeper(plan, masker, maxDepth)
  const walker = new Walker(plan, keeper, masker, maxDepth, contract.keepUnknown)
  const run = new Run()
  const names = compiled.columns.map(({ name }) => name)
  const timeKeys = [contract.eventTime.field, ...(contract.eventTime.fallback === undefined ? [] : [contract.eventTime.fallback])]

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
    let row = walker.struct(run, plan.root, parsed)
    if (run.needExact) {
      const again = readJson(text, maxDepth)
      if (!("value" in again)) return jsonFault(text, again)
      run.begin(text)
      run.exact = true
      row = walker.struct(run, plan.root, again.value)
    }
    if (run.tooDeep !== null)
      return deepFault(text) ?? fault("too_deep", run.tooDeep, `Nested deeper than ${maxDepth}, a document in text included.`)
    if (row === null) return notObject
    return missing(row) ?? unwanted(row) ?? { row }
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
    }
  }

  /** A row must have its key and its event time. */
  const missing = (row: Row["row"]): Fault | null => {
    const key = row[compiled.keyColumn] ?? null
    if (key === null || (typeof key === "string" && key.trim() === ""))
      return run.rescued.includes(contract.key)
        ? fault("unreadable_key", contract.key, "The key does not fit its type.")
        : fault("missing_key", contract.key, "The key is missing, null or empty.")
    if (compiled.eventTimeColumns.some((column) => (row[column] ?? null) !== null)) return null
    const unreadable = timeKeys.find((time) => run.rescued.includes(time))
    return unreadable === undefined
      ? fault("missing_event_time", contract.eventTime.field, "The event time, and its fallback, are missing or null.")
      : fault("unreadable_event_time", unreadable, "The event time is not a timestamp, and no fallback is readable.")
  }

  const unwanted = (row: { readonly [column: string]: Value }): Fault | null => {
    warned.length = 0
    if (contract.expectations.length === 0) return null
    const whole = Object.fromEntries(names.map((name) => [name, row[name] ?? null]))
    for (const expectation of contract.expectations) {
      if (holds(expectation, whole)) continue
      if (expectation.severity === "reject") return fault("quality_rejected", expectation.name, `${expectation.description} Does not hold.`)
      warned.push(expectation.name)
    }
    return null
  }
  const warned: Array<string> = []

  return {
    decodePage(source, page, sink) {
      const { counts } = sink
      const bytes = Buffer.from(page.bytes.buffer, page.bytes.byteOffset, page.bytes.byteLength)
      for (let i = 0; i < page.count; i++) {
        const start = page.starts[i] ?? 0
        const end = page.ends[i] ?? start
        const size = page.cut?.get(i) ?? end - start
        const raw = bytes.subarray(start, end)
        counts.records++
        counts.bytes += size
        const arrived = arrivedAt(page, i)
        const sequenceNumber = page.sequenceNumbers[i] ?? ""
        const subSequenceNumber = page.subSequenceNumbers?.[i] ?? 0

        const outcome =
          size > end - start || size > settings.maxRecordBytes ? tooLarge(size, settings.maxRecordBytes) : decodeBytes(raw, decode)
        if (outcome === null) counts.empty++
        else if ("row" in outcome) {
          const { row } = outcome
          const values: Array<Value> = names.map((name) => row[name] ?? null)
          const rescued = run.kept.length === 0 ? null : `{${run.kept.join(",")}}`
          values.push(source, page.shard, sequenceNumber, BigInt(subSequenceNumber), BigInt(Math.trunc(arrived)) * 1000n, rescued)
          sink.columnsFor(arrived).append(values)
          run.settle(counts)
          for (const name of warned) count(counts.quality, name)
        } else {
          count(counts.deadLetters, outcome.reason)
          // A copy: the page's buffer is used again.
          const kept = new Uint8Array(raw)
          sink.deadLetter({ source, shard: page.shard, sequenceNumber, subSequenceNumber, arrivedAt: arrived, ...outcome, raw: kept, size })
        }
      }
    }
  }
}

/** Data columns by name; absent is null. */
interface Row {
  readonly row: { readonly [column: string]: Value }
}

const decodeBytes = (raw: Buffer, decode: (text: string) => Row | Fault | null): Row | Fault | null => {
  if (!isUtf8(raw)) {
    const at = firstInvalidUtf8(raw)
    return fault("not_utf8", null, `Not UTF-8 at byte ${at}.`, at)
  }
  // A byte order mark is tolerated; offsets count from the first byte of the record.
  if (raw.length < 3 || raw[0] !== 0xef || raw[1] !== 0xbb || raw[2] !== 0xbf) return decode(raw.toString("utf8"))
  const outcome = decode(raw.toString("utf8", 3))
  return outcome === null || "row" in outcome || outcome.offset === null ? outcome : shifted(outcome, outcome.offset + 3)
}

const shifted = (fault: Fault, offset: number): Fault => ({
  ...fault,
  offset,
  detail: fault.detail.replace(/at byte \d+/, `at byte ${offset}`)
})

const fault = (reason: DeadLetterReason, path: string | null, detail: string, offset: number | null = null): Fault => ({
  reason,
  path,
  offset,
  detail
})

const notObject = fault("not_object", null, "The record is JSON, but not an object.", 0)

const tooLarge = (size: number, limit: number): Fault => fault("too_large", null, `${size} bytes; the limit is ${limit}.`, limit)

const isEmpty = (object: object): boolean => {
  for (const _ of members(object)) return false
  return true
}

/** An expectation that throws does not hold: its author did not think of such a row. */
const holds = (expectation: Expectation, row: { readonly [column: string]: Value }): boolean => {
  try {
    return expectation.holds(row)
  } catch {
    return false
  }
}
