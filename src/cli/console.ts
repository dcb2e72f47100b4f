import { randomBytes } from "node:crypto"
import { Effect, Option, Redacted } from "effect"
import { Command, Flag } from "effect/cli"
import { projectText } from "../app/about.ts"
import { BadConfig, UsageError } from "../app/failures.ts"
import { existingLakeOf } from "../app/lake.ts"
import { modelsOf } from "../app/models.ts"
import { decodeSettingsOf } from "../app/options.ts"
import { runListener } from "../app/run-listener.ts"
import { authority } from "../app/setting-types.ts"
import { catalogNames, hashKeyNames, lakeNames, lineageNames } from "../app/settings.ts"
import type { ConsoleOptions } from "../console/state.ts"
import { replay as runReplay } from "../ingest/replay.ts"
import { atLeast, json, toggle, withDefault } from "./common.ts"
import { print } from "./output.ts"
import { allContracts, contractOf, project, warnOfContracts, withDatabase } from "./project.ts"
import { use } from "./settings.ts"
import { Shutdown } from "./shutdown.ts"

const settings = use(
  ...lakeNames,
  "memoryLimit",
  "threads",
  "consoleToken",
  ...catalogNames,
  "maxRecordBytes",
  "maxDepth",
  ...hashKeyNames,
  ...lineageNames
)

const largestPort = 65_535

/** The token that is asked for; null: none is. One of the environment, or with `--token` a new one. */
const tokenOf = (host: string, given: Redacted.Redacted<string> | null, makes: boolean) =>
  Effect.gen(function* () {
    const { isLoopback } = yield* Effect.promise(() => import("../console/console.ts"))
    const { isStrongToken } = yield* Effect.promise(() => import("../console/guard.ts"))
    if (given !== null && !isStrongToken(Redacted.value(given)))
      return yield* new BadConfig({
        problem: "SLUICE_CONSOLE_TOKEN has less than 128 bits",
        hint: "Give one that nobody guesses: openssl rand -hex 32."
      })
    if (given !== null) return Redacted.value(given)
    if (makes) return randomBytes(32).toString("base64url")
    if (isLoopback(host)) return null
    return yield* new UsageError({
      problem: `on ${host} the console is reached from other machines, and has no token`,
      hint: "Give --token, which makes one, or SLUICE_CONSOLE_TOKEN; or leave --host away."
    })
  })

export const console = Command.make(
  "console",
  {
    port: withDefault(atLeast(0, "port"), "Port of the console; 0 takes one that is free.", 8090).pipe(
      Flag.filter(
        (port) => port <= largestPort,
        (port) => `Expected a port up to ${largestPort}, got ${port}`
      )
    ),
    host: withDefault(
      Flag.String("host").pipe(Flag.withMetavar("HOST")),
      "Address that it is reached at. Another than this machine's own wants a token.",
      "127.0.0.1"
    ),
    hosts: Flag.String("hosts").pipe(
      Flag.withDescription(
        "Further names with their ports, with commas between them, under which browsers reach it: that of a proxy before it."
      ),
      Flag.withMetavar("NAME:PORT"),
      Flag.optional
    ),
    token: toggle("token", "Make a token, and tell a link that lets one browser in, once. One of your own: SLUICE_CONSOLE_TOKEN."),
    sql: toggle("sql", "Have the box for SQL: SELECTs on the marts and on the tables for users, which are copied for it."),
    allowPersonal: toggle("allow-personal", "Show sensitive columns as well, to whoever reaches the console."),
    allowReplay: toggle("allow-replay", "Let whoever reaches the console have dead letters read again."),
    settings: settings.flags,
    json
  },
  Effect.fnUntraced(function* (flags) {
    const values = yield* settings.read(flags.settings)
    const shutdown = yield* Shutdown
    yield* warnOfContracts
    const token = yield* tokenOf(flags.host, values.consoleToken, flags.token)
    const contracts = yield* allContracts
    const models = yield* modelsOf(project)
    const done = yield* Effect.gen(function* () {
      yield* shutdown.drain
      // Loaded by who looks alone.
      const { runConsole } = yield* Effect.promise(() => import("../console/console.ts"))
      const { defaultPool } = yield* Effect.promise(() => import("../console/query-pool.ts"))
      const onRun = flags.allowReplay ? yield* runListener(withDatabase(values), contracts) : null
      const replay: ConsoleOptions["replay"] =
        onRun === null
          ? null
          : (dataset, reason) =>
              Effect.gen(function* () {
                const contract = yield* contractOf(dataset)
                const found = yield* runReplay({ contract, decode: decodeSettingsOf(values), reason, onEvent: onRun })
                return { records: found.letters, rows: found.rows }
              })
      const started = yield* runConsole({
        host: flags.host,
        port: flags.port,
        hosts: Option.match(flags.hosts, { onNone: () => [], onSome: (text) => text.split(",").map((each) => each.trim()) }),
        token,
        project: projectText(project, models),
        folder: project.folder,
        sql: flags.sql,
        allowPersonal: flags.allowPersonal,
        replay,
        duckdb: { memoryLimit: values.memoryLimit, threads: values.threads },
        pool: defaultPool,
        refreshMillis: 2_000
      }).pipe(
        Effect.mapError((error) => (error._tag === "ListenError" ? new BadConfig({ problem: error.problem, hint: error.hint }) : error))
      )
      const at = `http://${authority(flags.host, started.port)}`
      const link = started.guard.needsToken ? `${at}${started.guard.link()}` : `${at}/`
      yield* Effect.logInfo(
        `the console is at ${link}${started.guard.needsToken ? ", for one browser, once" : ""}; stop with Ctrl-C or SIGTERM`,
        {
          port: started.port
        }
      )
      yield* shutdown.requested
      return { port: started.port }
    }).pipe(Effect.scoped, Effect.provide(existingLakeOf(values, flags.allowReplay ? "write" : "read")))
    yield* print(flags.json, done, () => "The console has ended.")
  })
).pipe(
  Command.withDescription("Show a lake in a browser: how it does, its lineage, its catalog and the project's dashboards."),
  Command.withExamples([
    { description: "On this machine alone", command: "sluice console --lake lake" },
    {
      description: "For others, who are let in by a link",
      command: "sluice console --lake lake --host 0.0.0.0 --hosts lake.example:8090 --token"
    }
  ])
)
