import { execFile } from "node:child_process"
import { join } from "node:path"
import { promisify } from "node:util"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { openTable, type Table } from "../../src/table/table.ts"
import { add, append, domain, inLake } from "./helpers.ts"
import { historyActions, writeHistory } from "./history.ts"

const elapsed = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const from = performance.now()
    const result = yield* effect
    return [result, performance.now() - from] as const
  })

/** Milliseconds of each of so many commits, as ingest makes them. */
const commitTimes = (table: Table, commits: number) =>
  Effect.gen(function* () {
    const times: Array<number> = []
    for (let i = 0; i < commits; i++) {
      const news = [
        add(`new-${i}.parquet`, undefined, { stats: '{"numRecords":1}' }),
        domain(`sluice.position/kinesis/shard-${i % 8}`, "{}")
      ]
      const [, millis] = yield* elapsed(Effect.flatMap(table.snapshot, (read) => table.commit(append(read, ...news))))
      times.push(millis)
    }
    return times
  })

const median = (times: ReadonlyArray<number>): number => times.toSorted((a, b) => a - b)[times.length >> 1] ?? Number.NaN
const mean = (times: ReadonlyArray<number>): number => times.reduce((sum, time) => sum + time, 0) / times.length

it.live(
  "a table of 100,000 commits opens at once, in little memory, and costs no more than a young one to append to",
  () =>
    inLake(({ root, store, calls }) =>
      Effect.gen(function* () {
        const commits = 100_000
        const { snapshot: expected, checkpointMillis } = yield* writeHistory(root, store, commits, 99_900)

        const script = join(import.meta.dirname, "opener.ts")
        const flags = ["--max-old-space-size=320", "--max-semi-space-size=8"]
        // The best of three: a neighbour on the machine must not decide.
        const openings = yield* Effect.forEach([1, 2, 3], () =>
          Effect.promise(async () => {
            const { stdout } = await promisify(execFile)(process.execPath, [...flags, script, root, "t"])
            return JSON.parse(stdout) as {
              readonly millis: number
              readonly bytes: number
              readonly version: number
              readonly files: number
            }
          })
        )
        for (const { version, files } of openings) assert.deepStrictEqual([version, files], [commits, commits])
        const millis = Math.min(...openings.map((opening) => opening.millis))
        const bytes = Math.min(...openings.map((opening) => opening.bytes))
        assert.isBelow(millis, 3000)
        assert.isBelow(bytes, 150e6)

        calls.length = 0
        const opened = yield* openTable("t")
        // The hint, a listing, one checkpoint, 100 commits.
        assert.strictEqual(calls.length, 103)
        const found = yield* opened.snapshot
        assert.deepStrictEqual(new Map(found.domains), new Map(expected.domains))
        for (const version of [1, 4096, 4097, 50_000, 99_900, 99_901, commits]) {
          const [, action] = historyActions(version)
          if (action === undefined || !("add" in action)) throw new Error("a history adds files")
          assert.deepStrictEqual({ ...found.files.get(action.add.path), dataChange: true }, { ...action.add })
        }

        // More commits than lie between two checkpoints.
        const times = yield* commitTimes(opened, 310)
        const young = yield* inLake((lake) =>
          Effect.flatMap(Effect.andThen(writeHistory(lake.root, lake.store, 100, 50), openTable("t")), (table) => commitTimes(table, 110))
        )
        assert.isBelow(median(times), 3 * median(young) + 5)
        // The checkpoint among them took over what the first one had to write.
        assert.isBelow(Math.max(...times), 0.75 * checkpointMillis)
        console.log(
          `100,000 commits: opened in ${millis.toFixed(0)} ms and ${(bytes / 1e6).toFixed(0)} MB; ` +
            `a commit takes ${median(times).toFixed(1)} ms (mean ${mean(times).toFixed(1)}, slowest ${Math.max(...times).toFixed(0)}, a checkpoint from scratch ${checkpointMillis.toFixed(0)}), ` +
            `in a young table ${median(young).toFixed(1)} ms (mean ${mean(young).toFixed(1)}, slowest ${Math.max(...young).toFixed(0)})`
        )
      })
    ),
  120_000
)
