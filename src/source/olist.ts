import { realpath } from "node:fs/promises"
import { pathToFileURL } from "node:url"
import { Effect } from "effect"
import type { ShardPosition } from "../record/position.ts"
import type { RecordPage } from "../record/record.ts"
import { SourceError } from "../record/source-error.ts"
import { arrivalOfFile } from "./arrival-time.ts"
import { passOver } from "./byte-reader.ts"
import { openContent } from "./content.ts"
import { type CsvFile, readCsv } from "./csv.ts"
import { ioError } from "./io-error.ts"
import { maxVersions, type OlistOrder, orderRecord, utc, versionsOf } from "./olist-order.ts"
import { findOlistFiles, loadOlistTables, type OlistFiles } from "./olist-tables.ts"
import { fromGenerator, type Source } from "./source.ts"

export interface OlistOptions {
  /** Folder with the data set's CSV files, plain or gzip. */
  readonly input: string
  /** Arrival time, ms since 1970, where the path names no hour; without it the time that the orders file was last written. */
  readonly arrivedAt?: number | undefined
  /** Aimed size of a page; default 4 MiB. */
  readonly pageBytes?: number | undefined
}

const name = "olist"

/**
 * Olist's public data set of real Brazilian orders as a stream of checkout records: every order once per status time that it has, see
 * `versionsOf`. One shard, the orders file without its extension; sequence number = 4 × (row of the order, from 0) + (version, from 0), so
 * that reading goes on at any version. Orders come in the order of the file, their versions in the order of time.
 */
export const olistSource = Effect.fn("olistSource")(function* (options: OlistOptions): Effect.fn.Return<Source, SourceError> {
  const { folder, files } = yield* Effect.tryPromise({
    try: async () => {
      const folder = await realpath(options.input)
      return { folder, files: findOlistFiles(name, folder) }
    },
    catch: (cause) => ioError(name, options.input, cause)
  })
  const shard = `${folder}/olist_orders_dataset`
  return {
    name,
    location: pathToFileURL(folder).href,
    pages: (resume) => fromGenerator(() => pages(files, shard, resume.get(shard), options))
  }
})

async function* pages(
  files: OlistFiles,
  shard: string,
  position: ShardPosition | undefined,
  options: OlistOptions
): AsyncGenerator<RecordPage, void> {
  if (isReadToEnd(position, files.orders)) return
  const known = await knownOf(files.orders, position)
  const after = position === undefined ? -1 : Number(position.sequenceNumber)
  const arrivedAt = arrivalOfFile(files.orders.path, options.arrivedAt, files.orders.modifiedAt)
  const tables = await loadOlistTables(files)
  const page = new PageBuilder(shard, arrivedAt, options.pageBytes ?? 4 * 1024 * 1024, known)
  let row = 0
  for await (const orders of readOrders(files.orders)) {
    for (const order of orders) {
      const first = row++ * maxVersions
      if (first + maxVersions - 1 <= after) continue
      const record = orderRecord(order, tables)
      for (const [i, version] of versionsOf(order).entries()) {
        if (first + i <= after) continue
        const json = record(version)
        if (!page.add(first + i, json)) {
          yield page.take()
          page.add(first + i, json)
        }
      }
    }
  }
  if (page.count > 0) yield page.take({ done: true, size: files.orders.size, last: page.last })
}

/** Was the orders file, as it is now, read to its end? Older versions knew it by its size alone. */
const isReadToEnd = (position: ShardPosition | undefined, orders: CsvFile): boolean => {
  const { done, size, last, changedAt = orders.changedAt } = position?.source ?? {}
  return done === true && size === orders.size && changedAt === orders.changedAt && String(last) === position?.sequenceNumber
}

/** What is known of the content of the orders file: rows are found again by their number. */
interface KnownContent {
  readonly length: number
  /** CRC-32 of so many bytes. */
  readonly sum: number
  readonly changedAt: number
}

/** Fails where rows were read of a file that had another beginning. */
const knownOf = async (orders: CsvFile, position: ShardPosition | undefined): Promise<KnownContent> => {
  const content = await openContent(orders, orders.size)
  try {
    const reader = await content.from(0)
    try {
      const { length = 0, sum } = position?.source ?? {}
      const before = await passOver(reader, Number(length))
      if (sum !== undefined && sum !== before.sum) {
        throw new SourceError({
          source: name,
          reason: "Invalid",
          location: orders.path,
          detail: "The orders were replaced by others since they were read",
          hint: "Put the new ones into another folder, or the old ones back; what was read before stays as it is."
        })
      }
      const rest = await passOver(reader, Number.MAX_SAFE_INTEGER, before.sum)
      return { length: before.length + rest.length, sum: rest.sum, changedAt: orders.changedAt }
    } finally {
      await reader.close()
    }
  } finally {
    await content.close()
  }
}

const orderColumns = [
  "order_id",
  "customer_id",
  "order_status",
  "order_purchase_timestamp",
  "order_approved_at",
  "order_delivered_carrier_date",
  "order_delivered_customer_date",
  "order_estimated_delivery_date"
]

async function* readOrders(file: CsvFile): AsyncGenerator<ReadonlyArray<OlistOrder>, void> {
  for await (const rows of readCsv(file, orderColumns)) {
    yield rows.map(
      ([
        orderId = "",
        customerId = "",
        status = "",
        purchasedAt = "",
        approvedAt = "",
        handedToCarrierAt = "",
        deliveredAt = "",
        estimatedDelivery = ""
      ]) => {
        const wrong = [purchasedAt, approvedAt, handedToCarrierAt, deliveredAt, estimatedDelivery].findIndex(
          (time, i) => utc(time) === undefined && (i === 0 || time !== "")
        )
        if (wrong >= 0) {
          throw new SourceError({
            source: name,
            reason: "Invalid",
            location: file.path,
            detail: `Column ${orderColumns[3 + wrong]} of order ${orderId} is not a time of the form YYYY-MM-DD hh:mm:ss`,
            hint: "Correct the row or export the file again."
          })
        }
        return { orderId, customerId, status, purchasedAt, approvedAt, handedToCarrierAt, deliveredAt, estimatedDelivery }
      }
    )
  }
}

/** Gathers records until a page is full. */
class PageBuilder {
  #bytes: Buffer
  #used = 0
  #starts: Array<number> = []
  #ends: Array<number> = []
  #sequenceNumbers: Array<string> = []
  readonly shard: string
  readonly arrivedAt: number

  readonly known: KnownContent

  constructor(shard: string, arrivedAt: number, pageBytes: number, known: KnownContent) {
    this.known = known
    this.shard = shard
    this.arrivedAt = arrivedAt
    this.#bytes = Buffer.allocUnsafeSlow(pageBytes)
  }

  get count(): number {
    return this.#starts.length
  }

  get last(): number {
    return Number(this.#sequenceNumbers.at(-1))
  }

  /** False: does not fit, take the page first. A lone record always fits. */
  add(sequenceNumber: number, json: string): boolean {
    const length = Buffer.byteLength(json)
    if (this.#used + length > this.#bytes.length) {
      if (this.count > 0) return false
      this.#bytes = Buffer.allocUnsafeSlow(length)
    }
    this.#starts.push(this.#used)
    this.#used += this.#bytes.write(json, this.#used)
    this.#ends.push(this.#used)
    this.#sequenceNumbers.push(String(sequenceNumber))
    return true
  }

  /** @param ending what is to be remembered besides, behind the last record */
  take(ending: NonNullable<RecordPage["resume"]> = {}): RecordPage {
    const page: RecordPage = {
      shard: this.shard,
      count: this.count,
      bytes: this.#bytes.subarray(0, this.#used),
      starts: this.#starts,
      ends: this.#ends,
      sequenceNumbers: this.#sequenceNumbers,
      arrivedAt: this.arrivedAt,
      resume: { ...this.known, ...ending }
    }
    this.#bytes = Buffer.allocUnsafeSlow(this.#bytes.length)
    this.#used = 0
    this.#starts = []
    this.#ends = []
    this.#sequenceNumbers = []
    return page
  }
}
