import { execFile } from "node:child_process"
import { join } from "node:path"
import { promisify } from "node:util"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { CheckpointAdd } from "../../src/table/add-group.ts"
import type { Snapshot } from "../../src/table/snapshot.ts"
import { openTable, type Table } from "../../src/table/table.ts"
import { add, append, domain, inLake } from "./helpers.ts"
import { historyActions, writeHistory } from "./history.ts"

/** Calls to the store for each of so many commits, as ingest makes them. How long they take is for `npm run bench -- log` to say. */
const callsOfCommits = (table: Table, calls: Array<string>, commits: number) =>
  Effect.forEach(Array.from({ length: commits }), (_, i) => {
    calls.length = 0
    const news = [add(`new-${i}.parquet`, undefined, { stats: '{"numRecords":1}' }), domain(`sluice.position/kinesis/shard-${i % 8}`, "{}")]
    return Effect.flatMap(table.snapshot, (read) => table.commit(append(read, ...news))).pipe(Effect.map(() => calls.length))
  })

/** The row groups of its checkpoint that hold live files. */
const groupsOf = ({ files }: Snapshot) =>
  new Set([...files.values()].map((file) => CheckpointAdd.groupOf(file)).filter((group) => group !== null))

it.live("a table of 100,000 commits opens with few reads, in little memory, and asks no more for a commit than a young one", () =>
  inLake(({ root, store, calls }) =>
    Effect.gen(function* () {
      const commits = 100_000
      const expected = yield* writeHistory(root, store, commits, 99_900)

      const script = join(import.meta.dirname, "opener.ts")
      const flags = ["--max-old-space-size=320", "--max-semi-space-size=8"]
      const { stdout } = yield* Effect.promise(() => promisify(execFile)(process.execPath, [...flags, script, root, "t"]))
      const opening: { readonly bytes: number; readonly version: number; readonly files: number } = JSON.parse(stdout)
      assert.deepStrictEqual([opening.version, opening.files], [commits, commits])
      assert.isBelow(opening.bytes, 150e6)

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
      const old = yield* callsOfCommits(opened, calls, 310)
      const young = yield* inLake((lake) =>
        Effect.flatMap(Effect.andThen(writeHistory(lake.root, lake.store, 100, 50), openTable("t")), (table) =>
          callsOfCommits(table, lake.calls, 110)
        )
      )
      assert.deepStrictEqual([...new Set(old)].sort(), [...new Set(young)].sort())
      // The checkpoint among them took over what the first one had to write.
      const before = groupsOf(found)
      const after = groupsOf(yield* opened.snapshot)
      assert.isAbove(before.size, 20)
      assert.isAtLeast([...before].filter((group) => after.has(group)).length, before.size - 1)
      assert.isAbove(after.size - before.size, -1)
    })
  )
)
