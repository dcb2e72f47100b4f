import type { StoredBytes } from "./byte-reader.ts"
import type { Entry, FileEntry } from "./list-files.ts"

/**
 * Where files of records lie: on the disk, or in a bucket, whose objects are files too. The names of its files are unlike those of any other place: a
 * shard is named so.
 */
export interface Place {
  /** Begins the names of all that lies there: a real path, or `s3://bucket/prefix`. Without a slash at its end. */
  readonly root: string
  /** URI, for lineage. */
  readonly location: string
  /** Is it one file, whatever it is called? */
  readonly isFile: boolean
  /** Does a file appear whole, and take the place of another one as a whole? Otherwise it may be seen while it is written. */
  readonly appearWhole: boolean
  /**
   * Looks at everything that lies there, in the byte order of names. What cannot be looked at is an entry, too.
   *
   * @param takes is a file of this name wanted?
   * @param signal nobody waits for it any more
   */
  readonly entries: (takes: (path: string) => boolean, signal: AbortSignal) => Iterable<Entry> | AsyncIterable<Entry>
  /** Opens a file as it was when it was listed. Rejects with `SourceError`. */
  readonly open: (file: FileEntry, signal: AbortSignal) => Promise<StoredBytes>
}
