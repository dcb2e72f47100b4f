import type { Leaf, Value } from "../record/column.ts"

/** What a project's `models/` folder says, read and checked: plain data, from which everything about models is worked out. */

/** A piece of a model's text, as it lies in the file. What is rendered of it depends on who asks: see `render.ts`. */
export type Piece =
  | { readonly kind: "text"; readonly text: string }
  /** `{{ ref('m') }}`: a model of the project. */
  | { readonly kind: "ref"; readonly model: string; readonly line: number }
  /** `{{ source('s', 't') }}`: a dataset's table, see {@link Input}. */
  | { readonly kind: "source"; readonly source: string; readonly table: string; readonly line: number }
  /** `{{ var('x') }}`, `{{ var('x', default) }}`. */
  | { readonly kind: "var"; readonly name: string; readonly fallback: Literal | undefined; readonly line: number }
  /** `{{ this }}`: the model's own table, as it stands. */
  | { readonly kind: "this"; readonly line: number }
  /** `{% if is_incremental() %} … {% else %} … {% endif %}`. */
  | { readonly kind: "ifIncremental"; readonly incremental: ReadonlyArray<Piece>; readonly otherwise: ReadonlyArray<Piece> }

/** A value as it can stand in `{{ config(…) }}`, `{{ var(…) }}` and YAML. */
export type Literal = string | number | boolean | null | ReadonlyArray<Literal> | { readonly [key: string]: Literal }

/**
 * What a model reads. `ref` names a model; `source` a table of the lake: `source('consumable', 'orders')`, `source('stage', 'orders')`,
 * `source('lake', 'dead_letters' | 'runs')`, and `source('changes', 'orders')`, the rows of the consumable that files which came or went
 * since the model was last built have: of a first or whole build, and for dbt, all rows. `source('elements', 'orders.items')` are the elements of
 * a list of a consumable, a row each, see `elementsSql`; `stage_elements` the same of the stage.
 */
export type Input =
  | { readonly kind: "model"; readonly name: string }
  | {
      readonly kind: "source"
      readonly source: "consumable" | "stage" | "lake" | "changes" | "elements" | "stage_elements"
      readonly table: string
    }

export type Strategy = "append" | "merge" | "delete+insert" | "microbatch"

export interface Microbatch {
  readonly eventTime: string
  readonly batchSize: "hour" | "day" | "month" | "year"
  /** First batch begins here, ISO 8601. */
  readonly begin: string
  /** Batches before the newest that are made again. */
  readonly lookback: number
}

/** How a model becomes a table. */
export type Materialization =
  | { readonly kind: "view" }
  | { readonly kind: "table" }
  | {
      readonly kind: "incremental"
      readonly strategy: Strategy
      /** Columns that tell rows apart; of `append` and `microbatch` none. */
      readonly uniqueKey: ReadonlyArray<string>
      readonly onSchemaChange: "ignore" | "fail" | "append_new_columns" | "sync_all_columns"
      /** Of `microbatch` alone. */
      readonly microbatch: Microbatch | null
    }
  | { readonly kind: "history"; readonly history: History }
  | { readonly kind: "lookup"; readonly lookup: LookupTable }

/** A row for each key that the model's SELECT gives, made by a program of the project, see `Lookup` of the contract. */
export interface LookupTable {
  readonly version: string
  /** Column of the key. */
  readonly key: string
  /** All columns. */
  readonly columns: ReadonlyArray<Leaf>
  readonly row: (key: string) => { readonly [column: string]: Value }
}

/**
 * The versions of things, one row each as the model's SELECT gives them, become rows that say from when to when they held: see `history-sql.ts`.
 */
export interface History {
  /** Columns that say which thing. */
  readonly key: ReadonlyArray<string>
  /** Column with the time from which a version holds. */
  readonly effective: string
  /** Columns that decide among versions of one time, the largest last. */
  readonly order: ReadonlyArray<string>
  /** Columns whose change makes a new row (type 2). */
  readonly keep: ReadonlyArray<string>
  /** Columns of which each row has the newest value (type 1). */
  readonly replace: ReadonlyArray<string>
  /** Column that says whether a version is only inferred from a fact that names the key; null: there are none. */
  readonly inferred: string | null
}

export type Severity = "error" | "warn"

/** A test of a model's rows: it passes where its SELECT gives no row. */
export interface DataTest {
  /** As dbt names it: `unique_orders_order_id`; of a singular test its file's name. */
  readonly name: string
  /** The model, or null for a singular test, which belongs to the models that it refers to. */
  readonly model: string | null
  readonly column: string | null
  readonly check: Check
  readonly severity: Severity
  /** SQL condition on the rows that are looked at. */
  readonly where: string | null
  /** `warn_if`, `error_if`: conditions on the number of failing rows, such as `>10`; null: `!= 0`. */
  readonly warnIf: string | null
  readonly errorIf: string | null
  readonly file: string
  readonly line: number
}

export type Check =
  | { readonly kind: "unique" }
  | { readonly kind: "not_null" }
  | { readonly kind: "accepted_values"; readonly values: ReadonlyArray<Literal>; readonly quote: boolean }
  | { readonly kind: "relationships"; readonly to: Input; readonly field: string }
  /** A number, date or time between two ends, each of which may be missing. */
  | { readonly kind: "range"; readonly min: Literal | undefined; readonly max: Literal | undefined }
  /** A condition that must hold for each row. */
  | { readonly kind: "expression"; readonly expression: string }
  /** A SELECT of a file in `tests/`. */
  | { readonly kind: "singular"; readonly text: ReadonlyArray<Piece> }

/** Rows given to a model in place of its inputs, and rows that must come out. */
export interface UnitTest {
  readonly name: string
  readonly model: string
  readonly given: ReadonlyArray<{ readonly input: Input | "this"; readonly rows: ReadonlyArray<{ readonly [column: string]: Literal }> }>
  readonly expect: ReadonlyArray<{ readonly [column: string]: Literal }>
  /** `overrides: macros: is_incremental`. */
  readonly isIncremental: boolean
  readonly vars: { readonly [name: string]: Literal }
  readonly file: string
  readonly line: number
}

export interface ModelColumn {
  readonly name: string
  readonly description: string
  /** `meta: sensitive: true`: its values are shown nowhere. */
  readonly isSensitive: boolean
  /** `data_type`, where `contract: enforced` holds the model to it. */
  readonly dataType: string | null
}

export interface Model {
  /** The file's name without `.sql`; unique in the project. */
  readonly name: string
  /** Path below the project's folder, with `/`. */
  readonly file: string
  readonly description: string
  readonly columns: ReadonlyArray<ModelColumn>
  readonly tags: ReadonlyArray<string>
  readonly meta: { readonly [key: string]: Literal }
  readonly owner: string | null
  readonly materialization: Materialization
  /** Columns whose values a file's rows share. */
  readonly partitionBy: ReadonlyArray<string>
  readonly isContractEnforced: boolean
  readonly text: ReadonlyArray<Piece>
  /** The file as it is, for hashes and for people. */
  readonly source: string
  readonly inputs: ReadonlyArray<Input>
}

/** How old a source's newest row may be. */
export interface Freshness {
  readonly input: Input
  readonly loadedAt: string
  readonly warnAfterMillis: number | null
  readonly errorAfterMillis: number | null
  readonly file: string
  readonly line: number
}

/** Somewhere that models are looked at: a page, a notebook. */
export interface Exposure {
  readonly name: string
  readonly type: string
  readonly owner: string | null
  readonly url: string | null
  readonly description: string
  readonly inputs: ReadonlyArray<Input>
}

/** The models of a project, each after those that it reads. */
export interface Models {
  readonly models: ReadonlyArray<Model>
  readonly tests: ReadonlyArray<DataTest>
  readonly unitTests: ReadonlyArray<UnitTest>
  readonly freshness: ReadonlyArray<Freshness>
  readonly exposures: ReadonlyArray<Exposure>
  readonly vars: { readonly [name: string]: Literal }
}

/** What is wrong with a file of a project's models. */
export interface Problem {
  /** Path below the project's folder. */
  readonly file: string
  /** From 1. */
  readonly line: number
  readonly problem: string
  readonly hint: string
}
