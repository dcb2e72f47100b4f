import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect, type Scope } from "effect"
import { leaf } from "../../src/record/column.ts"
import { makeLocalStore } from "../../src/store/local-store.ts"
import { Store } from "../../src/store/store.ts"
import type { AddFile, PartitionValues, WriteAction } from "../../src/table/actions.ts"
import type { Transaction } from "../../src/table/commit.ts"
import type { Snapshot } from "../../src/table/snapshot.ts"
import { addPath, createTable, type TableDefinition } from "../../src/table/table.ts"
import { type FaultyStore, makeFaultyStore } from "../store/faulty-store.ts"

export const temporaryFolder: Effect.Effect<string, never, Scope.Scope> = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "sluice-table-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
)

/** Runs against a fresh lake in a folder, behind a store with knobs. */
export const inLake = <A, E>(
  body: (lake: FaultyStore & { readonly root: string }) => Effect.Effect<A, E, Store | Scope.Scope>
): Effect.Effect<A, unknown> =>
  Effect.scoped(
    Effect.gen(function* () {
      const root = yield* temporaryFolder
      const faulty = makeFaultyStore(yield* makeLocalStore(root))
      return yield* body({ ...faulty, root }).pipe(Effect.provideService(Store, faulty.store))
    })
  )

export const definition: TableDefinition = {
  name: "stage_checkout",
  description: "Orders as they arrived.",
  columns: [leaf("order_id", "text", "Key."), leaf("total", { type: "decimal", precision: 18, scale: 2 }, "")],
  partitions: [leaf("ingest_date", "date", ""), leaf("ingest_hour", "integer", "")],
  writerFeatures: ["domainMetadata"]
}

export const aTable = Effect.map(createTable("stage/checkout", definition), ({ table }) => table)

export const hour = (n: number): PartitionValues => ({ ingest_date: "2026-11-20", ingest_hour: String(n) })

export const add = (name: string, partitionValues: PartitionValues = hour(0), more: Partial<AddFile> = {}): { readonly add: AddFile } => ({
  add: { path: addPath(partitionValues, name), partitionValues, size: 10, modificationTime: 1, stats: null, dataChange: true, ...more }
})

export const remove = (file: AddFile, dataChange = true, deletionTimestamp = Date.now()): WriteAction => ({
  remove: { path: file.path, deletionTimestamp, dataChange, partitionValues: file.partitionValues, size: file.size }
})

export const domain = (name: string, configuration: string, removed = false): WriteAction => ({
  domainMetadata: { domain: name, configuration, removed }
})

export const append = (read: Snapshot, ...actions: ReadonlyArray<WriteAction>): Transaction => ({
  read,
  operation: "STREAMING UPDATE",
  parameters: {},
  metrics: {},
  actions,
  isBlindAppend: true
})

export const merge = (read: Snapshot, readFiles: Transaction["readFiles"], ...actions: ReadonlyArray<WriteAction>): Transaction => ({
  ...append(read, ...actions),
  operation: "MERGE",
  isBlindAppend: false,
  ...(readFiles === undefined ? {} : { readFiles })
})
