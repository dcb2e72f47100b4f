import * as NodeServices from "@effect/platform-node/NodeServices"
import { Effect, Option } from "effect"
import { CliOutput, Command, type HelpDoc } from "effect/cli"
import { describe, expect, it } from "vitest"
import { asStatement, wrapped } from "../../src/cli/help.ts"
import { logFormatFlag } from "../../src/cli/logging.ts"
import { projectFlag } from "../../src/cli/project.ts"
import { Shutdown } from "../../src/cli/shutdown.ts"
import { sluice } from "../../src/cli/sluice.ts"
import { widthOf } from "../../src/cli/terminal.ts"

/** The help of a command. */
const helpOf = async (...names: ReadonlyArray<string>): Promise<HelpDoc.HelpDoc> => {
  const docs: Array<HelpDoc.HelpDoc> = []
  const present: CliOutput.Presenter["present"] = (event) =>
    Effect.sync(() => {
      if (event._tag === "Help") docs.push(event.helpDoc)
    })
  const command = (await sluice([])).pipe(Command.withGlobalFlags([projectFlag, logFormatFlag]))
  await Command.runWith(command, { version: "0" })([...names, "--help"]).pipe(
    Effect.ignoreCause,
    Effect.provideService(Shutdown, Shutdown.of({ requested: Effect.never, drain: Effect.void })),
    Effect.provide([CliOutput.layerPresenter({ present }), NodeServices.layer]),
    Effect.runPromise
  )
  const [doc] = docs
  if (doc === undefined) throw new Error(`${names.join(" ")} has no help`)
  return doc
}

/** Names of all commands, those below others behind them: `catalog sync`. */
const namesBelow = async (...names: ReadonlyArray<string>): Promise<ReadonlyArray<string>> => {
  const found = (await helpOf(...names)).subcommands?.flatMap(({ commands }) => commands.map(({ name }) => name)) ?? []
  const below = await Promise.all(found.map(async (name) => [[...names, name].join(" "), ...(await namesBelow(...names, name))]))
  return below.flat()
}

const subcommands = await namesBelow()

describe.each(subcommands)("the help of %s", (name) => {
  it("has examples, whose flags there are", async () => {
    const { examples = [], flags } = await helpOf(...name.split(" "))
    expect(examples.length).toBeGreaterThan(0)
    const known = new Set(flags.map((flag) => `--${flag.name}`))
    for (const { command } of examples) {
      expect(command).toContain(`sluice ${name}`)
      const own = command.slice(command.indexOf(`sluice ${name}`)).split(" | ")[0] ?? ""
      for (const [flag] of own.matchAll(/--[a-z-]+/g)) expect(known, command).toContain(flag)
    }
  })

  it("says what each flag is where it is not given", async () => {
    const { flags } = await helpOf(...name.split(" "))
    for (const flag of flags) {
      const text = Option.getOrElse(flag.description, () => "")
      expect(text, flag.name).not.toBe("")
      // A choice, a number and a size are always something.
      if (flag.type === "integer" || flag.type === "number" || flag.name === "format" || flag.name === "form") {
        expect(text, flag.name).toMatch(/Default: |Without it|\(required\)/)
      }
    }
  })

  it("fits a terminal", async () => {
    const text = CliOutput.defaultFormatter({ colors: true }).formatHelpDoc({ ...(await helpOf(...name.split(" "))), examples: [] })
    const plain = (line: string) => line.replaceAll(/\p{Cc}\[\d+m/gu, "")
    for (const width of [80, 200]) {
      const lines = wrapped(text, width).split("\n").map(plain)
      expect(lines.filter((line) => widthOf(line) > width)).toEqual([])
      expect(lines.join(" ").replaceAll(/\s+/g, " ")).toBe(plain(text).replaceAll(/\s+/g, " "))
    }
  })
})

it("wrapped lines go on below the column that they belong to", () => {
  expect(
    wrapped(
      "  --lake VALUE    Folder of the lake, or a place in S3, or what else there may be.\nEXAMPLES\n  sluice a-long-command --with many --flags",
      60
    )
  ).toBe(
    "  --lake VALUE    Folder of the lake, or a place in S3, or\n                  what else there may be.\nEXAMPLES\n  sluice a-long-command --with many --flags"
  )
  expect(wrapped("  --a-flag-of-many-words VALUE    What it does, in words.", 50)).toBe(
    "  --a-flag-of-many-words VALUE\n      What it does, in words."
  )
})

it("an argument that begins with a comment is a statement, and no flag", () => {
  expect(["-- revenue\nSELECT 1", "--\nSELECT 1", "-- nothing"].map(asStatement)).toEqual([
    " -- revenue\nSELECT 1",
    " --\nSELECT 1",
    " -- nothing"
  ])
  for (const flag of ["--lake", "--lake=a b", "-", "--", "-h", "SELECT 1 -- x"]) expect(asStatement(flag)).toBe(flag)
})
