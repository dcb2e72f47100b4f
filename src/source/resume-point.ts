import type { ShardPosition } from "../record/position.ts"
import type { FileEntry } from "./list-files.ts"
import { SourceError } from "./source.ts"

/** What a file's pages carry in `resume`, and get back with the shard's position. */
export interface Progress {
  /** Offset in the uncompressed content where reading goes on. */
  readonly end: number
  /** Size on disk when that was so. */
  readonly size: number
  /** Was everything up to `size` read? */
  readonly done: boolean
  readonly format: "line" | "document"
}

export const replaced = (source: string, path: string, how: string): SourceError =>
  new SourceError({
    source,
    reason: "Invalid",
    location: path,
    detail: `The file was replaced or cut: ${how}`,
    hint: "Give new data a new file name, or put the old content back; what was read before stays as it is."
  })

/** What to do with a file, given how far a table has it. */
export type ResumePoint =
  | { readonly kind: "skip" }
  | {
      readonly kind: "read"
      readonly start: number
      /** Does the record at `start` stand in the table already? */
      readonly skipFirst: boolean
      /** How the file was read before; undefined to look at name and content. */
      readonly format: "line" | "document" | undefined
    }

/**
 * The progress that a position carries. It counts only if it lies behind the position's own record: a commit inside a page stores a newer
 * position with the progress of an older page.
 */
export const progressOf = (position: ShardPosition): Progress | undefined => {
  const { end, size, done, format } = position.source ?? {}
  if (typeof end !== "number" || typeof size !== "number" || typeof done !== "boolean") return undefined
  if (format !== "line" && format !== "document") return undefined
  return end > Number(position.sequenceNumber) ? { end, size, done, format } : undefined
}

export const resumePoint = (
  source: string,
  file: FileEntry,
  gzip: boolean,
  known: { readonly progress: Progress | undefined; readonly sequenceNumber: string | undefined }
): ResumePoint => {
  const { progress, sequenceNumber } = known
  if (progress === undefined && sequenceNumber === undefined) {
    return file.size === 0 ? { kind: "skip" } : { kind: "read", start: 0, skipFirst: false, format: undefined }
  }
  const read = progress?.end ?? Number(sequenceNumber)
  // How much a gzip file holds is seen only when it is read again.
  if (file.size < (gzip ? 1 : read)) throw replaced(source, file.path, `${read} bytes of it were read, now it has ${file.size}`)
  if (progress === undefined) return { kind: "read", start: Number(sequenceNumber), skipFirst: true, format: undefined }
  if (progress.done && progress.size === file.size) return { kind: "skip" }
  return { kind: "read", start: progress.end, skipFirst: false, format: progress.format }
}
