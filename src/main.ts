import * as NodeServices from "@effect/platform-node/NodeServices"
import { Console, Effect } from "effect"
import { CliOutput, Command } from "effect/cli"
import { logFormatFlag, logging, readLogSettings } from "./cli/logging.ts"
import { reportFailure } from "./cli/report-failure.ts"
import { runWithSignals } from "./cli/shutdown.ts"
import { sluice } from "./cli/sluice.ts"
import { version } from "./record/version.ts"

/** The `sluice` command. */
const args = process.argv.slice(2)
const json = args.includes("--json")

/** Standard output has results alone: the help that goes with wrong usage stands beside the error. */
const presenter: CliOutput.Presenter = {
  present: (event) =>
    event._tag === "InvalidInvocation"
      ? Effect.flatMap(Console.Console, (console) =>
          Effect.provideService(CliOutput.defaultPresenter.present(event), Console.Console, { ...console, log: console.error })
        )
      : CliOutput.defaultPresenter.present(event)
}

const command = sluice.pipe(Command.withGlobalFlags([logFormatFlag]))

const program = Effect.gen(function* () {
  const logs = yield* readLogSettings(args)
  return yield* Command.runWith(command, { version })(args).pipe(
    Effect.as(0),
    Effect.catchCause(reportFailure(json, logs.logFormat)),
    Effect.provide([logging(logs), CliOutput.layerPresenter(presenter)])
  )
}).pipe(Effect.catchCause(reportFailure(json, "text")), Effect.provide(NodeServices.layer))

process.exitCode = await runWithSignals(program)
