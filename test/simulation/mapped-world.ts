import { Cause, Clock, Effect, Stream } from "effect"
import type { Carried } from "../../src/app/pipeline.ts"
import { Random } from "../../src/record/seeded.ts"
import { Functions, type FunctionsSettings } from "./functions.ts"
import type { Input, Place } from "./input.ts"
import type { Violation } from "./judge.ts"
import { Mapping, type MappingSettings } from "./mapping.ts"
import type { ProcessWorld, SimulatedProcess } from "./process.ts"
import { drawSettings, type EventKind, type StreamSettings, scale } from "./settings.ts"
import { secret } from "./shape.ts"
import { StreamInput } from "./stream-world.ts"
import { defaultDuckdbShare, type Ground, type Happened, type Outcome, type RunOptions, runWorld } from "./world.ts"

/** Who reads the streams from a moment on, milliseconds since 1970: a function, or workers that call. */
interface Reading {
  readonly from: number
  readonly by: "function" | "workers"
  /** Is the mapping a new one, which begins at the oldest records? */
  readonly isNew: boolean
}

interface MappedSettings extends StreamSettings {
  readonly mapping: MappingSettings
  readonly functions: FunctionsSettings
  readonly readings: ReadonlyArray<Reading>
}

const drawMapped = (seed: number, duckdbShare: number): MappedSettings => {
  const settings = drawSettings(new Random(seed, 1), duckdbShare)
  const random = new Random(seed, 21)
  const { startsAt, active, latency, listPageSize } = settings
  const rate = (most: number) => (random.chance(0.4) ? most * random.unit() ** 2 : 0)
  const first: Reading = { from: startsAt, by: random.chance(0.75) ? "function" : "workers", isNew: true }
  const readings = [first]
  while (random.chance(0.4) && readings.length < 4) {
    const { by } = readings.at(-1) ?? first
    readings.push({ from: startsAt + random.unit() * active, by: by === "function" ? "workers" : "function", isNew: random.chance(0.5) })
  }
  return {
    ...settings,
    initial: { type: "TRIM_HORIZON" },
    // What a mapping has passed over while nobody could see it, no position can tell.
    retention: 86_400_000,
    absence: null,
    mapping: {
      batchSize: random.chance(0.3) ? 1 : scale(random, 2, 60),
      payload: random.chance(0.5) ? 6_000_000 : scale(random, 300, 5000),
      every: scale(random, 500, 10_000),
      bisects: random.chance(0.5),
      answerLost: rate(0.3),
      twice: rate(0.3),
      again: rate(0.3)
    },
    // A process that is new has to open the tables, whose logs some stores list but two names at a time.
    functions: {
      timeout: 15_000 + (60 + 800 / listPageSize) * latency + scale(random, 1000, 120_000),
      warm: random.pick([0, 0.5, 0.9, 1])
    },
    readings: readings.map((reading, i) => ({ ...reading, from: readings.map(({ from }) => from).sort((a, b) => a - b)[i] ?? startsAt }))
  }
}

/** Runs the world of a seed in which functions read streams, by turns with workers. */
export const runMappedSeed = (seed: number, options: RunOptions = {}): Promise<Outcome> =>
  runWorld(seed, drawMapped(seed, options.duckdbShare ?? defaultDuckdbShare), (ground) => new MappedInput(ground), options)

/** Streams that an event source mapping hands to a function, and workers that read them before, behind it, or a while beside it. */
class MappedInput implements Input {
  readonly atOnce = false
  readonly #ground: Ground<MappedSettings>
  readonly #streams: StreamInput
  readonly #mappings: ReadonlyArray<Mapping>
  readonly #functions: ReadonlyArray<Functions>
  readonly #violations: Array<Violation> = []
  #isQuiet = false

  constructor(ground: Ground<MappedSettings>) {
    this.#ground = ground
    const { datasets, settings, time, trace } = ground
    this.#streams = new StreamInput(ground, () => this.#reading().by === "workers")
    const world: ProcessWorld = {
      time,
      trace,
      logged: (who, message) => {
        const text = Array.isArray(message) ? message.join(" ") : String(message)
        trace(who, "says", text)
        if (text.includes(secret)) this.#violations.push({ rule: "secret", detail: `${who} logs a sensitive value` })
      }
    }
    const died = (name: string, cause: Cause.Cause<unknown>) =>
      void this.#violations.push({ rule: "defect", detail: `${name}: ${Cause.pretty(cause)}` })
    this.#functions = datasets.map(
      (dataset) => new Functions(ground, settings.functions, dataset, (process) => this.#streams.api(process), world, died)
    )
    this.#mappings = datasets.map(({ stream }, i) => {
      const shards = () => this.#streams.kinesis.shards(stream)
      const random = new Random(ground.seed, 22, i)
      return new Mapping(stream, shards, settings.mapping, time, random, (event, tell) => this.#functions[i]?.invoke(event, tell))
    })
  }

  #reading(now = this.#ground.time.now): Reading {
    const { readings } = this.#ground.settings
    const reading = readings.findLast(({ from }) => from <= now) ?? readings[0]
    if (reading === undefined) throw new Error("nobody reads")
    return reading
  }

  begin(): void {
    this.#streams.begin()
    const { settings, time, trace } = this.#ground
    for (const reading of settings.readings) {
      time.at(reading.from, () => {
        trace("world", "reading", `by ${reading.by}`)
        for (const mapping of this.#mappings) {
          if (reading.by === "function") mapping.enable(reading.isNew)
          else mapping.isEnabled = false
        }
      })
    }
  }

  /** Workers read while it is their turn, and are a while late to learn that it is over. */
  sources(process: SimulatedProcess, place: Place) {
    if (!place.follow) return this.#streams.sources(process, place)
    const { settings, faults } = this.#ground
    const turns = settings.readings.flatMap(({ by, from }, i) =>
      by === "workers" ? [{ from, to: settings.readings[i + 1]?.from ?? null }] : []
    )
    const until = (time: number) => Effect.flatMap(Clock.currentTimeMillis, (now) => Effect.sleep(Math.max(0, time - now)))
    return Effect.gen({ self: this }, function* () {
      const now = yield* Clock.currentTimeMillis
      const turn = turns.find(({ to }) => to === null || to > now)
      const carried = yield* this.#streams.sources(process, place)
      const end = turn === undefined || turn.to === null ? Effect.never : until(turn.to + faults.latency(10_000))
      return carried.map(
        ({ contract, source }): Carried => ({
          contract,
          begins: turn === undefined ? Effect.never : until(turn.from),
          source: { ...source, pages: (resume) => Stream.interruptWhen(source.pages(resume), end) }
        })
      )
    })
  }

  happen(kind: EventKind): boolean {
    if (this.#streams.happen(kind)) return true
    const { faults, random } = this.#ground
    const process = this.#functions[random.below(this.#functions.length)]?.any()
    if (process === undefined || (kind !== "crash" && kind !== "freeze") || random.chance(0.3)) return false
    if (kind === "crash") process.crash()
    else process.freeze(faults.longTime())
    return true
  }

  settle(): void {
    this.#streams.settle()
    this.#isQuiet = true
    for (const mapping of this.#mappings) mapping.isQuiet = true
  }

  retain(): void {}

  missing(): string {
    const missing = this.#streams.missing()
    if (missing !== "") return missing
    if (this.#mappings.some(({ isBusy }) => isBusy) || this.#functions.some(({ areIdle }) => !areIdle)) return "functions are at work"
    // All is read: what would come again from here on comes to nobody.
    if (this.#isQuiet) for (const mapping of this.#mappings) mapping.isEnabled = false
    return ""
  }

  async judge(clockError: number): Promise<ReadonlyArray<Violation>> {
    return [...(await this.#streams.judge(clockError)), ...this.#violations]
  }

  counts(): Happened {
    const sum = <A>(all: ReadonlyArray<A>, of: (one: A) => number) => all.reduce((total, one) => total + of(one), 0)
    return {
      ...this.#streams.counts(),
      events: sum(this.#mappings, ({ counts }) => counts.events),
      "events failed": sum(this.#mappings, ({ counts }) => counts.failures),
      "events partly kept": sum(this.#mappings, ({ counts }) => counts.partial),
      "events again": sum(this.#mappings, ({ counts }) => counts.again),
      "functions started": sum(this.#functions, ({ started }) => started),
      "functions timed out": sum(this.#functions, ({ timeouts }) => timeouts),
      "hand-overs": this.#ground.settings.readings.length - 1
    }
  }
}
