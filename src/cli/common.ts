import { resolve } from "node:path"
import { Clock, Effect, type Layer, Redacted } from "effect"
import { Flag } from "effect/cli"
import { contracts } from "../../schemas/index.ts"
import { type CompiledContract, compileContract } from "../contract/compile.ts"
import type { DecodeSettings } from "../decode/decoder.ts"
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

/** Every dataset that there is, by name. */
export const compiled: ReadonlyMap<string, CompiledContract> = new Map(
  contracts.map((contract) => [contract.name, compileContract(contract)] as const)
)

export const dataset = withDefault(Flag.String("dataset"), `Dataset: ${[...compiled.keys()].join(" or ")}.`, "checkout")

export const contractOf = (name: string): Effect.Effect<CompiledContract, UsageError> => {
  const found = compiled.get(name)
  return found === undefined
    ? Effect.fail(
        new UsageError({ problem: `there is no dataset ${JSON.stringify(name)}`, hint: `Use one of: ${[...compiled.keys()].join(", ")}.` })
      )
    : Effect.succeed(found)
}

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

export const decodeSettingsOf = (values: Values<"hashKey" | "maxDepth" | "maxRecordBytes">): DecodeSettings => ({
  hashKey: values.hashKey === null ? null : new TextEncoder().encode(Redacted.value(values.hashKey)),
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
  contracts: new URL("../../schemas/index.ts", import.meta.url)
})

/** A flag for a whole number from `minimum` up. */
export const atLeast = (minimum: number, name: string) =>
  Flag.Int(name).pipe(
    Flag.filter(
      (n) => n >= minimum,
      (n) => `${n} is not a whole number from ${minimum} up`
    )
  )

/** A flag for a whole number from 1 up. */
export const positive = (name: string) => atLeast(1, name)

/** A flag for a share, 0 to 1. */
export const share = (name: string) =>
  Flag.Finite(name).pipe(
    Flag.filter(
      (x) => x >= 0 && x <= 1,
      (x) => `${x} is not from 0 to 1`
    )
  )
