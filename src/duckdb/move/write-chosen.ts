import { Effect } from "effect"
import { randomUuid } from "../../record/random.ts"
import { addPath } from "../../table/table.ts"
import { divided } from "./divide.ts"
import { type Move, memoryShares, type NewFile, type StoredFile, type Target } from "./move.ts"
import type { SliceThreads } from "./slice-threads.ts"
import { type MoveFailure, sizesOf, type WrittenFile, writeRows } from "./write-rows.ts"

/** Moves the rows of `chosen` from the files that hold them to files of the target by partition, in the order of their places. */
export const writeChosen = (
  target: Target,
  run: Move,
  files: ReadonlyArray<StoredFile>,
  threads: SliceThreads
): Effect.Effect<ReadonlyArray<NewFile>, MoveFailure> =>
  Effect.gen(function* () {
    const { db, store } = run
    const { columns, targetFileBytes, tablePath } = target
    // What rows take while they move is bounded without it: it only has to say where they stand.
    yield* db.useMemory(memoryShares.moving)
    const sizes = yield* sizesOf(run, files)
    const near = yield* divided(columns, run, files, sizes, threads)
    const written: Array<NewFile> = []
    const begun: Array<string> = []
    const upload = Effect.fnUntraced(function* (partition: string) {
      const path = addPath(target.valuesOf(partition), `part-${yield* randomUuid}.zstd.parquet`)
      const key = `${tablePath}/${path}`
      begun.push(key)
      return { path, upload: yield* store.upload(key) }
    })
    const rows = {
      table: "chosen",
      columns,
      targetFileBytes,
      keepsPartitions: near.files === files,
      upload,
      onFile: ({ path, partition, rows, ...file }: WrittenFile) =>
        written.push({ add: { path, partitionValues: target.valuesOf(partition), ...file }, rows }),
      onRows: near.onRows
    }
    // What was put before a failure was never named by a commit, so nobody misses it.
    const discard = () => Effect.ignore(store.delete(begun))
    yield* Effect.onError(writeRows(rows, near.run, near.files, sizes.most, threads), discard)
    yield* db.useMemory(1)
    return written
  })
