import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, expect, it } from "vitest"
import { Random } from "../../src/record/seeded.ts"
import { rowsOfEach } from "./in-process.ts"
import { sluice, sluiceJson } from "./sluice.ts"
import { strike } from "./strike.ts"

/**
 * The real process is killed at random moments of its work, in an ingest and in a repartition, and started again each time, until it has been killed often
 * enough and the work is done. Then the lake must be the one of an undisturbed run, row for row. Clocks only choose moments: how long an undisturbed run
 * works says how far apart they are.
 */
const kills = Number(process.env["SLUICE_TEST_KILLS"] ?? 8)
const seed = Number(process.env["SLUICE_TEST_SEED"] ?? 7)

let folder = ""
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sluice-kill-"))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** Every column that identifies a row and its content; JSON text of the rest would only repeat it. */
const stageColumns = "ingest_date, ingest_hour, _shard, _sequence_number, _sub_sequence_number, _rescued, hash(stage_checkout) AS content"
const consumableColumns = "change_date, order_id, last_change, _shard, _sequence_number, hash(consumable_checkout) AS content"
const deadLetterColumns = "reason, path, _shard, _sequence_number, hash(raw) AS content"
const everything = [
  `SELECT ${stageColumns} FROM stage_checkout ORDER BY ALL`,
  `SELECT ${deadLetterColumns} FROM dead_letters ORDER BY ALL`,
  `SELECT ${consumableColumns} FROM consumable_checkout ORDER BY ALL`
]

/** With more threads an input that is large enough for them to start, and batches that are long enough for them to work. */
const disturbances = [
  { threads: "1", kills, orders: "400", batch: "200kB" },
  { threads: "2", kills: Math.max(2, Math.ceil(kills / 5)), orders: "1800", batch: "3MB" }
]

it.for(disturbances)(
  "$kills kills change nothing in $threads threads",
  { timeout: 15 * 60_000 },
  async ({ threads, kills, orders, batch }) => {
    const raw = join(folder, `raw-${threads}`)
    await sluiceJson(["generate", "--orders", orders, "--seed", String(seed), "--dirt", "0.1", "--out", raw])
    const ingest = (lake: string, threads: string) => [
      "ingest",
      "--input",
      raw,
      "--lake",
      lake,
      "--batch-bytes",
      batch,
      "--threads",
      threads
    ]
    const repartition = (lake: string) => ["repartition", "--lake", lake]

    const calm = join(folder, `calm-${threads}`)
    /** Milliseconds that a step works when it is left alone. */
    const calmly = async (args: ReadonlyArray<string>): Promise<number> => {
      const { code, stderr, worked } = await strike(args, calm)
      expect([code, worked > 0], stderr).toEqual([0, true])
      return worked
    }
    const [ingestMillis, repartitionMillis] = [await calmly(ingest(calm, "1")), await calmly(repartition(calm))]

    const hit = join(folder, `hit-${threads}`)
    const random = new Random(seed)
    const killed = { ingest: 0, repartition: 0 }
    /** Starts a step until it ends by itself, killing it after a random time of work as long as kills are left. */
    const disturb = async (step: "ingest" | "repartition", args: ReadonlyArray<string>, wanted: number, longest: number) => {
      while (true) {
        const { code, stderr } = await strike(args, hit, killed[step] < wanted ? random.unit() * longest : undefined)
        if (code === 0) return
        if (code !== null) throw new Error(`${step} ended with ${code}: ${stderr}`)
        killed[step]++
      }
    }
    const ingestKills = Math.round(kills * 0.7)
    // As many lives as kills, and each gets about as far as the others.
    await disturb("ingest", ingest(hit, threads), ingestKills, (2 * ingestMillis) / ingestKills)
    // What is left of the kills goes to the repartition, which is one commit: it starts over until it is left alone.
    await disturb("repartition", repartition(hit), kills - killed.ingest, repartitionMillis)
    // Both may have been quicker than the killer: go on with the repartition of everything until the count is full.
    while (killed.ingest + killed.repartition < kills) {
      await disturb("repartition", [...repartition(hit), "--rebuild"], kills - killed.ingest, repartitionMillis)
    }
    const worked = `which take ${Math.round(ingestMillis)} and ${Math.round(repartitionMillis)} ms`
    console.log(`killed ${killed.ingest} times in ingest, ${killed.repartition} times in repartition, ${worked}`)

    const verified = await sluice(["verify", "--lake", hit])
    expect(verified.code, verified.stdout).toBe(0)
    expect(await rowsOfEach(hit, everything)).toEqual(await rowsOfEach(calm, everything))
  }
)
