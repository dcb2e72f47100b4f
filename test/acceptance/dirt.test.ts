import { readFile } from "node:fs/promises"
import { beforeAll, describe, expect, it } from "vitest"
import type { Manifest } from "../../src/generate/ledger.ts"
import { manifestName } from "../../src/generate/write.ts"
import type { DecodeCounts } from "../../src/record/report.ts"
import { sluiceJson } from "../cli/sluice.ts"
import { countsBy, inOrder, query, type Row, tableVersions, temporaryFolder, verified } from "./support.ts"

/**
 * Orders with a fifth of dirt among them, carried to the end by the real command. What must come of them is known by who made them: the
 * generator's manifest says it, and the tables are held against it, not only the counts that the command reports.
 */

const folder = temporaryFolder()
/** With a key, personal data is hashed rather than dropped, and so compared, too. */
const env = { SLUICE_HASH_KEY: "a key for the tests" }
const generate = (name: string, ...more: ReadonlyArray<string>) =>
  sluiceJson(["generate", "--orders", "400", "--seed", "20", "--dirt", "0.2", "--out", folder(name), ...more])
const ingest = (input: string, lake: string) =>
  sluiceJson(["ingest", "--dataset", "checkout", "--input", folder(input), "--lake", folder(lake)], env)
const repartition = (lake: string, ...more: ReadonlyArray<string>) =>
  sluiceJson(["repartition", "--dataset", "checkout", "--lake", folder(lake), ...more])

/** Every row of every table in the order of its content, as a hash of all columns but what is the file's own: its name, and the fraction of a second that tells
 * when it was written. */
const contents = (lake: string): Promise<ReadonlyArray<Row>> =>
  query(
    folder(lake),
    `${["stage_checkout", "dead_letters", "consumable_checkout"]
      .map(
        (table) =>
          `SELECT '${table}' AS name, CAST(hash(t) AS VARCHAR) AS content FROM (SELECT * EXCLUDE (_shard) REPLACE (date_trunc('second', _arrived_at) AS _arrived_at) FROM ${table}) t`
      )
      .join(" UNION ALL ")} ORDER BY ALL`
  )

/** Every row of the consumable table with its key, and all its columns as one hash. */
const consumableRows = (lake: string): Promise<ReadonlyArray<Row>> =>
  query(
    folder(lake),
    "SELECT order_id, last_change, CAST(hash(consumable_checkout) AS VARCHAR) AS content FROM consumable_checkout ORDER BY ALL"
  )

/** Ingested and repartitioned as often as wanted: what each command reports. */
const carry = async (input: string, lake: string) => [await ingest(input, lake), await repartition(lake)] as const

let manifest: Manifest
let counts: DecodeCounts
let countsOfGzip: DecodeCounts
beforeAll(async () => {
  const both = await Promise.all([
    generate("raw").then(() => carry("raw", "lake")),
    generate("raw-gzip", "--gzip").then(() => carry("raw-gzip", "lake-gzip"))
  ])
  const reports = both.map(([{ counts }]) => counts)
  counts = reports[0]
  countsOfGzip = reports[1]
  manifest = JSON.parse(await readFile(`${folder("raw")}/${manifestName}`, "utf8"))
}, 180_000)

describe("orders with a fifth of dirt", () => {
  it("are dirty in every way, but for records of many megabytes", () => {
    expect(Object.keys(manifest.dirt).sort()).toEqual([
      "duplicate",
      "duplicate_key",
      "empty_line",
      "empty_object",
      "huge_number",
      "late",
      "missing_event_time",
      "missing_key",
      "not_json",
      "not_object",
      "not_utf8",
      "rescued",
      "too_deep",
      "truncated",
      "unknown_field",
      "unreadable_event_time",
      "unreadable_key"
    ])
  })

  it("become dead letters by reason as the manifest says, with the bytes that came", async () => {
    const found = await countsBy(
      folder("lake"),
      "SELECT reason AS name, count(*) AS count FROM dead_letters GROUP BY reason ORDER BY reason"
    )
    expect(found).toEqual(manifest.expected.deadLetters)
    expect(counts.deadLetters).toEqual(manifest.expected.deadLetters)
    // A record lies in its file at the offset that is its sequence number.
    const letters = await query(
      folder("lake"),
      "SELECT _shard, CAST(_sequence_number AS BIGINT) AS at, size, hex(raw) AS raw FROM dead_letters"
    )
    const files = new Map<string, Buffer>()
    for (const { _shard, at, size, raw } of letters) {
      const path = String(_shard)
      const bytes = files.get(path) ?? (await readFile(path))
      files.set(path, bytes)
      expect(
        bytes
          .subarray(Number(at), Number(at) + Number(size))
          .toString("hex")
          .toUpperCase()
      ).toBe(raw)
    }
  })

  it("are all accounted for", () => {
    const { records, expected } = manifest
    expect([counts.records, counts.rows, counts.empty]).toEqual([records, expected.stage.rows, expected.empty])
  })

  it("become rows of stage in the hours in which they arrived", async () => {
    const hours = await countsBy(
      folder("lake"),
      "SELECT strftime(ingest_date, '%Y-%m-%d') || 'T' || printf('%02d', ingest_hour) AS name, count(*) AS count FROM stage_checkout GROUP BY name ORDER BY name"
    )
    expect(hours).toEqual(manifest.expected.stage.hours)
    const [late] = await query(
      folder("lake"),
      "SELECT count(*) AS rows FROM stage_checkout WHERE date_trunc('hour', last_change) <> ingest_date + to_hours(ingest_hour)"
    )
    expect(late).toEqual({ rows: manifest.late })
  })

  it("keep what does not fit, and tell of unknown fields", async () => {
    const rescued = await countsBy(
      folder("lake"),
      `SELECT regexp_replace(path, '\\[\\d+\\]', '[]', 'g') AS name, count(*) AS count
      FROM (SELECT unnest(json_keys(_rescued)) AS path FROM stage_checkout WHERE _rescued IS NOT NULL) GROUP BY name ORDER BY name`
    )
    expect(rescued).toEqual(manifest.expected.stage.rescued)
    expect(counts.rescued).toEqual(manifest.expected.stage.rescued)
    expect(counts.drift).toEqual(manifest.expected.stage.drift)
  })

  it("become versions of orders by day, with their sums to the last digit", async () => {
    const { rows, orders, days, value, latestValue, roundingError } = manifest.expected.consumable
    const lake = folder("lake")
    expect(
      await countsBy(
        lake,
        "SELECT CAST(change_date AS VARCHAR) AS name, count(*) AS count FROM consumable_checkout GROUP BY name ORDER BY name"
      )
    ).toEqual(days)
    const [sums] = await query(
      lake,
      `SELECT count(*) AS rows, count(DISTINCT order_id) AS orders, CAST(sum(value) AS VARCHAR) AS value,
        CAST(sum(value) FILTER (is_latest) AS VARCHAR) AS "latestValue", CAST(sum(rounding_error) AS VARCHAR) AS "roundingError"
      FROM (SELECT *, last_change = max(last_change) OVER (PARTITION BY order_id) AS is_latest FROM consumable_checkout)`
    )
    expect(sums).toEqual({ rows, orders, value, latestValue, roundingError })
    const [stale] = await query(lake, "SELECT count(*) AS rows FROM stage_checkout WHERE status = 'stale' OR order_id = 'stale-01'")
    expect(stale).toEqual({ rows: 0 })
  })

  it("pass verification", async () => {
    expect(await verified(folder("lake"))).toEqual(inOrder)
  })

  it("are the same rows out of gzip files", async () => {
    const [plain, gzip] = await Promise.all([contents("lake"), contents("lake-gzip")])
    const { stage, consumable, deadLetters } = manifest.expected
    expect(plain).toHaveLength(stage.rows + consumable.rows + Object.values(deadLetters).reduce((a, b) => a + b))
    expect(gzip).toEqual(plain)
    expect(countsOfGzip).toEqual(counts)
  })
})

describe("once more", () => {
  it("ingest and repartition add nothing", async () => {
    // Where no table has a new version, no row can be new.
    const versions = await tableVersions(folder("lake"))
    const [again, repartitioned] = await carry("raw", "lake")
    expect(again).toMatchObject({ commits: 0, counts: { records: 0, rows: 0 } })
    expect(repartitioned.kind).toBe("up-to-date")
    expect(await tableVersions(folder("lake"))).toEqual(versions)
  })

  it("from the start gives the same rows", async () => {
    const rows = await consumableRows("lake")
    expect(rows).toHaveLength(manifest.expected.consumable.rows)
    expect(await repartition("lake", "--rebuild")).toMatchObject({
      kind: "repartition",
      rebuild: true,
      rowsRead: manifest.expected.stage.rows,
      rowsAdded: manifest.expected.consumable.rows,
      duplicates: manifest.expected.stage.duplicates
    })
    expect(await consumableRows("lake")).toEqual(rows)
    expect(await verified(folder("lake"))).toEqual(inOrder)
    expect((await repartition("lake")).kind).toBe("up-to-date")
  })
})
