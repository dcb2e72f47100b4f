import { statSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { Stream } from "effect"
import type { RecordPage } from "../record/record.ts"
import type { FilesSource } from "./files.ts"
import { type Entry, fileEntry, listFiles } from "./list-files.ts"
import type { Source } from "./source.ts"

/** Names looked at in one go: a look at a hundred thousand takes a noticeable time. */
const namesAtATime = 500

/** A source of files, and how much of them was read. */
export interface Shared {
  readonly source: Source
  /** Share of the bytes on the disk that was read, 0 to 1; null as long as nobody knows. Files come in the order of their paths. */
  readonly share: () => number | null
}

/**
 * Knows of a source of files how much of them was read, by their sizes: what was read earlier counts as read. The folder is measured a few hundred names
 * each time that somebody asks. Where that would not be a look at a disk, nobody knows.
 */
export const withShare = (source: FilesSource): Shared => {
  if (!source.location.startsWith("file:")) return { source, share: () => null }
  const share = new Share(source)
  return {
    source: {
      ...source,
      pages: (resume) =>
        Stream.map(source.pages(resume), (page) => {
          share.reached(page)
          return page
        })
    },
    share: () => share.now()
  }
}

const entriesOf = ({ name, takes }: FilesSource, root: string): Iterator<Entry, void> => {
  const stats = statSync(root, { throwIfNoEntry: false })
  return stats?.isFile() === true ? [fileEntry(root, stats)][Symbol.iterator]() : listFiles(name, root, takes)
}

class Share {
  readonly #all: Iterator<Entry, void>
  readonly #read: Iterator<Entry, void>
  #total = 0
  #measured = false
  /** Bytes of the files before the one that is read. */
  #before = 0
  #current: Extract<Entry, { kind: "file" }> | null = null
  #within = 0
  #lost = false

  constructor(source: FilesSource) {
    const root = fileURLToPath(source.location)
    this.#all = entriesOf(source, root)
    this.#read = entriesOf(source, root)
  }

  reached({ shard, resume }: RecordPage): void {
    while (!this.#lost && this.#current?.path !== shard) {
      this.#before += this.#current?.size ?? 0
      this.#current = null
      const { value, done } = this.#read.next()
      // A file that is gone by now, or another name for it: then there is nothing to say.
      if (done === true) this.#lost = true
      else if (value.kind === "file") this.#current = value
    }
    const size = this.#current?.size ?? 0
    const end = resume?.["end"]
    // Of compressed files nobody knows how far they are read.
    this.#within = typeof end === "number" && !/\.gz$/i.test(shard) ? Math.min(end, size) : 0
  }

  now(): number | null {
    for (let i = 0; i < namesAtATime && !this.#measured; i++) {
      const { value, done } = this.#all.next()
      if (done === true) this.#measured = true
      else if (value.kind === "file") this.#total += value.size
    }
    if (!this.#measured || this.#lost || this.#total === 0) return null
    return Math.min(1, (this.#before + this.#within) / this.#total)
  }
}
