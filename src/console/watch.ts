import { Effect, Option } from "effect"
import { ownTablePaths } from "../lake/find-tables.ts"
import { martAt, viewName } from "../lake/layout.ts"
import { martViews } from "../lake/marts.ts"
import { findTable } from "../lake/tables.ts"
import type { Store, StoreError } from "../store/store.ts"
import type { TableError } from "../table/errors.ts"
import type { Table } from "../table/table.ts"

/** The newest versions of a lake's tables. */
export interface Versions {
  readonly tables: ReadonlyArray<{ readonly path: string; readonly view: string; readonly version: number }>
  /** Models that are views: paths of what each reads, and what tells its text from others. */
  readonly views: ReadonlyArray<{ readonly reads: ReadonlyArray<string>; readonly text: string }>
}

/** Changes whenever a copy is no longer what the lake has. @param isCopied by a table's path and view */
export const markOf = ({ tables, views }: Versions, isCopied: (path: string, view: string) => boolean): string => {
  const read = new Set(views.flatMap(({ reads }) => reads))
  const copied = tables.filter(({ path, view }) => martAt(path) !== null || read.has(path) || isCopied(path, view))
  return JSON.stringify([copied.map(({ path, version }) => [path, version]), views.map(({ text }) => text)])
}

/** Looks for newer versions. Tables stay open, so that only what was committed since the last look is read. */
export class LakeWatch {
  readonly #open = new Map<string, Table>()

  get look(): Effect.Effect<Versions, TableError | StoreError, Store> {
    const open = this.#open
    return Effect.gen(function* () {
      const tables: Array<Versions["tables"][number]> = []
      for (const path of yield* ownTablePaths) {
        const known = open.get(path)
        const table = known === undefined ? Option.getOrNull(yield* findTable(path)) : known
        if (table === null) continue
        open.set(path, table)
        const { version } = yield* table.snapshot
        tables.push({ path, view: viewName(path), version })
      }
      const views = (yield* martViews).map(({ built, model, sql }) => ({
        reads: Object.keys(built.inputs),
        text: JSON.stringify([model, sql, built.text])
      }))
      return { tables, views }
    }).pipe(
      // A table that was made anew has another log.
      Effect.tapError(() => Effect.sync(() => open.clear()))
    )
  }
}
