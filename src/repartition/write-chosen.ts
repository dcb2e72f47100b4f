import { readdir, rm, stat } from "node:fs/promises"
import { join } from "node:path"
import { Effect } from "effect"
import { groupColumns, type Width } from "../lake/column-groups.ts"
import type { DuckDB } from "../lake/duckdb.ts"
import { LakeError } from "../lake/errors.ts"
import { fileStatistics } from "../lake/file-statistics.ts"
import { joinParquet, type Part } from "../lake/join-parquet.ts"
import { statisticsColumns } from "../parquet/statistics.ts"
import { randomUuid } from "../record/random.ts"
import type { StoreError, StoreShape } from "../store/store.ts"
import type { StructType } from "../table/schema.ts"
import { addPath } from "../table/table.ts"
import { type EngineFile, type EnginePlan, type NewFile, noDay } from "./engine.ts"
import * as sql from "./fold-sql.ts"
import { cutDays, cutSlices, rowsWaiting, type Slice } from "./slices.ts"

/** What the steps of one run share. */
export interface EngineRun {
  readonly db: DuckDB
  readonly store: StoreShape
  readonly schema: StructType
  /** Values, nulls included, that are sorted together. */
  readonly sliceValues: number
  /** Bytes that the buffers of days may take which are written at a time. */
  readonly bufferBytes: number
  /** Where DuckDB finds the files; those on other machines are copied here first, once. */
  readonly paths: (files: ReadonlyArray<{ readonly key: string }>) => Effect.Effect<ReadonlyArray<string>, LakeError | StoreError>
}

type Failure = LakeError | StoreError

/** Leaves that are written at a time: few enough that their buffers are small against the memory of a small process. */
const leavesAtATime = 64

/** What a leaf of a day takes while its rows wait: a vector of 2,048 values of up to 16 bytes, and a little. */
const leafBufferBytes = 36 * 1024

/**
 * Moves the rows of `chosen` from the files that hold them to files by day, sorted by key and version.
 *
 * Rows have hundreds of columns, and DuckDB's memory goes by columns: a sort of whole rows takes more than a small process has, however few
 * rows there are. So the columns move in groups. Each group of a slice of rows is read, sorted by the rows' places and written by day; the
 * groups have the same rows in the same order and are cut into the same row groups, so that their column chunks can be put side by side under
 * one footer, as bytes. A day of more than one slice becomes one file all the same, up to the target size: its slices' row groups follow
 * each other.
 */
export const writeChosen = (
  plan: EnginePlan,
  run: EngineRun,
  files: ReadonlyArray<EngineFile>
): Effect.Effect<ReadonlyArray<NewFile>, Failure> =>
  Effect.gen(function* () {
    const { db } = run
    const days = (yield* db.rows("SELECT d AS day, count(*) AS rows FROM chosen GROUP BY d ORDER BY d")).map((row) => ({
      day: String(row["day"]),
      rows: Number(row["rows"])
    }))
    if (days.length === 0) return []
    const holding = (yield* db.rows("SELECT DISTINCT f FROM chosen ORDER BY f")).map((row) => Number(row["f"]))
    const paths = yield* run.paths(holding.flatMap((file) => files[file] ?? []))
    // Columns are many from here on: each thread would hold vectors of them.
    yield* db.setThreads(1)

    const widths = yield* columnWidths(run, paths)
    const columnGroups = groupColumns(widths, leavesAtATime)
    const groups = columnGroups.map(({ names }) => ({
      ...run.schema,
      fields: run.schema.fields.filter(({ name }) => names.includes(name))
    }))
    // One number for all groups: rows that are written by day keep their order only between vectors that begin at the same rows.
    const daysAtATime = run.bufferBytes / (Math.max(...columnGroups.map(({ leaves }) => leaves)) * leafBufferBytes)
    const slices = cutSlices(days, run.sliceValues / Math.max(...widths.map(({ values }) => values)))
    const written: Array<NewFile> = []

    /** Writes the columns of a group for a slice, by day. Gives the folders that the days' folders are in. */
    const writeGroup = Effect.fnUntraced(function* (columns: StructType, slice: Slice, folder: string) {
      const select = sql.sliceSql(columns, holding, paths, slice)
      if (!slice.small) {
        yield* db.run(sql.partitionSettingsSql(rowsWaiting(slice)))
        yield* db.run(sql.copyDaysSql(select, folder, rowsWaiting(slice)))
        return slice.pieces.map(() => folder)
      }
      // Small days wait until all of their rows are there: each is one row group.
      yield* db.run(sql.partitionSettingsSql(slice.to - slice.from + 1))
      const whole = `${folder}.parquet`
      yield* db.run(sql.copySql(select, whole))
      const folders: Array<string> = []
      for (const part of cutDays(slice, daysAtATime)) {
        const own = `${folder}-${part.from}`
        yield* db.run(sql.copyDaysSql(sql.partOfSliceSql(whole, slice, part), own, slice.to - slice.from + 1))
        folders.push(...part.pieces.map(() => own))
      }
      yield* remove([whole])
      return folders
    })

    const work = Effect.gen(function* () {
      /** Parts of a day that is not complete yet. */
      let waiting: Array<Part> = []
      for (const [i, slice] of slices.entries()) {
        const folders: Array<ReadonlyArray<string>> = []
        for (const [g, group] of groups.entries()) folders.push(yield* writeGroup(group, slice, join(db.folder, `slice-${i}-${g}`)))
        const complete: Array<{ readonly day: string; readonly local: string }> = []
        for (const [p, { number, day, last }] of slice.pieces.entries()) {
          waiting.push(
            yield* filesOfDay(
              folders.map((ofPieces) => ofPieces[p] ?? ""),
              number
            )
          )
          if (!last && (yield* bytesOf(waiting.flat())) < plan.targetFileBytes) continue
          const local = join(db.folder, `day-${number}-${i}.parquet`)
          yield* joinDay(plan, waiting, local)
          complete.push({ day, local })
          yield* remove(waiting.flat())
          waiting = []
        }
        written.push(...(yield* putFiles(plan, run, complete)))
        if (waiting.length === 0) yield* remove([...new Set(folders.flat())])
      }
    })
    // What was put before a failure was never named by a commit, so nobody misses it.
    const discard = Effect.suspend(() => Effect.ignore(run.store.delete(written.map(({ add }) => `${plan.tablePath}/${add.path}`))))
    yield* Effect.onError(work, () => discard)
    return written
  })

/** How wide the columns are, as the footers of some of the files say: they count the elements of lists too. */
const columnWidths = (run: EngineRun, paths: ReadonlyArray<string>): Effect.Effect<ReadonlyArray<Width>, LakeError> =>
  Effect.map(run.db.rows(sql.valuesSql(sample(paths))), (rows) => {
    const found = new Map(rows.map((row) => [String(row["name"]), row]))
    return run.schema.fields.map(({ name }) => {
      const row = found.get(name)
      // A column that the files lack is all null: narrow, however many leaves it may have.
      if (row === undefined) return { name, leaves: 1, values: 1 }
      return { name, leaves: Number(row["leaves"]), values: Number(row["values"]) / Math.max(1, Number(row["rows"])) }
    })
  })

const sample = (paths: ReadonlyArray<string>): ReadonlyArray<string> => {
  const step = Math.max(1, Math.floor(paths.length / 16))
  return paths.filter((_, i) => i % step === 0)
}

const onDisk = <A>(what: string, use: () => Promise<A>): Effect.Effect<A, LakeError> =>
  Effect.tryPromise({
    try: use,
    catch: (cause) =>
      new LakeError({ reason: "Unavailable", problem: `${what} failed`, hint: "Look for room in TMPDIR, and run again.", cause })
  })

/** The file of a day in each group's folder. */
const filesOfDay = (folders: ReadonlyArray<string>, number: number): Effect.Effect<Part, LakeError> =>
  Effect.forEach(folders, (folder) => {
    const day = join(folder, `__day=${number}`)
    return Effect.flatMap(
      onDisk(`listing ${day}`, () => readdir(day)),
      (names) => {
        const [name] = names
        return name !== undefined && names.length === 1
          ? Effect.succeed(join(day, name))
          : Effect.fail(
              new LakeError({
                reason: "Unavailable",
                problem: `the rows of a day lie in ${names.length} files in ${day}`,
                hint: "Report this: a day must be written to one file at a time."
              })
            )
      }
    )
  })

const bytesOf = (paths: ReadonlyArray<string>): Effect.Effect<number, LakeError> =>
  onDisk("measuring a temporary file", async () => {
    let bytes = 0
    for (const path of paths) bytes += (await stat(path)).size
    return bytes
  })

const joinDay = (plan: EnginePlan, parts: ReadonlyArray<Part>, local: string): Effect.Effect<void, LakeError> => {
  const told = new Set(statisticsColumns(plan.columns).flatMap(({ path, leaf }) => (leaf === null ? [] : [path.join(".")])))
  return joinParquet(parts, local, (path) => told.has(path.join(".")), "__place")
}

/** Early, to save disk: all of the folder goes in the end. */
const remove = (paths: ReadonlyArray<string>): Effect.Effect<void> =>
  Effect.ignore(Effect.tryPromise(() => Promise.all(paths.map((path) => rm(path, { recursive: true, force: true })))))

const putFiles = (
  plan: EnginePlan,
  run: EngineRun,
  complete: ReadonlyArray<{ readonly day: string; readonly local: string }>
): Effect.Effect<ReadonlyArray<NewFile>, Failure> =>
  Effect.gen(function* () {
    if (complete.length === 0) return []
    const statistics = yield* fileStatistics(
      run.db,
      complete.map(({ local }) => local),
      plan.columns
    )
    return yield* Effect.forEach(complete, ({ day, local }, i) =>
      Effect.gen(function* () {
        const { rows, text } = statistics[i] ?? { rows: 0, text: "{}" }
        const partitionValues = { change_date: day === noDay ? null : day }
        const path = addPath(partitionValues, `part-${yield* randomUuid}.zstd.parquet`)
        const { size } = yield* run.store.putFile(`${plan.tablePath}/${path}`, local)
        return { add: { path, partitionValues, size, stats: text }, rows }
      })
    )
  })
