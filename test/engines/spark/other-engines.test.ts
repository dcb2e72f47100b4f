import { readdirSync } from "node:fs"
import { join } from "node:path"
import { afterAll, assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import type { CompiledContract } from "../../../src/contract/compile.ts"
import { openDuckDB } from "../../../src/duckdb/open.ts"
import { identifier, literal } from "../../../src/duckdb/sql.ts"
import { rowsOf as rowsOfTable } from "../../../src/lake/views.ts"
import { duckdbEngine } from "../../../src/repartition/duckdb-engine.ts"
import { repartition } from "../../../src/repartition/repartition.ts"
import { Store } from "../../../src/store/store.ts"
import { openTable } from "../../../src/table/table.ts"
import { randomHistory, unlikeStage } from "../../repartition/histories.ts"
import { type Copy, freshFolder, freshStore, ingest, orders, rowsOf, winners } from "../../repartition/lake.ts"
import { remembered } from "../../repartition/newest-suite.ts"
import { kinds } from "./kinds.ts"
import { openSparkSession } from "./session.ts"

/** What somebody else does to a consumable with Spark, between two runs of ours and during one, is kept, or refused by name; and verify tells of it. */

const session = openSparkSession()
afterAll(session.close)
const spark = session.engine
const duckdb = duckdbEngine({ threads: 1 })

/** All kinds of tables where there is time, else versions by day, events, and the newest row by bucket of keys some of which are deleted. */
const tried = process.env["SLUICE_TEST_SPARK_SEEDS"] === undefined ? kinds.filter((_, i) => [0, 3, 5].includes(i)) : kinds

const table = Effect.map(Store, ({ localPath }) => `delta.\`${localPath("consumable/order")}\``)
const ours = Effect.flatMap(openTable("consumable/order"), (table) => Effect.map(table.snapshot, (snapshot) => ({ table, snapshot })))
const coordinates = ["_source", "_shard", "_sequence_number", "_sub_sequence_number"]

/** Changes a row and inserts another one, in one MERGE, whose key no record has, and which came from nowhere. */
const merge = Effect.gen(function* () {
  const it = yield* table
  const { schema } = (yield* ours).snapshot
  const names = schema.fields.map(({ name }) => name)
  const own: { readonly [column: string]: string } = { order_id: "'foreign'", raw: `'{"note":"foreign"}'` }
  const valueIn = (name: string) => own[name] ?? (name.startsWith("_") ? "NULL" : `s.${name}`)
  return `MERGE INTO ${it} t
    USING (SELECT * FROM (SELECT * FROM ${it} ORDER BY length(_sequence_number), ${coordinates.join(", ")} LIMIT 1) LATERAL VIEW explode(array(true, false)) AS changes) s
    ON changes AND ${coordinates.map((name) => `t.${name} = s.${name}`).join(" AND ")}
    WHEN MATCHED THEN UPDATE SET t.ratio = -1
    WHEN NOT MATCHED THEN INSERT (${names.join(", ")}) VALUES (${names.map(valueIn).join(", ")})`
})

const tidy = (it: string) => [
  `OPTIMIZE ${it}`,
  "SET spark.databricks.delta.retentionDurationCheck.enabled=false",
  `VACUUM ${it} RETAIN 0 HOURS`
]

/** Spark finds the rows that we find, value by value. */
const readsTheSame = Effect.gen(function* () {
  const it = yield* table
  const { table: open, snapshot } = yield* ours
  const names = snapshot.schema.fields.map(({ name }) => name)
  const file = join(yield* freshFolder(), "ours.parquet")
  const db = yield* openDuckDB({ threads: 1 })
  yield* db.run(
    `COPY (SELECT ${names.map(identifier).join(", ")} FROM (${yield* rowsOfTable(db, open, snapshot)})) TO ${literal(file)} (FORMAT parquet)`
  )
  const [here, there] = [`SELECT ${names.join(", ")} FROM ${it}`, `SELECT ${names.join(", ")} FROM parquet.\`${file}\``]
  const surplus = (a: string, b: string) => `SELECT assert_true(count(*) = 0) FROM (${a} EXCEPT ALL ${b})`
  yield* session.sql(surplus(here, there), surplus(there, here))
}).pipe(Effect.scoped)

interface Noted {
  readonly note: string
  readonly order: string
  readonly ratio: number
}

const notes = Effect.map(rowsOf("SELECT raw::JSON->>'note' AS note, order_id AS order, ratio FROM consumable_order"), (rows) =>
  rows.map((row): Noted => JSON.parse(row))
)
const sortedNotes = (rows: ReadonlyArray<{ readonly note: string }>): ReadonlyArray<string> => rows.map(({ note }) => note).sort()

/** Of a table that we may not be able to read. */
const commits = Effect.flatMap(Store, (store) =>
  Stream.runCollect(Stream.map(store.list("consumable/order/_delta_log/"), ({ key }) => key))
)

/** Names of the checks that do not hold. */
const broken = (contract: CompiledContract) => Effect.map(unlikeStage(contract), (checks) => checks.map(([name]) => name))
const tellsOfMissing = (told: ReadonlyArray<string | undefined>) => told.some((name) => name?.startsWith("holds every "))

describe("a consumable that Spark changes", () => {
  for (const [i, { what, contract, history, won }] of tried.entries()) {
    it.live(`of ${what} goes on with what Spark has made of it`, () =>
      Effect.gen(function* () {
        const it = yield* table
        const seen: Array<Copy> = []
        let [changed, deleted]: [string | undefined, string | undefined] = [undefined, undefined]
        /** The rows that there must be: those of the definition, but for the one that Spark deleted, with the one that it inserted, and with its change, as long as no newer row has taken its place. */
        const holds = Effect.gen(function* () {
          const { rows, deleted: gone } = won(seen)
          const found = yield* notes
          const there = rows.filter(({ note }) => note !== deleted)
          const foreign = changed === undefined ? [] : [{ note: "foreign" }]
          assert.deepStrictEqual(sortedNotes(found), sortedNotes([...there, ...foreign]))
          assert.strictEqual(yield* remembered, gone)
          if (there.some(({ note }) => note === changed)) assert.strictEqual(found.find(({ note }) => note === changed)?.ratio, -1)
        })
        const steps = history([i + 1])
        for (const [step, copies] of steps.entries()) {
          yield* ingest(copies, contract)
          seen.push(...copies)
          yield* repartition({ contract, engine: (step + i) % 2 === 0 ? duckdb : spark })
          yield* holds
          if (step === 1) {
            yield* readsTheSame
            yield* session.sql(yield* merge)
            // Hadoop's checksums, which ours would not keep in step.
            assert.isTrue(readdirSync(it.replace(/^delta\.`(.*)`$/, "$1/_delta_log")).some((name) => /^\..*\.crc$/.test(name)))
            changed = (yield* notes).find(({ note, ratio }) => ratio === -1 && note !== "foreign")?.note
            assert.isDefined(changed)
            yield* holds
            const told = yield* broken(contract)
            assert.isTrue(tellsOfMissing(told), told.join())
            assert.include(told, "rows are those of stage")
          }
          if (step === 2) {
            // One of which no other copy comes.
            const later = new Set(steps.slice(3).flatMap((copies) => copies.map(({ order }) => order)))
            deleted = (yield* notes).find(({ note, order }) => !later.has(order) && note !== "foreign" && note !== changed)?.note
            assert.isDefined(deleted)
            yield* session.sql(`DELETE FROM ${it} WHERE get_json_object(raw, '$.note') = '${deleted}'`, ...tidy(it))
            yield* holds
            yield* readsTheSame
          }
        }
        assert.isTrue(tellsOfMissing(yield* broken(contract)))
        // What is not stage's any more is so again when all of stage is folded anew.
        yield* repartition({ contract, engine: i % 2 === 0 ? duckdb : spark, rebuild: true })
        ;[changed, deleted] = [undefined, undefined]
        yield* holds
        assert.deepStrictEqual(yield* broken(contract), [])
      }).pipe(Effect.provide(freshStore))
    )
  }

  const changes = [
    { engine: duckdb, change: (it: string) => [`UPDATE ${it} SET ratio = -2`], refused: "Conflict" },
    { engine: spark, change: (it: string) => [`UPDATE ${it} SET ratio = -2`], refused: "Conflict" },
    { engine: spark, change: tidy, refused: "Vacuumed" }
  ]
  const same = ({ order, lastChange, creationDate }: Copy) => [order, lastChange ?? creationDate]
  for (const { engine, change, refused } of changes) {
    it.live(`while engine ${engine.name} is at work is refused as ${refused}, and nothing is lost`, () =>
      Effect.gen(function* () {
        const [first = [], second = []] = randomHistory(3, 2, 20)
        yield* ingest(first)
        yield* repartition({ contract: orders, engine: duckdb })
        // So that there is a row whose file both of them change.
        const both = [...second, ...first.slice(0, 1).map((copy) => ({ ...copy, arrivedAt: copy.arrivedAt + 86_400_000, note: "again" }))]
        yield* ingest(both)
        const disturb = session.sql(...change(yield* table))
        const disturbed =
          "place" in engine
            ? {
                ...engine,
                place: {
                  ...engine.place,
                  submit: (job: Parameters<typeof engine.place.submit>[0]) => Effect.tap(engine.place.submit(job), () => disturb)
                }
              }
            : { ...engine, run: (...args: Parameters<typeof engine.run>) => Effect.tap(engine.run(...args), () => disturb) }
        assert.strictEqual((yield* Effect.flip(repartition({ contract: orders, engine: disturbed }))).reason, refused)
        const kept = yield* notes
        assert.deepStrictEqual(sortedNotes(kept), sortedNotes(winners(first, same)))
        yield* repartition({ contract: orders, engine })
        const after = yield* notes
        assert.deepStrictEqual(sortedNotes(after), sortedNotes(winners([...first, ...both], same)))
        const before = new Map(kept.map(({ note, ratio }) => [note, ratio]))
        for (const { note, ratio } of after) if (before.has(note)) assert.strictEqual(ratio, before.get(note), note)
        assert.isTrue(refused === "Vacuumed" || kept.every(({ ratio }) => ratio === -2))
      }).pipe(Effect.provide(freshStore))
    )
  }

  const alterations = [
    {
      what: "a column of its own",
      change: (it: string) => [`ALTER TABLE ${it} ADD COLUMNS (segment STRING)`, `UPDATE ${it} SET segment = 'new'`],
      refused: /segment/
    },
    {
      what: "a feature that we do not write",
      change: (it: string) => [`ALTER TABLE ${it} SET TBLPROPERTIES ('delta.enableDeletionVectors' = 'true')`],
      refused: /deletionVectors/
    },
    {
      what: "a rule that we do not check",
      change: (it: string) => [`ALTER TABLE ${it} ADD CONSTRAINT positive CHECK (ratio > -5)`],
      refused: /checkConstraints/
    }
  ]
  const copy = (order: string): Copy => ({ order, lastChange: 0, arrivedAt: 0, sequence: order, note: order })

  for (const { what, change, refused } of alterations) {
    it.live(`and gives ${what} is refused by name, and stays as it is`, () =>
      Effect.gen(function* () {
        yield* ingest([copy("1")])
        yield* repartition({ contract: orders, engine: duckdb })
        yield* session.sql(...change(yield* table))
        const before = yield* commits
        yield* ingest([copy("2")])
        for (const engine of [duckdb, spark]) {
          const error = yield* Effect.flip(repartition({ contract: orders, engine }))
          assert.strictEqual(error.reason, "Table")
          assert.match(error.message, refused)
        }
        assert.deepStrictEqual(yield* commits, before)
      }).pipe(Effect.provide(freshStore))
    )
  }

  it.live("and takes back to what it was has what comes then, and all of stage after a rebuild, whatever columns it was given", () =>
    Effect.gen(function* () {
      const it = yield* table
      yield* ingest([copy("1")])
      yield* repartition({ contract: orders, engine: duckdb })
      yield* session.sql(`RESTORE TABLE ${it} TO VERSION AS OF 0`)
      yield* ingest([copy("2")])
      yield* repartition({ contract: orders, engine: duckdb })
      assert.deepStrictEqual(sortedNotes(yield* notes), ["2"])
      assert.isTrue(tellsOfMissing(yield* broken(orders)))
      yield* session.sql(`ALTER TABLE ${it} ADD COLUMNS (segment STRING)`)
      yield* repartition({ contract: orders, engine: duckdb, rebuild: true })
      assert.deepStrictEqual(sortedNotes(yield* notes), ["1", "2"])
      assert.deepStrictEqual(yield* broken(orders), [])
    }).pipe(Effect.provide(freshStore))
  )
})
