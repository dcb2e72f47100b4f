import { NodeServices } from "@effect/platform-node"
import { Effect, Logger } from "effect"
import { Command } from "effect/cli"
import { reportFailure } from "./cli/report-failure.ts"
import { runWithSignals } from "./cli/shutdown.ts"
import { sluice } from "./cli/sluice.ts"
import { version } from "./record/version.ts"

const program = Command.runWith(sluice, { version })(process.argv.slice(2)).pipe(
  Effect.as(0),
  Effect.catchCause(reportFailure(process.argv.includes("--json"))),
  // Standard output belongs to the command's result.
  Effect.provideService(Logger.LogToStderr, true),
  Effect.provide(NodeServices.layer)
)

process.exitCode = await runWithSignals(program)
