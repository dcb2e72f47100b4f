import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { Effect, type Scope, Stream } from "effect"
import type { Position, ShardPosition } from "../../src/record/position.ts"
import { arrivedAt, type RecordPage } from "../../src/record/record.ts"
import type { SourceError } from "../../src/record/source-error.ts"
import type { Source } from "../../src/source/source.ts"

/** A record as tests compare it. */
export interface Seen extends Position {
  readonly shard: string
  readonly text: string
  readonly arrivedAt: number
}

export const recordsOf = (page: RecordPage): ReadonlyArray<Seen> =>
  Array.from({ length: page.count }, (_, i) => ({
    shard: page.shard,
    sequenceNumber: page.sequenceNumbers[i] ?? "?",
    subSequenceNumber: page.subSequenceNumbers?.[i] ?? 0,
    text: Buffer.from(page.bytes.subarray(page.starts[i], page.ends[i])).toString(),
    arrivedAt: arrivedAt(page, i)
  }))

export const pagesOf = (source: Source, resume: ReadonlyMap<string, ShardPosition> = new Map()) => Stream.runCollect(source.pages(resume))

/** The texts of all records. */
export const textsOf = (source: Source, resume: ReadonlyMap<string, ShardPosition> = new Map()) =>
  Effect.map(pagesOf(source, resume), (pages) => pages.flatMap(recordsOf).map((record) => record.text))

/** The pages that came before the source failed, and the failure. */
export const untilFailure = (source: Source, resume: ReadonlyMap<string, ShardPosition> = new Map()) =>
  Effect.gen(function* () {
    const pages: Array<RecordPage> = []
    const error: SourceError = yield* Effect.flip(Stream.runForEach(source.pages(resume), (page) => Effect.sync(() => pages.push(page))))
    return { error, texts: pages.flatMap(recordsOf).map((record) => record.text), positions: positionsAfter(pages) }
  })

export const shardPosition = (position: Position, source: ShardPosition["source"]): ShardPosition => ({
  sequenceNumber: position.sequenceNumber,
  subSequenceNumber: position.subSequenceNumber,
  arrivedAt: "2024-01-01T00:00:00.000Z",
  records: 0,
  rows: 0,
  deadLetters: 0,
  empty: 0,
  source
})

/** What a table stores once these pages are committed. */
export const positionsAfter = (
  pages: ReadonlyArray<RecordPage>,
  before: ReadonlyMap<string, ShardPosition> = new Map()
): Map<string, ShardPosition> => {
  const positions = new Map(before)
  for (const page of pages) {
    const old = positions.get(page.shard)
    const last = recordsOf(page).at(-1)
    const position = last ?? old ?? page.position
    if (position === undefined) throw new Error("a page without records or position, of a shard without position")
    const arrivedAt = last === undefined ? (old?.arrivedAt ?? "") : new Date(last.arrivedAt).toISOString()
    positions.set(page.shard, { ...shardPosition(position, page.resume ?? old?.source), arrivedAt })
  }
  return positions
}

/** A folder that is gone when the test's scope closes. */
export const folderWith = (files: Readonly<Record<string, string | Uint8Array>>): Effect.Effect<string, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const folder = mkdtempSync(join(tmpdir(), "sluice-source-"))
      for (const [path, content] of Object.entries(files)) put(folder, path, content)
      return folder
    }),
    (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
  )

export const put = (folder: string, path: string, content: string | Uint8Array): void => {
  mkdirSync(dirname(join(folder, path)), { recursive: true })
  writeFileSync(join(folder, path), content)
}

/** The same, and the file system's clock, which may tick but every few milliseconds, tells that it is another file than before. */
export const change = (folder: string, path: string, content: string | Uint8Array): void => {
  const changed = () => statSync(join(folder, path), { throwIfNoEntry: false })?.ctimeMs
  const before = changed()
  do put(folder, path, content)
  while (changed() === before)
}
