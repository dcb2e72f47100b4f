import { existsSync, readdirSync, utimesSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { temporaryPrefix } from "../../src/store/keys.ts"
import { planCompaction } from "../../src/table/compaction.ts"
import { expireLog, vacuum } from "../../src/table/maintenance.ts"
import { createTable, openTable } from "../../src/table/table.ts"
import { add, append, definition, hour, inLake, merge, remove } from "./helpers.ts"

const day = 86_400_000
const ago = (path: string, days: number) => utimesSync(path, (Date.now() - days * day) / 1000, (Date.now() - days * day) / 1000)
const logFile = (root: string, version: number, end = "json") => join(root, "t/_delta_log", `${String(version).padStart(20, "0")}.${end}`)

const tableOf = (configuration: Readonly<Record<string, string>>, commits: number) =>
  Effect.gen(function* () {
    const { table } = yield* createTable("t", { ...definition, configuration: { "delta.checkpointInterval": "10", ...configuration } })
    for (let i = 1; i <= commits; i++) yield* table.commit(append(yield* table.snapshot, add(`f${i}`)))
    return table
  })

describe("expireLog", () => {
  const week = { "delta.logRetentionDuration": "interval 7 days" }

  it.live("keeps the newest checkpoint that is old enough, its commit, and everything after", () =>
    inLake(({ root }) =>
      Effect.gen(function* () {
        const table = yield* tableOf(week, 35)
        for (let version = 0; version <= 27; version++) ago(logFile(root, version), 9)
        const before = yield* table.snapshot
        const plan = yield* expireLog(table, { dryRun: true })
        assert.deepStrictEqual(plan, { earliest: 20, deleted: 21 })
        assert.isTrue(existsSync(logFile(root, 0)))
        assert.deepStrictEqual(yield* expireLog(table), { earliest: 20, deleted: 21 })
        assert.isFalse(existsSync(logFile(root, 19)))
        assert.isFalse(existsSync(logFile(root, 10, "checkpoint.parquet")))
        assert.isTrue(existsSync(logFile(root, 20)) && existsSync(logFile(root, 20, "checkpoint.parquet")))
        assert.strictEqual(yield* table.earliestVersion, 20)
        assert.deepStrictEqual(yield* expireLog(table), { earliest: 20, deleted: 0 })
        const after = yield* (yield* openTable("t")).snapshot
        assert.strictEqual(after.version, 35)
        assert.deepStrictEqual(new Set(after.files.keys()), new Set(before.files.keys()))
      })
    )
  )

  it.live("leaves a log without gaps when it is cut off", () =>
    inLake(({ root, calls, failNext }) =>
      Effect.gen(function* () {
        const table = yield* tableOf(week, 15)
        for (let version = 0; version <= 15; version++) ago(logFile(root, version), 9)
        failNext("delete", "00000000000000000004.json", "Unavailable")
        assert.strictEqual((yield* Effect.flip(expireLog(table))).reason, "Store")
        assert.deepStrictEqual(
          calls.flatMap((call) => /^delete .*?(\d\.json)$/.exec(call)?.[1] ?? []),
          ["0.json", "1.json", "2.json", "3.json", "4.json"]
        )
        assert.strictEqual(yield* table.earliestVersion, 4)
        assert.deepStrictEqual(yield* expireLog(table), { earliest: 10, deleted: 6 })
      })
    )
  )

  it.live("does nothing without a checkpoint, for what is young, and for what somebody has yet to read", () =>
    inLake(({ root }) =>
      Effect.gen(function* () {
        const table = yield* tableOf(week, 25)
        assert.deepStrictEqual(yield* expireLog(table), { earliest: 0, deleted: 0 })
        for (let version = 0; version <= 25; version++) ago(logFile(root, version), 9)
        assert.strictEqual((yield* expireLog(table, { dryRun: true })).earliest, 20)
        assert.strictEqual((yield* expireLog(table, { dryRun: true, keepFrom: 19 })).earliest, 10)
        assert.strictEqual((yield* expireLog(table, { dryRun: true, keepFrom: 9 })).earliest, 0)
        // One young commit among old ones makes all later ones young.
        ago(logFile(root, 12), 0)
        assert.strictEqual((yield* expireLog(table, { dryRun: true })).earliest, 10)
      })
    )
  )

  it.live("refuses a log retention below that of removed files", () =>
    inLake(() =>
      Effect.gen(function* () {
        const table = yield* tableOf({ "delta.logRetentionDuration": "interval 1 day" }, 1)
        const error = yield* Effect.flip(expireLog(table))
        assert.strictEqual(error.reason, "Invalid")
        assert.include(error.message, "delta.deletedFileRetentionDuration")
      })
    )
  )
})

describe("vacuum", () => {
  it.live("deletes old files that no version needs, uploaded and never committed ones among them, and nothing else", () =>
    inLake(({ root, store }) =>
      Effect.gen(function* () {
        const table = yield* tableOf({}, 0)
        const put = (path: string, days: number) =>
          Effect.gen(function* () {
            yield* store.put(`t/${path}`, new Uint8Array(3))
            ago(join(root, "t", path), days)
          })
        const [live, removed, recently] = [add("live"), add("removed"), add("recently")]
        const { snapshot } = yield* table.commit(append(yield* table.snapshot, live, removed, recently))
        yield* table.commit(merge(snapshot, "none", remove(removed.add, true, Date.now() - 8 * day), remove(recently.add)))
        for (const { add: file } of [live, removed, recently]) yield* put(file.path, 20)
        yield* put("ingest_date=2026-11-20/ingest_hour=0/orphan", 8)
        yield* put("ingest_date=2026-11-20/ingest_hour=0/pending", 1)
        yield* put("_hidden/x", 20)
        yield* put("ingest_date=2026-11-20/.crc", 20)
        yield* put("metadata/x", 20)
        const temporary = join(root, "t/ingest_date=2026-11-20", `${temporaryPrefix}old`)
        writeFileSync(temporary, "half")
        ago(temporary, 8)
        const doomed = ["orphan", "removed"].map((name) => `ingest_date=2026-11-20/ingest_hour=0/${name}`)
        assert.deepStrictEqual(yield* vacuum(table, { dryRun: true }), { deleted: doomed, bytes: 6, swept: 0 })
        assert.deepStrictEqual(yield* vacuum(table), { deleted: doomed, bytes: 6, swept: 1 })
        assert.deepStrictEqual(yield* vacuum(table), { deleted: [], bytes: 0, swept: 0 })
        assert.deepStrictEqual(readdirSync(join(root, "t/ingest_date=2026-11-20/ingest_hour=0")).sort(), ["live", "pending", "recently"])
        for (const path of ["_hidden/x", "ingest_date=2026-11-20/.crc", "metadata/x"]) assert.isTrue(existsSync(join(root, "t", path)))
        assert.strictEqual((yield* (yield* openTable("t")).snapshot).version, 2)
      })
    )
  )

  it.live("never goes below the table's retention", () =>
    inLake(() =>
      Effect.gen(function* () {
        const table = yield* tableOf({}, 0)
        for (const retention of [0, day, Number.NaN])
          assert.strictEqual((yield* Effect.flip(vacuum(table, { retention }))).reason, "Invalid")
        yield* vacuum(table, { retention: 8 * day })
      })
    )
  )
})

describe("planCompaction", () => {
  it.live("groups small neighbours of one partition", () =>
    inLake(() =>
      Effect.gen(function* () {
        const table = yield* tableOf({}, 0)
        const sized = (name: string, h: number, size: number, modificationTime: number) => add(name, hour(h), { size, modificationTime })
        const { snapshot } = yield* table.commit(
          append(
            yield* table.snapshot,
            sized("a", 1, 40, 1),
            sized("c", 1, 40, 3),
            sized("b", 1, 40, 2),
            sized("large", 1, 80, 2),
            sized("d", 1, 40, 4),
            sized("alone", 2, 10, 1),
            sized("x", 3, 10, 1),
            sized("y", 3, 10, 1),
            add("null", { ingest_date: null, ingest_hour: "3" }, { size: 10 })
          )
        )
        const names = (groups: ReturnType<typeof planCompaction>) =>
          groups.map(({ files, bytes }) => [files.map(({ path }) => path.split("/").at(-1)).join(""), bytes])
        assert.deepStrictEqual(names(planCompaction(snapshot, 100)), [
          ["ab", 80],
          ["cd", 80],
          ["xy", 20]
        ])
        assert.deepStrictEqual(names(planCompaction(snapshot, 100, (p) => p["ingest_hour"] === "3")), [["xy", 20]])
        assert.deepStrictEqual(planCompaction(snapshot, 100)[2]?.partitionValues, hour(3))
        assert.deepStrictEqual(names(planCompaction(snapshot, 10)), [])
      })
    )
  )
})
