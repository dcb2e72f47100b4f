import { Clock, Effect } from "effect"
import { Command } from "effect/cli"
import { type Compacted, compact } from "../lake/compact.ts"
import { keepFrom } from "../lake/keep-from.ts"
import { deadLettersPath } from "../lake/layout.ts"
import { lakeTables } from "../lake/views.ts"
import { ingestionHour } from "../record/record.ts"
import type { PartitionValues } from "../table/actions.ts"
import { expireLog, vacuum } from "../table/maintenance.ts"
import { json, storeOf, toggle } from "./common.ts"
import { bytes, number, print, table } from "./output.ts"
import { makeProgress } from "./progress.ts"
import { lakeNames, use } from "./settings.ts"

const settings = use(...lakeNames, "memoryLimit")

/** What was done to one table. */
interface Maintained {
  readonly table: string
  readonly compacted: Compacted | null
  readonly commitsExpired: number
  readonly earliestVersion: number
  readonly filesDeleted: number
  readonly bytesDeleted: number
}

/** Hours that may still fill are left alone. */
const isClosed =
  (now: number) =>
  (partition: PartitionValues): boolean => {
    const { date, hour } = ingestionHour(now)
    const { ingest_date: day, ingest_hour: at } = partition
    return day === undefined || day === null || day < date || (day === date && Number(at) < hour)
  }

export const maintain = Command.make(
  "maintain",
  {
    dryRun: toggle("dry-run", "Say what would be done. Change nothing."),
    settings: settings.flags,
    json
  },
  Effect.fnUntraced(function* ({ dryRun, json, ...flags }) {
    const values = yield* settings.read(flags.settings)
    const progress = yield* makeProgress("maintain", !json)
    const done = yield* Effect.gen(function* () {
      const now = yield* Clock.currentTimeMillis
      const tables = yield* lakeTables
      return yield* Effect.forEach(tables, (each) =>
        Effect.gen(function* () {
          progress.show(null, each.table.path)
          // A replay that was cut off finds its file of dead letters by name: these are left as they are.
          const compacted =
            each.table.path === deadLettersPath
              ? null
              : yield* compact(each.table, { memoryLimit: values.memoryLimit, where: isClosed(now), dryRun })
          const from = keepFrom(each, tables)
          const expired = yield* expireLog(each.table, { dryRun, ...(from === undefined ? {} : { keepFrom: from }) })
          const vacuumed = yield* vacuum(each.table, { dryRun })
          const result: Maintained = {
            table: each.table.path,
            compacted,
            commitsExpired: expired.deleted,
            earliestVersion: expired.earliest,
            filesDeleted: vacuumed.deleted.length,
            bytesDeleted: vacuumed.bytes
          }
          return result
        })
      )
    }).pipe(Effect.ensuring(Effect.sync(progress.clear)), Effect.provide(storeOf(values, dryRun ? "read" : "write")))
    yield* print(json, { dryRun, tables: done }, () => maintainText(done, dryRun))
  })
).pipe(Command.withDescription("Compact closed hours, expire the log, and delete files that no table refers to any more."))

const compactedText = ({ filesBefore, filesAfter, overtaken }: Compacted): string =>
  `${number(filesBefore)} files into ${number(filesAfter)}${overtaken === 0 ? "" : `, ${number(overtaken)} overtaken by other commits`}`

export const maintainText = (done: ReadonlyArray<Maintained>, dryRun: boolean): string =>
  done.length === 0
    ? "There is no table here."
    : [
        ...(dryRun ? ["Nothing was changed; this would be done:"] : []),
        table(
          done.map(({ table, compacted, commitsExpired, filesDeleted, bytesDeleted }) => [
            table,
            compacted === null ? "not compacted" : compactedText(compacted),
            `${number(commitsExpired)} log entries expired`,
            `${number(filesDeleted)} files (${bytes(bytesDeleted)}) deleted`
          ])
        )
      ].join("\n")
