import { Clock, Effect } from "effect"
import { Command } from "effect/cli"
import { existingLakeOf } from "../app/lake.ts"
import { lakeNames } from "../app/settings.ts"
import { type Compacted, compact } from "../lake/compact.ts"
import { keepFrom } from "../lake/keep-from.ts"
import { deadLettersPath } from "../lake/layout.ts"
import { lakeTables } from "../lake/views.ts"
import { count, number } from "../record/count.ts"
import { ingestionHour } from "../record/record.ts"
import type { PartitionValues } from "../table/actions.ts"
import { expireLog, vacuum } from "../table/maintenance.ts"
import { json, toggle } from "./common.ts"
import { bytes, print, table } from "./output.ts"
import { makeProgress } from "./progress.ts"
import { use } from "./settings.ts"

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
    const done = yield* Effect.gen(function* () {
      const progress = yield* makeProgress("maintain", !json)
      const now = yield* Clock.currentTimeMillis
      const tables = yield* lakeTables
      return yield* Effect.forEach(tables, (each, i) =>
        Effect.gen(function* () {
          const begin = (share: number, doing: string) => progress.show((i + share) / tables.length, `${each.table.path}: ${doing}`)
          begin(0, "looking for small files")
          // A replay that was cut off finds its file of dead letters by name: these are left as they are.
          const compacted =
            each.table.path === deadLettersPath
              ? null
              : yield* compact(each.table, {
                  memoryLimit: values.memoryLimit,
                  where: isClosed(now),
                  dryRun,
                  onShare: (share) => begin(share * 0.9, "compacting")
                })
          const from = keepFrom(each, tables)
          begin(0.9, "expiring the log")
          const expired = yield* expireLog(each.table, { dryRun, ...(from === undefined ? {} : { keepFrom: from }) })
          begin(0.95, "deleting what no table refers to")
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
    }).pipe(Effect.scoped, Effect.provide(existingLakeOf(values, dryRun ? "read" : "write")))
    yield* print(json, { dryRun, tables: done }, () => maintainText(done, dryRun))
  })
).pipe(
  Command.withDescription("Compact closed hours, expire the log, and delete files that no table refers to any more."),
  Command.withExamples([{ description: "What would be compacted, expired and deleted", command: "sluice maintain --lake lake --dry-run" }])
)

const compactedText = ({ filesBefore, filesAfter, overtaken }: Compacted): string =>
  filesBefore === 0
    ? "nothing to compact"
    : `${count(filesBefore, "file")} into ${number(filesAfter)}${overtaken === 0 ? "" : `, ${number(overtaken)} overtaken by other commits`}`

export const maintainText = (done: ReadonlyArray<Maintained>, dryRun: boolean): string =>
  done.length === 0
    ? "There is no table here."
    : [
        ...(dryRun ? ["Nothing was changed; this would be done:"] : []),
        table(
          done.map(({ table, compacted, commitsExpired, filesDeleted, bytesDeleted }) => [
            table,
            compacted === null ? "not compacted" : compactedText(compacted),
            `${count(commitsExpired, "log entry", "log entries")} expired`,
            `${count(filesDeleted, "file")} (${bytes(bytesDeleted)}) deleted`
          ])
        )
      ].join("\n")
