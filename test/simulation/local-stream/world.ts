import { createHash } from "node:crypto"
import { Cause, Clock, Effect, Exit, Result, Stream } from "effect"
import { Random } from "../../../src/record/seeded.ts"
import { kinesisSource } from "../../../src/source/kinesis/kinesis.ts"
import type { Disk, DiskError } from "../../../src/stream/local/disk.ts"
import { type LocalStream, type LocalStreamOptions, localStream } from "../../../src/stream/local/local-stream.ts"
import type { Violation } from "../judge.ts"
import { type Passage, type ProcessWorld, SimulatedProcess } from "../process.ts"
import { VirtualTime } from "../virtual-time.ts"
import type { Happened, Outcome, RunOptions } from "../world.ts"
import { Lake } from "./lake.ts"
import { drawSettings, type Settings } from "./settings.ts"
import { type Carry, SimulatedDisk } from "./simulated-disk.ts"

const startsAt = Date.UTC(2026, 10, 20)
const folder = "/stream"

/** A record that somebody tried to put, once. */
interface Tried {
  readonly key: string
  readonly text: string
  readonly at: number
  /** Where it is, once who put it knows. */
  told: { readonly shard: string; readonly sequenceNumber: string } | null
}

/** Runs the world of a local stream of a seed, and judges what a consumer got of it. Never rejects for what the program under test does. */
export const runLocalSeed = async (seed: number, { say }: RunOptions = {}): Promise<Outcome> => {
  const { stackTraceLimit } = Error
  if (say === undefined) Error.stackTraceLimit = 0
  try {
    return await new LocalWorld(seed, say ?? null).run()
  } finally {
    Error.stackTraceLimit = stackTraceLimit
  }
}

class LocalWorld {
  readonly #seed: number
  readonly #say: ((line: string) => void) | null
  readonly #settings: Settings
  readonly #random: Random
  readonly #disk: SimulatedDisk
  readonly #time = new VirtualTime(startsAt, false)
  readonly #hash = createHash("sha1")
  readonly #violations: Array<Violation> = []
  readonly #happened: Happened = {}
  readonly #world: ProcessWorld
  readonly #lake = new Lake()
  readonly #tried: Array<Tried> = []
  #producer: SimulatedProcess | null = null
  #reader: SimulatedProcess | null = null
  #rival: SimulatedProcess | null = null
  #started = 0
  #isQuiet = false
  /** The machine loses its power as the next sync begins. */
  #losesPowerAtSync = false
  /** A process dies as its next sync begins: what it wrote is in the memory of the system, which may lose its power soon. */
  #diesAtSync = false

  constructor(seed: number, say: ((line: string) => void) | null) {
    this.#seed = seed
    this.#say = say
    this.#settings = drawSettings(new Random(seed, 21))
    this.#random = new Random(seed, 22)
    this.#disk = new SimulatedDisk(new Random(seed, 23))
    this.#world = {
      time: this.#time,
      trace: (who, what, outcome) => this.#trace(`${who}: ${what}${outcome === "" ? "" : ` → ${outcome}`}`),
      logged: (who, message) => this.#trace(`${who} says ${String(message)}`)
    }
  }

  async run(): Promise<Outcome> {
    const { active, failsToSync, failsToWrite } = this.#settings
    this.#trace(JSON.stringify(this.#settings))
    this.#disk.failsToSync = failsToSync
    this.#disk.failsToWrite = failsToWrite
    this.#startProducer()
    this.#startReader()
    this.#expectEvent()
    await this.#time.run(() => this.#violations.length > 0, startsAt + active)
    this.#isQuiet = true
    this.#disk.failsToSync = 0
    this.#disk.failsToWrite = 0
    this.#disk.capacity = Number.POSITIVE_INFINITY
    this.#reader?.crash()
    // Some worlds end with what a power loss left, which nobody put anything behind.
    if (this.#random.chance(0.5)) this.#losePower()
    else await this.#time.run(() => this.#producer?.isAlive !== true, this.#time.now + 120_000)
    await this.#readToTheEnd()
    this.#judge()
    return {
      seed: this.#seed,
      violations: this.#violations,
      happened: this.#happened,
      hash: this.#hash.digest("hex").slice(0, 16),
      lasted: this.#time.now - startsAt
    }
  }

  #trace(line: string): void {
    this.#hash.update(`${this.#time.now} ${line}\n`)
    this.#say?.(`${new Date(this.#time.now).toISOString().slice(8, -1)} ${line}`)
  }

  #violated(rule: string, detail: string): void {
    this.#violations.push({ rule, detail })
    this.#trace(`judge: ${rule}: ${detail}`)
  }

  #count(what: string): void {
    this.#happened[what] = (this.#happened[what] ?? 0) + 1
  }

  #process(name: string): SimulatedProcess {
    return new SimulatedProcess(`${name} #${++this.#started}`, this.#random.uint32(), this.#world)
  }

  #diskOf(process: SimulatedProcess): Disk {
    const carry: Carry = <A>(what: string, request: Effect.Effect<A, DiskError>, kind: "write" | "sync" | "other") => {
      const slow = kind === "sync" ? 30 : kind === "write" ? 5 : 1
      const answered = 1 + this.#random.below(slow)
      if (kind === "sync" && this.#losesPowerAtSync && !this.#isQuiet) {
        this.#losesPowerAtSync = false
        return Effect.andThen(
          Effect.sync(() => this.#losePower()),
          Effect.never
        )
      }
      const diesNow = kind === "sync" && this.#diesAtSync && !this.#isQuiet
      if (diesNow) {
        this.#diesAtSync = false
        if (this.#settings.powerLosses)
          this.#time.at(this.#time.now + this.#random.between(500, 8_000), () => (this.#isQuiet ? undefined : this.#losePower()))
      }
      const crash = diesNow || (!this.#isQuiet && this.#random.chance(this.#settings.crash))
      const passage: Passage<A, DiskError> = { arrives: crash && this.#random.chance(0.5) ? null : 0, answered, instead: null, crash }
      return process.call(what, request, passage)
    }
    return this.#disk.for(() => process.isAlive, carry)
  }

  #options(disk: Disk): LocalStreamOptions {
    const { shards, segmentBytes, retentionMillis, maxBytes } = this.#settings
    return { folder, disk, shards, segmentBytes, retentionMillis, maxBytes, lockMillis: 500 }
  }

  #ended(name: string, exit: Exit.Exit<unknown, unknown> | null): void {
    this.#count(exit === null ? "crashes" : Exit.isSuccess(exit) ? "ends" : "failures")
    if (exit === null || Exit.isSuccess(exit)) return
    const text = Cause.pretty(exit.cause)
    if (exit.cause.reasons.some((reason) => reason._tag === "Die")) this.#violated("defect", `${name}: ${text}`)
    // Nobody damages anything here.
    if (text.includes("damaged")) this.#violated("damaged", `${name}: ${text}`)
  }

  #startProducer(): void {
    if (this.#isQuiet) return
    const process = this.#process("producer")
    this.#producer = process
    process.start(this.#produce(process, this.#settings.together), (exit) => {
      this.#ended(process.name, exit)
      this.#time.at(this.#time.now + this.#random.between(10, this.#random.pick([2_000, 9_000])), () => {
        if (this.#producer === process) this.#startProducer()
      })
    })
  }

  #startReader(): void {
    if (this.#isQuiet || this.#settings.together) return
    const process = this.#process("reader")
    this.#reader = process
    process.start(this.#read(process, this.#random.chance(0.5)), (exit) => {
      this.#ended(process.name, exit)
      this.#time.at(this.#time.now + this.#random.between(10, 5_000), () => {
        if (this.#reader === process) this.#startReader()
      })
    })
  }

  /** Puts records of each key in turn, several keys at the same time, until it becomes quiet. */
  #produce(process: SimulatedProcess, together: boolean) {
    const { keys } = this.#settings
    const own = process.random
    return Effect.scoped(
      Effect.gen({ self: this }, function* () {
        const stream = yield* localStream(this.#options(this.#diskOf(process)))
        if (together)
          yield* Effect.forkScoped(
            Effect.ignore(
              Effect.andThen(
                stream.claim,
                Effect.suspend(() => this.#consume(process, stream, true))
              )
            )
          )
        yield* Effect.forEach(
          Array.from({ length: keys }, (_, i) => `key-${i}`),
          (key) =>
            Effect.gen({ self: this }, function* () {
              while (!this.#isQuiet) {
                yield* this.#put(stream, key, own)
                yield* Effect.sleep(own.between(1, 800))
              }
            }),
          { concurrency: "unbounded", discard: true }
        )
      })
    )
  }

  /** One call. Records of a call that fails are not put again: they are there, or they are not. */
  #put(stream: LocalStream, key: string, own: Random): Effect.Effect<void> {
    const { dataBytes } = this.#settings
    return Effect.gen({ self: this }, function* () {
      const at = yield* Clock.currentTimeMillis
      const tried = Array.from({ length: own.between(1, 4) }, (_, i): Tried => {
        const text = `${key}/${this.#tried.length + i}/`
        return { key, text: text.padEnd(own.below(dataBytes) + text.length, "x"), at, told: null }
      })
      this.#tried.push(...tried)
      const records = tried.map(({ text }) => ({ partitionKey: key, data: Buffer.from(text) }))
      const put = yield* Effect.result(stream.putRecords(folder, records))
      if (Result.isFailure(put)) {
        const { detail } = put.failure
        this.#count(detail.includes("space") ? "refused for space" : "refused")
        if (detail.includes("damaged")) this.#violated("damaged", detail)
        return
      }
      for (const [i, answer] of put.success.entries()) {
        const one = tried[i]
        if (one !== undefined && answer.ok) one.told = { shard: answer.shardId, sequenceNumber: answer.sequenceNumber }
      }
      this.#count("calls")
    })
  }

  #read(process: SimulatedProcess, follow: boolean) {
    return Effect.scoped(
      Effect.flatMap(localStream({ folder, disk: this.#diskOf(process) }), (stream) => this.#consume(process, stream, follow))
    )
  }

  /** The consumer that Kinesis has, over a local stream. */
  #consume(process: SimulatedProcess, stream: LocalStream, follow: boolean) {
    return Effect.gen({ self: this }, function* () {
      const source = yield* kinesisSource({
        name: "stream",
        api: stream,
        stream: yield* stream.name,
        initial: { type: "TRIM_HORIZON" },
        follow,
        callMillis: 0,
        bytesPerSecond: Number.POSITIVE_INFINITY,
        patienceMillis: 10_000
      })
      yield* Stream.runForEach(source.pages(new Map(this.#lake.positions)), (page) =>
        process.call(
          "commit",
          Effect.sync(() => {
            if (page.count > 0) this.#count("commits")
            this.#lake.commit(page)
          }),
          { arrives: 0, answered: 1 + this.#random.below(50), instead: null, crash: false }
        )
      )
    })
  }

  #losePower(): void {
    this.#count("power losses")
    this.#trace("power loss")
    this.#producer?.crash()
    this.#reader?.crash()
    this.#rival?.crash()
    this.#disk.losePower()
  }

  #expectEvent(): void {
    this.#time.at(this.#time.now + this.#random.between(500, 8_000), () => {
      if (this.#isQuiet) return
      const { powerLosses, full } = this.#settings
      const what = this.#random.below(7)
      if (what === 0) this.#diesAtSync = true
      else if (what === 1) this.#reader?.crash()
      else if (what === 2) this.#producer?.freeze(this.#random.between(100, 5_000))
      else if ((what === 3 || what === 6) && powerLosses) this.#losesPowerAtSync = true
      else if (what === 4 && full) this.#disk.capacity = this.#disk.bytes + this.#random.below(3_000)
      else if (what === 5) {
        this.#disk.capacity = Number.POSITIVE_INFINITY
        const rival = this.#process("rival")
        this.#rival = rival
        rival.start(
          Effect.scoped(
            Effect.flatMap(localStream(this.#options(this.#diskOf(rival))), (stream) =>
              Effect.andThen(stream.claim, this.#put(stream, rival.name, rival.random))
            )
          ),
          (exit) => this.#count(exit !== null && Exit.isFailure(exit) ? "rivals refused" : "rivals let in")
        )
      }
      this.#expectEvent()
    })
  }

  /** Nothing fails any more: a consumer reads to the tip of every shard. */
  async #readToTheEnd(): Promise<void> {
    if (!this.#disk.paths.includes(`${folder}/stream.json`)) return
    const process = this.#process("last reader")
    let ended: Exit.Exit<unknown, unknown> | null = null
    process.start(this.#read(process, false), (exit) => {
      ended = exit
    })
    await this.#time.run(() => ended !== null, this.#time.now + 600_000)
    const exit = ended as Exit.Exit<unknown, unknown> | null
    if (exit === null || Exit.isFailure(exit)) this.#violated("stuck", exit === null ? "no end" : Cause.pretty(exit.cause))
  }

  #judge(): void {
    const found = Map.groupBy(this.#lake.rows, ({ text }) => text)
    const known = new Map(this.#tried.map((tried) => [tried.text, tried]))
    for (const [text, rows] of found) {
      if (!known.has(text)) this.#violated("from nowhere", `nobody put ${JSON.stringify(text.slice(0, 60))}`)
      if (rows.length > 1) this.#violated("doubled", `${text.slice(0, 20)} is there ${rows.length} times`)
    }
    for (const { text, told, at } of known.values()) {
      if (told === null) continue
      this.#count("acknowledged")
      const row = found.get(text)?.[0]
      if (row === undefined) {
        if (this.#lake.gaps.some(({ from, to }) => from <= at + 10_000 && at <= to)) this.#count("trimmed unread")
        else this.#violated("lost", `${text.slice(0, 20)} was acknowledged and is nowhere`)
      } else if (row.sequenceNumber !== told.sequenceNumber || !row.shard.endsWith(`/${told.shard}`))
        this.#violated(
          "elsewhere",
          `${text.slice(0, 20)} is at ${row.shard} ${row.sequenceNumber}, not at ${told.shard} ${told.sequenceNumber}`
        )
    }
    const last = new Map<string, number>()
    for (const { text } of this.#lake.rows) {
      const [key = "", n = ""] = text.split("/")
      if (Number(n) <= (last.get(key) ?? -1)) this.#violated("order", `${text.slice(0, 20)} comes behind ${last.get(key)}`)
      last.set(key, Number(n))
    }
  }
}
