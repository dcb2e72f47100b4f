import { Effect } from "effect"
import { Command } from "effect/cli"
import { existingLakeOf } from "../app/lake.ts"
import { runListener } from "../app/run-listener.ts"
import { lakeNames, lineageNames } from "../app/settings.ts"
import type { Compacted } from "../lake/compact.ts"
import { type Maintained, maintain as maintainLake } from "../lake/maintain.ts"
import { count, number } from "../record/count.ts"
import { json, toggle } from "./common.ts"
import { bytes, print, table } from "./output.ts"
import { makeProgress } from "./progress.ts"
import { project } from "./project.ts"
import { use } from "./settings.ts"

const settings = use(...lakeNames, "memoryLimit", "threads", ...lineageNames)

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
      const tell = yield* runListener(dryRun ? { ...values, lineage: "none" } : values, [...project.compiled.values()])
      return yield* maintainLake({
        memoryLimit: values.memoryLimit,
        threads: values.threads,
        dryRun,
        onEvent: tell,
        onSteps: ({ share, doing }) => progress.show(share, doing)
      })
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
