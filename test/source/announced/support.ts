import { assert } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { type CompiledContract, compileContract } from "../../../src/contract/compile.ts"
import { defineContract } from "../../../src/contract/contract.ts"
import { openDuckDB } from "../../../src/duckdb/open.ts"
import { ingest } from "../../../src/ingest/ingest.ts"
import { type BatchLimits, defaultBatchLimits, type IngestOptions } from "../../../src/ingest/options.ts"
import { deadLettersPath, stagePath } from "../../../src/lake/layout.ts"
import { verify } from "../../../src/lake/verify.ts"
import { type AnnouncedSources, announcedSources } from "../../../src/source/announced/announced.ts"
import { Store, type StoreShape } from "../../../src/store/store.ts"
import { openTable, type Row, readTable } from "../../../src/table/table.ts"
import { definition } from "../../ingest/order.ts"
import { Bucket, simulatedStore } from "../../simulation/simulated-store.ts"
import { folderWith } from "../collect.ts"
import { type ObjectsStandIn, type QueueStandIn, start } from "./world.ts"

export const orders = compileContract(defineContract({ ...definition, name: "order" }))
export const returns = compileContract(defineContract({ ...definition, name: "returns" }))
const takes = (name: string) => (key: string) => key.startsWith(`${name}/`) || key.startsWith("both/")

export interface Consuming extends Partial<Pick<IngestOptions, "retirement" | "stop">> {
  readonly limits?: Partial<BatchLimits>
  readonly contracts?: ReadonlyArray<CompiledContract>
  readonly follow?: boolean
  /** Messages that are held at most. */
  readonly most?: number
  /** Told what the sources count, once they are there. */
  readonly opened?: (sources: AnnouncedSources) => void
}

/** One process that reads the queue, to its end unless it follows. */
export const consume = (queue: QueueStandIn, objects: ObjectsStandIn, options: Consuming = {}) =>
  Effect.gen(function* () {
    const { contracts = [orders, returns], follow = false, limits = {}, most, opened, retirement, stop = Effect.never } = options
    const announced = yield* announcedSources({
      queue,
      objects,
      datasets: contracts.map(({ contract }) => ({ takes: takes(contract.name), format: "auto" })),
      leaves: (key) => [orders, returns].some((each) => !contracts.includes(each) && takes(each.contract.name)(key)),
      follow,
      ...(most === undefined ? {} : { limits: { messages: most, bytes: 48 << 20 } })
    })
    opened?.(announced)
    return yield* Effect.forEach(
      contracts,
      (contract, i) => {
        const source = announced.sources[i]
        if (source === undefined) return Effect.die(new Error("no source"))
        return ingest({
          contract,
          source,
          decode: { hashKey: null, maxDepth: 64, maxRecordBytes: 1024 * 1024 },
          limits: { ...defaultBatchLimits, ...limits },
          ...(retirement === undefined ? {} : { retirement }),
          stop,
          onEvent: () => Effect.void,
          onProgress: () => {}
        })
      },
      { concurrency: "unbounded" }
    )
  }).pipe(Effect.scoped)

const rowsOf = (path: string) =>
  Effect.flatMap(openTable(path), (table) => Stream.runCollect(readTable(table))).pipe(
    Effect.catch(() => Effect.succeed<ReadonlyArray<Row>>([]))
  )

/** The ids of all rows of a dataset, in order. */
export const idsOf = (name: string) => Effect.map(rowsOf(stagePath(name)), (rows) => rows.map((row) => String(row["order_id"])).sort())

export const letters = Effect.map(rowsOf(deadLettersPath), (rows) =>
  rows.map((row) => ({
    dataset: row["dataset"],
    reason: row["reason"],
    shard: String(row["_shard"]),
    at: row["_sequence_number"],
    raw: Buffer.from(row["raw"] instanceof Uint8Array ? row["raw"] : []).toString()
  }))
)

/** Every check of the lake holds. */
export const expectSound = Effect.scoped(
  Effect.gen(function* () {
    const checks = yield* verify([orders, returns], yield* openDuckDB())
    const failed = checks.filter(({ ok }) => !ok)
    assert.deepStrictEqual(
      failed.map(({ table, check, detail }) => `${table} ${check}: ${detail}`),
      []
    )
  })
).pipe(Effect.orDie)

/** With an empty lake, of which what is written also lies as files. */
export const withLake = <A, E>(program: (store: StoreShape) => Effect.Effect<A, E, Store>) =>
  Effect.flatMap(folderWith({}), (folder) => {
    const store = simulatedStore(new Bucket(() => start, folder))
    return Effect.provideService(program(store), Store, store)
  }).pipe(Effect.scoped)

/** A record of an order, as a line. */
export const line = (id: string) => `${JSON.stringify({ orderId: id, lastChange: "2026-11-20T07:00:00Z", value: "1.50" })}\n`
