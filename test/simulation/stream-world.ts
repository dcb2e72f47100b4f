import { Context, Effect, Random as EffectRandom } from "effect"
import type { Carried } from "../../src/app/pipeline.ts"
import { Random } from "../../src/record/seeded.ts"
import { kinesisSource } from "../../src/source/kinesis/kinesis.ts"
import type { KinesisApi } from "../../src/stream/kinesis/api.ts"
import { Drained } from "./drained.ts"
import type { Input, Place } from "./input.ts"
import type { Violation } from "./judge.ts"
import { judgeStream } from "./judge-stream.ts"
import { noFaults } from "./kinesis/faults.ts"
import { SimulatedKinesis } from "./kinesis/simulated-kinesis.ts"
import { outsideContext, type SimulatedProcess } from "./process.ts"
import { Made, produce } from "./producers.ts"
import { frozen } from "./programs.ts"
import { drawSettings, type EventKind, type StreamSettings } from "./settings.ts"
import { defaultDuckdbShare, type Ground, type Happened, type Outcome, type RunOptions, runWorld } from "./world.ts"

/** Runs the world of streams of a seed. */
export const runSeed = (seed: number, options: RunOptions = {}): Promise<Outcome> =>
  runWorld(seed, drawSettings(new Random(seed, 1), options.duckdbShare ?? defaultDuckdbShare), (ground) => new StreamInput(ground), options)

/** Most shards that are open at a time. */
const mostShards = 8

/** A stream for each dataset, who puts records into it, and what becomes of its shards. */
export class StreamInput implements Input {
  readonly kinesis: SimulatedKinesis
  readonly atOnce = false
  readonly #ground: Ground<StreamSettings>
  readonly #made = new Made()
  readonly #drained: ReadonlyArray<Drained>
  #producing = 0

  /** @param tellsEnds false while nobody may say of a shard that it has ended */
  constructor(ground: Ground<StreamSettings>, tellsEnds: () => boolean = () => true) {
    const { bucket, datasets, seed, settings, time } = ground
    this.#ground = ground
    const chance = new Random(seed, 4)
    this.kinesis = new SimulatedKinesis(time.clock, { ...settings.stream, random: () => chance.unit(), throttlesAllowed: 1000 })
    for (const { stream } of datasets) this.kinesis.createStream(stream, { shards: settings.shards, retentionMillis: settings.retention })
    this.#drained = datasets.map((dataset) => new Drained(bucket, this.kinesis, this.#made, dataset, tellsEnds))
  }

  sources(process: SimulatedProcess, place: Place) {
    const { datasets, settings } = this.#ground
    const { batchAge, initial, look, poll } = settings
    return Effect.forEach(datasets, ({ contract, stream }) =>
      Effect.map(
        kinesisSource({
          api: this.api(process),
          stream,
          initial,
          ...place,
          pollMillis: poll,
          lookMillis: look,
          batchAgeMillis: batchAge
        }),
        (source): Carried => ({ contract, source })
      )
    )
  }

  /** Kinesis as a process reaches it. It has faults of its own; what gets lost, gets lost there. */
  api(process: SimulatedProcess): KinesisApi {
    const { api } = this.kinesis
    const { faults } = this.#ground
    const carry = <A, E>(what: string, request: Effect.Effect<A, E>) =>
      process.call(what, request, frozen(process, faults, faults.plain<A, E>()))
    return {
      describeStream: (stream) => carry("DescribeStream", api.describeStream(stream)),
      listShards: (stream, token) => carry("ListShards", api.listShards(stream, token)),
      getShardIterator: (stream, shardId, start) =>
        carry(`GetShardIterator ${shardId} ${JSON.stringify(start)}`, api.getShardIterator(stream, shardId, start)),
      getRecords: (iterator, limit) => carry("GetRecords", api.getRecords(iterator, limit)),
      putRecords: (stream, records) => carry("PutRecords", api.putRecords(stream, records))
    }
  }

  begin(): void {
    const { datasets, seed, settings, time, trace } = this.#ground
    for (const [i, options] of settings.producers.entries()) {
      const dataset = datasets[i % datasets.length]
      if (dataset === undefined) continue
      const random = new Random(seed, 5, i)
      this.#producing++
      const context = Context.add(outsideContext(time), EffectRandom.Random, {
        nextIntUnsafe: () => random.uint32(),
        nextDoubleUnsafe: () => random.unit()
      })
      const put = (records: number) => trace(`producer ${i}`, `put ${records}`, "")
      const { absence } = settings
      // Every second one has nothing to say before somebody listens again.
      const begin = Effect.sleep(absence === null || i % 2 === 0 ? 0 : absence.startsAt + absence.lasts - time.now)
      const producing = produce(this.kinesis.api, dataset, this.#made, random, options, put)
      Effect.runForkWith(context)(absence === null ? producing : Effect.andThen(begin, producing)).addObserver(() => {
        this.#producing--
      })
    }
  }

  happen(kind: EventKind): boolean {
    const { datasets, random } = this.#ground
    const stream = datasets[random.below(datasets.length)]?.stream ?? ""
    const open = this.kinesis.shards(stream).filter(({ closedAt }) => closedAt === null)
    if (kind === "split") {
      const shard = open[random.below(open.length)]
      if (shard !== undefined && open.length < mostShards) this.kinesis.splitShard(stream, shard.shardId)
      return true
    }
    if (kind !== "merge") return false
    const byRange = open.toSorted((a, b) => (a.range.from < b.range.from ? -1 : 1))
    const [one, other] = byRange.slice(random.below(Math.max(1, byRange.length - 1)))
    if (one === undefined || other === undefined) return true
    const [parent, adjacent] = random.chance(0.5) ? [one, other] : [other, one]
    this.kinesis.mergeShards(stream, parent.shardId, adjacent.shardId)
    return true
  }

  settle(): void {
    this.kinesis.faults = noFaults
  }

  retain(millis: number): void {
    for (const { stream } of this.#ground.datasets) this.kinesis.retain(stream, millis)
  }

  missing(): string {
    const { now } = this.#ground.time
    if (this.#producing > 0) return `${this.#producing} producers are not done`
    return this.#drained.flatMap((each) => each.missing(now) || []).join("; ")
  }

  async judge(clockError: number): Promise<ReadonlyArray<Violation>> {
    const { bucket, datasets, settings, time } = this.#ground
    const violations: Array<Violation> = []
    for (const dataset of datasets) {
      const shards = this.kinesis.shards(dataset.stream)
      const replayed = settings.replayEvery !== null
      violations.push(...(await judgeStream({ bucket, dataset, shards, made: this.#made, now: time.now, replayed, clockError })))
    }
    const ofService = this.kinesis.violations.map(({ rule, shardId, detail }) => ({ rule, detail: `${shardId}: ${detail}` }))
    return [...violations, ...ofService]
  }

  counts(): Happened {
    const { counts } = this.kinesis
    const streams = this.#ground.datasets.map(({ contract, stream }) => [
      `stream records of ${contract.contract.name}`,
      this.kinesis.records(stream).length
    ])
    return {
      ...Object.fromEntries(streams),
      records: this.#made.count,
      "stream calls": counts.GetRecords.calls,
      throttles: counts.GetRecords.failed.Throttled ?? 0,
      "expired iterators": counts.GetRecords.failed.ExpiredIterator ?? 0
    }
  }
}
