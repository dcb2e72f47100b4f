import { Console, Effect, Option } from "effect"
import { CliOutput, type HelpDoc, TerminalCapabilities } from "effect/cli"
import { harmless } from "../record/harmless.ts"
import { jsonText } from "../record/json-text.ts"
import { exitCodes } from "./exit-codes.ts"
import { columnsOf, widthOf } from "./terminal.ts"

/**
 * Help, and what is wrong with a command line. Standard output has results alone: help is one where it was asked for; wrong usage stands on standard
 * error, in a line or two, and names the help.
 */
export const presenter = (json: boolean): CliOutput.Presenter => ({
  present: (event) => {
    switch (event._tag) {
      case "Help":
        return Effect.flatMap(TerminalCapabilities.TerminalCapabilities, ({ canColor }) => {
          const text = CliOutput.defaultFormatter({ colors: canColor }).formatHelpDoc(shortTypes(event.helpDoc))
          const width = columnsOf(process.stdout)
          return Console.log(width === null ? text : wrapped(text, width))
        })
      case "InvalidInvocation": {
        const command = (event.helpDoc.commandPath ?? ["sluice"]).join(" ")
        const message = `${event.errors.map(problemOf).join(" ")} For help: ${command} --help`
        return Console.error(
          harmless(json ? jsonText({ error: { kind: "UsageError", message, code: exitCodes.usage } }) : `sluice: ${message}`)
        )
      }
      case "Version":
        return CliOutput.defaultPresenter.present(event)
    }
  }
})

/** What is wrong, and what may have been meant, on one line. */
const problemOf = ({ message }: { readonly message: string }): string => {
  const [problem = "", nearest] = message.split(/\s*Did you mean this\?\s*/)
  const meant = nearest === undefined ? "" : ` Did you mean ${nearest.trim().replaceAll(/\s+/g, " or ")}?`
  return `${problem
    .trim()
    .replaceAll(/\s*\n\s*/g, ", ")
    .replace("Expected a string representing a finite number", "Expected: a number")
    .replace(/Expected an integer$/, "Expected: a whole number")
    .replace(/\.$/, "")}.${meant}`
}

/** The choices of a flag stand in its description, too: twice they leave no room for it. */
const shortTypes = (doc: HelpDoc.HelpDoc): HelpDoc.HelpDoc => {
  const short = (flags: ReadonlyArray<HelpDoc.FlagDoc>) =>
    flags.map((flag) => ({
      ...flag,
      ...(flag.type.startsWith("<") ? { type: "choice" } : {}),
      ...(flag.name === "log-level" ? { description: Option.some(logLevelText) } : {})
    }))
  return { ...doc, flags: short(doc.flags), globalFlags: short(doc.globalFlags ?? []) }
}

/** The parser has this flag for every command, and knows nothing of what Sluice does without it. */
const logLevelText =
  "What is less severe is not logged. Default: info. [SLUICE_LOG_LEVEL] (choices: all, trace, debug, info, warn, error, fatal, none)"

/** Cells of the last column of a help's line where it begins on the line of its first. */
const leastRoom = 36

/** Breaks lines between words; what goes on is indented as its column is. Examples stay whole: they are copied. */
export const wrapped = (text: string, width: number): string => {
  const at = text.search(/^.{0,6}EXAMPLES/m)
  return at < 0 ? broken(text, width) : broken(text.slice(0, at), width) + text.slice(at)
}

const broken = (text: string, width: number): string =>
  text
    .split("\n")
    .flatMap((line) => {
      if (plainWidth(line) <= width) return [line]
      // Two columns are parted by two spaces at least.
      const [, left = "", right = line] = /^((?: {2}\S+(?: \S+)*)? {2,})(\S.*)$/.exec(line) ?? []
      const isColumn = left.trim() !== ""
      const below = isColumn && width - plainWidth(left) < leastRoom
      const indent = " ".repeat(below ? 6 : plainWidth(left))
      const lines = words(right, width - indent.length)
      return below ? [left.trimEnd(), ...lines.map((each) => indent + each)] : lines.map((each, i) => (i === 0 ? left : indent) + each)
    })
    .join("\n")

/** Cells of a text with colors, which take none. */
const plainWidth = (text: string): number => widthOf(text.replace(/\p{Cc}\[[0-9;]*m/gu, ""))

const words = (text: string, width: number): ReadonlyArray<string> => {
  const lines: Array<string> = []
  let line = ""
  for (const word of text.split(" ")) {
    if (line !== "" && plainWidth(line) + 1 + plainWidth(word) > width) {
      lines.push(line)
      line = word
    } else line = line === "" ? word : `${line} ${word}`
  }
  return [...lines, line]
}

/** A statement may begin with a comment, which the parser would take for a flag: no flag has a space or the end of a line in its name. */
export const asStatement = (argument: string): string => (/^--?[^=]*\s/.test(argument) ? ` ${argument}` : argument)
