import { NodeServices } from "@effect/platform-node"
import { Effect, Layer } from "effect"
import { Command } from "effect/cli"
import { reportFailure } from "./cli/report-failure.ts"
import { runWithSignals } from "./cli/shutdown.ts"
import { sluice } from "./cli/sluice.ts"

const program = Command.runWith(sluice, { version: "0.1.0" })(process.argv.slice(2)).pipe(
  Effect.as(0),
  Effect.catchCause(reportFailure(process.argv.includes("--json"))),
  Effect.provide(NodeServices.layer)
)

process.exitCode = await runWithSignals(program)
