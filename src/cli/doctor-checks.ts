import { existsSync } from "node:fs"
import { freemem } from "node:os"
import { dirname, resolve } from "node:path"
import { Effect, Result } from "effect"
import { withHashKey } from "../app/hash-key-secret.ts"
import { lakeUrl, storeOf } from "../app/lake.ts"
import { duckdbOptionsOf, hashKeyOf } from "../app/options.ts"
import { s3Place } from "../app/setting-types.ts"
import type { LakeName, SettingName, Values } from "../app/settings.ts"
import { unknownText, unknownVariables } from "../app/variables.ts"
import { openDuckDB } from "../duckdb/open.ts"
import { type Check, check, some, warning } from "../lake/check.ts"
import { hashKeyProblem } from "../lake/hash-key.ts"
import { stagePath } from "../lake/layout.ts"
import { lakeTables } from "../lake/views.ts"
import { randomUuid } from "../record/random.ts"
import { Store } from "../store/store.ts"
import { catalogProbe, collectorProbe, engineProbe, inputProbe, lineageProbe, queueProbe, streamProbe } from "./doctor-probes.ts"
import { bytes } from "./output.ts"
import { project } from "./project.ts"

const probed = <E extends { readonly message: string }, R>(
  name: string,
  probe: Effect.Effect<string, E, R>
): Effect.Effect<Check, never, R> =>
  Effect.match(probe, {
    onSuccess: (detail) => check("", name, true, detail),
    onFailure: (error) => check("", name, false, error.message)
  })

/** The nearest folder that exists: the lake's own may come into being only with its first data. */
const existing = (folder: string): string => (existsSync(folder) ? folder : existing(dirname(folder)))

/** Writes, races and removes an object: what the table log needs from a store. */
const storeProbe = Effect.gen(function* () {
  const store = yield* Store
  const name = `.sluice-doctor-${yield* randomUuid}`
  const [first, second, [kept]] = yield* Effect.all([
    store.putIfAbsent(name, new Uint8Array([1])),
    store.putIfAbsent(name, new Uint8Array([2])),
    store.get(name)
  ]).pipe(Effect.ensuring(Effect.ignore(store.delete([name]))))
  if (first !== "created" || second !== "exists" || kept !== 1) {
    return yield* Effect.fail({ message: `${store.root} does not keep the first of two conditional writes: do not keep a lake there` })
  }
  return `${store.root} can be written, and keeps the first of two conditional writes`
})

/** Is the key that there is, or is not, the one that the lake was filled with? */
const hashKeyCheck = (values: Values<LakeName | "hashKey" | "hashKeySecret">): Effect.Effect<Check> =>
  Effect.gen(function* () {
    const found = yield* Effect.result(withHashKey(values))
    if (Result.isFailure(found)) return check("", "hash key", false, found.failure.message)
    const key = hashKeyOf(found.success)
    const stages = (yield* lakeTables).filter(({ table, snapshot }) => table.path.startsWith(stagePath("")) && snapshot.files.size > 0)
    const problems = stages.flatMap(({ table, snapshot }) => {
      const problem = hashKeyProblem(snapshot.metaData, key)
      return problem === null ? [] : [`${table.path}: ${problem.problem}. ${problem.hint}`]
    })
    if (problems.length > 0) return check("", "hash key", false, some(problems))
    const filled = stages.length === 0 ? "" : ", as the lake was filled"
    return key === null
      ? warning("", "hash key", `not set: sensitive values are dropped, not hashed${filled}`)
      : check("", "hash key", true, `set: sensitive values are hashed${filled}`)
  }).pipe(
    Effect.provide(storeOf(values, "read")),
    Effect.catch((error) => Effect.succeed(check("", "hash key", false, `cannot be compared with the lake's: ${error.message}`)))
  )

/** Variables that look like settings. */
const variablesCheck = Effect.sync(() => {
  const unknown = unknownVariables()
  return unknown.length === 0
    ? check("", "variables", true, "every SLUICE_… variable is a setting")
    : warning("", "variables", some(unknown.map(unknownText)))
})

/** What must hold on this machine, and of the services that the settings name, for the commands to work. */
export const makeChecks = (values: Values<SettingName>): Effect.Effect<ReadonlyArray<Check>> =>
  Effect.gen(function* () {
    const node = check("", "node", process.versions.node.startsWith("24."), `version ${process.versions.node}; 24 is what AWS runs`)
    const isFolder = s3Place(values.lake) === null
    const store = probed(
      "lake",
      Effect.provide(storeProbe, storeOf(isFolder ? { ...values, lake: existing(resolve(values.lake)) } : values, "read"))
    )
    const duckdb = probed(
      "duckdb",
      Effect.scoped(
        Effect.gen(function* () {
          const db = yield* openDuckDB(duckdbOptionsOf(values))
          const [row] = yield* db.rows("SELECT version() AS version")
          return `version ${String(row?.["version"] ?? "?")}`
        })
      )
    )
    const free = freemem()
    const memory = check("", "memory", free > 512 * 1024 ** 2, `${bytes(free)} free; ingest and repartition need 512 MB`)
    const services = Object.entries({
      input: inputProbe(values),
      stream: streamProbe(values),
      queue: queueProbe(values),
      engine: engineProbe(values),
      catalog: catalogProbe(values),
      lineage: lineageProbe(values),
      collector: collectorProbe(values)
    })
    return yield* Effect.all(
      [
        Effect.succeed(node),
        Effect.succeed(
          check(
            "",
            "contracts",
            project.error === null,
            project.error?.message.replace(/\s*\n\s*/g, " ") ?? `${[...project.compiled.keys()].join(", ")}, of the project ${project.name}`
          )
        ),
        store,
        duckdb,
        Effect.succeed(memory),
        hashKeyCheck(values),
        Effect.succeed(check("", isFolder ? "folder" : "bucket", true, isFolder ? resolve(values.lake) : lakeUrl(values))),
        ...services.flatMap(([name, probe]) => (probe === null ? [] : [probed(name, probe)])),
        variablesCheck
      ],
      { concurrency: "unbounded" }
    )
  })
