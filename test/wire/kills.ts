import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { createReadStream, mkdirSync, mkdtempSync, rmSync } from "node:fs"
import { readdir } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { setTimeout as sleep } from "node:timers/promises"
import { parseArgs } from "node:util"
import { shapes } from "../../bench/input/shapes.ts"
import { writeInput } from "../../bench/input/write.ts"
import { root, sluiceJson } from "../cli/sluice.ts"
import { type Emulator, emulatorEnvironment, startKinesisLocal } from "./kinesis-local.ts"

/**
 * The real command against real HTTP: orders are put into a stream while workers follow it, each of which is killed (SIGKILL) every few seconds
 * and started again, and while one shard is split and two others are merged. In the end each record must be in the lake once.
 */
export interface KillsOptions {
  readonly orders: number
  readonly shards: number
  readonly workers: number
  /** Milliseconds that a worker lives, at least and at most. */
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

/** Repeatable moments: a linear congruential generator (Numerical Recipes), 0 to 1. */
const randoms = (state: number) => () => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0
  return state / 2 ** 32
}

export const kills = async (options: KillsOptions): Promise<KillsResult> => {
  if (shape === undefined) throw new Error("there is no shape of small orders")
  const folder = mkdtempSync(join(tmpdir(), "sluice-wire-"))
  const emulator = await startKinesisLocal()
  const started = performance.now()
  try {
    const lake = join(folder, "lake")
    const parts = ["begin", "split", "merge"].map((name) => join(folder, name))
    for (const [i, part] of parts.entries()) {
      mkdirSync(part)
      writeInput(join(part, "orders.ndjson"), shape, (options.orders * shape.recordBytes) / 1e6 / parts.length, options.seed * 10 + i)
    }
    await emulator.createStream(stream, options.shards)

    const killer = new Killer(options, emulator.endpoint, lake)
    const workers = Array.from({ length: options.workers }, (_, worker) => killer.keepKilling(worker))
    let put = 0
    for (const part of parts) {
      const putting = sluiceJson(["put", "--stream", stream, "--endpoint", emulator.endpoint, "--input", part], env)
      if (part.endsWith("split")) await soon(() => splitOne(emulator))
      if (part.endsWith("merge")) await soon(() => mergeTwo(emulator))
      const { records } = await putting
      put += records
      options.say(`${put} records put, ${killer.kills} kills`)
    }
    // The workers go on while they are still killed, for as long as it takes.
    for (let before = -1, now = 0; now !== before || now === 0; ) {
      await sleep(options.life[1])
      before = now
      const { datasets } = await sluiceJson(["status", "--lake", lake], env)
      now = datasets[0]?.records ?? 0
      options.say(`${now} of ${put} records committed, ${killer.kills} kills`)
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
      versions: await versionsIn(parts),
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

/** Orders of about 1.3 KB. */
const { small: shape } = shapes
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
    const random = randoms(seed * 100 + worker)
    while (!this.#stopped) {
      const child = spawn(process.execPath, [join(root, "src", "main.ts"), "run", ...this.#args, "--worker", String(worker)], {
        env: { ...process.env, ...env },
        stdio: ["ignore", "ignore", "pipe"]
      })
      this.#children.add(child)
      let said = ""
      child.stderr.on("data", (chunk: Buffer) => {
        said = (said + chunk.toString()).slice(-2000)
      })
      const ended = once(child, "close")
      await Promise.race([sleep(life[0] + random() * (life[1] - life[0])), ended])
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

const versionsIn = async (folders: ReadonlyArray<string>): Promise<number> => {
  const versions = new Set<string>()
  for (const folder of folders)
    for (const name of await readdir(folder))
      for await (const line of createInterface({ input: createReadStream(join(folder, name)) })) {
        const { OrderId, LastChange } = JSON.parse(line)
        versions.add(`${OrderId} ${LastChange}`)
      }
  return versions.size
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
    life: [2_500, 6_000],
    seed: Number(values.seed),
    say: (line) => console.error(line)
  })
  console.log(JSON.stringify(result, null, 2))
  const ok =
    result.failedChecks.length === 0 && result.doubled === 0 && result.stageRows === result.put && result.consumableRows === result.versions
  console.log(ok ? "nothing lost, nothing doubled" : "NOT as it must be")
  process.exitCode = ok ? 0 : 1
}
