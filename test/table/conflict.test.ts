import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit } from "effect"
import type { Action, AddFile, WriteAction } from "../../src/table/actions.ts"
import type { Transaction } from "../../src/table/commit.ts"
import { judge } from "../../src/table/conflict.ts"
import type { TableError } from "../../src/table/errors.ts"
import type { Snapshot } from "../../src/table/snapshot.ts"
import { openTable } from "../../src/table/table.ts"
import { add, append, aTable, domain, hour, inLake, merge, remove } from "./helpers.ts"

const file = (snapshot: Snapshot, name: string): AddFile => {
  for (const candidate of snapshot.files.values()) if (candidate.path.endsWith(`/${name}`)) return candidate
  throw new Error(`no file ${name}`)
}
const wanted = (error: TableError) => error.conflict ?? error.reason

/** A removal as other writers may say it: they need not tell the partition. */
const gone = (path: string): Action => ({ remove: { path, deletionTimestamp: 1, dataChange: true, partitionValues: null, size: null } })

describe("a removal that does not tell the partition", () => {
  it.live("is of the partition that the file was in, as far as that is known; else it may be of any", () =>
    inLake(() =>
      Effect.gen(function* () {
        const table = yield* aTable
        const { snapshot } = yield* table.commit(append(yield* table.snapshot, add("old", hour(3))))
        const ours = (n: string) => merge(snapshot, (values) => values["ingest_hour"] === n, add("o"))
        const { path } = file(snapshot, "old")
        assert.strictEqual(judge(ours("3"), [gone(path)]).kind, "conflict")
        assert.strictEqual(judge(ours("4"), [gone(path)]).kind, "go")
        assert.strictEqual(judge(ours("4"), [gone("ingest_date=2026-11-20/ingest_hour=3/other")]).kind, "conflict")
      })
    )
  )
})

describe("a commit that was beaten to it", () => {
  /** Each row: what is there before, what the winner does, what we do, and what must come of ours ("ok", a conflict, or a reason). */
  const cases: ReadonlyArray<{
    readonly title: string
    readonly winner: (s: Snapshot) => Transaction
    readonly ours: (s: Snapshot) => Transaction
    readonly outcome: string
  }> = [
    {
      title: "two blind appends pass each other",
      winner: (s) => append(s, add("w")),
      ours: (s) => append(s, add("o")),
      outcome: "ok"
    },
    {
      title: "a blind append passes a removal",
      winner: (s) => merge(s, "all", remove(file(s, "old"))),
      ours: (s) => append(s, add("o")),
      outcome: "ok"
    },
    {
      title: "the same domain: two owners of a shard",
      winner: (s) => append(s, add("w"), domain("sluice.position/k/s1", "1")),
      ours: (s) => append(s, add("o"), domain("sluice.position/k/s1", "1")),
      outcome: "domain"
    },
    {
      title: "the same domain, which the winner removed",
      winner: (s) => merge(s, "none", domain("sluice.position/k/s0", "", true)),
      ours: (s) => append(s, add("o"), domain("sluice.position/k/s0", "1")),
      outcome: "domain"
    },
    {
      title: "different domains",
      winner: (s) => append(s, add("w"), domain("sluice.position/k/s1", "1")),
      ours: (s) => append(s, add("o"), domain("sluice.position/k/s2", "1")),
      outcome: "ok"
    },
    {
      title: "the same application, as far or further",
      winner: (s) => append(s, { txn: { appId: "a", version: 9 } }),
      ours: (s) => append(s, add("o"), { txn: { appId: "a", version: 9 } }),
      outcome: "AlreadyCommitted"
    },
    {
      title: "the same application, not as far",
      winner: (s) => append(s, { txn: { appId: "a", version: 8 } }),
      ours: (s) => append(s, add("o"), { txn: { appId: "a", version: 9 } }),
      outcome: "transaction"
    },
    {
      title: "work that is done outweighs every conflict",
      winner: (s) => append(s, domain("d", "1"), { txn: { appId: "a", version: 9 } }),
      ours: (s) => append(s, domain("d", "1"), { txn: { appId: "a", version: 9 } }),
      outcome: "AlreadyCommitted"
    },
    {
      title: "a merge passes others' blind appends",
      winner: (s) => append(s, add("w")),
      ours: (s) => merge(s, "all", add("o")),
      outcome: "ok"
    },
    {
      title: "… unless it asks to be serializable",
      winner: (s) => append(s, add("w", hour(3))),
      ours: (s) => ({ ...merge(s, (p) => p["ingest_hour"] === "3", add("o", hour(3))), isolation: "Serializable" }),
      outcome: "read"
    },
    {
      title: "… and then only to what it read",
      winner: (s) => append(s, add("w", hour(4))),
      ours: (s) => ({ ...merge(s, (p) => p["ingest_hour"] === "3", add("o", hour(3))), isolation: "Serializable" }),
      outcome: "ok"
    },
    {
      title: "a merge and another merge into the partition that it read",
      winner: (s) => merge(s, "none", add("w", hour(3))),
      ours: (s) => merge(s, (p) => p["ingest_hour"] === "3", add("o", hour(3))),
      outcome: "read"
    },
    {
      title: "a merge and another merge elsewhere",
      winner: (s) => merge(s, "none", add("w", hour(4))),
      ours: (s) => merge(s, (p) => p["ingest_hour"] === "3", add("o", hour(3))),
      outcome: "ok"
    },
    {
      title: "a merge that does not say what it read has read everything",
      winner: (s) => merge(s, "none", add("w", hour(4))),
      ours: (s) => merge(s, undefined, add("o")),
      outcome: "read"
    },
    {
      title: "a file that was read is removed",
      winner: (s) => merge(s, "none", remove(file(s, "old"))),
      ours: (s) => merge(s, new Set([file(s, "old").path]), add("o")),
      outcome: "read"
    },
    {
      title: "a file of a partition that was read is rewritten by a compaction",
      winner: (s) => merge(s, undefined, remove(file(s, "old"), false), add("big", hour(0), { dataChange: false })),
      ours: (s) => merge(s, (p) => p["ingest_hour"] === "0", add("o")),
      outcome: "read"
    },
    {
      title: "both remove the same file",
      winner: (s) => merge(s, "none", remove(file(s, "old"))),
      ours: (s) => merge(s, "none", remove(file(s, "old"))),
      outcome: "remove"
    },
    {
      title: "a compaction passes appends, blind or not",
      winner: (s) => merge(s, "none", add("w")),
      ours: (s) => merge(s, undefined, remove(file(s, "old"), false), add("big", hour(0), { dataChange: false })),
      outcome: "ok"
    },
    {
      title: "two compactions of the same file",
      winner: (s) => merge(s, undefined, remove(file(s, "old"), false), add("big1", hour(0), { dataChange: false })),
      ours: (s) => merge(s, undefined, remove(file(s, "old"), false), add("big2", hour(0), { dataChange: false })),
      outcome: "remove"
    },
    {
      title: "the schema changed under a merge",
      winner: (s) => merge(s, "none", { metaData: s.metaData }),
      ours: (s) => merge(s, "none", add("o")),
      outcome: "metaData"
    },
    {
      title: "a column was added under a blind append, whose files still fit",
      winner: (s) => merge(s, "none", grown(s)),
      ours: (s) => append(s, add("o")),
      outcome: "ok"
    },
    {
      title: "a property of Delta's changed under a blind append",
      winner: (s) => merge(s, "none", withProperty(s, "delta.logRetentionDuration", "interval 8 days")),
      ours: (s) => append(s, add("o")),
      outcome: "ok"
    },
    {
      title: "a property that is not Delta's changed under a blind append",
      winner: (s) => merge(s, "none", withProperty(s, "sluice.hashKeys", "other")),
      ours: (s) => append(s, add("o")),
      outcome: "metaData"
    },
    {
      title: "a column changed its type under a blind append",
      winner: (s) =>
        merge(s, "none", { metaData: { ...s.metaData, schemaString: s.metaData.schemaString.replace("decimal(18,2)", "decimal(18,3)") } }),
      ours: (s) => append(s, add("o")),
      outcome: "metaData"
    },
    {
      title: "two schema changes",
      winner: (s) => merge(s, "none", grown(s)),
      ours: (s) => merge(s, "none", grown(s)),
      outcome: "metaData"
    },
    {
      title: "the protocol changed",
      winner: (s) => merge(s, "none", { protocol: s.protocol }),
      ours: (s) => append(s, add("o")),
      outcome: "protocol"
    }
  ]
  const grown = (s: Snapshot): WriteAction => {
    const schema = { ...s.schema, fields: [...s.schema.fields, { name: "more", type: "long", nullable: true, metadata: {} }] }
    return { metaData: { ...s.metaData, schemaString: JSON.stringify(schema) } }
  }
  const withProperty = (s: Snapshot, name: string, value: string): WriteAction => ({
    metaData: { ...s.metaData, configuration: { ...s.metaData.configuration, [name]: value } }
  })
  for (const { title, winner, ours, outcome } of cases)
    for (const other of ["elsewhere", "here"] as const)
      it.live(`${title} → ${outcome} (won ${other})`, () =>
        inLake(() =>
          Effect.gen(function* () {
            const table = yield* aTable
            const { snapshot } = yield* table.commit(append(yield* table.snapshot, add("old"), domain("sluice.position/k/s0", "0")))
            // The winner may be another process, or another fiber of this one: then this table has seen its commit already.
            const rival = other === "here" ? table : yield* openTable(table.path)
            yield* rival.commit(winner(snapshot))
            const exit = yield* Effect.exit(table.commit(ours(snapshot)))
            const got = Exit.isSuccess(exit) ? "ok" : yield* Effect.map(Effect.flip(exit), wanted)
            assert.strictEqual(got, outcome)
            const { version } = yield* (yield* openTable(table.path)).snapshot
            assert.strictEqual(version, outcome === "ok" ? 3 : 2)
          })
        )
      )
})
