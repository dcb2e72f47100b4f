import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { parseArgs } from "node:util"
import { Random } from "../../src/record/seeded.ts"
import { root, sluice, sluiceJson } from "../cli/sluice.ts"
import { type Emulator, emulatorEnvironment, startKinesisLocal } from "./kinesis-local.ts"

/**
 * The real command against real HTTP: orders are put into a stream while workers follow it, each of which is killed (SIGKILL) every few seconds
 * and started again, and while one shard is split and two others are merged. In the end each record must be in the lake once.
 */
export interface KillsOptions {
  readonly orders: number
  readonly shards: number
  readonly workers: number
  /** Milliseconds that a worker follows the stream, at least and at most, on an idle machine; up to five times as long on a busy one. */
  readonly life: readonly [number, number]
  readonly seed: number
  readonly say: (line: string) => void
}

export interface KillsResult {
  readonly put: number
  readonly kills: number
  readonly stageRows: number
  /** Records that stand in stage more than once. */
  readonly doubled: number
  readonly consumableRows: number
  /** Versions of orders in the input. */
  readonly versions: number
  readonly failedChecks: ReadonlyArray<string>
  readonly shards: number
  readonly seconds: number
}

const stream = "orders"

/** Milliseconds until a worker follows the stream, where it alone is at work. */
const usualStart = 1000

/** What is put one after the other. Most of it is aggregated: the emulator takes seconds for thousands of records. */
const parts = [
  { name: "begin", share: 0.49, packing: ["--aggregate", "51200"] },
  { name: "split", share: 0.02, packing: [] },
  { name: "merge", share: 0.49, packing: ["--aggregate", "51200"] }
]

export const kills = async (options: KillsOptions): Promise<KillsResult> => {
  const folder = mkdtempSync(join(tmpdir(), "sluice-wire-"))
  const emulator = await startKinesisLocal()
  const started = performance.now()
  try {
    const lake = join(folder, "lake")
    for (const [i, { name, share }] of parts.entries()) {
      mkdirSync(join(folder, name))
      writeFileSync(join(folder, name, "orders.ndjson"), orders(`v${options.seed}${i}`, Math.round(options.orders * share)))
    }
    await emulator.createStream(stream, options.shards)

    const killer = new Killer(options, emulator.endpoint, lake)
    const workers = Array.from({ length: options.workers }, (_, worker) => killer.keepKilling(worker))
    let put = 0
    for (const { name, packing } of parts) {
      const putting = sluiceJson(
        ["put", "--stream", stream, "--endpoint", emulator.endpoint, "--input", join(folder, name), ...packing],
        env
      )
      if (name === "split") await soon(() => splitOne(emulator))
      if (name === "merge") await soon(() => mergeTwo(emulator))
      const { records } = await putting
      put += records
      options.say(`${put} records put, ${killer.kills} kills`)
    }
    // The workers go on while they are still killed, for as long as it takes, and until as many kills as workers; what they never come to, nobody disturbs
    // in the end.
    for (let round = 0, committed = 0; (committed < put || killer.kills < options.workers) && round < 40; round++) {
      await sleep(options.life[1])
      // On a busy machine the first worker may not have begun the lake yet.
      const { code, stdout } = await sluice(["status", "--lake", lake, "--json"], env)
      committed = code === 0 ? (JSON.parse(stdout).datasets[0]?.records ?? 0) : 0
      options.say(`${committed} of ${put} records committed, ${killer.kills} kills`)
    }
    killer.stop()
    await Promise.all(workers)

    const args = ["--source", "kinesis", "--stream", stream, "--endpoint", emulator.endpoint, "--lake", lake, "--lineage", "none"]
    await sluiceJson(["ingest", ...args], env)
    await sluiceJson(["repartition", "--lake", lake, "--lineage", "none"], env)
    const { checks } = await sluiceJson(["verify", "--lake", lake], env)
    const [counts] = await sluiceJson(
      [
        "query",
        "--lake",
        lake,
        `SELECT (SELECT count(*) FROM stage_checkout) AS rows,
                (SELECT count(DISTINCT (_shard, _sequence_number, _sub_sequence_number)) FROM stage_checkout) AS distinct_rows,
                (SELECT count(*) FROM consumable_checkout) AS consumable`
      ],
      env
    )
    return {
      put,
      kills: killer.kills,
      stageRows: Number(counts.rows),
      doubled: Number(counts.rows) - Number(counts.distinct_rows),
      consumableRows: Number(counts.consumable),
      versions: parts.reduce((sum, { share }) => sum + Math.round(options.orders * share), 0),
      failedChecks: checks
        .filter(({ ok }: { ok: boolean }) => !ok)
        .map(({ check, detail }: { check: string; detail: string }) => `${check}: ${detail}`),
      shards: (await emulator.listShards(stream)).length,
      seconds: (performance.now() - started) / 1000
    }
  } finally {
    await emulator.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

const env = emulatorEnvironment

/** Keeps workers alive only to kill them. */
class Killer {
  kills = 0
  #stopped = false
  readonly #children = new Set<ChildProcess>()
  readonly #options: KillsOptions
  readonly #args: ReadonlyArray<string>

  constructor(options: KillsOptions, endpoint: string, lake: string) {
    this.#options = options
    const limits = ["--batch-age", "1s", "--batch-bytes", "4MB", "--poll-interval", "200ms", "--threads", "1", "--repartition-every", "1h"]
    this.#args = [
      ...["--source", "kinesis", "--stream", stream, "--endpoint", endpoint, "--lake", lake, "--lineage", "none"],
      ...["--workers", String(options.workers)],
      ...limits
    ]
  }

  async keepKilling(worker: number): Promise<void> {
    const { life, seed } = this.#options
    const random = new Random(seed, worker)
    while (!this.#stopped) {
      const child = spawn(process.execPath, [join(root, "src", "main.ts"), "run", ...this.#args, "--worker", String(worker)], {
        env: { ...process.env, ...env },
        stdio: ["ignore", "ignore", "pipe"]
      })
      this.#children.add(child)
      let said = ""
      const ended = once(child, "close")
      const follows = new Promise<void>((begun) =>
        child.stderr.on("data", (chunk: Buffer) => {
          said = (said + chunk.toString()).slice(-2000)
          if (said.includes("following ")) begun()
        })
      )
      const started = performance.now()
      await Promise.race([follows, ended])
      // By the clock, since a worker follows a stream, and has no end to which its life could be compared. Its start tells how busy the machine is: it gets
      // as far in each life as on an idle one, where no progress would be made if starts were all that there is time for.
      const slowness = Math.min(5, Math.max(1, (performance.now() - started) / usualStart))
      await Promise.race([sleep(slowness * (life[0] + random.unit() * (life[1] - life[0]))), ended])
      if (child.exitCode !== null) this.#options.say(`worker ${worker} ended by itself with ${child.exitCode}: ${said}`)
      child.kill("SIGKILL")
      await ended
      this.#children.delete(child)
      this.kills++
    }
  }

  stop(): void {
    this.#stopped = true
    for (const child of this.#children) child.kill("SIGKILL")
  }
}

/** In the middle of what is going on. */
const soon = async (act: () => Promise<void>): Promise<void> => {
  // Calls go on for seconds, one like the other: any moment among them will do.
  await sleep(500)
  await act()
}

const open = async (emulator: Emulator) =>
  (await emulator.listShards(stream))
    .filter(({ endingSequenceNumber }) => endingSequenceNumber === null)
    .map((shard) => ({ ...shard, start: BigInt(shard.startingHashKey), end: BigInt(shard.endingHashKey) }))
    .sort((a, b) => (a.start < b.start ? -1 : 1))

const splitOne = async (emulator: Emulator): Promise<void> => {
  const [first] = await open(emulator)
  if (first !== undefined) await emulator.splitShard(stream, first.shardId, String((first.start + first.end) / 2n))
}

const mergeTwo = async (emulator: Emulator): Promise<void> => {
  const shards = await open(emulator)
  const [left, right] = shards.slice(-2)
  if (left !== undefined && right !== undefined) await emulator.mergeShards(stream, left.shardId, right.shardId)
}

/** Lines of orders: small ones, since the emulator takes its time for every byte. Every other one is a second version of the one before. */
const orders = (prefix: string, count: number): string => {
  const lines: Array<string> = []
  for (let i = 0; i < count; i++) {
    const changed = new Date(Date.UTC(2026, 10, 27, 10) + i * 50).toISOString()
    lines.push(
      JSON.stringify({ OrderId: `${prefix}${i >> 1}-01`, LastChange: changed, Value: String(i), Hostname: "store", Status: "handling" })
    )
  }
  return `${lines.join("\n")}\n`
}

if (process.argv[1] === import.meta.filename) {
  const { values } = parseArgs({
    options: {
      orders: { type: "string", default: "200000" },
      shards: { type: "string", default: "4" },
      workers: { type: "string", default: "1" },
      seed: { type: "string", default: "1" }
    }
  })
  const result = await kills({
    orders: Number(values.orders),
    shards: Number(values.shards),
    workers: Number(values.workers),
    life: [4_000, 9_000],
    seed: Number(values.seed),
    say: (line) => console.error(line)
  })
  console.log(JSON.stringify(result, null, 2))
  const ok =
    result.failedChecks.length === 0 && result.doubled === 0 && result.stageRows === result.put && result.consumableRows === result.versions
  console.log(ok ? "nothing lost, nothing doubled" : "NOT as it must be")
  process.exitCode = ok ? 0 : 1
}
