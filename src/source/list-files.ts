import { type Dirent, readdirSync, realpathSync, type Stats, statSync } from "node:fs"
import { ioError } from "./io-error.ts"
import type { SourceError } from "./source.ts"

/** What stands in an input folder. Paths are absolute and real, so that one file has one name however it was reached. */
export type Entry =
  | { readonly kind: "file"; readonly path: string; readonly size: number; readonly modifiedAt: number }
  | { readonly kind: "skipped"; readonly path: string; readonly why: SkipReason }
  | { readonly kind: "failed"; readonly error: SourceError }

/** `hidden`: the name starts with `.` or `_`; `type`: not an extension that holds records; `special`: neither file nor folder, or a link to what is read elsewhere. */
export type SkipReason = "hidden" | "type" | "special"

export type FileEntry = Extract<Entry, { kind: "file" }>

/** How the content of a file is cut into records: known from its name, or to be seen in the content. */
export type NamedFormat = "line" | "document" | "unknown"

const extension = /\.([^.]*)$/
const byLine = new Set(["ndjson", "jsonl", "log", "txt"])

export const isGzip = (path: string): boolean => /\.gz$/i.test(path)

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
  modifiedAt: Math.floor(stats.mtimeMs)
})

/**
 * Everything below a folder in the byte order of paths, one directory at a time: memory grows with the largest directory, not with the tree.
 * Links are followed, except to what lies in the tree anyway, or was reached through another link.
 *
 * @param root real path of the folder
 */
export function* listFiles(source: string, root: string): Generator<Entry, void> {
  const linked = new Set<string>()
  const readHere = (path: string): boolean => inside(root, path) || inside(path, root) || linked.has(path)

  function* folder(path: string): Generator<Entry, void> {
    let entries: ReadonlyArray<Dirent>
    try {
      entries = readdirSync(path, { withFileTypes: true })
    } catch (cause) {
      return yield { kind: "failed", error: ioError(source, path, cause) }
    }
    for (const entry of inByteOrder(entries)) {
      const child = path === "/" ? `/${entry.name}` : `${path}/${entry.name}`
      if (/^[._]/.test(entry.name)) yield { kind: "skipped", path: child, why: "hidden" }
      else yield* one(child, entry.isSymbolicLink())
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
      else if (formatOfName(path) === undefined) yield { kind: "skipped", path, why: "type" }
      else yield fileEntry(path, stats)
    } catch (cause) {
      yield { kind: "failed", error: ioError(source, found, cause) }
    }
  }

  yield* folder(root)
}

/** Folders sort as if their name ended in `/`, which makes the walk give whole paths in byte order. */
const inByteOrder = (entries: ReadonlyArray<Dirent>): ReadonlyArray<Dirent> =>
  entries
    .map((entry) => ({ entry, key: Buffer.from(entry.isDirectory() ? `${entry.name}/` : entry.name) }))
    .sort((a, b) => Buffer.compare(a.key, b.key))
    .map(({ entry }) => entry)

const inside = (folder: string, path: string): boolean => path === folder || path.startsWith(folder === "/" ? "/" : `${folder}/`)
