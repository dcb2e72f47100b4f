import { Effect, Stream } from "effect"
import { consumablePath } from "../lake/layout.ts"
import { repartitionApp, repartitionStageApp } from "../lake/log-keys.ts"
import { loadOf } from "../lake/newest-load.ts"
import { bytesOf, type Totals, totalsOf } from "../lake/rows.ts"
import type { Column } from "../record/column.ts"
import { Store, type StoreError } from "../store/store.ts"
import type { AddFile } from "../table/actions.ts"
import { fromThrown, type TableError } from "../table/errors.ts"
import type { Snapshot } from "../table/snapshot.ts"
import type { Table } from "../table/table.ts"
import type { DayBounds, EnginePlan, ExistingFile } from "./engine.ts"
import { defaultTargetFileBytes, RepartitionError, type RepartitionOptions, type repartitionReasons } from "./options.ts"
import { existingFiles, firstTask, inBounds, newFiles, readable, type StageCommit, taskWithoutFiles, tombstoneFiles } from "./plan.ts"

/** What to do, with the files to do it on: plain data, so that another process can commit what an engine made of it. */
export interface Work {
  /** Asked for, rather than the first run. */
  readonly rebuild: boolean
  /** All of the consumable is made anew. */
  readonly whole: boolean
  readonly bounds: DayBounds | null
  /** Stage version after which the work begins. */
  readonly taken: number
  readonly stage: {
    readonly table: Pick<Table, "path" | "uri">
    readonly snapshot: { readonly version: number; readonly metaData: Pick<Snapshot["metaData"], "id"> }
  }
  /** What the files to read come to, and when the newest of them was written, milliseconds since 1970. */
  readonly input: Totals & { readonly modificationTime: number }
  readonly plan: EnginePlan
  /** Files of the consumable that go, whatever the engine says, and their bytes together. */
  readonly cleared: ReadonlyArray<string>
  readonly clearedBytes: number
}

/** Finds out from the logs what there is to do. Null: nothing. @param columns of the files to write */
export const findWork = (
  options: RepartitionOptions,
  columns: ReadonlyArray<Column>,
  stage: Table,
  before: Snapshot | null,
  bounds: DayBounds | null
): Effect.Effect<Work | null, RepartitionError | TableError | StoreError, Store> =>
  Effect.gen(function* () {
    const { contract } = options.contract
    const snapshot = yield* stage.snapshot
    const taken = before?.transactions.get(repartitionApp(contract.name)) ?? -1
    const task = firstTask({
      taken,
      version: snapshot.version,
      earliest: yield* stage.earliestVersion,
      isOther: before !== null && isOtherStage(before.transactions, contract.name, snapshot.metaData.id, taken),
      rebuild: options.rebuild === true,
      bounds
    })
    const tablePath = consumablePath(contract.name)
    const existing = before === null ? [] : existingFiles(tablePath, before, options.contract.identity.partition)
    // A fold from the start remembers what stage says, and nothing else.
    const isAnew = before === null || (task.kind === "fold" && task.bounds === null)
    const tombstones = isAnew
      ? []
      : yield* Effect.try({ try: () => tombstoneFiles(tablePath, before), catch: fromThrown(tablePath, "its deleted keys") })
    const load = isAnew ? null : yield* Effect.try({ try: () => loadOf(before), catch: fromThrown(tablePath, "its newest load") })
    const work = (inputs: ReadonlyArray<AddFile>, whole: boolean, bounds: DayBounds | null): Work => {
      const isCleared = ({ partition }: ExistingFile) => whole || (bounds !== null && inBounds(partition, bounds))
      const cleared = existing.filter(isCleared)
      return {
        rebuild: options.rebuild === true,
        whole,
        bounds,
        taken,
        stage: {
          table: { path: stage.path, uri: stage.uri },
          snapshot: { version: snapshot.version, metaData: { id: snapshot.metaData.id } }
        },
        input: {
          ...totalsOf(inputs),
          modificationTime: inputs.reduce((latest, { modificationTime }) => Math.max(latest, modificationTime), 0)
        },
        plan: {
          dataset: contract.name,
          tablePath,
          columns,
          identity: options.contract.identity,
          inputs: inputs.map(({ path, size }) => ({ key: `${stage.path}/${path}`, size })),
          existing: existing.filter((file) => !isCleared(file)),
          tombstones,
          load,
          bounds,
          targetFileBytes: options.targetFileBytes ?? defaultTargetFileBytes
        },
        cleared: cleared.map(({ path }) => path),
        clearedBytes: bytesOf(cleared)
      }
    }
    switch (task.kind) {
      case "expired":
        return yield* fail(
          contract.name,
          "Expired",
          `the log of the stage no longer has version ${task.missing}, which was not taken yet`,
          "Run with --rebuild."
        )
      case "behind":
        return yield* fail(
          contract.name,
          "Rewritten",
          `version ${taken} of the stage was taken, but the stage has ${snapshot.version} only: it was made anew`,
          "Move the consumable's folder away and run again."
        )
      case "other":
        return yield* fail(
          contract.name,
          "Rewritten",
          "the stage is not the one that was taken before: it was made anew",
          "Run with --rebuild and no days, which takes all of it in place of what is there."
        )
      case "fold": {
        const whole = work([...snapshot.files.values()], task.bounds === null, task.bounds)
        const idle = whole.input.files === 0 && whole.cleared.length === 0
        return idle && taskWithoutFiles(taken, snapshot.version).kind === "nothing" ? null : whole
      }
      case "merge": {
        const inputs = yield* inputsSince(contract.name, stage, snapshot, taken)
        return inputs.length === 0 && taskWithoutFiles(taken, snapshot.version).kind === "nothing" ? null : work(inputs, false, null)
      }
      default:
        return null
    }
  })

/** Was what is taken of a stage with another id? Not known where none was recorded. */
const isOtherStage = (transactions: ReadonlyMap<string, number>, dataset: string, stageId: string, taken: number): boolean =>
  transactions.get(repartitionStageApp(dataset, stageId)) !== taken &&
  [...transactions.keys()].some((appId) => appId.startsWith(repartitionStageApp(dataset, "")))

/** Files that the store is asked for at a time. */
const askedAtATime = 16

/** Files with the rows that stage commits brought after version `taken`. */
const inputsSince = (
  dataset: string,
  stage: Table,
  snapshot: Snapshot,
  taken: number
): Effect.Effect<ReadonlyArray<AddFile>, RepartitionError | TableError | StoreError, Store> =>
  Effect.gen(function* () {
    const store = yield* Store
    const commits: ReadonlyArray<StageCommit> = yield* Stream.runCollect(stage.changes(taken, snapshot.version))
    const found = newFiles(commits)
    if (found.rewritten !== null) {
      return yield* fail(
        dataset,
        "Rewritten",
        `version ${found.rewritten} of the stage deleted or changed rows that were taken before`,
        "Run with --rebuild."
      )
    }
    const isGone = (path: string) =>
      store.head(`${stage.path}/${path}`).pipe(
        Effect.as(false),
        Effect.catchIf(
          (error) => error.reason === "NotFound",
          () => Effect.succeed(true)
        )
      )
    // On S3 each answer takes some hundredths of a second, and they may be tens of thousands.
    const paths = [...found.compacted.keys()]
    const answers = yield* Effect.forEach(paths, isGone, { concurrency: askedAtATime })
    const gone = new Set(paths.filter((_, i) => answers[i]))
    const inputs = readable(found, snapshot.files, (path) => found.compacted.has(path) && !gone.has(path))
    return inputs ?? (yield* fail(dataset, "Vacuumed", "files with new rows were removed before they were taken", "Run with --rebuild."))
  })

export const fail = (
  dataset: string,
  reason: (typeof repartitionReasons)[number],
  problem: string,
  hint: string
): Effect.Effect<never, RepartitionError> => Effect.fail(new RepartitionError({ dataset, reason, problem, hint }))
