import { Effect, Option } from "effect"
import { Command, GlobalFlag } from "effect/cli"
import { Failed } from "../app/failures.ts"
import { describeSettings } from "../app/settings.ts"
import { json } from "./common.ts"
import { makeChecks } from "./doctor-checks.ts"
import { logFormatFlag } from "./logging.ts"
import { checkTable, print, table } from "./output.ts"
import { projectFlag } from "./project.ts"
import { allSettings } from "./settings.ts"

export const doctor = Command.make(
  "doctor",
  { settings: allSettings.flags, json },
  Effect.fnUntraced(function* (flags) {
    const values = yield* allSettings.readPlain(flags.settings)
    // The parser keeps these three for every command.
    const logLevel = Option.map(yield* GlobalFlag.LogLevel, (level) => level.toLowerCase())
    const origins = yield* describeSettings({ ...flags.settings, project: yield* projectFlag, logLevel, logFormat: yield* logFormatFlag })
    const checks = yield* makeChecks(values)
    const ok = checks.every((check) => check.ok)
    yield* print(flags.json, { ok, checks, settings: origins }, () =>
      [
        checkTable(checks),
        "",
        "settings (flag over environment over default):",
        table(origins.map(({ setting, value, origin, variable }) => [setting, value, origin, variable]))
      ].join("\n")
    )
    if (!ok) return yield* new Failed({ problem: "not everything is as it must be", hint: "The checks above say what to mend." })
  })
).pipe(
  Command.withDescription(
    "Check that this machine, these settings and the services that they name can run Sluice, and show where each setting comes from."
  ),
  Command.withExamples([
    { description: "Before the first run: this machine, and a bucket", command: "sluice doctor --lake s3://my-lake/shop" },
    { description: "And the stream that it will read", command: "sluice doctor --lake s3://my-lake/shop --stream shop-events" }
  ])
)
