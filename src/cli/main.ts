import * as NodeServices from "@effect/platform-node/NodeServices"
import { Effect } from "effect"
import { CliOutput, Command } from "effect/cli"
import { logging } from "../app/logging.ts"
import { warnOfUnknownVariables } from "../app/variables.ts"
import { version } from "../record/version.ts"
import { isNpmScript, refuseEatenFlags } from "./eaten-flags.ts"
import { asStatement, presenter } from "./help.ts"
import { logFormatFlag, readLogSettings } from "./logging.ts"
import { projectFlag, readProjectSetting } from "./project.ts"
import { reportFailure } from "./report-failure.ts"
import { runWithSignals } from "./shutdown.ts"
import { sluice } from "./sluice.ts"

/** The `sluice` command: `src/main.ts` starts it. */
const args = process.argv.slice(2).map(asStatement)
const json = args.includes("--json")

const command = (await sluice(isNpmScript(process.env) ? [] : args)).pipe(Command.withGlobalFlags([projectFlag, logFormatFlag]))

const program = Effect.gen(function* () {
  const logs = yield* readLogSettings(args)
  return yield* Effect.all([warnOfUnknownVariables, refuseEatenFlags(command, process.env), readProjectSetting(args)]).pipe(
    Effect.andThen(Command.runWith(command, { version })(args)),
    Effect.as(0),
    Effect.catchCause(reportFailure(json, logs.logFormat)),
    Effect.provide([logging(logs), CliOutput.layerPresenter(presenter(json))])
  )
}).pipe(Effect.catchCause(reportFailure(json, "text")), Effect.provide(NodeServices.layer))

process.exitCode = await runWithSignals(program)
