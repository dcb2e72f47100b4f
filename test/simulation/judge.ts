import { type CommittedPosition, type ReadRow, type ReadTable, readTable } from "./read-lake.ts"
import { type Meaning, type RowMeaning, type SimulatedDataset, secret } from "./shape.ts"
import type { Bucket } from "./simulated-store.ts"

/** What is wrong with a lake, in words of the rule that it breaks. */
export interface Violation {
  readonly rule: string
  readonly detail: string
}

export type Violated = (rule: string, detail: string) => void

/** One record that a producer made, at its place in the input. */
export interface Expected {
  readonly meaning: Meaning
  /** The row that it must be, or may have become; undefined: none. */
  readonly asRow: RowMeaning | undefined
  /** What a dead letter of it holds, and how many bytes there were. */
  readonly raw: Uint8Array
  readonly size: number
  /** Milliseconds since 1970. */
  readonly arrivedAt: number
  readonly sequenceNumber: string
  readonly sub: number
}

/** The row that a record must be, or may have become, where dead letters are replayed. */
export const rowOf = (meaning: Meaning, replayed: boolean): RowMeaning | undefined =>
  meaning.kind === "row" ? meaning : meaning.kind === "dead letter" && replayed ? meaning.replayed : undefined

export interface LakeEvidence {
  readonly bucket: Bucket
  readonly dataset: SimulatedDataset
  /** What rows say of the source that they come from. */
  readonly source: string
  /** The records of the input by their place: shard, sequence number and number within it, with slashes between them. */
  readonly expected: ReadonlyMap<string, Expected>
  /** Is a dead letter one of no record, which somebody else judges? Default: there are none. */
  readonly isOther?: (letter: ReadRow) => boolean
}

/** A dataset of a lake, as it was found. */
export interface JudgedLake {
  readonly stage: ReadTable | null
  readonly letters: ReadTable | null
  /** By their place. */
  readonly rows: ReadonlyMap<string, ReadRow>
  readonly dead: ReadonlyMap<string, ReadRow>
}

/**
 * Compares a dataset of a lake at rest with what was put into its input, without the help of any part of the program that made it: nothing is there that should
 * not be, or not so, and the consumable is what stage makes of it. What is missing, only who knows the input can tell.
 */
export const judgeLake = async (
  { bucket, dataset, source, expected, isOther = () => false }: LakeEvidence,
  violated: Violated
): Promise<JudgedLake> => {
  const { name } = dataset.contract.contract
  const stage = await readTable(bucket, `stage/${name}`)
  const letters = await readTable(bucket, "dead_letters")
  const consumable = await readTable(bucket, `consumable/${name}`)
  for (const table of [stage, letters, consumable]) for (const problem of table?.problems ?? []) violated("log", problem)
  const ofDataset = letters?.rows.filter((row) => row["dataset"] === name && !isOther(row)) ?? []
  const rows = placed(stage?.rows ?? [], source, expected, violated)
  const dead = placed(ofDataset, source, expected, violated)
  for (const [place, row] of rows) judgeRow(dataset, place, row, expected.get(place), violated)
  for (const [place, row] of dead) {
    judgeLetter(place, row, expected.get(place), violated)
    if (rows.has(place)) violated("both", `${place} is a row and a dead letter`)
  }
  for (const [domain, history] of letters?.domains ?? []) judgeForward(`dead letters of ${domain}`, history, violated)
  for (const key of bucket.madeAgain) violated("log", `${key} was made again after it had expired`)
  judgeConsumable(dataset, consumable, rows, expected, violated)
  judgeSecrets(bucket, violated)
  return { stage, letters, rows, dead }
}

/** Rows by their coordinates. */
const placed = (
  rows: ReadonlyArray<ReadRow>,
  source: string,
  expected: ReadonlyMap<string, Expected>,
  violated: Violated
): ReadonlyMap<string, ReadRow> => {
  const found = new Map<string, ReadRow>()
  for (const row of rows) {
    const place = `${row["_shard"]}/${row["_sequence_number"]}/${row["_sub_sequence_number"]}`
    if (found.has(place)) violated("twice", place)
    if (!expected.has(place) || row["_source"] !== source) violated("from nowhere", `${row["_source"]} ${place}`)
    found.set(place, row)
  }
  return found
}

const hourOf = (millis: number) => {
  const [date = "", time = ""] = new Date(millis).toISOString().split("T")
  return { ingest_date: date, ingest_hour: String(Number(time.slice(0, 2))) }
}

const millisOf = (value: unknown): number => (value instanceof Date ? value.getTime() : Number.NaN)

const judgeRow = ({ read }: SimulatedDataset, place: string, row: ReadRow, expected: Expected | undefined, violated: Violated): void => {
  if (expected === undefined) return
  const { meaning, asRow, arrivedAt } = expected
  if (asRow === undefined) {
    violated("not a row", `${place} should be a ${meaning.kind}`)
    return
  }
  const is = read(row).row
  if (is !== asRow.row) violated("row", `${place} is ${is}, not ${asRow.row}`)
  if (row["_rescued"] != null) violated("row", `${place} has rescued ${row["_rescued"]}`)
  if (millisOf(row["_arrived_at"]) !== arrivedAt)
    violated("arrival", `${place} arrived at ${arrivedAt}, not ${millisOf(row["_arrived_at"])}`)
  const hour = hourOf(arrivedAt)
  if (row.$partition["ingest_date"] !== hour.ingest_date || row.$partition["ingest_hour"] !== hour.ingest_hour)
    violated("partition", `${place} is in ${JSON.stringify(row.$partition)}, not ${JSON.stringify(hour)}`)
}

const judgeLetter = (place: string, row: ReadRow, expected: Expected | undefined, violated: Violated): void => {
  if (expected === undefined) return
  const { meaning, arrivedAt, raw: kept, size } = expected
  if (meaning.kind !== "dead letter") {
    violated("not a dead letter", `${place} should be ${meaning.kind === "row" ? meaning.row : "nothing"}`)
    return
  }
  if (expected.asRow !== undefined) violated("not replayed", place)
  if (row["reason"] !== meaning.reason) violated("reason", `${place} is ${row["reason"]}, not ${meaning.reason}`)
  const raw = row["raw"]
  if (!(raw instanceof Uint8Array) || Buffer.compare(raw, kept) !== 0) violated("raw", `${place} has not the bytes of the record`)
  if (Number(row["size"]) !== size) violated("raw", `${place} has size ${row["size"]}, not ${size}`)
  if (millisOf(row["_arrived_at"]) !== arrivedAt) violated("arrival", `dead letter ${place}`)
  if (row.$partition["ingest_date"] !== hourOf(arrivedAt).ingest_date) violated("partition", `dead letter ${place}`)
}

export type History = ReadonlyArray<CommittedPosition>

/** Positions only go forward. */
export const judgeForward = (name: string, history: History, violated: Violated): void => {
  for (const [i, { version, value }] of history.entries()) {
    const before = history[i - 1]?.value
    if (before === undefined) continue
    const forward = BigInt(value.sequenceNumber) - BigInt(before.sequenceNumber)
    if (forward < 0n || (forward === 0n && value.subSequenceNumber < before.subSequenceNumber))
      violated("position", `${name} goes back in version ${version}`)
  }
}

/**
 * The consumable has each version once: the copy that arrived last, under the day that it tells. Where the newest row of a key counts, it has that one, or
 * none where it takes the key away.
 */
const judgeConsumable = (
  { read }: SimulatedDataset,
  consumable: ReadTable | null,
  rows: ReadonlyMap<string, ReadRow>,
  expected: ReadonlyMap<string, Expected>,
  violated: Violated
): void => {
  const winners = new Map<string, { readonly place: string; readonly shard: string; readonly expected: Expected }>()
  for (const [place, row] of rows) {
    const found = expected.get(place)
    if (found?.asRow === undefined) continue
    const { id } = found.asRow
    const known = winners.get(id)
    const shard = String(row["_shard"])
    if (known === undefined || isLater(found, shard, known.expected, known.shard)) winners.set(id, { place, shard, expected: found })
  }
  const there = new Set<string>()
  for (const row of consumable?.rows ?? []) {
    const { place: partition, id, row: is } = read(row)
    if (there.has(id)) violated("version twice", id)
    there.add(id)
    const winner = winners.get(id)
    const place = `${row["_shard"]}/${row["_sequence_number"]}/${row["_sub_sequence_number"]}`
    if (winner?.expected.asRow === undefined) {
      violated("version from nowhere", id)
      continue
    }
    if (winner.expected.asRow.deleted) violated("deleted", `${id} was deleted by ${winner.place}, and has the row ${place}`)
    else if (place !== winner.place) violated("winner", `${id} is ${place}, the newest, or the last to arrive, is ${winner.place}`)
    else if (is !== winner.expected.asRow.row) violated("consumable", `${place} is ${is}`)
    if (Object.values(row.$partition).join("/") !== partition) violated("partition", `${id} is in ${JSON.stringify(row.$partition)}`)
  }
  for (const [id, { expected }] of winners) if (expected.asRow?.deleted !== true && !there.has(id)) violated("version missing", id)
}

const isLater = (a: Expected, shardOfA: string, b: Expected, shardOfB: string): boolean => {
  const [newness, other] = [a.asRow?.order ?? 0n, b.asRow?.order ?? 0n]
  if (newness !== other) return newness > other
  if (a.arrivedAt !== b.arrivedAt) return a.arrivedAt > b.arrivedAt
  if (shardOfA !== shardOfB) return shardOfA > shardOfB
  const [p, q] = [BigInt(a.sequenceNumber), BigInt(b.sequenceNumber)]
  return p === q ? a.sub > b.sub : p > q
}

/** Sensitive values are in dead letters, and nowhere else; so not in what logs say of those either. */
const judgeSecrets = (bucket: Bucket, violated: Violated): void => {
  for (const key of bucket.list("", "", Number.POSITIVE_INFINITY)) {
    if (key.startsWith("dead_letters/") && !key.includes("_delta_log/")) continue
    const bytes = bucket.get(key)?.bytes
    if (bytes !== undefined && Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).includes(secret)) violated("secret", key)
  }
}
