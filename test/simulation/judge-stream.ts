import { type Expected, type History, judgeForward, judgeLake, rowOf, type Violated, type Violation } from "./judge.ts"
import type { SimulatedRecord, SimulatedShard } from "./kinesis/shard.ts"
import type { Made } from "./producers.ts"
import type { ReadRow, ReadTable } from "./read-lake.ts"
import type { SimulatedDataset } from "./shape.ts"
import type { Bucket } from "./simulated-store.ts"

export interface StreamEvidence {
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

/** Compares a dataset of a lake with its stream. The model is the input alone: what producers made, and what the stream says of each record that it ever stored. */
export const judgeStream = async (evidence: StreamEvidence): Promise<ReadonlyArray<Violation>> => {
  const violations: Array<Violation> = []
  const violated: Violated = (rule, detail) => violations.push({ rule, detail })
  const { stream } = evidence.dataset
  const expected = new Map<string, Expected>()
  for (const shard of evidence.shards) {
    for (const { arrivedAt, data, sequenceNumber } of shard.records) {
      for (const [sub, { data: raw, meaning }] of evidence.made.of(data).entries()) {
        const asRow = rowOf(meaning, evidence.replayed)
        expected.set(`${stream}/${shard.shardId}/${sequenceNumber}/${sub}`, {
          meaning,
          asRow,
          raw,
          size: raw.length,
          arrivedAt,
          sequenceNumber,
          sub
        })
      }
    }
  }
  const { bucket, dataset } = evidence
  const { stage, rows, dead } = await judgeLake({ bucket, dataset, source: "kinesis", expected }, violated)
  const lineage = evidence.shards.map((shard) =>
    judgeShard(shard, evidence, stage, (place) => rows.get(place) ?? dead.get(place), rows, violated)
  )
  judgeOrder(lineage, violated)
  return violations
}

/** Before the names of shards, in what the log calls their positions. */
export const domainPrefix = "sluice.position/kinesis/"

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
  { dataset: { stream }, made, now, clockError }: StreamEvidence,
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
