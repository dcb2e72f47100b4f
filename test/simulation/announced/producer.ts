import { Effect } from "effect"
import type { Random } from "../../../src/record/seeded.ts"
import type { InputBucket, ObjectVersion } from "../input-bucket.ts"
import type { SimulatedDataset } from "../shape.ts"
import type { SimulatedQueue } from "../simulated-queue.ts"
import type { VirtualTime } from "../virtual-time.ts"
import { announce, announceRemoval, announceSpoiled, poison, testEvent } from "./messages.ts"
import { type MadeContent, makeContent, makeKey } from "./objects.ts"
import type { AnnouncedOptions } from "./settings.ts"

/** A version of an object that was announced, and what it holds. */
export interface PutObject {
  readonly version: ObjectVersion
  readonly made: MadeContent
}

/** What producers put and announced. */
export class Ledger {
  readonly objects: Array<PutObject> = []
  /** What a message announces, by its text. */
  readonly announced = new Map<string, ReadonlyArray<PutObject>>()
  /** Messages that nobody can read, or not all of them. */
  readonly poison: Array<string> = []
  messages = 0
  /** Announcements that are on their way to the queue. */
  onTheirWay = 0
  #marks = 0

  readonly nextMark = (): number => this.#marks++

  get records(): number {
    return this.#marks
  }
}

interface Place {
  readonly bucket: InputBucket
  readonly queue: SimulatedQueue
  readonly datasets: ReadonlyArray<SimulatedDataset>
  readonly ledger: Ledger
  readonly time: VirtualTime
}

/** Puts objects and announces them, as whoever feeds a bucket does, and S3 with him. @param told of what it does, for the transcript */
export const putObjects = (place: Place, random: Random, options: AnnouncedOptions, told: (what: string) => void): Effect.Effect<void> =>
  Effect.gen(function* () {
    for (let burst = 0; burst < options.bursts; burst++) {
      yield* Effect.sleep(-options.pause * Math.log(1 - random.unit()))
      const objects = Array.from({ length: random.between(1, options.burst) }, () => putOne(place, random, options, told))
      while (objects.length > 0) send(place, random, options, objects.splice(0, random.between(1, 3)))
      if (random.chance(options.noise)) sendNoise(place, random)
      if (!random.chance(options.poison)) continue
      const body = poison(random, `poison-${place.ledger.nextMark()}`)
      place.ledger.poison.push(body)
      place.queue.send(body)
    }
  })

/** A second to half an hour, each order of magnitude as often as the others. */
const aWhile = (random: Random): number => Math.round(1000 * 1800 ** random.unit())

const putOne = (place: Place, random: Random, options: AnnouncedOptions, told: (what: string) => void): PutObject => {
  const { bucket, datasets, ledger, time } = place
  const { objects } = ledger
  const before = random.chance(options.overwritten) ? objects[random.below(objects.length)] : undefined
  const key = before?.version.key ?? makeKey(random, datasets, objects.length, options.content.packed)
  const made =
    before !== undefined && random.chance(options.sameContent) ? before.made : makeContent(random, key, ledger.nextMark, options.content)
  const version = bucket.put(key, made.content)
  told(`put ${key} ${version.versionId ?? version.sequencer}, ${made.content.length} bytes${made.isDamaged ? ", damaged" : ""}`)
  if (random.chance(options.forbidden)) bucket.forbid(key, time.now + aWhile(random))
  const object = { version, made }
  objects.push(object)
  if (random.chance(options.deleted)) time.at(time.now + aWhile(random) / 3, () => deleteOne(place, random, version, told))
  return object
}

const deleteOne = ({ bucket, queue }: Place, random: Random, version: ObjectVersion, told: (what: string) => void): void => {
  told(`delete ${version.key}`)
  bucket.delete(version.key)
  if (bucket.isVersioned && random.chance(0.5)) bucket.deleteVersion(version)
  queue.send(announceRemoval(random, bucket.name, version))
}

const send = (
  { bucket, ledger, queue, time }: Place,
  random: Random,
  options: AnnouncedOptions,
  objects: ReadonlyArray<PutObject>
): void => {
  const sendAll = (after: number) => {
    const versions = objects.map(({ version }) => version)
    const isSpoiled = random.chance(options.poison / 4)
    const spoiled = () => announceSpoiled(random, bucket.name, versions, `poison-${ledger.nextMark()}`)
    for (const body of isSpoiled ? [spoiled()] : announce(random, bucket.name, versions)) {
      if (isSpoiled) ledger.poison.push(body)
      const known = objects.filter(({ version }) => body.includes(version.sequencer))
      ledger.announced.set(body, known)
      ledger.messages++
      ledger.onTheirWay++
      time.at(time.now + after, () => {
        ledger.onTheirWay--
        queue.send(body)
      })
    }
  }
  const late = () => random.below(options.latest)
  sendAll(random.chance(options.late) ? late() : random.below(random.pick([1000, 1000, 5000])))
  if (random.chance(options.twice)) sendAll(random.chance(0.3) ? late() : random.below(60_000))
}

const sendNoise = ({ bucket, queue }: Place, random: Random): void => {
  queue.send(testEvent(random, bucket.name))
}
