import { gzipSync } from "node:zlib"
import { Effect } from "effect"
import { coordinatesOf, restingOf, type ShardPosition } from "../record/position.ts"
import { randomUuid } from "../record/random.ts"
import type { StoreShape } from "../store/store.ts"
import type { DomainMetadata } from "../table/actions.ts"
import { fromStore, type TableError } from "../table/errors.ts"
import type { Table } from "../table/table.ts"
import { retiredFolder } from "./layout.ts"
import { stageDomain } from "./log-keys.ts"
import type { PositionReader } from "./position-reader.ts"
import { domainOf, type PageContent, pageFrom, pageLines, pageOf, pageText, type RetiredPage, retiredPages } from "./retired.ts"

/** When positions retire, and how many at a time. */
export interface RetirementLimits {
  /**
   * Positions of one source that its table's log carries at most; more retire until half of that is left, but for those that change. Large values
   * make the log's checkpoints and the start of a process slow; small ones write more objects.
   */
  readonly live: number
  /** Positions of an object. Large values cost memory, and time whenever one is added; small ones make the log carry more objects. */
  readonly page: number
  /** Positions that retire with one commit beside those of its own batch: bounds what a lake pays that has never retired any. */
  readonly atOnce: number
}

export const defaultRetirement: RetirementLimits = { live: 512, page: 4096, atOnce: 4096 }

/** A shard that nobody is reading. */
export interface Resting {
  readonly shard: string
  readonly position: ShardPosition
  /** When it last changed, ms since 1970: what changed lately may do so again, and stays. */
  readonly since: number
  /** Is it of the batch that is being committed? */
  readonly isOfBatch: boolean
}

/**
 * Which positions retire with a commit.
 *
 * @param resting those that may
 * @param live how many the log would carry, those that may not retire among them
 */
export const chooseRetiring = (
  resting: ReadonlyArray<Resting>,
  live: number,
  pages: ReadonlyArray<RetiredPage>,
  source: string,
  limits: RetirementLimits
): ReadonlyArray<Resting> => {
  if (live <= limits.live) return []
  const surplus = live - Math.floor(limits.live / 2)
  let others = 0
  const chosen = [...resting]
    .sort((a, b) => a.since - b.since || (a.shard < b.shard ? -1 : 1))
    .filter(({ isOfBatch }) => isOfBatch || ++others <= limits.atOnce)
    .slice(0, surplus)
  const groups = [...Map.groupBy(chosen, ({ shard }) => pageOf(pages, source, shard)?.first ?? "").values()]
  // Where they are scattered, a few pages that take many are worth reading and writing, and the others wait.
  const most = 8 + Math.floor(chosen.length / 64)
  return groups
    .sort((a, b) => b.length - a.length)
    .slice(0, most)
    .flat()
}

/**
 * Writes the objects that these positions retire to, which nothing refers to before the commit. The objects of a commit that fails are left for `vacuum`.
 *
 * @param domains of the snapshot on which the commit rests
 * @returns what the commit has to say: where each position went, and what it was, so that the ranges of a shard can be followed through the log
 */
export const retire = (
  { reader, store, table }: { readonly reader: PositionReader; readonly store: StoreShape; readonly table: Table },
  domains: ReadonlyMap<string, string>,
  source: string,
  retiring: ReadonlyArray<Resting>,
  limits: RetirementLimits
): Effect.Effect<ReadonlyArray<DomainMetadata>, TableError> =>
  Effect.gen(function* () {
    const pages = retiredPages(domains)
    const groups = Map.groupBy(retiring, ({ shard }) => pageOf(pages, source, shard))
    const written = yield* Effect.forEach(groups, ([page, added]) =>
      Effect.gen(function* () {
        const before: PageContent = page === undefined ? new Map() : yield* reader.page(page)
        const isLast = page === undefined || pages.findLast((other) => other.source === source) === page
        return yield* Effect.forEach(cut(merge(before, added), page?.first ?? "", isLast, limits.page), ([first, content]) =>
          Effect.gen(function* () {
            const object = `${retiredFolder}/${yield* randomUuid}.jsonl.gz`
            const bytes = gzipSync(pageLines(content), { level: 1 })
            yield* Effect.mapError(store.put(`${table.path}/${object}`, bytes), fromStore(table.path))
            reader.keep(object, content)
            const now = pageFrom(source, first, object, content)
            return { domain: domainOf(now), configuration: pageText(now), removed: false }
          })
        )
      })
    )
    return [...retiring.map((each) => removal(source, each)), ...written.flat()]
  })

/** A position of the batch ends the range that the batch has read; another one stands where it stood. */
const removal = (source: string, { shard, position, isOfBatch }: Resting): DomainMetadata => {
  const last: ShardPosition = isOfBatch ? position : { from: coordinatesOf(position), ...restingOf(position) }
  return { domain: stageDomain(source, shard), configuration: JSON.stringify(last), removed: true }
}

/** The positions of a page and those that join them, in the order of their shards. */
const merge = (before: PageContent, added: ReadonlyArray<Resting>): ReadonlyArray<readonly [string, string]> => {
  const all = new Map(before)
  for (const { shard, position } of added) all.set(shard, JSON.stringify(restingOf(position)))
  return [...all].sort(([a], [b]) => (a < b ? -1 : 1))
}

/**
 * Cuts positions into pages, none of them too large. Shards mostly come one behind the other: at the end pages are filled; elsewhere they are made
 * equal, so that each has room.
 */
const cut = (
  positions: ReadonlyArray<readonly [string, string]>,
  first: string,
  isLast: boolean,
  most: number
): ReadonlyArray<readonly [first: string, content: PageContent]> => {
  const size = isLast ? most : Math.ceil(positions.length / Math.ceil(positions.length / most))
  const parts: Array<readonly [string, PageContent]> = []
  for (let i = 0; i < positions.length; i += size)
    parts.push([i === 0 ? first : (positions[i]?.[0] ?? ""), new Map(positions.slice(i, i + size))])
  return parts
}
