import { isUtf8 } from "node:buffer"
import { type Dirent, readdirSync, realpathSync, type Stats, statSync } from "node:fs"
import { SourceError } from "../record/source-error.ts"
import { ioError } from "./io-error.ts"
import { lakeOf } from "./lake-folders.ts"

/** What stands in an input folder. Paths are absolute and real, so that one file has one name however it was reached. */
export type Entry =
  | FileEntry
  | { readonly kind: "skipped"; readonly path: string; readonly why: SkipReason }
  /** A folder that Sluice has written, by the lake that it belongs to, or another Delta table. */
  | { readonly kind: "lake"; readonly lake: string }
  | { readonly kind: "failed"; readonly error: SourceError }

/** `hidden`: the name starts with `.` or `_`; `type`: not an extension that holds records; `special`: neither file nor folder, or a link to what is read elsewhere. */
export type SkipReason = "hidden" | "type" | "special"

export interface FileEntry {
  readonly kind: "file"
  readonly path: string
  /** What the shard of its records is called; undefined: as its path. */
  readonly shard?: string
  readonly size: number
  /** When its content was last written, as far as it says; ms since 1970. */
  readonly modifiedAt: number
  /** When it was last changed in any way, which nobody can set; ms since 1970, with a fraction. */
  readonly changedAt: number
  /** Tells it from another file of the same name; undefined: nothing does but its content. */
  readonly inode?: number
  /** What a bucket knows its content by: another content has another. */
  readonly tag?: string | undefined
}

/** How the content of a file is cut into records: known from its name, or to be seen in the content. */
export type NamedFormat = "line" | "document" | "unknown"

const extension = /\.([^.]*)$/
const byLine = new Set(["ndjson", "jsonl", "log", "txt"])

/** Such a file may hold records, whatever the rest of its name says. */
export const hasGzipName = (path: string): boolean => /\.gz$/i.test(path)

/** Format that a file's name promises; undefined where such a file is not taken from a folder. */
export const formatOfName = (path: string): NamedFormat | undefined => {
  const name = path.slice(path.lastIndexOf("/") + 1).replace(/\.gz$/i, "")
  const ext = extension.exec(name)?.[1]?.toLowerCase()
  if (ext === undefined || ext === "json") return "unknown"
  return byLine.has(ext) ? "line" : undefined
}

/** @param stats of the file itself, links followed */
export const fileEntry = (path: string, stats: Stats): FileEntry => ({
  kind: "file",
  path,
  size: stats.size,
  modifiedAt: Math.floor(stats.mtimeMs),
  changedAt: stats.ctimeMs,
  inode: stats.ino
})

/**
 * Everything below a folder in the byte order of paths, one directory at a time: memory grows with the largest directory, not with the tree.
 * Links are followed, except to what lies in the tree anyway, or was reached through another link.
 *
 * @param root real path of the folder
 * @param takes is a file of this path wanted? Default: files of JSON
 */
export function* listFiles(
  source: string,
  root: string,
  takes: (path: string) => boolean = (path) => formatOfName(path) !== undefined
): Generator<Entry, void> {
  const linked = new Set<string>()
  const readHere = (path: string): boolean => inside(root, path) || inside(path, root) || linked.has(path)

  function* folder(path: string): Generator<Entry, void> {
    let entries: ReadonlyArray<Dirent<Buffer>>
    try {
      entries = readdirSync(path, { withFileTypes: true, encoding: "buffer" })
    } catch (cause) {
      return yield { kind: "failed", error: ioError(source, path, cause) }
    }
    const lake = lakeOf(path)
    if (lake !== undefined) return yield { kind: "lake", lake }
    for (const entry of inByteOrder(entries)) {
      const name = entry.name.toString()
      const child = path === "/" ? `/${name}` : `${path}/${name}`
      if (/^[._]/.test(name)) yield { kind: "skipped", path: child, why: "hidden" }
      else if (isUtf8(entry.name)) yield* one(child, entry.isSymbolicLink())
      else yield { kind: "failed", error: unreadableName(source, path, entry.name) }
    }
  }

  function* one(found: string, isLink: boolean): Generator<Entry, void> {
    try {
      const path = isLink ? realpathSync(found) : found
      if (isLink && readHere(path)) return yield { kind: "skipped", path: found, why: "special" }
      if (isLink) linked.add(path)
      const stats = statSync(path)
      if (stats.isDirectory()) return yield* folder(path)
      if (!stats.isFile()) yield { kind: "skipped", path, why: "special" }
      else if (!takes(path)) yield { kind: "skipped", path, why: "type" }
      else yield fileEntry(path, stats)
    } catch (cause) {
      yield { kind: "failed", error: ioError(source, found, cause) }
    }
  }

  yield* folder(root)
}

/** A path is text wherever it is kept: in positions, coordinates and lineage. */
const unreadableName = (source: string, folder: string, name: Buffer): SourceError =>
  new SourceError({
    source,
    reason: "Invalid",
    location: `${folder}/${name.toString("latin1").replace(/[^ -~]/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, "0")}`)}`,
    detail: "The name is not UTF-8",
    hint: "Rename it, for instance with `convmv`; everything else is read."
  })

const slash = Buffer.from("/")

/** Folders sort as if their name ended in `/`, which makes the walk give whole paths in byte order. */
const inByteOrder = (entries: ReadonlyArray<Dirent<Buffer>>): ReadonlyArray<Dirent<Buffer>> =>
  entries
    .map((entry) => ({ entry, key: entry.isDirectory() ? Buffer.concat([entry.name, slash]) : entry.name }))
    .sort((a, b) => Buffer.compare(a.key, b.key))
    .map(({ entry }) => entry)

/** Is a path the folder itself, or below it? */
export const inside = (folder: string, path: string): boolean => path === folder || path.startsWith(folder === "/" ? "/" : `${folder}/`)

/** Path of a file below the folder that was listed. What a link leads to is somewhere else: it has its name. */
export const pathBelow = (root: string, path: string): string =>
  inside(root, path) ? path.slice(root === "/" ? 1 : root.length + 1) : path.slice(path.lastIndexOf("/") + 1)
