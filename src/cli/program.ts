import { NodeServices } from "@effect/platform-node"
import { Effect } from "effect"
import { Command } from "effect/cli"
import { version } from "../record/version.ts"
import { logFormatFlag, logging, readLogSettings } from "./logging.ts"
import { reportFailure } from "./report-failure.ts"
import { runWithSignals } from "./shutdown.ts"
import { sluice } from "./sluice.ts"

const args = process.argv.slice(2)
const json = args.includes("--json")

const command = sluice.pipe(Command.withGlobalFlags([logFormatFlag]))

const program = Effect.gen(function* () {
  const logs = yield* readLogSettings(args)
  return yield* Command.runWith(command, { version })(args).pipe(
    Effect.as(0),
    Effect.catchCause(reportFailure(json, logs.logFormat)),
    Effect.provide(logging(logs))
  )
}).pipe(Effect.catchCause(reportFailure(json, "text")), Effect.provide(NodeServices.layer))

process.exitCode = await runWithSignals(program)
