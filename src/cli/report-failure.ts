import { Cause, Console, Effect, References } from "effect"
import { CliError } from "effect/cli"
import { toldOf } from "../app/failures.ts"
import { harmless } from "../record/harmless.ts"
import { jsonText } from "../record/json-text.ts"
import { exitCodeOf, exitCodes } from "./exit-codes.ts"

/**
 * Says on standard error what ended a command (as one JSON object where `--json` was given, as a line of the log where that is JSON), and gives
 * the exit code: 0 done, 1 the data or the work failed, 2 wrong usage, 78 bad configuration.
 */
export const reportFailure =
  (json: boolean, logFormat: "text" | "json") =>
  (cause: Cause.Cause<unknown>): Effect.Effect<number> => {
    const error = Cause.squash(cause)
    if (Cause.hasInterruptsOnly(cause)) return Effect.succeed(Number(process.exitCode ?? 130))
    // The parser has printed the help and what is wrong already; help that was asked for is no error.
    if (CliError.isCliError(error))
      return Effect.succeed(error._tag === "ShowHelp" && error.errors.length === 0 ? exitCodes.done : exitCodes.usage)
    const code = exitCodeOf(error)
    const { kind, message, isKnown } = toldOf(cause)
    if (logFormat === "json" && !json) {
      return Effect.logFatal(message, { kind, code, ...(isKnown ? {} : { cause: Cause.pretty(cause) }) }).pipe(
        // It is more than a line of the log: no level leaves it out.
        Effect.provideService(References.MinimumLogLevel, "Fatal"),
        Effect.as(code)
      )
    }
    const line = json
      ? jsonText({ error: { kind, message, code } })
      : isKnown
        ? `sluice: ${message}`
        : `sluice: an unexpected error, which is a defect of Sluice: ${Cause.pretty(cause)}`
    return Effect.as(Console.error(harmless(line)), code)
  }
