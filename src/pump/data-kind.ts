import type { Hit } from "../generate/hits/hit.ts"

/** What the lines of a file come to. */
export interface ReadLines {
  /** Reads a line; in the order of the file. */
  readonly add: (line: string) => void
  /** The hits of all lines, in order of arrival. */
  readonly hits: () => Iterable<Hit>
  /** Lines that say nothing that could be sent. */
  readonly unreadable: () => number
}

/** A kind of files, told by the first line. */
export interface DataKind {
  readonly name: string
  readonly holds: (firstLine: string) => boolean
  readonly read: (seed: number) => ReadLines
}
