import { createHash } from "node:crypto"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Cause, Context, Effect, Random as EffectRandom, Exit } from "effect"
import { Random } from "../../src/generate/random.ts"
// Loading it is real work of which no hook tells: it is there before any world.
import "../../src/duckdb/connection.ts"
import { openDeadLetters, openStage } from "../../src/lake/tables.ts"
import { duckdbEngine } from "../../src/repartition/duckdb-engine.ts"
import { Store } from "../../src/store/store.ts"
import { simulatedDatasets } from "./datasets.ts"
import { Drained } from "./drained.ts"
import { type Eventful, happen, isOfStream } from "./events.ts"
import { Faults } from "./faults.ts"
import { judge, type Violation } from "./judge.ts"
import { judgeRuns, type ToldRuns } from "./judge-runs.ts"
import { noFaults } from "./kinesis/faults.ts"
import { SimulatedKinesis } from "./kinesis/simulated-kinesis.ts"
import { plainEngine } from "./plain-engine.ts"
import { outsideContext, type ProcessWorld, SimulatedProcess } from "./process.ts"
import { Made, produce } from "./producers.ts"
import { expireLogs, foldDays, type Outside, replayLetters, serviceProgram, upkeepOnce, upkeepProgram, vacuumAll } from "./programs.ts"
import { type Absence, drawSettings, type WorldSettings } from "./settings.ts"
import { type SimulatedDataset, secret } from "./shape.ts"
import { Bucket, simulatedStore } from "./simulated-store.ts"
import { verifyLake } from "./verify-lake.ts"
import { VirtualTime } from "./virtual-time.ts"
import { Workers } from "./workers.ts"

/** What happened in a world, by name. */
export type Happened = { [what: string]: number }

export interface Outcome {
  readonly seed: number
  readonly violations: ReadonlyArray<Violation>
  readonly happened: Happened
  /** Of the transcript: the same for the same seed and the same program. */
  readonly hash: string
  /** Milliseconds of virtual time. */
  readonly lasted: number
}

export interface RunOptions {
  /** Told every line of the transcript. */
  readonly say?: (line: string) => void
  /** Share of seeds that use DuckDB, for the repartition and to verify the lake: they take two to three times as long. */
  readonly duckdbShare?: number
}

export const defaultDuckdbShare = 0.05

/** How long worlds with maintenance keep what was removed, in milliseconds, and as their tables say it. */
const keptMillis = 3_600_000
const kept = { "delta.logRetentionDuration": "interval 1 hours", "delta.deletedFileRetentionDuration": "interval 1 hours" }

/** The longest that processes may take to read everything, in milliseconds, once nothing disturbs them any more. */
const patience = 4 * 3_600_000

/** Runs the world of a seed to its end, and judges what it left. Never rejects for what the program under test does. */
export const runSeed = async (seed: number, { say, duckdbShare = defaultDuckdbShare }: RunOptions = {}): Promise<Outcome> => {
  const settings = drawSettings(new Random(seed, 1), duckdbShare)
  // Stacks of simulated failures tell nobody anything, and take a tenth of the time.
  const { stackTraceLimit } = Error
  if (say === undefined) Error.stackTraceLimit = 0
  const folder = settings.duckdb ? mkdtempSync(join(tmpdir(), "sluice-simulation-")) : null
  try {
    return await new World(seed, settings, folder, say ?? null).run()
  } finally {
    Error.stackTraceLimit = stackTraceLimit
    if (folder !== null) rmSync(folder, { recursive: true, force: true })
  }
}

class World {
  readonly #seed: number
  readonly #settings: WorldSettings
  readonly #say: ((line: string) => void) | null
  readonly #hash = createHash("sha1")
  readonly #violations: Array<Violation> = []
  readonly #happened: Happened = {}
  readonly #time: VirtualTime
  readonly #random: Random
  readonly #faults: Faults
  readonly #bucket: Bucket
  readonly #datasets: ReadonlyArray<SimulatedDataset>
  readonly #kinesis: SimulatedKinesis
  readonly #made = new Made()
  readonly #told: Array<ToldRuns> = []
  readonly #world: ProcessWorld
  readonly #outside: Outside
  readonly #workers: Workers
  readonly #eventful: Eventful
  /** What runs beside the workers, by what it does. */
  readonly #beside = new Map<string, SimulatedProcess>()
  #absentUntil = 0
  #producing = 0

  constructor(seed: number, settings: WorldSettings, folder: string | null, say: ((line: string) => void) | null) {
    this.#seed = seed
    this.#settings = settings
    this.#say = say
    this.#random = new Random(seed, 2)
    this.#time = new VirtualTime(settings.startsAt, folder !== null)
    this.#faults = new Faults(settings.rates, new Random(seed, 3), settings.latency)
    this.#bucket = new Bucket(() => this.#time.now, folder)
    const chance = new Random(seed, 4)
    this.#kinesis = new SimulatedKinesis(this.#time.clock, { ...settings.stream, random: () => chance.unit(), throttlesAllowed: 1000 })
    this.#datasets = simulatedDatasets.slice(0, settings.datasets)
    for (const { stream } of this.#datasets)
      this.#kinesis.createStream(stream, { shards: settings.shards, retentionMillis: settings.retention })
    this.#world = {
      time: this.#time,
      trace: (who, what, outcome) => this.#trace(who, what, outcome),
      logged: (who, message) => this.#logged(who, message)
    }
    this.#outside = {
      settings,
      datasets: this.#datasets,
      engine: folder === null ? plainEngine : duckdbEngine({ threads: 1, memoryLimit: 64 * 1024 * 1024, tempDirectory: folder }),
      faults: this.#faults,
      bucket: this.#bucket,
      kinesis: this.#kinesis.api,
      tells: (runs) => void this.#told.push(runs),
      heard: (event) => {
        this.#count("lineage events")
        if (event.includes(secret)) this.#violated("secret", "a lineage event holds a sensitive value")
      },
      holds: (name, bytes) => {
        if (bytes > settings.bufferBytes) this.#violated("budget", `${name} holds ${bytes} bytes of columns, of ${settings.bufferBytes}`)
      }
    }
    this.#workers = new Workers(settings.workers, this.#world, this.#outside, (name, exit) => this.#processEnded(name, exit))
    this.#eventful = {
      ...this.#outside,
      time: this.#time,
      random: this.#random,
      stream: this.#kinesis,
      workers: this.#workers,
      clockError: 0
    }
  }

  async run(): Promise<Outcome> {
    const settings = this.#settings
    const time = this.#time
    this.#trace("world", "settings", JSON.stringify(settings))
    await this.#prepare()
    this.#startProducers()
    time.at(time.now + settings.workersStartAfter, () => this.#workers.fill())
    const { absence, foldEvery, maintainEvery, replayEvery } = settings
    if (maintainEvery !== null)
      this.#keepRunning("maintenance", (process) => upkeepProgram(process, this.#outside, maintainEvery, expireLogs))
    if (replayEvery !== null)
      this.#keepRunning("replay", (process) => upkeepProgram(process, this.#outside, replayEvery, replayLetters(process, this.#outside)))
    if (foldEvery !== null)
      this.#keepRunning("fold", (process) => upkeepProgram(process, this.#outside, foldEvery, foldDays(this.#outside)))
    this.#expectEvent()
    if (absence !== null) time.at(absence.startsAt, () => this.#beAbsent(absence))
    const end = settings.startsAt + settings.active + (absence?.lasts ?? 0)
    await time.run(() => this.#isHopeless, end)

    this.#trace("world", "quiet", "")
    this.#faults.quiet = true
    this.#faults.full = false
    this.#faults.throttled = false
    this.#kinesis.faults = noFaults
    this.#workers.settle()
    const drained = this.#datasets.map((dataset) => new Drained(this.#bucket, this.#kinesis, this.#made, dataset))
    let isDrained = false
    const look = () => {
      isDrained = this.#producing === 0 && drained.every((each) => each.isReached(time.now))
      if (!isDrained) time.at(time.now + 5000, look)
    }
    look()
    const before = time.now
    if (!(await time.run(() => isDrained || this.#isHopeless, before + patience)))
      this.#violated("stuck", drained.map((each) => each.missing(time.now)).join("; "))
    this.#workers.stop()
    if (!(await time.run(() => this.#workers.areGone, time.now + patience))) this.#violated("stuck", "workers do not stop")
    // Of two at once one would stop, as the owner of what the other does, or as it has read what the other takes away.
    for (const name of ["replay", "fold"]) {
      const beside = this.#beside.get(name)
      if (beside?.isAlive === true) beside.crash()
    }
    if (replayEvery !== null)
      await this.#runOnce("replay", (process) => upkeepOnce(process, this.#outside, replayLetters(process, this.#outside)))
    // To the end of what there is, which is what brings the consumable up to its stage.
    await this.#runOnce("run", (process) => serviceProgram(process, this.#outside, null, Effect.never))
    if (maintainEvery !== null) {
      // Nobody is at work, and all that was removed is old enough.
      await time.run(() => false, time.now + keptMillis + 1)
      await this.#runOnce("vacuum", (process) => upkeepOnce(process, this.#outside, vacuumAll))
    }
    await this.#judge()
    return {
      seed: this.#seed,
      violations: this.#violations,
      happened: this.#summary(),
      hash: this.#hash.digest("hex").slice(0, 16),
      lasted: time.now - settings.startsAt
    }
  }

  #trace(who: string, what: string, outcome: string): void {
    const line = `${who}: ${what}${outcome === "" ? "" : ` → ${outcome}`}`
    this.#hash.update(`${this.#time.now} ${line}\n`)
    this.#say?.(`${new Date(this.#time.now).toISOString().slice(8, -1)} ${line}`)
  }

  #logged(who: string, message: unknown): void {
    const text = Array.isArray(message) ? message.join(" ") : String(message)
    this.#trace(who, "says", text)
    if (text.includes(secret)) this.#violated("secret", `${who} logs a sensitive value`)
    if (text.startsWith("another process commits")) this.#count("conflicts")
    if (text.includes("may have been trimmed")) this.#count("gaps")
  }

  /** Nothing more is to be learnt. */
  get #isHopeless(): boolean {
    return this.#violations.length >= 20
  }

  #violated(rule: string, detail: string): void {
    this.#violations.push({ rule, detail })
    this.#trace("judge", rule, detail)
  }

  #count(what: string, by = 1): void {
    this.#happened[what] = (this.#happened[what] ?? 0) + by
  }

  #processEnded(name: string, exit: Exit.Exit<unknown, unknown> | null): void {
    this.#count(exit === null ? "crashes" : Exit.isSuccess(exit) ? "stops" : "failures")
    if (exit === null || Exit.isSuccess(exit)) return
    if (exit.cause.reasons.some((reason) => reason._tag === "Die")) this.#violated("defect", `${name}: ${Cause.pretty(exit.cause)}`)
  }

  /** Tables with the checkpoint interval of this seed. */
  async #prepare(): Promise<void> {
    const prepared = Effect.gen({ self: this }, function* () {
      const stages = yield* Effect.forEach(this.#datasets, ({ contract }) => openStage(contract))
      for (const { table } of [...stages, yield* openDeadLetters]) {
        const read = yield* table.snapshot
        const configuration = {
          ...read.metaData.configuration,
          "delta.checkpointInterval": String(this.#settings.checkpointInterval),
          ...(this.#settings.maintainEvery === null ? {} : kept)
        }
        yield* table.commit({
          read,
          operation: "SET TBLPROPERTIES",
          parameters: {},
          metrics: {},
          actions: [{ metaData: { ...read.metaData, configuration } }],
          isBlindAppend: false
        })
      }
    })
    const process = new SimulatedProcess("preparation", this.#random.uint32(), this.#world)
    let done = false
    process.start(Effect.provideService(prepared, Store, simulatedStore(this.#bucket)), (exit) => {
      done = exit !== null && Exit.isSuccess(exit)
    })
    if (!(await this.#time.run(() => done, this.#time.now + 60_000))) throw new Error("the lake could not be prepared")
  }

  #startProducers(): void {
    for (const [i, options] of this.#settings.producers.entries()) {
      const dataset = this.#datasets[i % this.#datasets.length]
      if (dataset === undefined) continue
      const random = new Random(this.#seed, 5, i)
      this.#producing++
      const context = Context.add(outsideContext(this.#time), EffectRandom.Random, {
        nextIntUnsafe: () => random.uint32(),
        nextDoubleUnsafe: () => random.unit()
      })
      const put = (records: number) => this.#trace(`producer ${i}`, `put ${records}`, "")
      const { absence } = this.#settings
      // Every second one has nothing to say before somebody listens again.
      const begin = Effect.sleep(absence === null || i % 2 === 0 ? 0 : absence.startsAt + absence.lasts - this.#time.now)
      const producing = produce(this.#kinesis.api, dataset, this.#made, random, options, put)
      Effect.runForkWith(context)(absence === null ? producing : Effect.andThen(begin, producing)).addObserver(() => {
        this.#producing--
      })
    }
  }

  /** Runs a program beside the workers, again whenever it ends, until it becomes quiet. */
  #keepRunning(what: string, program: (process: SimulatedProcess) => Effect.Effect<unknown, unknown>): void {
    if (this.#faults.quiet) return
    const time = this.#time
    const started = `${what}s started`
    const process = new SimulatedProcess(`${what} #${this.#happened[started] ?? 0}`, this.#random.uint32(), this.#world)
    this.#count(started)
    this.#beside.set(what, process)
    process.start(program(process), (exit) => {
      this.#processEnded(process.name, exit)
      const at = time.now + this.#faults.latency(this.#settings.restartAfter)
      time.at(Math.max(at, this.#absentUntil), () => this.#keepRunning(what, program))
    })
  }

  /** Runs a program once, when nothing fails any more. */
  async #runOnce(what: string, program: (process: SimulatedProcess) => Effect.Effect<unknown, unknown>): Promise<void> {
    const process = new SimulatedProcess(`last ${what}`, this.#random.uint32(), this.#world)
    let ended: Exit.Exit<unknown, unknown> | null = null
    process.start(program(process), (exit) => {
      ended = exit
    })
    await this.#time.run(() => ended !== null, this.#time.now + patience)
    const exit = ended as Exit.Exit<unknown, unknown> | null
    if (exit === null || Exit.isFailure(exit))
      this.#violated("stuck", `the ${what}: ${exit === null ? "no end" : Cause.pretty(exit.cause)}`)
  }

  /** Nobody is there for a while but who puts records, and who changes the stream. */
  #beAbsent({ lasts, retention }: Absence): void {
    const time = this.#time
    this.#trace("world", "absence", `${Math.round(lasts)} ms`)
    this.#count("absences")
    this.#absentUntil = time.now + lasts
    this.#workers.leave(lasts)
    for (const process of this.#beside.values()) if (process.isAlive) process.freeze(lasts)
    if (retention === null) return
    time.at(time.now + lasts * this.#random.unit(), () => {
      this.#trace("world", "retention", `${retention} ms`)
      for (const { stream } of this.#datasets) this.#kinesis.retain(stream, retention)
    })
  }

  /** Sooner or later something happens to the world. */
  #expectEvent(): void {
    const time = this.#time
    const { absence, active, eventEvery, events } = this.#settings
    const isAbsent = time.now < this.#absentUntil
    const every = isAbsent && absence !== null ? Math.max(eventEvery, (eventEvery * absence.lasts) / active) : eventEvery
    const [first, ...others] = isAbsent ? events.filter(isOfStream) : events
    if (first === undefined) {
      if (isAbsent) time.at(this.#absentUntil, () => this.#expectEvent())
      return
    }
    time.at(time.now + this.#faults.latency(every), () => {
      if (this.#faults.quiet) return
      const kind = this.#random.pick([first, ...others])
      if (time.now >= this.#absentUntil || isOfStream(kind)) {
        this.#trace("world", kind, "")
        this.#count(kind)
        happen(kind, this.#eventful)
      }
      this.#expectEvent()
    })
  }

  async #judge(): Promise<void> {
    for (const dataset of this.#datasets) {
      const evidence = {
        bucket: this.#bucket,
        dataset,
        shards: this.#kinesis.shards(dataset.stream),
        made: this.#made,
        now: this.#time.now,
        replayed: this.#settings.replayEvery !== null,
        clockError: this.#eventful.clockError
      }
      for (const { rule, detail } of await judge(evidence)) this.#violated(rule, detail)
    }
    for (const { rule, detail } of await judgeRuns(this.#bucket, this.#told)) this.#violated(rule, detail)
    for (const { rule, shardId, detail } of this.#kinesis.violations) this.#violated(rule, `${shardId}: ${detail}`)
    if (this.#settings.duckdb)
      for (const problem of await verifyLake(simulatedStore(this.#bucket), this.#datasets)) this.#violated("verify", problem)
  }

  #summary(): Happened {
    const { counts } = this.#kinesis
    this.#count("steps", this.#time.steps)
    this.#count(
      "runs told",
      this.#told.reduce((total, { events }) => total + events.filter(({ event }) => event !== "start").length, 0)
    )
    this.#count(
      "runs recorded",
      this.#told.reduce((total, { counters }) => total + Effect.runSync(counters).recorded, 0)
    )
    this.#count("workers started", this.#workers.started)
    for (const { contract, stream } of this.#datasets)
      this.#count(`stream records of ${contract.contract.name}`, this.#kinesis.records(stream).length)
    this.#count("records", this.#made.count)
    this.#count("stream calls", counts.GetRecords.calls)
    this.#count("throttles", counts.GetRecords.failed.Throttled ?? 0)
    this.#count("expired iterators", counts.GetRecords.failed.ExpiredIterator ?? 0)
    this.#count(
      "commits",
      this.#bucket.list("stage/", "", Number.POSITIVE_INFINITY).filter((key) => /_delta_log\/0\d*\.json$/.test(key)).length
    )
    return this.#happened
  }
}
