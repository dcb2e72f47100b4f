import type { SimulatedRecord, SimulatedShard } from "./kinesis/shard.ts"
import type { Made } from "./producers.ts"
import { type CommittedPosition, type ReadRow, type ReadTable, readTable } from "./read-lake.ts"
import { type Meaning, type RowMeaning, type SimulatedDataset, secret } from "./shape.ts"
import type { Bucket } from "./simulated-store.ts"

/** What is wrong with a lake, in words of the rule that it breaks. */
export interface Violation {
  readonly rule: string
  readonly detail: string
}

export interface Evidence {
  readonly bucket: Bucket
  readonly dataset: SimulatedDataset
  readonly shards: ReadonlyArray<SimulatedShard>
  readonly made: Made
  /** Milliseconds since 1970: the end of the run. */
  readonly now: number
  /** How far clocks were off, at most, in milliseconds. */
  readonly clockError: number
  /** Have dead letters been replayed? */
  readonly replayed: boolean
}

/** One record that a producer made, at its place in the stream. */
interface Expected {
  readonly meaning: Meaning
  /** The row that it must be, or may have become; undefined: none. */
  readonly asRow: RowMeaning | undefined
  readonly data: Uint8Array
  readonly record: SimulatedRecord
  readonly sub: number
}

/**
 * Compares a dataset of a lake at rest with what was put into its stream, without the help of any part of the program that made it. The model is the input
 * alone: what producers made, and what the stream says of each record that it ever stored.
 */
export const judge = async (evidence: Evidence): Promise<ReadonlyArray<Violation>> => {
  const violations: Array<Violation> = []
  const violated = (rule: string, detail: string) => violations.push({ rule, detail })
  const { stream } = evidence.dataset
  const dataset = evidence.dataset.contract.contract.name
  const stage = await readTable(evidence.bucket, `stage/${dataset}`)
  const letters = await readTable(evidence.bucket, "dead_letters")
  const consumable = await readTable(evidence.bucket, `consumable/${dataset}`)
  for (const table of [stage, letters, consumable]) for (const problem of table?.problems ?? []) violated("log", problem)

  const expected = new Map<string, Expected>()
  for (const shard of evidence.shards) {
    for (const record of shard.records) {
      for (const [sub, { data, meaning }] of evidence.made.of(record.data).entries()) {
        const asRow = meaning.kind === "row" ? meaning : meaning.kind === "dead letter" && evidence.replayed ? meaning.replayed : undefined
        expected.set(`${stream}/${shard.shardId}/${record.sequenceNumber}/${sub}`, { meaning, asRow, data, record, sub })
      }
    }
  }
  const rows = placed(stage, expected, violated)
  const dead = placed(letters, expected, violated, dataset)
  for (const [place, row] of rows) judgeRow(evidence.dataset, place, row, expected.get(place), violated)
  for (const [place, row] of dead) {
    judgeLetter(place, row, expected.get(place), violated)
    if (rows.has(place)) violated("both", `${place} is a row and a dead letter`)
  }
  const lineage: Array<ShardRead> = []
  for (const shard of evidence.shards) {
    lineage.push(judgeShard(shard, evidence, stage, (place) => rows.get(place) ?? dead.get(place), rows, violated))
  }
  for (const [domain, history] of letters?.domains ?? []) judgeForward(`dead letters of ${domain}`, history, violated)
  for (const key of evidence.bucket.madeAgain) violated("log", `${key} was made again after it had expired`)
  judgeOrder(lineage, violated)
  judgeConsumable(evidence.dataset, consumable, rows, expected, violated)
  judgeSecrets(evidence.bucket, violated)
  return violations
}

const domainPrefix = "sluice.position/kinesis/"

export type Violated = (rule: string, detail: string) => void

/** The rows of a table by their coordinates. @param dataset only these, of a table that several share */
const placed = (
  table: ReadTable | null,
  expected: ReadonlyMap<string, Expected>,
  violated: Violated,
  dataset: string | null = null
): ReadonlyMap<string, ReadRow> => {
  const found = new Map<string, ReadRow>()
  for (const row of table?.rows ?? []) {
    if (dataset !== null && row["dataset"] !== dataset) continue
    const place = `${row["_shard"]}/${row["_sequence_number"]}/${row["_sub_sequence_number"]}`
    if (found.has(place)) violated("twice", place)
    if (!expected.has(place) || row["_source"] !== "kinesis") violated("from nowhere", `${row["_source"]} ${place}`)
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
  const { meaning, asRow, record } = expected
  if (asRow === undefined) {
    violated("not a row", `${place} should be ${JSON.stringify(meaning)}`)
    return
  }
  const is = read(row).row
  if (is !== asRow.row) violated("row", `${place} is ${is}, not ${asRow.row}`)
  if (row["_rescued"] != null) violated("row", `${place} has rescued ${row["_rescued"]}`)
  if (millisOf(row["_arrived_at"]) !== record.arrivedAt)
    violated("arrival", `${place} arrived at ${record.arrivedAt}, not ${millisOf(row["_arrived_at"])}`)
  const hour = hourOf(record.arrivedAt)
  if (row.$partition["ingest_date"] !== hour.ingest_date || row.$partition["ingest_hour"] !== hour.ingest_hour)
    violated("partition", `${place} is in ${JSON.stringify(row.$partition)}, not ${JSON.stringify(hour)}`)
}

const judgeLetter = (place: string, row: ReadRow, expected: Expected | undefined, violated: Violated): void => {
  if (expected === undefined) return
  const { meaning, record, data } = expected
  if (meaning.kind !== "dead letter") {
    violated("not a dead letter", `${place} should be ${JSON.stringify(meaning)}`)
    return
  }
  if (expected.asRow !== undefined) violated("not replayed", place)
  if (row["reason"] !== meaning.reason) violated("reason", `${place} is ${row["reason"]}, not ${meaning.reason}`)
  const raw = row["raw"]
  if (!(raw instanceof Uint8Array) || Buffer.compare(raw, data) !== 0) violated("raw", `${place} has not the bytes of the record`)
  if (Number(row["size"]) !== data.length) violated("raw", `${place} has size ${row["size"]}, not ${data.length}`)
  if (millisOf(row["_arrived_at"]) !== record.arrivedAt) violated("arrival", `dead letter ${place}`)
  if (row.$partition["ingest_date"] !== hourOf(record.arrivedAt).ingest_date) violated("partition", `dead letter ${place}`)
}

const ancestorsOf = ({ parents }: SimulatedShard): ReadonlyArray<SimulatedShard> =>
  parents.flatMap((parent) => [parent, ...ancestorsOf(parent)])

/** Which commits of stage a shard was read in. */
interface ShardRead {
  readonly shard: SimulatedShard
  readonly first: number
  /** When that was, milliseconds since 1970. */
  readonly firstAt: number
  readonly last: number
}

/** Every record of a shard is somewhere, or may be missing; its position says what was read of it. */
const judgeShard = (
  shard: SimulatedShard,
  { dataset: { stream }, made, now, clockError }: Evidence,
  stage: ReadTable | null,
  find: (place: string) => ReadRow | undefined,
  rows: ReadonlyMap<string, ReadRow>,
  violated: Violated
): ShardRead => {
  const name = `${stream}/${shard.shardId}`
  const historyOf = ({ shardId }: SimulatedShard) => stage?.domains.get(`${domainPrefix}${stream}/${shardId}`) ?? []
  const history = historyOf(shard)
  const start = startOf(history)
  // Of one that expired before anybody could see it, the gap of the shard before it is all that can be known.
  const gaps = (history.length > 0 ? [shard] : ancestorsOf(shard)).flatMap((each) => gapsOf(historyOf(each)))
  const mayBeMissing = (record: SimulatedRecord): boolean =>
    (start !== null && record.storedAt < start + clockError) ||
    (record.expiresAt <= now &&
      (record.expiresAt <= unseenUntil ||
        gaps.some(({ from, to }) => record.storedAt >= from - clockError && record.storedAt <= to + clockError)))
  // Before anything was committed of it or of its parents, nobody can know what was in a shard that is read from the oldest record.
  const unseenUntil = Math.min(...[shard, ...shard.parents].map((each) => historyOf(each)[0]?.committedAt ?? now))
  const counts = { records: 0, rows: 0, deadLetters: 0, empty: 0 }
  let exact = true
  let last: { readonly record: SimulatedRecord; readonly sub: number } | null = null
  const versions: Array<number> = []
  for (const record of shard.records) {
    const all = made.of(record.data)
    if (all.length === 0) violated("simulation", `nobody made ${name}/${record.sequenceNumber}`)
    for (const [sub, { meaning }] of all.entries()) {
      const place = `${name}/${record.sequenceNumber}/${sub}`
      const found = find(place)
      // A dead letter may be all that is left of a process that ended between its two commits, before anybody committed anything of the shard.
      const isLeft = found !== undefined && (history.length > 0 || rows.has(place))
      if (!isLeft && mayBeMissing(record)) {
        exact = false
        continue
      }
      last = { record, sub }
      counts.records++
      if (meaning.kind === "row") counts.rows++
      else if (meaning.kind === "empty") counts.empty++
      else counts.deadLetters++
      if (found === undefined && meaning.kind !== "empty")
        violated("lost", `${place} (${meaning.kind}, stored at ${new Date(record.storedAt).toISOString()})`)
      const row = rows.get(place)
      // What a replay made of a dead letter came when it came.
      if (row !== undefined && meaning.kind === "row") versions.push(row.$version)
    }
  }
  const position = history[history.length - 1]?.value
  judgeHistory(name, history, violated)
  if (position === undefined) {
    if (last !== null) violated("position", `${name} has none`)
  } else {
    const at = `${position.sequenceNumber}/${position.subSequenceNumber}`
    if (exact && last !== null && at !== `${last.record.sequenceNumber}/${last.sub}`)
      violated("position", `${name} is at ${at}, its last record is ${last.record.sequenceNumber}/${last.sub}`)
    if (exact)
      for (const count of ["records", "rows", "deadLetters", "empty"] as const)
        if (position[count] !== counts[count]) violated("counts", `${name} counts ${position[count]} ${count}, there are ${counts[count]}`)
    // The world does not wait for a shard that nobody had committed when its last record expired: a worker that was just at it is stopped then.
    const isWaitedFor = history.length > 1 || last === null || last.record.expiresAt > now
    if (shard.closedAt !== null && !shard.expired(now) && isWaitedFor && position.source?.["ended"] !== true)
      violated("position", `${name} has no end`)
  }
  const begun = Math.min(...versions)
  const firstAt = history.find(({ version }) => version === begun)?.committedAt ?? now
  return { shard, first: begun, firstAt, last: Math.max(...versions) }
}

type History = ReadonlyArray<CommittedPosition>

/** Before this (milliseconds since 1970) records of the shard were not asked for; null: all were. */
const startOf = (history: History): number | null => {
  const start = history[0]?.value.source?.["start"]
  return typeof start === "string" ? Date.parse(start) : null
}

const gapsOf = (history: History) =>
  history.flatMap(({ value: { source } }) => {
    const { gapFrom, gapTo } = source ?? {}
    return typeof gapFrom === "string" && typeof gapTo === "string" ? [{ from: Date.parse(gapFrom), to: Date.parse(gapTo) }] : []
  })

/** Positions only go forward. */
const judgeForward = (name: string, history: History, violated: Violated): void => {
  for (const [i, { version, value }] of history.entries()) {
    const before = history[i - 1]?.value
    if (before === undefined) continue
    const forward = BigInt(value.sequenceNumber) - BigInt(before.sequenceNumber)
    if (forward < 0n || (forward === 0n && value.subSequenceNumber < before.subSequenceNumber))
      violated("position", `${name} goes back in version ${version}`)
  }
}

/** So does what stands beside them. */
const judgeHistory = (name: string, history: History, violated: Violated): void => {
  judgeForward(name, history, violated)
  for (const [i, { version, value }] of history.entries()) {
    const before = history[i - 1]?.value
    if (before === undefined) continue
    const [was, is] = [before.source ?? {}, value.source ?? {}]
    // Somebody who had read it too may say it again.
    if (was["ended"] === true && (value.sequenceNumber !== before.sequenceNumber || is["ended"] !== true))
      violated("position", `${name} goes on in version ${version} after its end`)
    if (Number(is["gaps"] ?? 0) < Number(was["gaps"] ?? 0)) violated("gap", `${name} forgets a gap in version ${version}`)
  }
}

/** What came after a reshard is committed after what came before, or with it: otherwise a later version would be there first. */
const judgeOrder = (lineage: ReadonlyArray<ShardRead>, violated: Violated): void => {
  const byShard = new Map(lineage.map((read) => [read.shard, read]))
  for (const child of lineage) {
    for (const parent of child.shard.parents) {
      const read = byShard.get(parent)
      // A parent that has expired counts as read, though somebody may have slept on what he had read of it.
      if (read !== undefined && read.last > child.first && !parent.expired(child.firstAt))
        violated("order", `${child.shard.shardId} is in version ${child.first}, its parent ${parent.shardId} still in version ${read.last}`)
    }
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
  if (a.record.arrivedAt !== b.record.arrivedAt) return a.record.arrivedAt > b.record.arrivedAt
  if (shardOfA !== shardOfB) return shardOfA > shardOfB
  const [p, q] = [BigInt(a.record.sequenceNumber), BigInt(b.record.sequenceNumber)]
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
