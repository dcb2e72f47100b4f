import type { DecodeSettings } from "../../src/decode/decoder.ts"
import type { RecordPage } from "../../src/record/record.ts"
import { type DecodeCounts, emptyCounts, sumOf } from "../../src/record/report.ts"
import { Random } from "../../src/record/seeded.ts"
import { Lane } from "./lane.ts"
import { mutate } from "./mutations.ts"
import type { Pool } from "./record-pool.ts"
import { arrival } from "./support.ts"

/**
 * Races of the definition against the fast path, with and without SIMD, over the same pages of mutated records. A race has a contract and
 * settings of its own, and its decoders see all of its pages, since what they have learnt is a part of what is tested. All of it comes from
 * the race's number: the same number gives the same race.
 */
export interface Race {
  readonly pool: Pool
  readonly settings: DecodeSettings
  readonly pages: number
}

/** A record, or a page of them, that is not decoded the same both ways. */
export interface Difference {
  readonly race: number
  readonly page: number
  /** Index in the page; -1: no record alone differs. */
  readonly index: number
  readonly lane: string
  /** `fresh`: new decoders differ, too. `learnt`: only those that have seen the pages before. */
  readonly state: "fresh" | "learnt"
  readonly contract: string
  readonly settings: DecodeSettings
  readonly record: Buffer
  /** What the fast path makes of it, and what the definition. */
  readonly what: string
}

export interface Outcome {
  readonly records: number
  readonly bytes: number
  readonly counts: DecodeCounts
  /** Rows that the fast path has made without handing over the record, at least. */
  readonly rowsByBytes: number
  readonly differences: ReadonlyArray<Difference>
}

const depths = [64, 64, 64, 64, 64, 512, 16, 12, 8, 7, 6, 5, 4, 3, 2, 1] as const

const drawRace = (number: number, pools: readonly [Pool, ...Array<Pool>]): Race => {
  const random = new Random(number, 1)
  const wantsLarge = random.chance(0.4)
  const kind = pools.filter(({ isLarge }) => isLarge === wantsLarge)
  const pool = kind[random.below(kind.length)] ?? pools[0]
  const settings: DecodeSettings = {
    hashKey: random.chance(0.25) ? null : new TextEncoder().encode("key"),
    maxDepth: depths[random.below(depths.length)] ?? 64,
    maxRecordBytes: random.chance(0.85) ? 10 * 1024 * 1024 : pool.isLarge ? 18_000 : 600
  }
  return { pool, settings, pages: pool.isLarge ? 8 : 20 }
}

const separators = ["", "", "\n", "\n", "\r\n", " ", "}"] as const

/** A page of a race: records back to back, or with something between them, not at the beginning of their buffer. */
const drawPage = (number: number, page: number, { pool }: Race, change: typeof mutate): RecordPage => {
  const random = new Random(number, 2, page)
  const count = random.between(1, pool.isLarge ? 16 : 48)
  const separator = Buffer.from(separators[random.below(separators.length)] ?? "")
  const pieces: Array<Uint8Array> = [Buffer.alloc(random.below(5), 34)]
  const starts: Array<number> = []
  const ends: Array<number> = []
  const cut = new Map<number, number>()
  let at = 0
  for (let i = 0; i < count; i++) {
    const record = change(random, random.pick(pool.records))
    if (random.chance(0.002)) cut.set(i, record.length + 1)
    pieces.push(record, separator)
    starts.push(at)
    ends.push(at + record.length)
    at += record.length + separator.length
  }
  const all = Buffer.concat(pieces)
  return {
    shard: "shard-0",
    count,
    bytes: all.subarray(pieces[0]?.length ?? 0),
    starts,
    ends,
    sequenceNumbers: starts.map((_, i) => String(page * 1000 + i)),
    subSequenceNumbers: random.chance(0.5) ? starts.map((_, i) => i) : undefined,
    arrivedAt: random.chance(0.5) ? arrival : starts.map((_, i) => arrival + i * 400_000),
    cut
  }
}

const paths = [
  ["SIMD", { by: "bytes", kernel: "simd" }],
  ["no SIMD", { by: "bytes", kernel: "scalar" }],
  ["no kernel", { by: "bytes", kernel: "none" }]
] as const

const makeLanes = ({ pool, settings }: Race): { readonly definition: Lane; readonly fast: ReadonlyArray<Lane> } => ({
  definition: new Lane("definition", pool.compiled, settings, { by: "definition" }),
  fast: paths.map(([name, path]) => new Lane(name, pool.compiled, settings, path))
})

/** Runs a race; it ends early after some differences. @param change what is done to each record */
export const runRace = (number: number, pools: readonly [Pool, ...Array<Pool>], change: typeof mutate = mutate): Outcome => {
  const race = drawRace(number, pools)
  const { definition, fast } = makeLanes(race)
  const random = new Random(number, 3)
  const differences: Array<Difference> = []
  const outcome = { records: 0, bytes: 0, counts: emptyCounts(), rowsByBytes: 0 }
  const gather = () => {
    addCounts(outcome.counts, definition.counts)
    // Whatever is no row was handed over, but for what is too large.
    const { rows, deadLetters } = definition.counts
    const handedOver = fast[0]?.counts.handedOver[""] ?? 0
    outcome.rowsByBytes += rows + sumOf(deadLetters) - (deadLetters.too_large ?? 0) - handedOver
    for (const lane of [definition, ...fast]) lane.clear()
  }
  for (let page = 0; page < race.pages; page++) {
    const records = drawPage(number, page, race, change)
    const found = differences.length
    outcome.records += records.count
    outcome.bytes += records.bytes.length
    definition.decode(records)
    for (const lane of fast) {
      lane.decode(records)
      const what = lane.differenceFrom(definition)
      if (what !== null && differences.length === found) differences.push(locate(number, page, race, lane.name, what, change))
    }
    if (differences.length > 2) break
    // Columns and counts of several pages are compared, too.
    if (random.chance(0.4) || differences.length > found) gather()
  }
  gather()
  return { ...outcome, differences }
}

/** Which record of the page it is: one that fresh decoders differ on, or one that differs after all pages before. */
const locate = (number: number, page: number, race: Race, laneName: string, what: string, change: typeof mutate): Difference => {
  const records = drawPage(number, page, race, change)
  const known = { race: number, page, contract: race.pool.name, settings: race.settings }
  const recordAt = (i: number) => Buffer.from(records.bytes.subarray(records.starts[i], records.ends[i]))
  const alone = (i: number): RecordPage => only(records, i)
  for (let i = 0; i < records.count; i++) {
    const { definition, fast } = makeLanes(race)
    definition.decode(alone(i))
    for (const lane of fast) {
      lane.decode(alone(i))
      const difference = lane.differenceFrom(definition)
      if (difference !== null) return { ...known, index: i, lane: lane.name, state: "fresh", record: recordAt(i), what: difference }
    }
  }
  const { definition, fast } = makeLanes(race)
  const lanes = [definition, ...fast]
  for (let before = 0; before < page; before++) for (const lane of lanes) lane.decode(drawPage(number, before, race, change))
  for (let i = 0; i < records.count; i++) {
    for (const lane of lanes) {
      lane.clear()
      lane.decode(alone(i))
    }
    for (const lane of fast) {
      const difference = lane.differenceFrom(definition)
      if (difference !== null) return { ...known, index: i, lane: lane.name, state: "learnt", record: recordAt(i), what: difference }
    }
  }
  return { ...known, index: -1, lane: laneName, state: "learnt", record: Buffer.from(records.bytes), what }
}

/** The page with one of its records only; the bytes around it stay. */
const only = (page: RecordPage, i: number): RecordPage => {
  const size = page.cut?.get(i)
  return {
    ...page,
    count: 1,
    starts: [page.starts[i] ?? 0],
    ends: [page.ends[i] ?? 0],
    sequenceNumbers: [page.sequenceNumbers[i] ?? ""],
    subSequenceNumbers: page.subSequenceNumbers && [page.subSequenceNumbers[i] ?? 0],
    arrivedAt: typeof page.arrivedAt === "number" ? page.arrivedAt : (page.arrivedAt[i] ?? 0),
    cut: size === undefined ? undefined : new Map([[0, size]])
  }
}

export const addCounts = (sum: DecodeCounts, counts: DecodeCounts): void => {
  sum.records += counts.records
  sum.rows += counts.rows
  sum.bytes += counts.bytes
  sum.empty += counts.empty
  for (const name of ["deadLetters", "drops", "rescued", "drift", "masked", "quality", "conventions"] as const) {
    const into: { [name: string]: number } = sum[name] as { [name: string]: number }
    for (const [key, n] of Object.entries(counts[name])) into[key] = (into[key] ?? 0) + (n ?? 0)
  }
}

/** A difference for people, with all that is needed to see it again. */
export const describeDifference = ({ race, page, index, lane, state, contract, settings, record, what }: Difference): string =>
  [
    `race ${race}, page ${page}, record ${index} (${contract}; ${lane}; ${state} decoders)`,
    `  settings: hash key ${settings.hashKey === null ? "none" : "yes"}, depth ${settings.maxDepth}, record ${settings.maxRecordBytes} bytes`,
    `  record (${record.length} bytes): ${JSON.stringify(record.toString("utf8").slice(0, 3000))}${record.equals(Buffer.from(record.toString("utf8"))) ? "" : ` not UTF-8: ${record.toString("base64").slice(0, 4000)}`}`,
    `  fast path and definition: ${what}`
  ].join("\n")

/** Sum of what became of records, to see that none was lost. */
export const closes = (counts: DecodeCounts): boolean => counts.records === counts.rows + sumOf(counts.deadLetters) + counts.empty
