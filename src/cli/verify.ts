import { Effect } from "effect"
import { Command } from "effect/cli"
import { Failed } from "../app/failures.ts"
import { existingLakeOf } from "../app/lake.ts"
import { duckdbOptionsOf } from "../app/options.ts"
import { lakeNames } from "../app/settings.ts"
import { openDuckDB } from "../duckdb/open.ts"
import { type Check, some } from "../lake/check.ts"
import { verify as verifyLake } from "../lake/verify.ts"
import { atLeast, json, withDefault } from "./common.ts"
import { checkTable, print } from "./output.ts"
import { makeProgress } from "./progress.ts"
import { allContracts, project } from "./project.ts"
import { use } from "./settings.ts"

const settings = use(...lakeNames, "memoryLimit", "threads")

/** The checks, one a line, and what they come to: what is wrong, else what is worth a look. */
export const checksText = (checks: ReadonlyArray<Check>): string => {
  const broken = checks.filter(({ ok }) => !ok)
  const verdict =
    broken.length > 0
      ? `${broken.length} of ${checks.length} checks ${broken.length === 1 ? "does" : "do"} not hold: ${some(broken.map(({ table, check }) => `${table} ${check}`))}.`
      : `All ${checks.length} checks hold: nothing is lost, nothing stands twice.`
  const notes = checks.flatMap(({ warning, table, detail }) => (warning ? [`! ${table}: ${detail}.`] : []))
  return [checkTable(checks), verdict, ...notes].join("\n")
}

export const verify = Command.make(
  "verify",
  {
    knownGaps: withDefault(
      atLeast(0, "known-gaps"),
      "Gaps per dataset that you have looked into and accept: times in which a stream may have trimmed records unread.",
      0
    ),
    settings: settings.flags,
    json
  },
  Effect.fnUntraced(function* (flags) {
    const values = yield* settings.read(flags.settings)
    const checks = yield* Effect.gen(function* () {
      const progress = yield* makeProgress("verify", !flags.json)
      const duckdb = yield* openDuckDB(duckdbOptionsOf(values))
      return yield* verifyLake([...project.compiled.values()], duckdb, flags.knownGaps, ({ share, doing }) => progress.show(share, doing))
    }).pipe(Effect.scoped, Effect.provide(existingLakeOf(values, "read")))
    const ok = checks.every((check) => check.ok)
    yield* print(flags.json, { ok, checks }, () => checksText(checks))
    // What has no contract was not proved.
    yield* allContracts
    if (!ok) return yield* new Failed({ problem: "the lake does not hold what it must", hint: "The checks above say where." })
  })
).pipe(
  Command.withDescription("Prove that nothing was lost and nothing doubled: ranges tile, sums agree, rows are counted again in the files."),
  Command.withExamples([
    { description: "Check all of a lake", command: "sluice verify --lake lake" },
    {
      description: "For a program: the checks that do not hold",
      command: "sluice verify --lake lake --json | jq '.checks[] | select(.ok | not)'"
    }
  ])
)
