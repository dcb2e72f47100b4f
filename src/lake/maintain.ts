import { Clock, Effect, Exit, Option } from "effect"
import type { LakeError } from "../duckdb/errors.ts"
import { failTogether } from "../record/fail-together.ts"
import { ingestionHour } from "../record/record.ts"
import type { MaintainReport, OnRunEvent } from "../record/report.ts"
import { deterministicRunId } from "../record/run-id.ts"
import type { OnSteps } from "../record/steps.ts"
import type { Store, StoreError } from "../store/store.ts"
import type { PartitionValues } from "../table/actions.ts"
import type { TableError } from "../table/errors.ts"
import { expireLog, vacuum } from "../table/maintenance.ts"
import { type Compacted, compact } from "./compact.ts"
import { ownTablePaths } from "./find-tables.ts"
import { jobObjects } from "./job-objects.ts"
import { keepFrom } from "./keep-from.ts"
import { consumablePath, datasetAt, deadLettersPath, martAt } from "./layout.ts"
import { retiredObjects } from "./retired.ts"
import { type Done, Run } from "./run.ts"
import { identityOf } from "./tables.ts"
import { tombstoneFiles } from "./tombstones.ts"
import { unregistered } from "./unregistered.ts"
import { type LakeTable, lakeTable } from "./views.ts"

/** What was done to one table. */
export interface Maintained {
  readonly table: string
  readonly compacted: Compacted | null
  readonly commitsExpired: number
  readonly earliestVersion: number
  readonly filesDeleted: number
  readonly bytesDeleted: number
}

export interface MaintainOptions {
  readonly memoryLimit?: number | undefined
  readonly threads?: number | undefined
  /** Only says what would be done. That is no run. */
  readonly dryRun?: boolean
  /** Told of each table's run. One that has nothing to compact reads no file. */
  readonly onEvent: OnRunEvent
  /** Told as each part begins. */
  readonly onSteps?: OnSteps | undefined
}

/**
 * Compacts closed hours, expires the log, and deletes files that no table refers to any more: table by table, each a run of its own. What fails for one
 * table keeps no other from it: it is told when all have had their turn.
 */
export const maintain = (options: MaintainOptions): Effect.Effect<ReadonlyArray<Maintained>, Failure, Store> =>
  Effect.gen(function* () {
    const { dryRun = false, memoryLimit, threads, onEvent, onSteps = () => {} } = options
    const failures: Array<Failure> = []
    const apart = <A, R>(work: Effect.Effect<A, Failure, R>) =>
      Effect.catchIf(Effect.asSome(work), isOfTable, (failure) => {
        failures.push(failure)
        return Effect.succeedNone
      })
    const tables: Array<LakeTable> = []
    const unread = new Set<string>()
    for (const path of yield* ownTablePaths) {
      const found = yield* apart(lakeTable(path))
      if (Option.isNone(found)) unread.add(path)
      else tables.push(...Option.toArray(found.value))
    }
    const now = yield* Clock.currentTimeMillis
    const maintainTable = (each: LakeTable, i: number) =>
      Effect.gen(function* () {
        const { table, snapshot } = each
        const begin = (share: number, doing: string) => onSteps({ share: (i + share) / tables.length, doing: `${table.path}: ${doing}` })
        begin(0, "looking for small files")
        // A replay that was cut off finds its file of dead letters by name: these are left as they are.
        const compacting = table.path === deadLettersPath ? null : { memoryLimit, threads, where: isClosed(now) }
        const planned = compacting === null ? null : yield* compact(table, { ...compacting, dryRun: true })
        const isCompacting = compacting !== null && planned !== null && planned.filesBefore > 0
        // How far a stage was taken is not known where that cannot be asked.
        const isAsked = !unread.has(consumablePath(datasetAt(table.path) ?? ""))
        const from = isAsked ? keepFrom(each, tables) : 0
        const work = Effect.gen(function* () {
          const onShare = (share: number) => begin(share * 0.9, "compacting")
          const compacted = isCompacting && !dryRun ? yield* compact(table, { ...compacting, onShare }) : planned
          begin(0.9, "expiring the log")
          const expired = yield* expireLog(table, { dryRun, ...(from === undefined ? {} : { keepFrom: from }) })
          begin(0.95, "deleting what no table refers to")
          const vacuumed = yield* vacuum(table, {
            dryRun,
            own: ownObjects(table),
            spared: (paths) => unregistered(table, paths)
          })
          const result: Maintained = {
            table: table.path,
            compacted,
            commitsExpired: expired.deleted,
            earliestVersion: expired.earliest,
            filesDeleted: vacuumed.deleted.length,
            bytesDeleted: vacuumed.bytes
          }
          return result
        })
        if (dryRun) return yield* work
        const startedAt = yield* Clock.currentTimeMillis
        const { filesBefore: files, bytesBefore: bytes } = planned ?? { filesBefore: 0, bytesBefore: 0 }
        const input = { uri: table.uri, table: { path: table.path, version: snapshot.version }, files, bytes }
        const run = new Run(onEvent, aboutOf(each, startedAt), startedAt, [input])
        return yield* run.of(Effect.map(work, (result) => doneOf(run, each, result)))
      })
    const done = yield* Effect.forEach(tables, (each, i) => apart(maintainTable(each, i)))
    yield* failTogether(failures.map(Exit.fail))
    return done.flatMap(Option.toArray)
  })

type Failure = LakeError | TableError | StoreError

/** Is it the table that fails, and not what all tables stand on? */
const isOfTable = (failure: Failure): boolean =>
  failure._tag === "TableError" ? failure.reason !== "Store" : failure._tag === "LakeError" && failure.reason !== "Full"

/** What vacuum has to know of hidden objects below a table. */
export const ownObjects = ({ path }: LakeTable["table"]) =>
  path.startsWith(consumablePath("")) ? [jobObjects, tombstoneFiles] : [retiredObjects]

/** Hours that may still fill are left alone. */
const isClosed =
  (now: number) =>
  (partition: PartitionValues): boolean => {
    const { date, hour } = ingestionHour(now)
    const { ingest_date: day, ingest_hour: at } = partition
    return day === undefined || day === null || day < date || (day === date && Number(at) < hour)
  }

const aboutOf = (each: LakeTable, startedAt: number) => {
  const { path } = each.table
  const dataset = datasetAt(path) ?? martAt(path) ?? path
  const runId = deterministicRunId(startedAt, `${dataset}.maintain`, JSON.stringify([...identityOf(each), each.snapshot.version]))
  return { kind: "maintain", runId, dataset } as const
}

const doneOf = ({ about, startedAt }: Run, { table }: LakeTable, result: Maintained): Done<Maintained> => {
  const { compacted, commitsExpired, filesDeleted, bytesDeleted } = result
  const { filesBefore = 0, bytesBefore = 0, filesAfter = 0, bytesAfter = 0, overtaken = 0, rows = 0, version = null } = compacted ?? {}
  const files = version === null ? 0 : filesAfter - overtaken
  const report: MaintainReport = {
    runId: about.runId,
    dataset: about.dataset,
    kind: "maintain",
    startedAt,
    table: table.path,
    filesBefore,
    bytesBefore,
    files,
    fileBytes: bytesAfter,
    commitsExpired,
    filesDeleted,
    bytesDeleted
  }
  const { uri, path } = table
  const outputs = version === null ? [] : [{ uri, path, version, created: false, rows, bytes: bytesAfter, files }]
  return { result, report, outputs }
}
