import { Effect } from "effect"
import { type Command, Completions } from "effect/cli"
import { UsageError } from "../app/failures.ts"

/** Scripts of package.json that run the command. */
const scripts = new Set(["sluice", "start"])

/** Does npm run the command, so that it may have taken flags of any subcommand for its own? */
export const isNpmScript = (environment: { readonly [name: string]: string | undefined }): boolean =>
  scripts.has(environment["npm_lifecycle_event"] ?? "")

/**
 * Refuses to run where npm took flags for its own, as it does with those that stand in front of a `--`: `npm run sluice repartition --dry-run` runs
 * `repartition`. What it took shows in the environment alone.
 *
 * @param environment variables of the process
 */
export const refuseEatenFlags = (
  command: Command.Command.Any,
  environment: { readonly [name: string]: string | undefined }
): Effect.Effect<void, UsageError> =>
  Effect.suspend(() => {
    if (!isNpmScript(environment)) return Effect.void
    const eaten = flagsOf(Completions.fromCommand(command)).filter(
      (flag) => environment[`npm_config_${flag.replaceAll("-", "_")}`] !== undefined
    )
    if (eaten.length === 0) return Effect.void
    return Effect.fail(
      new UsageError({
        problem: `npm took ${eaten.map((flag) => `--${flag}`).join(", ")} for itself`,
        hint: "Write -- before the command's own words: npm run -s sluice -- ingest --input FOLDER. Or call src/sluice, which needs none."
      })
    )
  })

/** Names of all flags of a command and of those below it, each once. */
const flagsOf = (command: Completions.CommandDescriptor): ReadonlyArray<string> => [
  ...new Set([...command.flags.map(({ name }) => name), ...command.subcommands.flatMap(flagsOf)])
]
