import { resolve } from "node:path"
import { Effect, Layer, Option } from "effect"
import type { CompiledContract } from "../contract/compile.ts"
import type { LakeError } from "../duckdb/errors.ts"
import { requireLake } from "../lake/find-tables.ts"
import { stagePath } from "../lake/layout.ts"
import { findTable } from "../lake/tables.ts"
import { localStore } from "../store/local-store.ts"
import { s3Store } from "../store/s3-store.ts"
import type { Store, StoreError } from "../store/store.ts"
import type { TableError } from "../table/errors.ts"
import { s3Place } from "./setting-types.ts"
import type { LakeName, Values } from "./settings.ts"

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

/** Of some datasets those that the lake has a stage of. */
export const withStage = (
  contracts: ReadonlyArray<CompiledContract>
): Effect.Effect<ReadonlyArray<CompiledContract>, TableError | StoreError, Store> =>
  Effect.filter(contracts, ({ contract }) => Effect.map(findTable(stagePath(contract.name)), Option.isSome))
