import { Effect } from "effect"
import type { CompiledContract } from "../contract/compile.ts"
import type { DuckDB } from "../duckdb/duckdb.ts"
import type { LakeError } from "../duckdb/errors.ts"
import { viewName } from "../lake/layout.ts"
import { type Column, leaf, type SensitivePolicy } from "../record/column.ts"
import type { LineageInput, SelectLineage } from "../record/column-lineage.ts"
import { columnLineage } from "./column-lineage.ts"
import type { Model, Models } from "./model.ts"
import { elementsName, tracedName, tracedSelectOf } from "./relations.ts"
import { type SensitiveColumns, sensitiveColumnsOf, type TracedModel } from "./sensitive-columns.ts"
import { listsOf, sourceColumns } from "./source-columns.ts"

/** Where the columns of a project's models come from. */
export interface Traced {
  readonly lineageOf: (model: string) => SelectLineage
  /** What is sensitive of a model's column, however it is called; undefined: nothing is. */
  readonly sensitiveOf: (model: string, column: string) => SensitivePolicy | undefined
  /** The sensitive columns of a model by name, in lower case; of one whose columns nobody knows it may be `*`, which stands for all. */
  readonly sensitiveIn: (model: string) => SensitiveColumns
  /** Names of all columns of models that are sensitive, in lower case. */
  readonly names: ReadonlySet<string>
}

const undecided: SelectLineage = { columns: null, whole: null }
/** Stands for the columns of a model of which not even the names are known. */
export const anyColumn = "*"

/** A lookup makes all of its columns of the key alone, whatever its program does. */
const lookedUp = ({ materialization }: Model, lineage: SelectLineage): SelectLineage => {
  if (materialization.kind !== "lookup" || lineage.columns === null) return lineage
  const { key, columns } = materialization.lookup
  const inputs = lineage.columns.find(({ output }) => output === key)?.inputs ?? null
  return { ...lineage, columns: columns.map(({ name }) => ({ output: name, inputs })) }
}

/** Columns of the row that an element is in, which `elementsSql` gives with it. */
const coordinates: ReadonlySet<string> = new Set(["_source", "_shard", "_sequence_number", "_sub_sequence_number"])
const isCoordinate = (name: string): boolean => coordinates.has(name.toLowerCase())

interface Elements {
  /** The table, as SELECTs call it, and its list. */
  readonly table: string
  readonly list: string
  /** Columns of the row that an element is in, and its own. */
  readonly columns: ReadonlyArray<Column>
}

/** Lists whose elements models may read, by what lineage calls them. */
const elementsOf = (tables: ReadonlyMap<string, ReadonlyArray<Column>>): ReadonlyMap<string, Elements> =>
  new Map(
    [...tables].flatMap(([path, columns]) => {
      const ofRow = columns.filter(({ name }) => isCoordinate(name))
      return listsOf(columns).map(
        ({ list, columns }) =>
          [
            elementsName(path, list),
            { table: viewName(path), list, columns: [...ofRow, ...columns, leaf("_position", "long", "")] }
          ] as const
      )
    })
  )

/** Lineage of tables: what is made of an element is made of its list. */
const ofTables = ({ columns, whole }: SelectLineage, lists: ReadonlyMap<string, Elements>): SelectLineage => {
  const ofTable = (input: LineageInput): LineageInput => {
    const of = lists.get(input.relation)
    return of === undefined ? input : { ...input, relation: of.table, column: isCoordinate(input.column) ? input.column : of.list }
  }
  return {
    columns: columns?.map(({ output, inputs }) => ({ output, inputs: inputs?.map(ofTable) ?? null })) ?? null,
    whole: whole?.map(ofTable) ?? null
  }
}

/** Traces the columns of all models, each by those that it reads. Nothing of the lake is read. */
export const trace = (db: DuckDB, models: Models, contracts: ReadonlyArray<CompiledContract>): Effect.Effect<Traced, LakeError> =>
  Effect.gen(function* () {
    const { ofTable } = yield* columnLineage(db)
    const tables = sourceColumns(contracts)
    const lists = elementsOf(tables)
    const sources = new Map([
      ...[...tables].map(([path, columns]) => [viewName(path), columns] as const),
      ...[...lists].map(([name, { columns }]) => [name, columns] as const)
    ])
    const relations = new Map([...sources].map(([name, columns]) => [name, columns.map((column) => column.name)]))
    const lineages = new Map<string, SelectLineage>()
    const traced: Array<TracedModel> = []
    for (const model of models.models) {
      const lineage = lookedUp(model, yield* ofTable(model, tracedSelectOf(model, models), relations))
      const columns = lineage.columns?.map(({ output }) => output)
      lineages.set(model.name, ofTables(lineage, lists))
      if (columns !== undefined) relations.set(model.name, columns)
      traced.push({
        name: model.name,
        columns: columns ?? [anyColumn],
        marked: model.columns.flatMap(({ name, isSensitive }) => (isSensitive ? [name] : [])),
        reads: model.inputs.map(tracedName),
        lineage
      })
    }
    const found = sensitiveColumnsOf(traced, sources)
    const of = (model: string): SensitiveColumns => found.get(model) ?? new Map()
    return {
      lineageOf: (model) => lineages.get(model) ?? undecided,
      sensitiveOf: (model, column) => of(model).get(column.toLowerCase()) ?? of(model).get(anyColumn),
      sensitiveIn: of,
      names: new Set([...found.values()].flatMap((columns) => [...columns.keys()]))
    }
  })
