import { Malformed } from "../record/malformed.ts"
import { noCounts, plusCounts, type ShardCounts } from "../record/position.ts"
import type { OwnObjects } from "../table/maintenance.ts"
import { retiredFolder } from "./layout.ts"
import { retiredDomain, retiredPrefix } from "./log-keys.ts"
import { parsePosition, storedPositions } from "./positions.ts"

/**
 * A table would carry the position of every file that was ever read. Those of files at rest retire: they leave the log for objects below the table,
 * each of which has the positions of some thousands of shards that follow each other as text. The log keeps one domain an object, which names it and
 * says what its positions come to.
 *
 * Invariants, kept by the rules by which commits conflict:
 * - A shard retires by a commit that removes its domain and names the object that has its position now. Whoever commits the shard meanwhile, or
 *   another object of these shards, conflicts.
 * - An object never changes: what is added makes another one, named in place of the first.
 * - A shard that is read again gets a domain again, which tells more than the object and says in `retired` what the object counts of it.
 */
export interface RetiredPage extends ShardCounts {
  /** Of the shards, the first that may stand here; empty: all that come before the next page. */
  readonly first: string
  readonly source: string
  /** Key below the table. */
  readonly object: string
  readonly shards: number
  /** Latest of the positions' arrival times, ISO 8601; empty: none has one. */
  readonly arrivedAt: string
}

/** What the domain of a page holds; written by `JSON.stringify` of the same type. */
const parsePage = (source: string, first: string, configuration: string): RetiredPage => ({ source, first, ...JSON.parse(configuration) })

/** The configuration of a page's domain. */
export const pageText = ({ object, shards, records, rows, deadLetters, empty, arrivedAt }: RetiredPage): string =>
  JSON.stringify({ object, shards, records, rows, deadLetters, empty, arrivedAt })

type Domains = ReadonlyMap<string, string>

/** Domains never change, and are asked once for every file. */
const known = new WeakMap<Domains, ReadonlyArray<RetiredPage>>()

/** All pages of a table, in the order of their shards; those of a source follow each other. */
export const retiredPages = (domains: Domains): ReadonlyArray<RetiredPage> => {
  const before = known.get(domains)
  if (before !== undefined) return before
  const pages: Array<RetiredPage> = []
  for (const [domain, configuration] of domains) {
    if (!domain.startsWith(retiredPrefix)) continue
    const slash = domain.indexOf("/", retiredPrefix.length)
    pages.push(parsePage(domain.slice(retiredPrefix.length, slash), domain.slice(slash + 1), configuration))
  }
  pages.sort((a, b) => (a.source === b.source ? (a.first < b.first ? -1 : 1) : a.source < b.source ? -1 : 1))
  known.set(domains, pages)
  return pages
}

/** Is a shard of a source to be looked for in this page, or in one after it? */
const isFrom = ({ source, first }: RetiredPage, of: string, shard: string): boolean => source < of || (source === of && first <= shard)

/** The page on which a shard stands if it has retired; undefined: none of its source's has. */
export const pageOf = (pages: ReadonlyArray<RetiredPage>, source: string, shard: string): RetiredPage | undefined => {
  let low = 0
  let high = pages.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const page = pages[middle]
    if (page !== undefined && isFrom(page, source, shard)) low = middle + 1
    else high = middle
  }
  const found = pages[low - 1]
  return found?.source === source ? found : undefined
}

/** The positions of a page by shard, each as its text. */
export type PageContent = ReadonlyMap<string, string>

/** The lines of an object: one position a line, as `["shard",{…}]`, in the order of the shards. */
export const pageLines = (content: PageContent): string =>
  [...content].map(([shard, position]) => `[${JSON.stringify(shard)},${position}]\n`).join("")

const line = /^\[("(?:[^"\\]|\\.)*"),(\{.*\})\]$/s

/** Reads {@link pageLines}. Throws `Malformed` where the lines are not those of this page. */
export const parseLines = (page: RetiredPage, text: string): PageContent => {
  const content = new Map<string, string>()
  for (const each of text.split("\n")) {
    if (each === "") continue
    const [, shard, position] = line.exec(each) ?? []
    if (shard === undefined || position === undefined) throw damaged(page, `line ${content.size + 1} is no position`)
    content.set(JSON.parse(shard), position)
  }
  if (content.size !== page.shards) throw damaged(page, `it has ${content.size} positions, the log says ${page.shards}`)
  return content
}

export const restoreObject = "Restore this object from a copy of the lake: without it nobody knows what of these files was read."

const damaged = ({ object }: RetiredPage, problem: string): Malformed =>
  new Malformed("Corrupt", `the retired positions in ${object}: ${problem}`, restoreObject)

/** A page of these positions. */
export const pageFrom = (source: string, first: string, object: string, content: PageContent): RetiredPage => {
  let sums = noCounts
  let latest = ""
  for (const text of content.values()) {
    const position = parsePosition(text)
    sums = plusCounts(sums, position)
    if (position.arrivedAt > latest) latest = position.arrivedAt
  }
  return { source, first, object, shards: content.size, ...sums, arrivedAt: latest }
}

/** The domain of a page. */
export const domainOf = ({ source, first }: RetiredPage): string => retiredDomain(source, first)

export interface PositionTotals extends ShardCounts {
  readonly shards: number
  /** Latest arrival time of a record, ISO 8601; null: there was none. */
  readonly lastArrival: string | null
}

/** What all positions of a table come to, wherever they stand. */
export const positionTotals = (domains: Domains): PositionTotals => {
  let shards = 0
  let counts = noCounts
  let lastArrival: string | null = null
  const add = (of: ShardCounts, more: number, arrivedAt: string) => {
    shards += more
    counts = plusCounts(counts, of)
    if (arrivedAt !== "" && (lastArrival === null || arrivedAt > lastArrival)) lastArrival = arrivedAt
  }
  for (const page of retiredPages(domains)) add(page, page.shards, page.arrivedAt)
  for (const { position } of storedPositions(domains)) {
    // One that has come back stands on its page as well.
    const { retired } = position
    add(position, retired === undefined ? 1 : 0, position.arrivedAt)
    if (retired !== undefined) counts = plusCounts(counts, retired, -1)
  }
  return { shards, ...counts, lastArrival }
}

/** What `vacuum` has to know of the objects: those that a snapshot names stay. */
export const retiredObjects: OwnObjects = {
  holds: (path) => path.startsWith(`${retiredFolder}/`),
  needed: ({ domains }) => new Set(retiredPages(domains).map(({ object }) => object))
}
