import { Effect, Option } from "effect"
import { ownTablePaths } from "../lake/find-tables.ts"
import { viewName } from "../lake/layout.ts"
import { martViews } from "../lake/marts.ts"
import { findTable } from "../lake/tables.ts"
import type { Store, StoreError } from "../store/store.ts"
import type { TableError } from "../table/errors.ts"
import type { Table } from "../table/table.ts"

/** The newest versions of a lake's tables. */
export interface Versions {
  /** By the names of their views. */
  readonly versions: ReadonlyMap<string, number>
  /** Changes whenever what marts show may have changed: with any table's version, and with the text of a model that is a view. */
  readonly mark: string
}

/** Looks for newer versions. Tables stay open, so that only what was committed since the last look is read. */
export class LakeWatch {
  readonly #open = new Map<string, Table>()

  get look(): Effect.Effect<Versions, TableError | StoreError, Store> {
    const open = this.#open
    return Effect.gen(function* () {
      const versions = new Map<string, number>()
      for (const path of yield* ownTablePaths) {
        const known = open.get(path)
        const table = known === undefined ? Option.getOrNull(yield* findTable(path)) : known
        if (table === null) continue
        open.set(path, table)
        const { version } = yield* table.snapshot
        versions.set(viewName(path), version)
      }
      const views = (yield* martViews).map(({ built, model, sql }) => [model, sql, built.text])
      return { versions, mark: JSON.stringify([[...versions].sort(), views]) }
    }).pipe(
      // A table that was made anew has another log.
      Effect.tapError(() => Effect.sync(() => open.clear()))
    )
  }
}
