import { Cause, Formatter, Layer, Logger, References } from "effect"
import { harmless } from "../record/harmless.ts"
import type { Values } from "./settings.ts"

/**
 * Logs go to standard error, one line per event: standard output belongs to the command's result. `text` is for people, `json` for whatever
 * collects logs.
 */

/** The logger of a process. */
export const logging = ({ logFormat, logLevel }: Values<"logFormat" | "logLevel">): Layer.Layer<never> =>
  Layer.mergeAll(
    Logger.layer([logFormat === "json" ? jsonLogger : textLogger]),
    Layer.succeed(References.MinimumLogLevel, logLevel),
    Layer.succeed(Logger.LogToStderr, true)
  )

interface Line {
  readonly message: string
  /** Annotations, and the entries of objects that were logged beside the message. */
  readonly fields: { readonly [name: string]: string | number | boolean | null }
}

const plain = (value: unknown): string | number | boolean | null =>
  value === null || typeof value === "string" || typeof value === "number" || typeof value === "boolean"
    ? value
    : typeof value === "bigint"
      ? String(value)
      : Formatter.format(value)

const lineOf = ({ message, cause, fiber }: Logger.Options<unknown>): Line => {
  const texts: Array<string> = []
  const fields: { [name: string]: string | number | boolean | null } = {}
  for (const [name, value] of Object.entries(fiber.getRef(References.CurrentLogAnnotations))) fields[name] = plain(value)
  for (const part of Array.isArray(message) ? message : [message]) {
    if (part instanceof Error) texts.push(part.message)
    else if (typeof part === "object" && part !== null) for (const [name, value] of Object.entries(part)) fields[name] = plain(value)
    else texts.push(String(part))
  }
  if (cause.reasons.length > 0) fields["cause"] = Cause.pretty(cause)
  return { message: texts.join(" "), fields }
}

/** One JSON object a line: `time`, `level`, `message`, and the fields beside them. */
export const jsonLine: Logger.Logger<unknown, string> = Logger.make((options) => {
  const { message, fields } = lineOf(options)
  const own = { time: options.date.toISOString(), level: options.logLevel.toLowerCase(), message }
  // Its own names stand first, and win.
  return harmless(JSON.stringify({ ...own, ...fields, ...own }))
})
export const jsonLogger: Logger.Logger<unknown, void> = Logger.withConsoleError(jsonLine)

/** `07:00:00 warn  message  name=value …`, UTC. */
export const textLogger: Logger.Logger<unknown, void> = Logger.withConsoleError(
  Logger.make((options) => {
    const { message, fields } = lineOf(options)
    const time = options.date.toISOString().slice("YYYY-MM-DDT".length, -".000Z".length)
    const shown = Object.entries(fields).map(([name, value]) => `${name}=${value}`)
    const line = [
      time,
      options.logLevel.toLowerCase().padEnd(5),
      harmless([message, ...shown].join("  ").replaceAll(/\s*\n\s*/g, " | "))
    ].join(" ")
    // A progress bar may stand in the line.
    return process.stderr.isTTY ? `\r\x1b[2K${line}` : line
  })
)
