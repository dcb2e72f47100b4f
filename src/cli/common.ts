import { resolve } from "node:path"
import { Clock, Effect, Layer, Redacted } from "effect"
import { Flag } from "effect/cli"
import type { CompiledContract } from "../contract/compile.ts"
import type { ContractError } from "../contract/contract.ts"
import { loadContracts } from "../contract/load.ts"
import type { DecodeSettings } from "../decode/decoder.ts"
import type { LakeError } from "../duckdb/errors.ts"
import { requireLake } from "../lake/find-tables.ts"
import { localStore } from "../store/local-store.ts"
import { s3Store } from "../store/s3-store.ts"
import type { Store, StoreError } from "../store/store.ts"
import { UsageError } from "./failures.ts"
import { type LakeName, s3Place, type Values } from "./settings.ts"

/** A flag that is off unless it is given. */
export const toggle = (name: string, description: string) =>
  Flag.Boolean(name).pipe(Flag.withDescription(description), Flag.withDefault(false))

/** A flag that says what it is where it is not given. */
export const withDefault = <A extends string | number>(flag: Flag.Flag<A>, description: string, fallback: NoInfer<A>): Flag.Flag<A> =>
  flag.pipe(Flag.withDescription(`${description} Default: ${fallback}.`), Flag.withDefault(fallback))

export const json = toggle("json", "Print one JSON value on standard output, and nothing else there.")

/** Where the contracts are listed. */
const contractsModule = new URL("../../schemas/index.ts", import.meta.url)

const loaded = await loadContracts(contractsModule)

/** What is wrong with contracts that cannot be used, if there are any. */
export const contractError: ContractError | null = loaded.error

/** Every dataset that there is and whose contract can be used, by name. */
export const compiled: ReadonlyMap<string, CompiledContract> = loaded.compiled

/** Every dataset that there is, those included whose contracts cannot be used. */
export const datasetNames: ReadonlyArray<string> = [...compiled.keys(), ...loaded.refused]

export const changeHashKey = toggle(
  "change-hash-key",
  "Go on with SLUICE_HASH_KEY as it is now where the lake was filled with another key, or none. What is there stays: one value has two hashes."
)

export const dataset = withDefault(
  Flag.String("dataset"),
  [
    `Dataset: ${datasetNames.join(" or ")}.`,
    ...(contractError === null ? [] : ["Not all of their contracts can be used: sluice doctor says why."])
  ].join(" "),
  "checkout"
)

/** Says that contracts cannot be used, before work that does without them. */
export const warnOfContracts: Effect.Effect<void> = Effect.suspend(() => {
  if (contractError === null) return Effect.void
  const whose = loaded.refused.length === 0 ? "contracts" : `the contracts of ${loaded.refused.join(", ")}`
  return Effect.logWarning(`${whose} cannot be used: sluice doctor says why`)
})

/** For work that is about every dataset: all contracts must be sound. */
export const allContracts: Effect.Effect<ReadonlyArray<CompiledContract>, ContractError> = Effect.suspend(() =>
  contractError === null ? Effect.succeed([...compiled.values()]) : Effect.fail(contractError)
)

export const contractOf = (name: string): Effect.Effect<CompiledContract, UsageError | ContractError> =>
  Effect.suspend((): Effect.Effect<CompiledContract, UsageError | ContractError> => {
    const found = compiled.get(name)
    if (found !== undefined) return Effect.as(warnOfContracts, found)
    // It may be one of those that cannot be used.
    if (contractError !== null) return Effect.fail(contractError)
    return Effect.fail(
      new UsageError({ problem: `there is no dataset ${JSON.stringify(name)}`, hint: `Use one of: ${datasetNames.join(", ")}.` })
    )
  })

/** Where a lake lies, as a URL. */
export const lakeUrl = ({ lake }: Values<"lake">): string => {
  const place = s3Place(lake)
  return place === null ? `file://${resolve(lake)}` : `s3://${place.bucket}/${place.prefix}`.replace(/\/$/, "")
}

/**
 * The store of the lake.
 *
 * @param use "write": also finds out first whether a bucket can be written and keeps the first of two conditional puts
 */
export const storeOf = (values: Values<LakeName>, use: "read" | "write"): Layer.Layer<Store, StoreError> => {
  const place = s3Place(values.lake)
  if (place === null) return localStore(resolve(values.lake))
  return s3Store({
    ...place,
    region: values.region ?? undefined,
    endpoint: values.s3Endpoint ?? undefined,
    kmsKey: values.kmsKey ?? undefined,
    probe: use === "write"
  })
}

/** The store of a lake that is there. Fails with `NoLake` before anything is made or written, alike for every command that makes none. */
export const existingLakeOf = (values: Values<LakeName>, use: "read" | "write"): Layer.Layer<Store, StoreError | LakeError> =>
  Layer.provideMerge(Layer.effectDiscard(requireLake), storeOf(values, use))

/** The hash key as bytes; null: there is none. */
export const hashKeyOf = ({ hashKey }: Values<"hashKey">): Uint8Array | null =>
  hashKey === null ? null : new TextEncoder().encode(Redacted.value(hashKey))

export const decodeSettingsOf = (values: Values<"hashKey" | "maxDepth" | "maxRecordBytes">): DecodeSettings => ({
  hashKey: hashKeyOf(values),
  maxDepth: values.maxDepth,
  maxRecordBytes: values.maxRecordBytes
})

/** Runs an effect and says how long it took, in milliseconds. */
export const timed = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<readonly [A, number], E, R> =>
  Effect.gen(function* () {
    const start = yield* Clock.currentTimeMillis
    const value = yield* effect
    return [value, (yield* Clock.currentTimeMillis) - start] as const
  })

/** Memory and threads of the embedded engine, as settings say. */
export const duckdbOptionsOf = ({ memoryLimit, threads }: Values<"memoryLimit" | "threads">) => ({ memoryLimit, threads })

/** How many threads ingest, and where each finds the contracts. */
export const ingestThreadsOf = ({ threads }: Values<"threads">) => ({
  threads,
  contracts: contractsModule
})

/** A flag for a whole number from `minimum` up. */
export const atLeast = (minimum: number, name: string) =>
  Flag.Int(name).pipe(
    Flag.filter(
      (n) => n >= minimum,
      () => `a whole number from ${minimum} up`
    )
  )

/** A flag for a whole number from 1 up. */
export const positive = (name: string) => atLeast(1, name)

/** A flag for a share, 0 to 1. */
export const share = (name: string) =>
  Flag.Finite(name).pipe(
    Flag.filter(
      (x) => x >= 0 && x <= 1,
      () => "a share from 0 to 1"
    )
  )
