import { realpath } from "node:fs/promises"
import { pathToFileURL } from "node:url"
import { Effect } from "effect"
import type { ShardPosition } from "../record/position.ts"
import type { RecordPage } from "../record/record.ts"
import { arrivalOfFile } from "./arrival-time.ts"
import { type CsvFile, readCsv } from "./csv.ts"
import { ioError } from "./io-error.ts"
import { maxVersions, type OlistOrder, orderRecord, utc, versionsOf } from "./olist-order.ts"
import { findOlistFiles, loadOlistTables, type OlistFiles } from "./olist-tables.ts"
import { fromGenerator, type Source, SourceError } from "./source.ts"

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
  const after = position === undefined ? -1 : Number(position.sequenceNumber)
  const arrivedAt = arrivalOfFile(files.orders.path, options.arrivedAt, files.orders.modifiedAt)
  const tables = await loadOlistTables(files)
  const page = new PageBuilder(shard, arrivedAt, options.pageBytes ?? 4 * 1024 * 1024)
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

/** Was the orders file, as large as it is now, read to its end? */
const isReadToEnd = (position: ShardPosition | undefined, orders: CsvFile): boolean => {
  const { done, size, last } = position?.source ?? {}
  return done === true && size === orders.size && String(last) === position?.sequenceNumber
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

  constructor(shard: string, arrivedAt: number, pageBytes: number) {
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

  take(resume?: NonNullable<RecordPage["resume"]>): RecordPage {
    const page: RecordPage = {
      shard: this.shard,
      count: this.count,
      bytes: this.#bytes.subarray(0, this.#used),
      starts: this.#starts,
      ends: this.#ends,
      sequenceNumbers: this.#sequenceNumbers,
      arrivedAt: this.arrivedAt,
      ...(resume === undefined ? {} : { resume })
    }
    this.#bytes = Buffer.allocUnsafeSlow(this.#bytes.length)
    this.#used = 0
    this.#starts = []
    this.#ends = []
    this.#sequenceNumbers = []
    return page
  }
}
