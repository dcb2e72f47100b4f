import { createHash } from "node:crypto"
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { Cause, Effect, Exit, Stream } from "effect"
import { formatOf } from "../../src/contract/format.ts"
import { ingest } from "../../src/ingest/ingest.ts"
import { defaultBatchLimits } from "../../src/ingest/options.ts"
import { history } from "../../src/lake/history.ts"
import type { RetirementLimits } from "../../src/lake/retire.ts"
import { positionTotals, retiredObjects, retiredPages } from "../../src/lake/retired.ts"
import { Tiling } from "../../src/lake/tiling.ts"
import { retiredChecks } from "../../src/lake/verify-retired.ts"
import { Random } from "../../src/record/seeded.ts"
import { filesSource } from "../../src/source/files.ts"
import { framingOf } from "../../src/source/framing.ts"
import { Store } from "../../src/store/store.ts"
import { vacuum } from "../../src/table/maintenance.ts"
import { openTable } from "../../src/table/table.ts"
import { drawRates, Faults } from "./faults.ts"
import type { Violation } from "./judge.ts"
import { type Lines, orderLines, parcelLines } from "./lines.ts"
import { type ProcessWorld, SimulatedProcess } from "./process.ts"
import { readTable } from "./read-lake.ts"
import { decodeSettings } from "./shape.ts"
import { Bucket, type StoreCall, simulatedStore } from "./simulated-store.ts"
import { VirtualTime } from "./virtual-time.ts"
import type { Happened, Outcome, RunOptions } from "./world.ts"

/**
 * A world of files: hourly folders that grow, get late files, and have files replaced, as a whole or by their head first, and appended to, read into
 * a lake whose store fails and whose processes crash, by a few limits so low that positions retire all the time. What must be in the lake are the
 * lines that were written, once each.
 */
interface FilesSettings {
  readonly retirement: RetirementLimits
  readonly hours: number
  readonly shards: number
  readonly bytes: number
  /** Folders that have a process each; more than one: they share the lake's objects. */
  readonly inputs: number
  /** Does a second process read the same files at times? */
  readonly rivals: boolean
  readonly follows: boolean
  /** Does somebody delete what nothing refers to, between the phases? */
  readonly vacuums: boolean
  readonly phases: number
  /** What is in the files. */
  readonly lines: Lines
  /** Bytes that a source takes at once, at most; so few that pages end within records. */
  readonly pageBytes: number
}

const drawFilesSettings = (random: Random, shape: Random): FilesSettings => ({
  retirement: { live: random.between(1, 12), page: random.between(2, 12), atOnce: random.between(1, 16) },
  hours: random.between(1, 8),
  shards: random.between(1, 30),
  bytes: random.pick([400, 4000, 1_000_000]),
  inputs: random.pick([1, 1, 2]),
  rivals: random.chance(0.3),
  follows: random.chance(0.3),
  vacuums: random.chance(0.5),
  phases: random.between(2, 4),
  lines: shape.chance(0.5) ? orderLines : parcelLines,
  pageBytes: shape.pick([50, 300, 4 << 20])
})

const startsAt = Date.UTC(2026, 10, 20)
const day = 86_400_000
const patience = 6 * 3_600_000

/** The lines of a folder's files, each with a mark of its own. */
class Writer {
  /** By mark: the row that a line must be; null: a dead letter. */
  readonly written = new Map<string, string | null>()
  readonly #shape: Lines
  readonly #root: string
  readonly #random: Random
  readonly #heads: Random
  readonly #name: string
  readonly #files: Array<string> = []
  /** Files that have begun anew, and have nothing but what files begin with. */
  readonly #begun: Array<string> = []
  #hours = 0

  /** @param heads draws which files begin anew, and what comes into them */
  constructor(root: string, name: string, shape: Lines, random: Random, heads: Random) {
    this.#shape = shape
    this.#root = root
    this.#name = name
    this.#random = random
    this.#heads = heads
    mkdirSync(root, { recursive: true })
  }

  #lines(random = this.#random): string {
    return Array.from({ length: random.between(1, 4) }, () => {
      const mark = `${this.#name}-${this.written.size}`
      const { text, row } = this.#shape.line(random, mark)
      this.written.set(mark, row)
      return text
    }).join("")
  }

  /** A new file in a folder of some hour that was there before, or in a new one. */
  add(): void {
    const isLate = this.#hours > 0 && this.#random.chance(0.4)
    const hour = isLate ? this.#random.below(this.#hours) : this.#hours++
    const folder = new Date(startsAt + hour * 3_600_000).toISOString().slice(0, 13).replaceAll("-", "/").replace("T", "/")
    const path = join(this.#root, folder, `${this.#random.hex(4)}.${this.#shape.extension}`)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, this.#shape.head + this.#lines())
    this.#files.push(path)
  }

  append(): void {
    const path = this.#files[this.#random.below(this.#files.length)]
    if (path !== undefined) appendFileSync(path, this.#lines())
  }

  /** What the files had must have been read. */
  replaceSome(): void {
    const paths = Array.from({ length: this.#random.below(4) }, () => this.#files[this.#random.below(this.#files.length)])
    for (const path of new Set(paths)) if (path !== undefined) this.#replace(path, this.#shape.head + this.#lines())
    const path = this.#files[this.#heads.below(this.#files.length)]
    if (path === undefined || paths.includes(path) || this.#heads.chance(0.5)) return
    this.#replace(path, this.#shape.head)
    this.#begun.push(path)
  }

  /** Files that have begun anew go on. */
  goOn(): void {
    for (const path of this.#begun.splice(0)) appendFileSync(path, this.#lines(this.#heads))
  }

  /** The clock of the file system may tick but every few milliseconds. */
  #replace(path: string, content: string): void {
    const before = statSync(path).ctimeMs
    do writeFileSync(path, content)
    while (statSync(path).ctimeMs === before)
  }
}

/** Runs the world of files of a seed, and judges what it left. Never rejects for what the program under test does. */
export const runFilesSeed = async (seed: number, { say }: RunOptions = {}): Promise<Outcome> => {
  const folder = mkdtempSync(join(tmpdir(), "sluice-files-"))
  const { stackTraceLimit } = Error
  if (say === undefined) Error.stackTraceLimit = 0
  try {
    return await new FilesWorld(seed, folder, say ?? null).run()
  } finally {
    Error.stackTraceLimit = stackTraceLimit
    rmSync(folder, { recursive: true, force: true })
  }
}

class FilesWorld {
  readonly #seed: number
  readonly #random: Random
  readonly #settings: FilesSettings
  readonly #folder: string
  readonly #say: ((line: string) => void) | null
  readonly #hash = createHash("sha1")
  readonly #time = new VirtualTime(startsAt + 30 * day)
  readonly #bucket = new Bucket(() => this.#time.now)
  readonly #faults: Faults
  readonly #world: ProcessWorld
  readonly #writers: ReadonlyArray<Writer>
  readonly #violations: Array<Violation> = []
  readonly #happened: Happened = {}
  #started = 0

  constructor(seed: number, folder: string, say: ((line: string) => void) | null) {
    this.#seed = seed
    this.#folder = folder
    this.#say = say
    this.#settings = drawFilesSettings(new Random(seed, 11), new Random(seed, 17))
    this.#random = new Random(seed, 12)
    const rates = drawRates(new Random(seed, 13))
    const more = new Random(seed, 14)
    this.#faults = new Faults(
      { ...rates, crash: rates.crash * 5, crashAtCommit: more.chance(0.5) ? 0.1 : 0, unanswered: rates.unanswered * 2 },
      new Random(seed, 15),
      20
    )
    this.#world = {
      time: this.#time,
      trace: (who, what, outcome) => this.#trace(`${who}: ${what}${outcome === "" ? "" : ` → ${outcome}`}`),
      logged: (who, message) => this.#trace(`${who} says ${String(message)}`)
    }
    this.#writers = Array.from(
      { length: this.#settings.inputs },
      (_, i) =>
        new Writer(this.#inputOf(i), String.fromCharCode(97 + i), this.#settings.lines, new Random(seed, 16, i), new Random(seed, 18, i))
    )
  }

  async run(): Promise<Outcome> {
    const { phases, vacuums, inputs, rivals } = this.#settings
    const random = this.#random
    this.#trace(JSON.stringify({ ...this.#settings, lines: this.#settings.lines.extension }))
    for (let phase = 0; phase < phases && this.#violations.length === 0; phase++) {
      // All that is there has been read.
      if (phase > 0) for (const writer of this.#writers) writer.replaceSome()
      this.#faults.quiet = false
      for (let round = random.between(1, 3); round > 0; round--) {
        for (const writer of this.#writers) {
          for (let i = random.between(1, 12); i > 0; i--) writer.add()
          for (let i = random.below(4); i > 0; i--) writer.append()
        }
        const readers = Array.from({ length: inputs }, (_, i) => i)
        if (rivals && random.chance(0.5)) readers.push(0)
        await this.#ingest(readers, true)
      }
      for (const writer of this.#writers) writer.goOn()
      this.#faults.quiet = true
      await this.#ingest(
        Array.from({ length: inputs }, (_, i) => i),
        false
      )
      if (vacuums) await this.#vacuum()
      await this.#judge()
    }
    return {
      seed: this.#seed,
      violations: this.#violations,
      happened: this.#happened,
      hash: this.#hash.digest("hex").slice(0, 16),
      lasted: this.#time.now - startsAt
    }
  }

  #inputOf(input: number): string {
    return join(this.#folder, `input-${input}`)
  }

  #trace(line: string): void {
    const told = line.replaceAll(this.#folder, "")
    this.#hash.update(`${this.#time.now} ${told}\n`)
    this.#say?.(`${new Date(this.#time.now).toISOString().slice(8, -1)} ${told}`)
  }

  #violated(rule: string, detail: string): void {
    this.#violations.push({ rule, detail })
    this.#trace(`judge: ${rule}: ${detail}`)
  }

  #count(what: string, by = 1): void {
    this.#happened[what] = (this.#happened[what] ?? 0) + by
  }

  /** Runs processes at once, each to its end. @param mayFail false: each must come to the end of its files */
  async #ingest(inputs: ReadonlyArray<number>, mayFail: boolean): Promise<void> {
    const ends = new Map<string, Exit.Exit<unknown, unknown> | null>()
    const names = inputs.map((input) => {
      const process = new SimulatedProcess(`ingest ${input} #${++this.#started}`, this.#random.uint32(), this.#world)
      process.start(this.#program(process, input, mayFail), (exit) => ends.set(process.name, exit))
      return process.name
    })
    const write = () => {
      for (const writer of this.#writers) {
        writer.add()
        writer.append()
      }
    }
    const isWrittenTo = this.#settings.follows && mayFail && this.#random.chance(0.5)
    const cancel = this.#time.at(this.#time.now + 30_000, () => (isWrittenTo ? write() : undefined))
    if (!(await this.#time.run(() => ends.size === names.length, this.#time.now + patience)))
      this.#violated("stuck", `${names.filter((name) => !ends.has(name))} did not end`)
    cancel()
    for (const [name, exit] of ends) {
      this.#count(exit === null ? "crashes" : Exit.isSuccess(exit) ? "ends" : "failures")
      if (exit === null || Exit.isSuccess(exit)) continue
      if (exit.cause.reasons.some((reason) => reason._tag === "Die")) this.#violated("defect", `${name}: ${Cause.pretty(exit.cause)}`)
      else if (!mayFail) this.#violated("stuck", `${name}: ${Cause.pretty(exit.cause)}`)
    }
  }

  #program(process: SimulatedProcess, input: number, mayFollow: boolean) {
    const { bytes, follows, hours, lines, pageBytes, retirement, shards } = this.#settings
    const isFollowing = follows && mayFollow
    const store = simulatedStore(this.#bucket, {
      carry: <A, E>(call: StoreCall, request: Effect.Effect<A, E>) =>
        process.call(`${call.operation} ${call.key}`, request as Effect.Effect<A, never>, this.#faults.ofStore(call) as never)
    })
    return Effect.gen({ self: this }, function* () {
      const input_ = this.#inputOf(input)
      const format = framingOf(formatOf(lines.contract.contract))
      const source = yield* filesSource({ input: input_, format, pageBytes, ...(isFollowing ? { follow: { pollMillis: 5000 } } : {}) })
      const { failure } = yield* ingest({
        contract: lines.contract,
        source,
        decode: decodeSettings,
        limits: { ...defaultBatchLimits, bytes, hours, shards, ageMillis: 20_000, bufferBytes: 1 << 20 },
        retirement,
        stop: isFollowing ? Effect.sleep(this.#faults.longTime() + 60_000) : Effect.never,
        onEvent: () => Effect.void,
        onProgress: () => {}
      })
      if (failure !== null) return yield* failure
    }).pipe(Effect.provideService(Store, store))
  }

  /** Long after: what nothing refers to goes. */
  async #vacuum(): Promise<void> {
    const later = this.#time.now + 8 * day
    this.#time.at(later, () => {})
    await this.#time.run(() => false, later)
    const { deleted } = await this.#outside(
      Effect.flatMap(openTable(`stage/${this.#settings.lines.contract.contract.name}`), (table) => vacuum(table, { own: [retiredObjects] }))
    )
    this.#count("objects vacuumed", deleted.filter(retiredObjects.holds).length)
  }

  /** Runs something by the world's time, where nothing fails. */
  async #outside<A, E>(effect: Effect.Effect<A, E, Store>): Promise<A> {
    const process = new SimulatedProcess(`upkeep #${++this.#started}`, this.#random.uint32(), this.#world)
    let ended: Exit.Exit<A, E> | null = null
    process.start(Effect.provideService(effect, Store, simulatedStore(this.#bucket)), (exit) => {
      ended = exit
    })
    await this.#time.run(() => ended !== null, this.#time.now + patience)
    const exit = ended as Exit.Exit<A, E> | null
    if (exit === null || Exit.isFailure(exit)) throw new Error(exit === null ? "no end" : Cause.pretty(exit.cause))
    return exit.value
  }

  async #judge(): Promise<void> {
    const dataset = this.#settings.lines.contract.contract.name
    const { markOf, rowText } = this.#settings.lines
    const written = new Map(this.#writers.flatMap((writer) => [...writer.written]))
    const rows = (await readTable(this.#bucket, `stage/${dataset}`))?.rows ?? []
    const letters = (await readTable(this.#bucket, "dead_letters"))?.rows ?? []
    const found = [
      ...rows.map((row) => ({ mark: String(row["mark"]), is: rowText(row) })),
      ...letters.map(({ raw }) => ({ mark: markOf(Buffer.from(raw as Uint8Array).toString()), is: null }))
    ]
    const times = new Map<string, number>()
    for (const { mark, is } of found) {
      times.set(mark, (times.get(mark) ?? 0) + 1)
      const wanted = written.get(mark)
      if (wanted === undefined) this.#violated("from nowhere", `nobody wrote line ${mark}: ${is}`)
      else if (wanted !== is) this.#violated("row", `line ${mark} is ${is ?? "a dead letter"}, not ${wanted ?? "a dead letter"}`)
    }
    for (const mark of written.keys()) if (!times.has(mark)) this.#violated("lost", `line ${mark} is in no table`)
    for (const [mark, n] of times) if (n > 1) this.#violated("doubled", `line ${mark} is there ${n} times`)
    const { checks, snapshot } = await this.#outside(
      Effect.gen(function* () {
        const table = yield* openTable(`stage/${dataset}`)
        const snapshot = yield* table.snapshot
        const tiling = new Tiling()
        yield* Stream.runForEach(history(table, snapshot.version), (commit) => Effect.sync(() => tiling.add(commit)))
        return { snapshot, checks: [...tiling.checks(table.path), ...(yield* retiredChecks({ table, snapshot }))] }
      })
    )
    for (const { check, detail, ok } of checks) if (!ok) this.#violated(check, detail)
    const { records, shards } = positionTotals(snapshot.domains)
    if (records !== found.length)
      this.#violated("sums", `positions come to ${records} records of ${shards} files, there are ${found.length}`)
    this.#count(`lines of ${this.#settings.lines.extension}`, written.size)
    this.#count("objects", retiredPages(snapshot.domains).length)
  }
}
