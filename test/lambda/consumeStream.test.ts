import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect, Layer, Stream } from "effect"
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import { stagePath } from "../../src/lake/layout.ts"
import { localStore } from "../../src/store/local-store.ts"
import { openTable, readTable } from "../../src/table/table.ts"
import { eventOf } from "../simulation/kinesis/event-of.ts"

const context = { awsRequestId: "r-1", getRemainingTimeInMillis: () => 600_000 }
const order = (n: number) => ({
  sequenceNumber: String(n),
  partitionKey: "k",
  data: Buffer.from(JSON.stringify({ orderId: `o-${n}`, lastChange: "2026-11-20T07:00:00Z" })),
  arrivedAt: Date.now() - 1000 + n
})

let lake = ""
beforeEach(() => {
  lake = mkdtempSync(join(tmpdir(), "sluice-consume-"))
  vi.resetModules()
  vi.stubEnv("SLUICE_LAKE", lake)
  vi.spyOn(process.stderr, "write").mockImplementation(() => true)
})
afterEach(() => {
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
  rmSync(lake, { recursive: true, force: true })
})

const load = async () => (await import("../../src/lambda/consumeStream.ts")).handler

/** Sequence numbers of the rows of a table, or how many rows it has. */
const rowsOf = (path: string) =>
  Effect.runPromise(
    openTable(path).pipe(
      Effect.flatMap((table) => Stream.runCollect(readTable(table))),
      Effect.provide(Layer.orDie(localStore(lake)))
    )
  )

describe("consumeStream as Lambda calls it", () => {
  it("carries orders into the lake once, and tells of it before it answers", async () => {
    const handler = await load()
    const event = eventOf("orders", "shardId-000000000000", [order(1), order(2)])
    expect(await handler(event, context)).toEqual({ batchItemFailures: [] })
    expect(await handler(event, context)).toEqual({ batchItemFailures: [] })
    expect(await handler(eventOf("orders", "shardId-000000000000", [order(2), order(3)]), context)).toEqual({ batchItemFailures: [] })
    expect((await rowsOf(stagePath("checkout"))).map((row) => row["_sequence_number"]).sort()).toEqual(["1", "2", "3"])
    expect(await rowsOf("runs")).toHaveLength(2)
  })

  it("tells in its log how many records of a commit became rows, and how many dead letters: alarms look there", async () => {
    const write = vi.mocked(process.stderr.write)
    const handler = await load()
    await handler(eventOf("orders", "shardId-000000000000", [order(1), { ...order(2), data: Buffer.from("no order") }]), context)
    const lines = write.mock.calls.map(([text]) => JSON.parse(String(text)))
    expect(lines).toContainEqual(
      expect.objectContaining({ message: "batch committed", function: "consumeStream", records: 2, rows: 1, deadLetters: 1 })
    )
    expect(JSON.stringify(lines)).not.toContain("no order")
  })

  it("reads the stream and the dataset that the settings name, and no other", async () => {
    vi.stubEnv("SLUICE_STREAM", "orders")
    vi.stubEnv("SLUICE_DATASET", "fulfillment")
    const handler = await load()
    await expect(handler(eventOf("parcels", "shardId-000000000000", [order(1)]), context)).rejects.toThrow(/not of the stream orders/)
    await expect(handler({ Records: [{ eventSource: "aws:sqs" }] }, context)).rejects.toThrow(/records of aws:sqs.*event source mapping/)
    expect(await handler(eventOf("orders", "shardId-000000000000", [order(1)]), context)).toEqual({ batchItemFailures: [] })
    expect(await rowsOf(stagePath("fulfillment"))).toHaveLength(1)
  })

  it("says at its first event that there is no such dataset", async () => {
    vi.stubEnv("SLUICE_DATASET", "nothing")
    const handler = await load()
    await expect(handler(eventOf("orders", "shardId-000000000000", [order(1)]), context)).rejects.toThrow(/there is no dataset "nothing"/)
  })
})
