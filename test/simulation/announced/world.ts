import { Effect, Exit, type Scope } from "effect"
import type { Carried } from "../../../src/app/pipeline.ts"
import { formatOf } from "../../../src/contract/format.ts"
import { Random } from "../../../src/record/seeded.ts"
import { announcedSources } from "../../../src/source/announced/announced.ts"
import { framingOf } from "../../../src/source/framing.ts"
import type { Failed } from "../../../src/store/s3-client.ts"
import type { ObjectReader } from "../../../src/store/s3-reader.ts"
import type { QueueApi } from "../../../src/stream/sqs/api.ts"
import { FollowedLog } from "../followed-log.ts"
import type { Input, Place } from "../input.ts"
import { failedBy, InputBucket } from "../input-bucket.ts"
import type { Violation } from "../judge.ts"
import { outsideContext, type Passage, type SimulatedProcess } from "../process.ts"
import { frozen } from "../programs.ts"
import { decodeSettings } from "../shape.ts"
import { noQueueFaults, SimulatedQueue, type StoredMessage } from "../simulated-queue.ts"
import { defaultDuckdbShare, type Ground, type Happened, type Outcome, type RunOptions, runWorld } from "../world.ts"
import { isCommitted, judgeAnnounced } from "./judge.ts"
import { takesKey } from "./objects.ts"
import { Ledger, type PutObject, putObjects } from "./producer.ts"
import { type AnnouncedSettings, drawAnnouncedSettings } from "./settings.ts"
import { domainOf, shardOf } from "./shards.ts"

/** Runs the world of announced objects of a seed. */
export const runAnnouncedSeed = (seed: number, options: RunOptions = {}): Promise<Outcome> =>
  runWorld(
    seed,
    drawAnnouncedSettings(new Random(seed, 1), options.duckdbShare ?? defaultDuckdbShare),
    (ground) => new AnnouncedInput(ground),
    options
  )

/** A bucket, who puts objects into it, and a queue that announces them: each at least once, and in any order. */
class AnnouncedInput implements Input {
  readonly atOnce = true
  readonly #ground: Ground<AnnouncedSettings>
  readonly #bucket: InputBucket
  readonly #queue: SimulatedQueue
  /** Where messages go that were given out too often. */
  readonly #givenUp: SimulatedQueue
  readonly #ledger = new Ledger()
  readonly #logs: ReadonlyMap<string, FollowedLog>
  readonly #violations: Array<Violation> = []
  #producing = 0
  readonly #happened: Happened = { "failed reads": 0, "dead letters of objects": 0 }

  constructor(ground: Ground<AnnouncedSettings>) {
    const { bucket, datasets, seed, settings, time } = ground
    this.#ground = ground
    const { isVersioned, mayList, redriveAfter } = settings
    this.#bucket = new InputBucket({ name: "announced-input", isVersioned, mayList, now: () => time.now })
    const chance = new Random(seed, 4)
    const random = () => chance.unit()
    this.#givenUp = new SimulatedQueue(time.clock, { url: "https://sqs.simulated/1/given-up", random })
    this.#queue = new SimulatedQueue(time.clock, {
      url: "https://sqs.simulated/1/announced",
      random,
      redrive: redriveAfter === null ? undefined : { after: redriveAfter, to: this.#givenUp },
      removed: (message) => this.#removed(message)
    })
    this.#queue.faults = settings.queue
    this.#logs = new Map(datasets.map((dataset) => [dataset.contract.contract.name, new FollowedLog(bucket, dataset)]))
  }

  sources(process: SimulatedProcess, place: Place): Effect.Effect<ReadonlyArray<Carried>, never, Scope.Scope> {
    const { datasets, settings } = this.#ground
    const opened = announcedSources({
      queue: this.#api(process),
      objects: this.#reader(process),
      datasets: datasets.map((dataset) => ({ takes: takesKey(dataset), format: framingOf(formatOf(dataset.contract.contract)) })),
      follow: place.follow,
      pageBytes: settings.pageBytes,
      maxRecordBytes: decodeSettings.maxRecordBytes
    })
    return Effect.map(opened, ({ sources }) =>
      datasets.flatMap(({ contract }, i) => {
        const source = sources[i]
        return source === undefined ? [] : [{ contract, source }]
      })
    )
  }

  /** The queue as a process reaches it. It has faults of its own; what gets lost, gets lost there. */
  #api(process: SimulatedProcess): QueueApi {
    const { api } = this.#queue
    const { faults } = this.#ground
    const carry = <A, E>(what: string, request: Effect.Effect<A, E>) =>
      process.call(what, request, frozen(process, faults, faults.plain<A, E>()))
    return {
      url: api.url,
      receive: (options) => carry("ReceiveMessage", api.receive(options)),
      hide: (receipts, visibleAfter) => carry(`ChangeMessageVisibility ${receipts} ${visibleAfter}`, api.hide(receipts, visibleAfter)),
      remove: (receipts) => carry(`DeleteMessage ${receipts}`, api.remove(receipts))
    }
  }

  #reader(process: SimulatedProcess): ObjectReader {
    const { faults, settings, time } = this.#ground
    return this.#bucket.reader(<A>(what: string, request: Effect.Effect<A, Failed>) => {
      const plain = faults.plain<A, Failed>()
      const fails = faults.strikes(settings.readFailure) || time.now < (settings.outageUntil ?? 0)
      if (fails) this.#count("failed reads")
      const passage: Passage<A, Failed> = fails ? { ...plain, instead: Exit.fail(failedBy("SlowDown")) } : plain
      return process.call(what, request, frozen(process, faults, passage))
    })
  }

  #count(what: string): void {
    this.#happened[what] = (this.#happened[what] ?? 0) + 1
  }

  begin(): void {
    const { datasets, seed, settings, time, trace } = this.#ground
    const place = { bucket: this.#bucket, queue: this.#queue, datasets, ledger: this.#ledger, time }
    for (let i = 0; i < settings.producers; i++) {
      this.#producing++
      const told = (what: string) => trace(`producer ${i}`, what, "")
      const producing = putObjects(place, new Random(seed, 5, i), settings.objects, told)
      Effect.runForkWith(outsideContext(time))(producing).addObserver((exit) => {
        this.#producing--
        if (Exit.isFailure(exit)) this.#violations.push({ rule: "simulation", detail: `producer ${i} fails: ${exit.cause}` })
      })
    }
  }

  happen(): boolean {
    return false
  }

  settle(): void {
    this.#queue.faults = noQueueFaults
  }

  retain(): void {}

  missing(): string {
    if (this.#producing > 0) return `${this.#producing} producers are not done`
    if (this.#ledger.onTheirWay > 0) return `${this.#ledger.onTheirWay} announcements are on their way`
    const { messages } = this.#queue
    const [first] = messages
    return first === undefined
      ? ""
      : `${messages.length} messages are left, such as ${first.id}, received ${first.received} times: ${first.body}`
  }

  /** A message must not go before all that it announces is committed in every dataset that takes it. */
  #removed({ body, id, received }: StoredMessage): void {
    const objects = this.#ledger.announced.get(body) ?? []
    if (received > 1 && this.#ground.settings.isCalm && !objects.some((object) => this.#isDenied(object)))
      this.#violations.push({ rule: "given again", detail: `${id}, ${received} times, though it was with somebody who was well` })
    for (const object of objects) {
      const { version } = object
      const shard = shardOf(this.#bucket.name, version)
      for (const dataset of this.#ground.datasets) {
        const { name } = dataset.contract.contract
        if (takesKey(dataset)(version.key) && !isCommitted(object, name, this.#logs.get(name)?.positions.get(domainOf(shard))))
          this.#violations.push({ rule: "removed too early", detail: `${id}, which announces ${shard}, before ${name} has it` })
      }
    }
  }

  /** Does S3 not give it? Then its messages are given back. */
  #isDenied({ version }: PutObject): boolean {
    return this.#bucket.wasForbidden(version.key) || (!this.#bucket.mayList && this.#bucket.wasGone(version))
  }

  async judge(): Promise<ReadonlyArray<Violation>> {
    const { bucket, datasets, settings } = this.#ground
    const left = [...this.#givenUp.messages, ...this.#queue.expired].map(({ body }) => ({ rule: "given up", detail: body }))
    const ofLake = await judgeAnnounced({
      bucket,
      input: this.#bucket,
      ledger: this.#ledger,
      datasets,
      replayed: settings.replayEvery !== null,
      lost: (reason) => {
        this.#count("dead letters of objects")
        this.#count(reason)
      }
    })
    return [...this.#violations, ...left, ...ofLake]
  }

  counts(): Happened {
    const { objects, poison, messages, records } = this.#ledger
    return {
      objects: objects.length,
      "damaged objects": objects.filter(({ made }) => made.isDamaged).length,
      "objects gone": objects.filter(({ version }) => this.#bucket.wasGone(version)).length,
      "objects forbidden": objects.filter(({ version }) => this.#bucket.wasForbidden(version.key)).length,
      "messages of objects": messages,
      "unreadable messages": poison.length,
      records,
      ...this.#happened,
      ...this.#queue.counts
    }
  }
}
