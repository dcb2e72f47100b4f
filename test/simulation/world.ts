import { createHash } from "node:crypto"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Cause, Effect, Exit } from "effect"
import { Random } from "../../src/record/seeded.ts"
// Loading it is real work of which no hook tells: it is there before any world.
import "../../src/duckdb/connection.ts"
import { openDeadLetters, openStage } from "../../src/lake/tables.ts"
import { duckdbEngine } from "../../src/repartition/duckdb-engine.ts"
import { Store } from "../../src/store/store.ts"
import { simulatedDatasets } from "./datasets.ts"
import { drawDeployments } from "./deployments.ts"
import { type Eventful, happen, isOfInput } from "./events.ts"
import { Faults } from "./faults.ts"
import { alone, type Input } from "./input.ts"
import type { Violation } from "./judge.ts"
import { judgeRuns, type ToldRuns } from "./judge-runs.ts"
import { plainEngine } from "./plain-engine.ts"
import { type ProcessWorld, SimulatedProcess, type Trace } from "./process.ts"
import { expireLogs, foldDays, type Outside, replayLetters, serviceProgram, upkeepOnce, upkeepProgram, vacuumAll } from "./programs.ts"
import type { Absence, WorldSettings } from "./settings.ts"
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

/** Characters of the transcript that wait to be hashed, at most. */
const mostUnhashed = 1 << 16

/** What an input is given of its world. */
export interface Ground<Settings> {
  readonly seed: number
  readonly settings: Settings
  readonly datasets: ReadonlyArray<SimulatedDataset>
  readonly time: VirtualTime
  readonly random: Random
  readonly faults: Faults
  readonly bucket: Bucket
  readonly trace: Trace
}

/** Runs a world to its end, and judges what it left. Never rejects for what the program under test does. */
export const runWorld = async <Settings extends WorldSettings>(
  seed: number,
  settings: Settings,
  input: (ground: Ground<Settings>) => Input,
  { say }: RunOptions
): Promise<Outcome> => {
  // Stacks of simulated failures tell nobody anything, and take a tenth of the time.
  const { stackTraceLimit } = Error
  if (say === undefined) Error.stackTraceLimit = 0
  const folder = settings.duckdb ? mkdtempSync(join(tmpdir(), "sluice-simulation-")) : null
  try {
    return await new World(seed, settings, input, folder, say ?? null).run()
  } finally {
    Error.stackTraceLimit = stackTraceLimit
    if (folder !== null) rmSync(folder, { recursive: true, force: true })
  }
}

class World<Settings extends WorldSettings> {
  readonly #seed: number
  readonly #settings: Settings
  readonly #say: ((line: string) => void) | null
  readonly #hash = createHash("sha1")
  #unhashed = ""
  readonly #violations: Array<Violation> = []
  readonly #happened: Happened = {}
  readonly #time: VirtualTime
  readonly #random: Random
  readonly #deploying: Random
  readonly #faults: Faults
  readonly #bucket: Bucket
  readonly #datasets: ReadonlyArray<SimulatedDataset>
  readonly #input: Input
  readonly #told: Array<ToldRuns> = []
  readonly #world: ProcessWorld
  readonly #outside: Outside
  readonly #workers: Workers
  readonly #eventful: Eventful
  /** What runs beside the workers, by what it does. */
  readonly #beside = new Map<string, SimulatedProcess>()
  #absentUntil = 0

  constructor(
    seed: number,
    settings: Settings,
    input: (ground: Ground<Settings>) => Input,
    folder: string | null,
    say: ((line: string) => void) | null
  ) {
    this.#seed = seed
    this.#settings = settings
    this.#say = say
    this.#random = new Random(seed, 2)
    this.#deploying = new Random(seed, 9)
    this.#time = new VirtualTime(settings.startsAt, folder !== null || settings.hasRealWork === true)
    this.#faults = new Faults(settings.rates, new Random(seed, 3), settings.latency)
    this.#bucket = new Bucket(() => this.#time.now, folder)
    this.#datasets = simulatedDatasets.slice(0, settings.datasets)
    this.#input = input({
      seed,
      settings,
      datasets: this.#datasets,
      time: this.#time,
      random: this.#random,
      faults: this.#faults,
      bucket: this.#bucket,
      trace: (who, what, outcome) => this.#trace(who, what, outcome)
    })
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
      input: this.#input,
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
      workers: this.#workers,
      clockError: 0
    }
  }

  async run(): Promise<Outcome> {
    const settings = this.#settings
    const time = this.#time
    this.#trace("world", "settings", JSON.stringify(settings))
    await this.#prepare()
    this.#input.begin()
    time.at(time.now + settings.workersStartAfter, () => this.#workers.fill())
    const { absence, foldEvery, maintainEvery, replayEvery } = settings
    if (maintainEvery !== null)
      this.#keepRunning("maintenance", (process) => upkeepProgram(process, this.#outside, maintainEvery, expireLogs))
    if (replayEvery !== null)
      this.#keepRunning("replay", (process) => upkeepProgram(process, this.#outside, replayEvery, replayLetters(process, this.#outside)))
    if (foldEvery !== null)
      this.#keepRunning("fold", (process) => upkeepProgram(process, this.#outside, foldEvery, foldDays(this.#outside)))
    this.#expectEvent()
    for (const { at, workers } of drawDeployments(this.#deploying, settings))
      time.at(at, () => {
        if (this.#faults.quiet || time.now < this.#absentUntil) return
        this.#count("deployments")
        this.#workers.deploy(workers, this.#deploying)
      })
    if (absence !== null) time.at(absence.startsAt, () => this.#beAbsent(absence))
    const end = Math.max(settings.quietAt ?? 0, settings.startsAt + settings.active + (absence?.lasts ?? 0))
    await time.run(() => this.#isHopeless, end)

    this.#trace("world", "quiet", "")
    this.#faults.quiet = true
    this.#faults.full = false
    this.#faults.throttled = false
    this.#input.settle()
    this.#workers.settle()
    let isDrained = false
    const look = () => {
      isDrained = this.#input.missing() === ""
      if (!isDrained) time.at(time.now + 5000, look)
    }
    look()
    if (!(await time.run(() => isDrained || this.#isHopeless, time.now + patience))) this.#violated("stuck", this.#input.missing())
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
    await this.#runOnce("run", (process) => serviceProgram(process, this.#outside, alone, Effect.never))
    if (maintainEvery !== null) {
      // Nobody is at work, and all that was removed is old enough.
      await time.run(() => false, time.now + keptMillis + 1)
      await this.#runOnce("vacuum", (process) => upkeepOnce(process, this.#outside, vacuumAll))
    }
    await this.#judge()
    this.#hashAll()
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
    this.#unhashed += `${this.#time.now} ${line}\n`
    if (this.#unhashed.length > mostUnhashed) this.#hashAll()
    this.#say?.(`${new Date(this.#time.now).toISOString().slice(8, -1)} ${line}`)
  }

  /** Brings the hash up to the transcript: a call for each line would take longer than to make the line. */
  #hashAll(): void {
    this.#hash.update(this.#unhashed)
    this.#unhashed = ""
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
      this.#input.retain(retention)
    })
  }

  /** Sooner or later something happens to the world. */
  #expectEvent(): void {
    const time = this.#time
    const { absence, active, eventEvery, events } = this.#settings
    const isAbsent = time.now < this.#absentUntil
    const every = isAbsent && absence !== null ? Math.max(eventEvery, (eventEvery * absence.lasts) / active) : eventEvery
    const [first, ...others] = isAbsent ? events.filter(isOfInput) : events
    if (first === undefined) {
      if (isAbsent) time.at(this.#absentUntil, () => this.#expectEvent())
      return
    }
    time.at(time.now + this.#faults.latency(every), () => {
      if (this.#faults.quiet) return
      const kind = this.#random.pick([first, ...others])
      if (time.now >= this.#absentUntil || isOfInput(kind)) {
        this.#trace("world", kind, "")
        this.#count(kind)
        happen(kind, this.#eventful)
      }
      this.#expectEvent()
    })
  }

  async #judge(): Promise<void> {
    for (const { rule, detail } of await this.#input.judge(this.#eventful.clockError)) this.#violated(rule, detail)
    for (const { rule, detail } of await judgeRuns(this.#bucket, this.#told)) this.#violated(rule, detail)
    if (this.#settings.duckdb)
      for (const problem of await verifyLake(simulatedStore(this.#bucket), this.#datasets)) this.#violated("verify", problem)
  }

  #summary(): Happened {
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
    for (const [what, n] of Object.entries(this.#input.counts())) this.#count(what, n)
    this.#count(
      "commits",
      this.#bucket.list("stage/", "", Number.POSITIVE_INFINITY).filter((key) => /_delta_log\/0\d*\.json$/.test(key)).length
    )
    return this.#happened
  }
}
