import { Effect, Option } from "effect"
import type { CompiledContract } from "../contract/compile.ts"
import type { DuckDB } from "../duckdb/duckdb.ts"
import type { LakeError } from "../duckdb/errors.ts"
import { identifier } from "../duckdb/sql.ts"
import { consumablePath, martPath, viewName } from "../lake/layout.ts"
import { type InputVersion, type MartView, martView } from "../lake/marts.ts"
import { fillViews, type LakeTable, lakeTable, rowsOf, selectNoRow } from "../lake/views.ts"
import type { Column } from "../record/column.ts"
import { coordinateColumns } from "../record/system-columns.ts"
import { Store, type StoreError } from "../store/store.ts"
import type { AddFile } from "../table/actions.ts"
import type { TableError } from "../table/errors.ts"
import { deltaSchema } from "../table/schema.ts"
import type { Input } from "./model.ts"
import { sourcePath } from "./relations.ts"
import { sourceColumns } from "./source-columns.ts"

export type ReadError = LakeError | TableError | StoreError

/** What a model is in the lake. */
export type Mart = { readonly kind: "table"; readonly table: LakeTable } | { readonly kind: "view"; readonly view: MartView }

/** What a source is called in the DuckDB of a build, and, but for changes, by `sluice query`. */
export const sourceView = (source: string, table: string): string =>
  source === "changes" ? changesView(table) : viewName(sourcePath(source, table))

/** What became of a dataset. */
export interface Changes {
  /** May rows be gone, or be others, so that a model gives none of a key any more? */
  readonly hasLost: boolean
}

const coordinates = coordinateColumns.filter(({ name }) => name !== "_arrived_at")

const changesView = (dataset: string): string => `sluice_changes_${dataset}`

/**
 * The tables that the models of a build read: each as of the version that it had when it was first asked for, so that all models of a build see
 * the same, and marts as the build makes them. They are views of its DuckDB, made when a model needs them.
 */
export class Sources {
  readonly #db: DuckDB
  readonly #columns: ReadonlyMap<string, ReadonlyArray<Column>>
  readonly #tables = new Map<string, LakeTable | null>()
  readonly #marts = new Map<string, Mart | null>()
  readonly #views = new Set<string>()

  constructor(db: DuckDB, contracts: ReadonlyArray<CompiledContract>) {
    this.#db = db
    this.#columns = sourceColumns(contracts)
  }

  /** The table at a path; null: there is none. */
  table(path: string): Effect.Effect<LakeTable | null, ReadError, Store> {
    return Effect.suspend(() => {
      const known = this.#tables.get(path)
      if (known !== undefined) return Effect.succeed(known)
      return Effect.map(lakeTable(path), (found) => {
        const table = Option.getOrNull(found)
        this.#tables.set(path, table)
        return table
      })
    })
  }

  /** The version of a table; of one that is not there, that it is not. */
  version(path: string): Effect.Effect<InputVersion, ReadError, Store> {
    return Effect.map(this.table(path), (table) =>
      table === null ? { id: "", version: -1 } : { id: table.snapshot.metaData.id, version: table.snapshot.version }
    )
  }

  /** What a model is in the lake; null: it was never built. */
  mart(model: string): Effect.Effect<Mart | null, ReadError, Store> {
    return Effect.gen({ self: this }, function* () {
      const known = this.#marts.get(model)
      if (known !== undefined) return known
      const view = yield* martView(model)
      const table = Option.isSome(view) ? null : yield* this.table(martPath(model))
      const mart: Mart | null = Option.isSome(view) ? { kind: "view", view: view.value } : table === null ? null : { kind: "table", table }
      this.#marts.set(model, mart)
      return mart
    })
  }

  /** Looks at a mart anew: another process has built it. */
  forget(model: string): void {
    this.#marts.delete(model)
    this.#views.delete(model)
    this.#tables.delete(martPath(model))
  }

  /** Takes note of what a build made. */
  built(model: string, mart: Mart): Effect.Effect<void, ReadError, Store> {
    return Effect.suspend(() => {
      this.#marts.set(model, mart)
      this.#views.delete(model)
      if (mart.kind === "table") this.#tables.set(martPath(model), mart.table)
      return this.showMart(model)
    })
  }

  /** Makes a view of a model by its name, and of all that it looks through. */
  showMart(model: string): Effect.Effect<void, ReadError, Store> {
    return Effect.gen({ self: this }, function* () {
      if (this.#views.has(model)) return
      const mart = yield* this.mart(model)
      if (mart === null) return
      if (mart.kind === "table") yield* fillViews(this.#db, [mart.table])
      else {
        yield* Effect.forEach(mart.view.reads, (read) => this.showMart(read), { discard: true })
        yield* Effect.forEach(Object.keys(mart.view.built.inputs), (path) => this.showPath(path), { discard: true })
        yield* this.#db.run(`CREATE OR REPLACE VIEW ${identifier(model)} AS ${mart.view.sql}`)
      }
      this.#views.add(model)
    })
  }

  /** Makes a view of a table by the name that `query` has for it. A dataset of which nothing has come yet has its columns, and no row. */
  showPath(path: string): Effect.Effect<void, ReadError, Store> {
    return Effect.gen({ self: this }, function* () {
      const view = viewName(path)
      if (this.#views.has(view)) return
      const table = yield* this.table(path)
      if (table !== null) yield* fillViews(this.#db, [table])
      else {
        const columns = this.#columns.get(path)
        if (columns === undefined) return
        yield* this.#db.run(`CREATE OR REPLACE VIEW ${identifier(view)} AS ${selectNoRow(deltaSchema(columns))}`)
      }
      this.#views.add(view)
    })
  }

  /** Makes the view of what an input gives; of changes, all that there is. */
  show(input: Input): Effect.Effect<void, ReadError, Store> {
    if (input.kind === "model") return this.showMart(input.name)
    return Effect.gen({ self: this }, function* () {
      yield* this.showPath(sourcePath(input.source, input.table))
      if (input.source === "changes")
        yield* this.#showChanges(input.table, `FROM ${identifier(viewName(sourcePath(input.source, input.table)))}`)
    })
  }

  /**
   * Makes the view of a dataset's changes: the rows of files that came or went since a version of its table. Null: the version is no longer known,
   * or files of it are gone.
   */
  showChanges(dataset: string, since: InputVersion): Effect.Effect<Changes | null, ReadError, Store> {
    return Effect.gen({ self: this }, function* () {
      const now = yield* this.table(consumablePath(dataset))
      if (now === null) return { hasLost: false }
      const { table, snapshot } = now
      const before =
        since.id === ""
          ? new Map<string, AddFile>()
          : since.version === snapshot.version
            ? snapshot.files
            : (yield* Effect.option(table.at(since.version))).pipe(
                Option.map(({ files }) => files),
                Option.getOrNull
              )
      if (before === null) return null
      const gone = [...before].filter(([path]) => !snapshot.files.has(path))
      const store = yield* Store
      const isThere = ([path]: readonly [string, AddFile]) =>
        store.head(`${table.path}/${path}`).pipe(
          Effect.as(true),
          Effect.catchIf(
            ({ reason }) => reason === "NotFound",
            () => Effect.succeed(false)
          )
        )
      const there = yield* Effect.filter(gone, isThere, { concurrency: 16 })
      if (there.length < gone.length) return null
      const come = [...snapshot.files].filter(([path]) => !before.has(path))
      // Two readings: a path may have come and gone, and a partition's file is where its path says.
      const selects = yield* Effect.forEach([come, gone], (files) => rowsOf(this.#db, table, { ...snapshot, files: new Map(files) }))
      yield* this.#showChanges(dataset, selects.map((select) => `(${select})`).join(" UNION ALL "))
      // What is written anew as it was has its coordinates; of all files together the contract may have changed, too.
      const isTold = coordinates.every(({ name }) => snapshot.schema.fields.some((field) => field.name === name))
      if (gone.length === 0 || gone.length === before.size || !isTold) return { hasLost: gone.length > 0 }
      const [came, went] = selects.map((select) => `SELECT ${coordinates.map(({ name }) => identifier(name)).join(", ")} FROM (${select})`)
      return { hasLost: (yield* this.#db.rows(`SELECT 1 FROM (${went} EXCEPT ${came}) LIMIT 1`)).length > 0 }
    })
  }

  #showChanges(dataset: string, select: string): Effect.Effect<void, LakeError> {
    return this.#db.run(`CREATE OR REPLACE VIEW ${identifier(changesView(dataset))} AS ${select}`)
  }
}
