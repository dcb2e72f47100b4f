import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { serializeCommit } from "../../src/table/action-json.ts"
import type { Action } from "../../src/table/actions.ts"
import { writeCheckpoint } from "../../src/table/checkpoint.ts"
import { logOf } from "../../src/table/log.ts"
import { fold, type Snapshot } from "../../src/table/snapshot.ts"
import { createTable, openTable } from "../../src/table/table.ts"
import { add, append, definition, domain, hour, inLake } from "./helpers.ts"

const folder = "t/_delta_log"
const name = (version: number) => `${String(version).padStart(20, "0")}.json`
const elapsed = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const from = performance.now()
    const result = yield* effect
    return [result, performance.now() - from] as const
  })

it.live(
  "a table of 10,000 commits opens at once, and costs no more than a young one to look at and to append to",
  () =>
    inLake(({ root, store, calls }) =>
      Effect.gen(function* () {
        // A commit a minute for a week: one file and one position each; compaction has removed most files.
        const { table } = yield* createTable("t", definition)
        let snapshot: Snapshot = yield* table.snapshot
        mkdirSync(join(root, folder), { recursive: true })
        const commits = 10_000
        for (let version = 1; version <= commits; version++) {
          const actions: Array<Action> = [
            { commitInfo: { timestamp: version, operation: "STREAMING UPDATE", isBlindAppend: true, txnId: `${version}` } },
            add(`part-${version}.parquet`, hour(version % 24), { stats: `{"numRecords":${version}}`, size: 128_000_000 }),
            domain(`sluice.position/kinesis/shard-${version % 8}`, `{"sequenceNumber":"${version}"}`)
          ]
          snapshot = fold(snapshot, version, actions)
          writeFileSync(join(root, folder, name(version)), serializeCommit(actions))
          if (version === 5000 || version === 9900) yield* writeCheckpoint(logOf(store, "t"), snapshot)
        }

        yield* openTable("t")
        calls.length = 0
        const [opened, openMillis] = yield* elapsed(openTable("t"))
        const reads = calls.length
        const found = yield* opened.snapshot
        assert.strictEqual(found.version, commits)
        assert.strictEqual(found.files.size, commits)
        assert.deepStrictEqual(new Map(found.domains), new Map(snapshot.domains))
        assert.isBelow(openMillis, 1000)
        // The hint, a listing, one checkpoint, 100 commits.
        assert.strictEqual(reads, 103)

        calls.length = 0
        const [{ version }, commitMillis] = yield* elapsed(
          Effect.flatMap(opened.snapshot, (read) => opened.commit(append(read, add("new"))))
        )
        assert.strictEqual(version, commits + 1)
        assert.isBelow(commitMillis, 200)
        assert.isBelow(calls.length, 5)
        console.log(
          `10,000 commits: opened in ${openMillis.toFixed(0)} ms with ${reads} requests, next commit in ${commitMillis.toFixed(1)} ms`
        )
      })
    ),
  30_000
)
