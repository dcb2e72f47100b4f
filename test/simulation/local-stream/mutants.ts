import type { Mutant } from "../mutants.ts"

/** Ways to break a stream in a folder. */
export const localMutants: ReadonlyArray<Mutant> = [
  {
    name: "answered-before-sync",
    world: "local",
    why: "a put is answered when its records are written, before they are on the disk",
    edits: [
      {
        file: "src/stream/local/writer.ts",
        from: 'segment(end.segment), "log")',
        to: 'segment(end.segment), "write")'
      }
    ]
  },
  {
    name: "told-before-sync",
    world: "local",
    why: "readers of other processes see records that a power loss takes back, whose numbers others get",
    edits: [
      {
        file: "src/stream/local/writer.ts",
        from: "      yield* this.#file.write([header, ...records], offset)\n",
        to: "      yield* this.#durableFile.write([encodeDurable(end, seed)], 0)\n      yield* this.#file.write([header, ...records], offset)\n"
      }
    ]
  },
  {
    name: "cut-tail-served",
    world: "local",
    why: "a frame of which a power loss left a part is taken for whole",
    edits: [
      {
        file: "src/stream/local/frame.ts",
        from: "  bytes.readUInt32LE(at + 4) === crc32(bytes.subarray(at + checkedFrom, at + frameBytes(frame)), seed)",
        to: "  seed >= 0"
      }
    ]
  },
  {
    name: "unacknowledged-tail-served",
    world: "local",
    why: "a reader goes on to the end of the file, acknowledged or not",
    edits: [
      {
        file: "src/stream/local/reader.ts",
        from: "segment === this.#durable.segment ? this.#durable.offset : yield* file.size",
        to: "segment < 0 ? this.#durable.offset : yield* file.size"
      }
    ]
  },
  {
    name: "recovered-tail-not-synced",
    world: "local",
    why: "what a dead process left in the memory of the system is served before it is on the disk",
    edits: [{ file: "src/stream/local/recover.ts", from: "        yield* file.sync\n", to: "" }]
  },
  {
    name: "offset-off-by-one",
    world: "local",
    why: "an iterator that stands at a record begins behind it",
    edits: [
      {
        file: "src/stream/local/reader.ts",
        from: "if (sequenceNumber < this.#cursor.next) return true",
        to: "if (sequenceNumber <= this.#cursor.next) return true"
      }
    ]
  },
  {
    name: "number-off-by-one",
    world: "local",
    why: "who puts is told the number of the next record",
    edits: [{ file: "src/stream/local/writer.ts", from: "let sequenceNumber = first\n", to: "let sequenceNumber = first + 1\n" }]
  },
  {
    name: "new-segment-without-a-name",
    world: "local",
    why: "the name of a new segment is not on the disk when its records are acknowledged",
    edits: [{ file: "src/stream/local/writer.ts", from: "        yield* disk.syncFolder(folder)\n", to: "" }]
  },
  {
    name: "two-writers",
    world: "local",
    why: "nobody looks whether somebody else has the lock",
    edits: [
      {
        file: "src/stream/local/local-stream.ts",
        from: "yield* Effect.acquireRelease(takeLock(now + lockMillis), (unlock) => unlock)",
        to: "yield* Effect.ignore(takeLock(now))"
      }
    ]
  },
  {
    name: "gap-not-told",
    world: "local",
    why: "records that were let go of before they were read are passed over in silence",
    edits: [
      {
        file: "src/stream/local/reader.ts",
        from: "...(missing === 0 ? {} : { trimmedBefore: missing })",
        to: "...(missing === 0 ? {} : {})"
      }
    ]
  }
]
