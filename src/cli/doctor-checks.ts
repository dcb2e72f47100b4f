import { existsSync } from "node:fs"
import { freemem } from "node:os"
import { dirname, resolve } from "node:path"
import { Effect } from "effect"
import { type Check, check } from "../lake/check.ts"
import { openDuckDB } from "../lake/duckdb.ts"
import { randomUuid } from "../record/random.ts"
import { Store } from "../store/store.ts"
import { compiled, contractError, duckdbOptionsOf, lakeUrl, storeOf } from "./common.ts"
import { bytes } from "./output.ts"
import { type SettingName, s3Place, type Values } from "./settings.ts"

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

/** What must hold on this machine for the commands to work. */
export const makeChecks = (values: Values<SettingName>): Effect.Effect<ReadonlyArray<Check>> =>
  Effect.gen(function* () {
    const node = check("", "node", process.versions.node.startsWith("24."), `version ${process.versions.node}; 24 is what AWS runs`)
    const isFolder = s3Place(values.lake) === null
    const store = yield* probed(
      "lake",
      Effect.provide(storeProbe, storeOf(isFolder ? { ...values, lake: existing(resolve(values.lake)) } : values, "read"))
    )
    const duckdb = yield* probed(
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
    const hash = check(
      "",
      "hash key",
      true,
      values.hashKey === null ? "not set: sensitive values are dropped, not hashed" : "set: sensitive values are hashed"
    )
    const contracts = check("", "contracts", contractError === null, contractError?.message ?? `${[...compiled.keys()].join(", ")}`)
    return [
      node,
      contracts,
      store,
      duckdb,
      memory,
      hash,
      check("", isFolder ? "folder" : "bucket", true, isFolder ? resolve(values.lake) : lakeUrl(values))
    ]
  })
