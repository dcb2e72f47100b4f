import { valueAt } from "../columns/assemble.ts"
import { ColumnBuilders } from "../columns/builders.ts"
import { field, full, type StorePlace } from "../columns/leaf-store.ts"
import type { CompiledContract } from "../contract/compile.ts"
import { maxContainers } from "../contract/json.ts"
import { snakeCase } from "../contract/names.ts"
import { keyFieldsOf, versionFieldOf } from "../contract/table.ts"
import type { Value } from "../record/column.ts"
import type { DeadLetter } from "../record/dead-letter.ts"
import type { Rejection } from "../record/dead-letter-reasons.ts"
import { arrivedAt, microsOf, positionAt, type RecordPage } from "../record/record.ts"
import { count, type DecodeCounts } from "../record/report.ts"
import { stageColumns } from "../record/system-columns.ts"
import { type KernelName, RecordReader } from "./bytes/record-reader.ts"
import { Coordinates } from "./coordinates.ts"
import { makeDefinition, tooLarge, tooMany } from "./definition.ts"
import { Expectations } from "./expectations.ts"
import type { Block, FastReader } from "./fast-reader.ts"
import type { Required } from "./fields/block.ts"
import { FieldsReader } from "./fields/fields-reader.ts"
import { fieldsOf } from "./formats.ts"
import { Keeper } from "./keep.ts"
import { Masker } from "./mask.ts"
import { makePlan } from "./plan.ts"
import { maxValues, Run } from "./run.ts"
import { Walker } from "./walk.ts"

export interface DecodeSettings {
  /** Key of the hash that stands in for sensitive values; null: they become null. */
  readonly hashKey: Uint8Array | null
  /** Deepest nesting of objects and lists, documents in text included. At most 512. */
  readonly maxDepth: number
  readonly maxRecordBytes: number
}

/** How records are read; all ways give the same rows, dead letters and counts, but for how much was handed to the definition. */
export interface DecodePath {
  /** `bytes`: bytes straight into columns, and by the definition what is unusual. `definition`: everything by the definition. Default `bytes`. */
  readonly by?: "bytes" | "definition"
  /** What walks over the bytes first. Default `simd`. */
  readonly kernel?: KernelName
  /** Bytes in which rows are read, at most and by default 34 MiB: what was written to once is not given back. A row that needs more is the definition's. */
  readonly rowBytes?: number
}

/** Where decoded records go. */
export interface DecodeSink {
  /** Stage columns of the ingestion hour that this arrival time (milliseconds since 1970) belongs to. */
  columnsFor(arrivedAtMillis: number): ColumnBuilders
  deadLetter(letter: DeadLetter): void
  readonly counts: DecodeCounts
  /** Called between two records of a large page, when no rows are on their way: may empty columns that hold too much. */
  readonly relieve?: () => void
}

/** After so many bytes of a page columns may have got too large: lists of empty objects become a hundred times what they were. */
const relieveEvery = 1 << 20
/** Bytes of a record, read by the definition, behind which the sink is relieved at once: 16 kB of empty objects take megabytes as columns. */
const relieveBehind = 16 << 10

/** So much of a page is looked at after the other, records of more aside: it stays in the processor's cache while it is read three times. */
const partBytes = 1 << 17

export interface Decoder {
  /** Decodes every record of a page, and releases the page. Synchronous; never throws for data. */
  decodePage(source: string, page: RecordPage, sink: DecodeSink): void
}

/**
 * Makes the decoder of a contract: bytes → rows of stage. Each record becomes exactly one of a row, a dead letter, or nothing (a blank line,
 * `{}`), and is counted so: `records = rows + deadLetters + empty`. What a record did to the other counts is added when it has become a row.
 */
export const makeDecoder = (compiled: CompiledContract, settings: DecodeSettings, path: DecodePath = {}): Decoder => {
  const { contract } = compiled
  const maxDepth = Math.max(1, Math.min(512, settings.maxDepth))
  const plan = makePlan(contract)
  const masker = new Masker(settings.hashKey)
  const run = new Run()
  const walker = new Walker(plan, new Keeper(plan, masker, maxDepth), masker, maxDepth, contract.keepUnknown)
  const names = compiled.columns.map(({ name }) => name)
  const columns = stageColumns(compiled.columns)
  const parts = { plan, run, walker, hashKey: settings.hashKey, maxDepth, keepUnknown: contract.keepUnknown }
  const byFields = fieldsOf(contract)
  const { kernel = "simd" } = path
  const reader: FastReader =
    byFields === null
      ? new RecordReader(parts, kernel, (place) => new ColumnBuilders(columns, within(place, path.rowBytes)))
      : new FieldsReader(byFields.finder(), parts, new ColumnBuilders(columns), requiredOf(compiled), kernel === "simd")
  /** The rows read from the page at hand, before they go to the sink. */
  const rows = reader.builders
  const { block } = reader
  const expectations = new Expectations(contract.expectations, rows)
  const definition = makeDefinition(compiled, run, walker, expectations, maxDepth)
  const leafOf = (column: string): number => rows.nodes[names.indexOf(column)]?.first ?? -1
  const { table, eventTime, commonFields } = contract
  const { identity } = compiled
  const keyLeaves = keyFieldsOf(table).map((key) => leafOf(snakeCase(key)))
  const [timeLeaf = -1, fallbackLeaf = -1] = identity.eventTime.map(leafOf)
  const version = versionFieldOf(table)
  const versionLeaf = version === null || version === eventTime?.field ? -1 : leafOf(snakeCase(version))
  const common = commonFields?.map(snakeCase)
  /** Columns that only this dataset has; undefined where it does not say. */
  const telling = common && rows.nodes.filter(({ column: { name } }) => names.includes(name) && !common.includes(name))
  const systemLeaf = rows.nodes[names.length]?.first ?? 0

  const hasKey = (): boolean => {
    for (const leaf of keyLeaves) if (!isKey(rows, leaf)) return false
    return true
  }

  /** Does the open row have its event time and its version? False also where only the definition can tell. */
  const hasVersion = (): boolean =>
    (eventTime === undefined ||
      isThere(rows, timeLeaf) ||
      (fallbackLeaf >= 0 && isThere(rows, fallbackLeaf) && !run.rescued.includes(eventTime.field))) &&
    (versionLeaf < 0 || isThere(rows, versionLeaf))

  /** Is it surely of this dataset? Almost always one of the first columns tells. */
  const isOfDataset = (): boolean =>
    telling === undefined || telling.some((node) => isAnyThere(rows, node)) || (run.drift.length === 0 && !reader.hasTallied)

  /** Reads a record into the open row, all but the system columns. False: it is the definition's. */
  const readBytes = (start: number, end: number, makeRoom: () => void): boolean => {
    let outcome = reader.read(start, end)
    if (outcome === "full") {
      makeRoom()
      rows.reset()
      outcome = reader.read(start, end)
    }
    if (outcome !== "row") return false
    if (hasKey() && hasVersion() && isOfDataset() && expectations.rejectsOpenRow(rows) === undefined) return true
    rows.rollback()
    return false
  }

  /** Names of expectations that did not hold of rows that were added at once, one a row. */
  const warned: Array<string> = []

  /** Adds what became of the record to the counts. Only so many unknown paths are counted by name, the first that come: so in their order. */
  const settle = (counts: DecodeCounts): void => {
    const hasDrift = run.drift.length > 0
    if (hasDrift) reader.flush(counts)
    run.settle(counts)
    if (hasDrift) reader.watchDrift(counts)
  }

  return {
    decodePage(source, page, sink) {
      const { counts } = sink
      if (page.rejected !== undefined) return rejectAll(source, page, page.rejected, sink)
      const bytes = Buffer.from(page.bytes.buffer, page.bytes.byteOffset, page.bytes.byteLength)
      reader.beginPage(counts, page.header)
      const coordinates = new Coordinates(source, page, rows.store, systemLeaf)
      let target: ColumnBuilders | null = null
      const handOn = () => {
        if (rows.rowCount > 0) target?.take(rows)
      }
      /** The part of the page that the reader has, and whether it takes all of it. */
      let from = 0
      let to = 0
      let isWellFormed = false
      let relieved = page.starts[0] ?? 0
      /** Rows that fill the reader within less have many columns of little text. */
      const makeRoom = () => {
        handOn()
        relieved = Number.NEGATIVE_INFINITY
      }
      /** Adds the rows that plainly begin at record `i`, all of one ingestion hour. @returns where the records after them begin; `i`: there are none */
      const addRun = (block: Block, i: number): number => {
        let end = block.runFrom(i)
        if (end === i) return i
        const builders = sink.columnsFor(arrivedAt(page, i))
        if (typeof page.arrivedAt !== "number") {
          let same = i + 1
          while (same < end && sink.columnsFor(arrivedAt(page, same)) === builders) same++
          end = same
        }
        if (builders !== target) {
          handOn()
          target = builders
        }
        block.add(i, end)
        const rejected = expectations.rejectedOpenRows(rows, end - i, warned)
        if (rejected.length > 0) {
          rows.rollback()
          for (const row of rejected) block.leaveOut(i + row)
          return addRun(block, i)
        }
        coordinates.addRun(i, end)
        rows.endRows(end - i)
        counts.records += end - i
        for (let at = i; at < end; at++) counts.bytes += (page.ends[at] ?? 0) - (page.starts[at] ?? 0)
        block.settle(i, end, counts)
        for (const name of warned) count(counts.quality, name)
        return end
      }
      for (let i = 0; i < page.count; i++) {
        const start = page.starts[i] ?? 0
        const end = page.ends[i] ?? start
        if (start - relieved > relieveEvery && sink.relieve !== undefined) {
          handOn()
          target = null
          sink.relieve()
          relieved = start
        }
        const size = page.cut?.get(i) ?? end - start
        const isTooLarge = size > end - start || size > settings.maxRecordBytes
        const hasTooMany = !isTooLarge && holdsTooMany(bytes, start, end)
        const isForReader = path.by !== "definition" && !isTooLarge && !hasTooMany && end > start && end - start <= reader.capacity
        if (isForReader && (end > to || start < from)) {
          from = start
          to = lastEndWithin(page, i, from + partBytes)
          isWellFormed = reader.accepts(bytes.subarray(from, to))
          reader.load(bytes, from, to)
        }
        if (block !== null && isForReader && isWellFormed) {
          if (!block.hasSeen(i)) block.look(page, i, from, to, settings.maxRecordBytes)
          const end = addRun(block, i)
          if (end > i) {
            i = end - 1
            continue
          }
        }
        counts.records++
        counts.bytes += size
        const arrived = arrivedAt(page, i)
        const sequenceNumber = page.sequenceNumbers[i] ?? ""
        const subSequenceNumber = page.subSequenceNumbers?.[i] ?? 0

        if (isForReader) {
          const builders = sink.columnsFor(arrived)
          if (builders !== target) {
            handOn()
            target = builders
          }
          if ((isWellFormed || reader.accepts(bytes.subarray(start, end))) && readBytes(start - from, end - from, makeRoom)) {
            try {
              coordinates.add(i, run.rescuedText)
              rows.endRow()
              if (reader.isRespelled) run.isRespelled = true
              settle(counts)
              reader.settle()
              for (const name of expectations.warned) count(counts.quality, name)
              for (const path of reader.handedOver) count(counts.handedOver, path)
              continue
            } catch (thrown) {
              if (thrown !== full) throw thrown
              rows.rollback()
            }
          }
          count(counts.handedOver, "")
        }
        const raw = bytes.subarray(start, end)
        const outcome = isTooLarge ? tooLarge(size, settings.maxRecordBytes) : hasTooMany ? tooMany : definition(raw, page.header)
        if (outcome === null) counts.empty++
        else if ("row" in outcome) {
          const { row } = outcome
          const values: Array<Value> = names.map((name) => row[name] ?? null)
          values.push(source, page.shard, sequenceNumber, BigInt(subSequenceNumber), BigInt(microsOf(arrived)), run.rescuedText)
          handOn()
          sink.columnsFor(arrived).append(values)
          if (end - start > relieveBehind) relieved = Number.NEGATIVE_INFINITY
          settle(counts)
          for (const name of expectations.warned) count(counts.quality, name)
        } else {
          count(counts.deadLetters, outcome.reason)
          // A copy: the page's buffer is used again.
          const kept = new Uint8Array(raw)
          const header = page.header ?? null
          const place = { source, shard: page.shard, sequenceNumber, subSequenceNumber, arrivedAt: arrived }
          sink.deadLetter({ ...place, ...outcome, raw: kept, size, header })
        }
      }
      handOn()
      reader.flush(counts)
      page.release?.()
    }
  }
}

/** Every record of the page is a dead letter, whatever its bytes are. */
const rejectAll = (source: string, page: RecordPage, rejected: Rejection, { counts, deadLetter }: DecodeSink): void => {
  const { reason, detail, path = null, offset = null } = rejected
  for (let i = 0; i < page.count; i++) {
    // A copy: the page's buffer is used again.
    const raw = new Uint8Array(page.bytes.subarray(page.starts[i], page.ends[i]))
    const size = page.cut?.get(i) ?? raw.length
    counts.records++
    counts.bytes += size
    count(counts.deadLetters, reason)
    const place = { source, shard: page.shard, ...positionAt(page, i), arrivedAt: arrivedAt(page, i) }
    deadLetter({ ...place, reason, detail, path, offset, raw, size, header: page.header ?? null })
  }
  page.release?.()
}

/**
 * Would the record, read as a whole, take more memory than there is? An empty object takes a hundred times its two bytes. What is counted stands in
 * texts, too, which may be documents; no order comes near.
 */
const holdsTooMany = (bytes: Uint8Array, start: number, end: number): boolean => {
  if (end - start <= maxContainers) return false
  let containers = 0
  let commas = 0
  for (let at = start; at < end; at++) {
    const c = bytes[at]
    if (c === 123 || c === 91) containers++
    else if (c === 44) commas++
  }
  return containers > maxContainers || commas > maxValues
}

/** End of the last record, of those from `first` on, that ends at or before `limit`. Records do not overlap, and stand in order. */
const lastEndWithin = (page: RecordPage, first: number, limit: number): number => {
  let end = page.ends[first] ?? 0
  for (let i = first + 1; i < page.count; i++) {
    const next = page.ends[i] ?? 0
    if (next > limit || next < end) break
    end = next
  }
  return end
}

/** What the fields of a record must have for a row; null: more than that. */
const requiredOf = ({ contract, identity, columns }: CompiledContract): Required | null => {
  const { table, commonFields } = contract
  if (commonFields !== undefined) return null
  const fieldOf = (column: string): number => columns.findIndex(({ name }) => name === column)
  const version = versionFieldOf(table)
  return {
    keys: keyFieldsOf(table).map((key) => fieldOf(snakeCase(key))),
    version: version === null ? null : fieldOf(snakeCase(version)),
    times: identity.eventTime.map(fieldOf)
  }
}

/** Does the open row have a value in this leaf? */
const isThere = ({ store }: ColumnBuilders, leaf: number): boolean => store.get(leaf, field.count) > store.get(leaf, field.markCount)

const isAnyThere = (builders: ColumnBuilders, { first, end }: { readonly first: number; readonly end: number }): boolean => {
  for (let leaf = first; leaf < end; leaf++) if (isThere(builders, leaf)) return true
  return false
}

/** Does it have a key there? Blank text is none. */
const isKey = (builders: ColumnBuilders, index: number): boolean => {
  const { leaves, store } = builders
  const leaf = leaves[index]
  if (leaf === undefined || !isThere(builders, index)) return false
  if (leaf.storage !== "bytes") return true
  const start = store.get(index, field.text) + store.get(index, field.markText)
  // A letter, or another character of ASCII that is no blank, is enough.
  const first = store.bytes[start] ?? 0
  if (store.get(index, field.textLength) > store.get(index, field.markText) && first > 32 && first < 127) return true
  const key = valueAt(store, index, leaf, store.get(index, field.count) - 1)
  return typeof key === "string" && key.trim() !== ""
}

/** A place that is no larger than so many bytes. */
const within = (place: StorePlace, bytes = Number.POSITIVE_INFINITY): StorePlace => ({
  ...place,
  end: Math.min(place.end, place.arena + bytes)
})
