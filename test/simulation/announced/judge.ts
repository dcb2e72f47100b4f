import type { InputBucket } from "../input-bucket.ts"
import { type Expected, judgeForward, judgeLake, rowOf, type Violated, type Violation } from "../judge.ts"
import { type ReadRow, readTable, type StoredPosition } from "../read-lake.ts"
import type { Meaning, SimulatedDataset } from "../shape.ts"
import type { Bucket } from "../simulated-store.ts"
import { type PlacedRecord, takesKey } from "./objects.ts"
import type { Ledger, PutObject } from "./producer.ts"
import { domainOf, shardOf, sourceName } from "./shards.ts"

export interface AnnouncedEvidence {
  readonly bucket: Bucket
  readonly input: InputBucket
  readonly ledger: Ledger
  readonly datasets: ReadonlyArray<SimulatedDataset>
  /** Have dead letters been replayed? */
  readonly replayed: boolean
  /** Told the reason of each dead letter that stands for an object. */
  readonly lost: (reason: string) => void
}

/** Reasons of dead letters that stand for an object, or for what is left of it, and not for a record. */
const ofObjects = new Set(["object_gone", "object_denied", "object_unreadable"])

/**
 * Compares a lake with the objects that were announced. The model is what producers put: each record of each version of each object is there once, in every
 * dataset that takes its key. Of an object that could not be read for as long as it was there, what was read before is there, and a dead letter for the rest.
 */
export const judgeAnnounced = async (evidence: AnnouncedEvidence): Promise<ReadonlyArray<Violation>> => {
  const violations: Array<Violation> = []
  const violated: Violated = (rule, detail) => violations.push({ rule, detail })
  for (const dataset of evidence.datasets) await judgeDataset(evidence, dataset, violated)
  await judgePoison(evidence, violated)
  return violations
}

const judgeDataset = async (
  { bucket, input, ledger, lost, replayed }: AnnouncedEvidence,
  dataset: SimulatedDataset,
  violated: Violated
) => {
  const { name } = dataset.contract.contract
  const objects = ledger.objects.filter(({ version }) => takesKey(dataset)(version.key))
  const expected = new Map<string, Expected>()
  for (const object of objects)
    for (const { offset, kept, size, meaning } of recordsOf(object, name))
      expected.set(placeOf(input, object, offset), {
        meaning,
        asRow: rowOf(meaning, replayed),
        raw: kept,
        size,
        arrivedAt: object.version.writtenAt,
        sequenceNumber: String(offset),
        sub: 0
      })
  // By their shard: letters of objects.
  const ofObject = new Map<string, Array<ReadRow>>()
  const isOther = (letter: ReadRow): boolean => {
    const reason = String(letter["reason"])
    if (reason === "not_announcement") return true
    if (!ofObjects.has(reason)) return false
    lost(reason)
    const shard = String(letter["_shard"])
    ofObject.set(shard, [...(ofObject.get(shard) ?? []), letter])
    return true
  }
  const lake = await judgeLake({ bucket, dataset, source: sourceName, expected, isOther }, violated)
  for (const object of objects) {
    const shard = shardOf(input.name, object.version)
    const letters = ofObject.get(shard) ?? []
    judgeObject(input, object, name, letters, (place) => lake.rows.has(place) || lake.dead.has(place), violated)
    ofObject.delete(shard)
    const history = lake.stage?.domains.get(domainOf(shard)) ?? []
    // Of nothing there is no position.
    if (history.length === 0 && mustBeCommitted(object, name)) violated("position", `${shard} has none in ${name}`)
    judgeForward(shard, history, violated)
    const position = history.at(-1)?.value
    if (position !== undefined && letters.length === 0) judgeCounts(shard, recordsOf(object, name), position, violated)
  }
  for (const shard of ofObject.keys()) violated("from nowhere", `dead letters of ${shard}, which nobody put`)
}

/** Does anything of it come into the log, as far as what was put tells? */
const mustBeCommitted = (object: PutObject, dataset: string): boolean => object.made.isDamaged || recordsOf(object, dataset).length > 0

/** Does a position say that all of it is committed? That nothing is behind the last record may be said later. */
export const isCommitted = (object: PutObject, dataset: string, position: StoredPosition | undefined): boolean =>
  position === undefined
    ? !mustBeCommitted(object, dataset)
    : position.source?.["done"] === true || (!object.made.isDamaged && position.records >= recordsOf(object, dataset).length)

const recordsOf = ({ made }: PutObject, dataset: string) => made.records.get(dataset) ?? []

/** The position of what was read to its end counts what there is. */
const judgeCounts = (shard: string, records: ReadonlyArray<PlacedRecord>, position: StoredPosition, violated: Violated): void => {
  const of = (kind: Meaning["kind"]) => records.filter(({ meaning }) => meaning.kind === kind).length
  const counts = { records: records.length, rows: of("row"), deadLetters: of("dead letter"), empty: of("empty") }
  for (const count of ["records", "rows", "deadLetters", "empty"] as const)
    if (position[count] !== counts[count]) violated("counts", `${shard} counts ${position[count]} ${count}, there are ${counts[count]}`)
}

const placeOf = (input: InputBucket, { version }: PutObject, offset: number) => `${shardOf(input.name, version)}/${offset}/0`

const judgeObject = (
  input: InputBucket,
  object: PutObject,
  dataset: string,
  letters: ReadonlyArray<ReadRow>,
  has: (place: string) => boolean,
  violated: Violated
): void => {
  const { made, version } = object
  const shard = shardOf(input.name, version)
  const reasons = letters.map((row) => String(row["reason"]))
  const places = recordsOf(object, dataset)
    .filter(({ meaning }) => meaning.kind !== "empty")
    .map(({ offset }) => placeOf(input, object, offset))
  const found = places.map(has)
  const missing = places.filter((_, i) => found[i] !== true)
  const allowed = new Set([
    ...(made.isDamaged ? ["object_unreadable"] : []),
    ...(!input.wasGone(version) ? [] : ["object_gone", ...(input.mayList ? [] : ["object_denied"])]),
    ...(input.wasForbidden(version.key) ? ["object_denied"] : [])
  ])
  if (letters.length > 1) violated("twice", `${shard} has the dead letters ${reasons}`)
  for (const reason of reasons) if (!allowed.has(reason)) violated("reason", `${shard} is ${reason}, and could be read all the time`)
  if (missing.length > 0 && letters.length === 0) violated("lost", `${missing[0]} and ${missing.length - 1} more`)
  if (made.isDamaged && letters.length === 0) violated("lost", `${shard} is damaged, and nobody says so`)
  if (found.lastIndexOf(true) >= places.length - missing.length) violated("lost", `${missing[0]}, though what is behind it was read`)
  for (const row of letters) {
    const raw = Buffer.from(row["raw"] instanceof Uint8Array ? row["raw"] : []).toString()
    if (!raw.includes(version.sequencer)) violated("raw", `the dead letter of ${shard} does not hold its notification`)
    const arrived = row["_arrived_at"]
    if (row["_source"] !== sourceName) violated("from nowhere", `the dead letter of ${shard} is of the source ${row["_source"]}`)
    if (!(arrived instanceof Date) || arrived.getTime() !== version.writtenAt) violated("arrival", `the dead letter of ${shard}`)
  }
}

/** Each message that nobody can read is one dead letter of the lake, with its text. */
const judgePoison = async ({ bucket, ledger }: AnnouncedEvidence, violated: Violated): Promise<void> => {
  const letters = (await readTable(bucket, "dead_letters"))?.rows.filter((row) => row["reason"] === "not_announcement") ?? []
  const bodies = new Map(ledger.poison.map((body) => [body, 0]))
  for (const row of letters) {
    const body = Buffer.from(row["raw"] instanceof Uint8Array ? row["raw"] : []).toString()
    const times = bodies.get(body)
    if (times === undefined) violated("from nowhere", `a dead letter of a message that nobody sent: ${body}`)
    else bodies.set(body, times + 1)
  }
  for (const [body, times] of bodies)
    if (times !== 1) violated(times === 0 ? "lost" : "twice", `there are ${times} dead letters of ${body}`)
}
