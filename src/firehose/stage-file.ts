import { Effect } from "effect"
import type { CompiledContract } from "../contract/compile.ts"
import { deliveryStreamOf, partitionOfFolders } from "../lake/firehose.ts"
import { ForeignColumns, ForeignFiles, footerLength } from "../parquet/foreign-file.ts"
import { UnlikeFile } from "../parquet/leaf-values.ts"
import { coordinateColumns, stageColumns } from "../record/system-columns.ts"
import { Store, type StoreError } from "../store/store.ts"
import type { AddFile } from "../table/actions.ts"

/** A file that Firehose wrote, as the log of the stage is to say it. */
export interface StageFile {
  readonly add: AddFile
  readonly rows: number
  /** Before they were compressed. */
  readonly rawBytes: number
}

/** An object of which there is nothing to register: another's, or empty. `problem`: why it must not be, as sentences; null: there is nothing wrong with it. */
export interface NoFile {
  readonly problem: string | null
}

export const isNoFile = (file: StageFile | NoFile): file is NoFile => "problem" in file

/** The end of an object that is fetched at once: the footer of most files. */
const firstTail = 64 * 1024
/** Beyond that it is no footer of a file of stage. */
const largestFooter = 64 * 1024 * 1024

/** Looks at objects below a stage: reads their footers, and nothing else of them. */
export class StageFiles {
  readonly #stagePath: string
  readonly #files: ForeignFiles

  constructor({ columns }: CompiledContract, stagePath: string) {
    this.#stagePath = stagePath
    this.#files = new ForeignFiles(
      stageColumns(columns),
      coordinateColumns.map(({ name }) => name)
    )
  }

  /** What an object is to the table. Fails where the store does, but for an object that is gone. @param path below the stage */
  look(path: string): Effect.Effect<StageFile | NoFile, StoreError, Store> {
    // Whoever else writes below a stage adds a file by a commit of its own, or does not mean to: a file of a writer that has not committed yet would be in the table twice.
    if (deliveryStreamOf(path) === null) {
      const nothing = Effect.succeed({ problem: null })
      return isNotData(path) || isOfTable(path) ? nothing : Effect.andThen(Effect.logWarning(foreign(path)), nothing)
    }
    if (isNotData(path)) return Effect.succeed(refused(path, "readers take it for hidden, by its name", nameOtherwise))
    return Effect.catchIf(
      this.#look(path),
      ({ reason }) => reason === "NotFound" || reason === "Invalid",
      ({ reason, hint }) =>
        Effect.succeed({
          problem:
            reason === "NotFound"
              ? `${path} is gone. If vacuum took it, restore it from a version of the bucket, and send the notification again.`
              : `${path} cannot be read from the lake. ${hint}`
        })
    )
  }

  #look(path: string): Effect.Effect<StageFile | NoFile, StoreError, Store> {
    return Effect.gen({ self: this }, function* () {
      const store = yield* Store
      const key = `${this.#stagePath}/${path}`
      const { size, modifiedAt } = yield* store.head(key)
      if (size === 0) return { problem: null }
      let tail = yield* store.getRange(key, Math.max(0, size - firstTail), size)
      const length = footerLength(tail)
      if (length === 0) return refused(path, "it does not end as a Parquet file does: it is none, or was cut off")
      if (length > Math.min(size, largestFooter)) return refused(path, `its footer says that it has ${length} bytes`)
      if (length > tail.length) tail = yield* store.getRange(key, size - length, size)
      const file = this.#read(path, tail, size)
      if ("problem" in file) return file
      const partitionValues = partitionOfFolders(path)
      if (partitionValues === null) return refused(path, "its folders name no hour", nameHours)
      const { rows, rawBytes, stats } = file
      return { rows, rawBytes, add: { path, partitionValues, size, modificationTime: Math.floor(modifiedAt), stats, dataChange: true } }
    })
  }

  #read(path: string, tail: Uint8Array, size: number) {
    try {
      const file = this.#files.read(tail, size)
      return file === null || file.rows === 0 ? { problem: null } : file
    } catch (cause) {
      const isForeign = cause instanceof UnlikeFile || cause instanceof ForeignColumns
      return isForeign
        ? refused(path, cause.message, deployTogether)
        : refused(path, `its footer is damaged (${cause instanceof Error ? cause.message : String(cause)})`)
    }
  }
}

const deployTogether =
  "Give the columns of Glue that Firehose writes by, and the functions, the same contract; then send the notification of the object again."
const nameHours = "Let Firehose write below ingest_date=!{timestamp:yyyy-MM-dd}/ingest_hour=!{timestamp:HH}/, and copy the object there."
const nameOtherwise = "Let a delivery stream, and folders, whose names begin with neither _ nor . write here, and copy the object there."
const writeAgain = "Nothing of it is in the table. Find out who wrote it, and remove it."

const refused = (path: string, problem: string, hint = writeAgain): NoFile => ({
  problem: `${path} is not of this table: ${problem}. ${hint}`
})

const foreign = (path: string): string =>
  `${path} is left alone: it has no name that Firehose gives, and only the commit of whoever wrote it can make it part of the table.`

/** Files of tables, as engines name them, which add them by their commits. */
const isOfTable = (path: string): boolean => /(?:^|\/)part-[^/]+$/.test(path)

/** What lies beside data: the log, hidden objects, marks of folders. */
const isNotData = (path: string): boolean =>
  path.endsWith("/") || path.endsWith("_$folder$") || path.split("/").some((part) => /^[_.]/.test(part))
