import { Effect, Option } from "effect"
import { BadConfig, type UsageError } from "../app/failures.ts"
import { type Given, readSettings, type SettingName, type Values, variableOf } from "../app/settings.ts"

/** Settings that every function has. */
export const everyFunctionsSettings = ["logLevel", "otlp"] as const

/** The settings of a function: those that every function has, and its own. */
export type FunctionValues<K extends SettingName> = Values<K | (typeof everyFunctionsSettings)[number]>

/**
 * What the environment says of a function's settings. Two are not as the command has them: a lake must be named, since nothing that a function writes into its own
 * folders stays; and there is one thread, since a bundle has no modules that others could load.
 */
export const readFunctionSettings = <const K extends SettingName>(
  names: ReadonlyArray<K>
): Effect.Effect<FunctionValues<K>, BadConfig | UsageError> =>
  Effect.gen(function* () {
    const wanted: ReadonlyArray<SettingName> = names
    if (wanted.includes("lake") && said("lake") === "")
      return yield* new BadConfig({ problem: `${variableOf("lake")} is not set`, hint: "Set it to s3://bucket/prefix." })
    const threads = said("threads")
    if (wanted.includes("threads") && threads !== "" && threads !== "1")
      return yield* new BadConfig({ problem: `${variableOf("threads")}: a function has one thread`, hint: "Unset it." })
    return yield* readSettings([...everyFunctionsSettings, ...names], oneThread)
  })

const oneThread: Given = { threads: Option.some("1") }

const said = (name: "lake" | "threads"): string => process.env[variableOf(name)] ?? ""
