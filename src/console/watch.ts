import { Effect, Option } from "effect"
import { ownTablePaths } from "../lake/find-tables.ts"
import { martPath } from "../lake/layout.ts"
import { martViews } from "../lake/marts.ts"
import { findTable } from "../lake/tables.ts"
import { type LakeTable, type LakeViews, seenTable, seenViews } from "../lake/views.ts"
import type { Store, StoreError } from "../store/store.ts"
import type { TableError } from "../table/errors.ts"
import type { Table } from "../table/table.ts"
import { isCopied } from "./copy.ts"

/** Changes with every commit, and whenever a model that is a view is built. */
export const keyOf = ({ marts, tables }: LakeViews): string =>
  JSON.stringify([tables.map(({ snapshot, table }) => [table.path, snapshot.version]), marts])

/** Changes whenever a copy is no longer what the lake has. @param named names of tables that dashboards read, in lower case */
export const markOf = ({ marts, tables }: LakeViews, named: ReadonlySet<string>, all: boolean): string => {
  const views = marts.filter(({ model }) => isCopied(model, martPath(model), named, all))
  const read = new Set(views.flatMap(({ built }) => Object.keys(built.inputs)))
  const copied = tables.filter(({ table, view }) => read.has(table.path) || isCopied(view, table.path, named, all))
  return keyOf({ marts: views, tables: copied })
}

/** Looks for newer versions. Tables stay open, so that only what was committed since the last look is read. */
export class LakeWatch {
  readonly #open = new Map<string, Table>()

  get look(): Effect.Effect<LakeViews, TableError | StoreError, Store> {
    const open = this.#open
    return Effect.gen(function* () {
      const tables: Array<LakeTable> = []
      for (const path of yield* ownTablePaths) {
        const table = open.get(path) ?? Option.getOrNull(yield* findTable(path))
        if (table === null) continue
        open.set(path, table)
        tables.push(...Option.toArray(yield* seenTable(table)))
      }
      return seenViews(tables, yield* martViews)
    }).pipe(
      // A table that was made anew has another log.
      Effect.tapError(() => Effect.sync(() => open.clear()))
    )
  }
}
