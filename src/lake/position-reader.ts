import { gunzipSync } from "node:zlib"
import { Effect } from "effect"
import { countsOf, type ShardPosition } from "../record/position.ts"
import { StoreError, type StoreShape } from "../store/store.ts"
import { fromStore, fromThrown, TableError } from "../table/errors.ts"
import type { Table } from "../table/table.ts"
import { parsePosition, positionsOf } from "./positions.ts"
import { type PageContent, pageOf, parseLines, type RetiredPage, restoreObject, retiredPages } from "./retired.ts"

/** Memory of the pages that are kept, in bytes. Shards mostly come in their order, and so do pages; those that come late are scattered. */
const keptBytes = 16 * 1024 * 1024

/** What a position on a page takes beside its texts, in bytes. */
const entryBytes = 128

const bytesOf = (content: PageContent): number => {
  let bytes = 0
  for (const [shard, position] of content) bytes += shard.length + position.length + entryBytes
  return bytes
}

const isGone = ({ cause }: TableError): boolean => cause instanceof StoreError && cause.reason === "NotFound"

/** Where a shard stands, and whether that is in an object by now. */
export interface StoredAt {
  readonly position: ShardPosition
  readonly hasRetired: boolean
}

/**
 * Finds the position of a shard, be it in the log or retired. Of retired ones it keeps the last pages, as many as have room: memory does
 * not grow with the number of files, and who asks in the order of their names has each page fetched once.
 */
export class PositionReader {
  readonly #table: Table
  readonly #store: StoreShape
  readonly #most: number
  /** By object, the latest last. */
  readonly #kept = new Map<string, { readonly content: PageContent; readonly bytes: number }>()
  #bytes = 0

  /** @param most memory of the pages that are kept, in bytes; one is in any case */
  constructor(table: Table, store: StoreShape, most = keptBytes) {
    this.#table = table
    this.#store = store
    this.#most = most
  }

  /** The position as of a snapshot's domains; null: the shard has none, undefined: its page has to be fetched first. */
  atHand(domains: ReadonlyMap<string, string>, source: string, shard: string): StoredAt | null | undefined {
    const live = positionsOf(domains, source).get(shard)
    if (live !== undefined) return { position: live, hasRetired: false }
    const page = pageOf(retiredPages(domains), source, shard)
    if (page === undefined) return null
    const kept = this.#kept.get(page.object)
    if (kept === undefined) return undefined
    const text = kept.content.get(shard)
    if (text === undefined) return null
    const position = parsePosition(text)
    return { position: { ...position, retired: countsOf(position) }, hasRetired: true }
  }

  /** The same, fetched where it is not at hand. Fails with `Corrupt` or `Store` where the object cannot be read: that says nothing of the shard. */
  find(domains: ReadonlyMap<string, string>, source: string, shard: string): Effect.Effect<StoredAt | null, TableError> {
    return Effect.suspend(() => {
      const found = this.atHand(domains, source, shard)
      if (found !== undefined) return Effect.succeed(found)
      const page = pageOf(retiredPages(domains), source, shard)
      if (page === undefined) return Effect.succeed(null)
      return this.page(page).pipe(
        Effect.flatMap(() => this.find(domains, source, shard)),
        // Another process has put another object in its place, so long ago that this one was deleted.
        Effect.catchIf(isGone, (error) =>
          Effect.flatMap(this.#table.snapshot, (now) =>
            pageOf(retiredPages(now.domains), source, shard)?.object === page.object
              ? Effect.fail(error)
              : this.find(now.domains, source, shard)
          )
        )
      )
    })
  }

  /** The positions of a page, each as text. Errors as those of `find`. */
  page(page: RetiredPage): Effect.Effect<PageContent, TableError> {
    return Effect.suspend(() => {
      const kept = this.#kept.get(page.object)
      if (kept !== undefined) {
        this.keep(page.object, kept.content)
        return Effect.succeed(kept.content)
      }
      return this.#store.get(`${this.#table.path}/${page.object}`).pipe(
        Effect.mapError((error) => (error.reason === "NotFound" ? this.#lost(page, error) : fromStore(this.#table.path)(error))),
        Effect.flatMap((bytes) =>
          Effect.try({
            try: () => parseLines(page, gunzipSync(bytes).toString()),
            catch: fromThrown(this.#table.path, `reading ${page.object}`)
          })
        ),
        Effect.tap((content) => Effect.sync(() => this.keep(page.object, content)))
      )
    })
  }

  #lost({ object }: RetiredPage, cause: StoreError): TableError {
    const problem = `${object}, which has the positions of files read long ago, is gone`
    return new TableError({ table: this.#table.path, reason: "Corrupt", problem, hint: restoreObject, cause })
  }

  /** Has the content of a page at hand, as one that was just written. */
  keep(object: string, content: PageContent): void {
    const known = this.#kept.get(object)
    const bytes = known?.bytes ?? bytesOf(content)
    this.#kept.delete(object)
    this.#kept.set(object, { content, bytes })
    if (known === undefined) this.#bytes += bytes
    for (const [oldest, { bytes }] of this.#kept) {
      if (this.#bytes <= this.#most || this.#kept.size === 1) return
      this.#kept.delete(oldest)
      this.#bytes -= bytes
    }
  }
}
