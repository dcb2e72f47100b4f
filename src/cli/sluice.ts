import { Command } from "effect/cli"

/** Every subcommand there is, in the order of the help; each is loaded where it is asked for. */
const doors = {
  init: async () => (await import("./init.ts")).init,
  run: async () => (await import("./run.ts")).run,
  ingest: async () => (await import("./ingest.ts")).ingest,
  repartition: async () => (await import("./repartition.ts")).repartition,
  verify: async () => (await import("./verify.ts")).verify,
  replay: async () => (await import("./replay.ts")).replay,
  query: async () => (await import("./query.ts")).query,
  status: async () => (await import("./status.ts")).status,
  runs: async () => (await import("./runs.ts")).runs,
  models: async () => (await import("./models.ts")).models,
  build: async () => (await import("./build.ts")).build,
  test: async () => (await import("./test.ts")).test,
  docs: async () => (await import("./docs.ts")).docs,
  maintain: async () => (await import("./maintain.ts")).maintain,
  catalog: async () => (await import("./catalog.ts")).catalog,
  contracts: async () => (await import("./contracts.ts")).contracts,
  generate: async () => (await import("./generate.ts")).generate,
  console: async () => (await import("./console.ts")).console,
  collect: async () => (await import("./collect.ts")).collect,
  put: async () => (await import("./put.ts")).put,
  pump: async () => (await import("./pump.ts")).pump,
  doctor: async () => (await import("./doctor.ts")).doctor,
  demo: async () => (await import("./demo.ts")).demo
}

const isDoor = (word: string): word is keyof typeof doors => Object.hasOwn(doors, word)

/** Flags of every command that have a value, which is no command. */
const globalFlags = ["--project", "--log-format"]

/** The subcommand that a command line names; null: none of ours. */
export const subcommandIn = (args: ReadonlyArray<string>): keyof typeof doors | null => {
  const word = args.find((arg, i) => !arg.startsWith("-") && !globalFlags.includes(args[i - 1] ?? ""))
  return word !== undefined && isDoor(word) ? word : null
}

/**
 * The `sluice` command, with the subcommand that a command line names: of the others nothing is loaded, so that each starts as quickly as its own work
 * lets it. With all of them where it names none, or one that there is not.
 */
export const sluice = async (args: ReadonlyArray<string>) => {
  const named = subcommandIn(args)
  const open = named === null ? Object.values(doors) : [doors[named]]
  return Command.make("sluice").pipe(
    Command.withDescription("Carries a shop's events into a Delta lake, exactly once."),
    Command.withSubcommands(await Promise.all(open.map((each) => each())))
  )
}
