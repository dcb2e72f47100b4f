import { Effect } from "effect"
import { aboutTables, scoreOf, type TableAbout } from "../docs/about.ts"
import { entriesOf, type ProjectText } from "../docs/entries.ts"
import { type LakeFacts, readLakeFacts } from "../docs/lake-facts.ts"
import type { DuckDB, DuckDBSettings } from "../duckdb/duckdb.ts"
import type { LakeError } from "../duckdb/errors.ts"
import { consumablePath, deadLettersPath, martAt, martPath, stagePath, viewName } from "../lake/layout.ts"
import { totalsOf } from "../lake/rows.ts"
import { type LakeTable, lakeTables } from "../lake/views.ts"
import { relationName, sourcePath } from "../models/relations.ts"
import { type Traced, trace } from "../models/traced.ts"
import type { Store, StoreError } from "../store/store.ts"
import type { TableError } from "../table/errors.ts"
import type { Catalog, CatalogTable, Lineage, LineageNode, Zone } from "./api.ts"
import { freshnessOf, limitOf } from "./freshness.ts"

/** What the catalog and the lineage are made of. */
export interface CatalogFacts {
  readonly project: ProjectText
  readonly facts: LakeFacts
  readonly tables: ReadonlyMap<string, LakeTable>
  readonly traced: Traced
}

/** Reads it: logs, the table of runs, and the project's own text. */
export const readCatalogFacts = (
  project: ProjectText,
  db: DuckDB,
  settings: DuckDBSettings
): Effect.Effect<CatalogFacts, LakeError | TableError | StoreError, Store> =>
  Effect.gen(function* () {
    const names = {
      datasets: project.contracts.map(({ contract }) => contract.name),
      models: project.models.models.map(({ name }) => name)
    }
    const facts = yield* readLakeFacts(names, settings)
    const tables = new Map((yield* lakeTables).map((each) => [each.table.path, each]))
    return { project, facts, tables, traced: yield* trace(db, project.models, project.contracts) }
  })

const zoneOf = (path: string): Zone =>
  martAt(path) !== null ? "mart" : path.startsWith("stage/") ? "stage" : path.startsWith("consumable/") ? "consumable" : "other"

/** When a table was committed to last, as its newest file says. */
const committedAt = (table: LakeTable | undefined): string | null => {
  let newest = 0
  for (const { modificationTime } of table?.snapshot.files.values() ?? []) newest = Math.max(newest, modificationTime)
  return newest === 0 ? null : new Date(newest).toISOString()
}

/** Every table of every zone, with who answers for it. @param now milliseconds since 1970 */
export const catalogOf = ({ facts, project, tables, traced }: CatalogFacts, now: number): Catalog => {
  const about = aboutTables(project, facts, traced)
  const entries = new Map(entriesOf(project, facts).flatMap((entry) => entry.tables.map(({ path }) => [path, entry] as const)))
  // A shared table is told where it is there; one that the project does not know, too.
  const paths = new Set([...entries.keys(), ...tables.keys()])
  return {
    tables: [...paths].map((path): CatalogTable => {
      const table = tables.get(path)
      const entry = entries.get(path)
      const { said, ...known } = about.get(path) ?? { ...unknown, description: table?.snapshot.metaData.description ?? "" }
      const { title = entry?.title ?? path, ...rest } = said
      const at = committedAt(table)
      const fact = facts.tables.get(path)
      const totals = fact ?? (table === undefined ? { rows: null, bytes: 0, files: 0 } : totalsOf(table.snapshot.files.values()))
      const model = entry?.model?.name
      return {
        name: viewName(path),
        path,
        zone: zoneOf(path),
        title,
        description: known.description,
        owner: known.owner,
        about: rest,
        upstream: known.upstream.map(viewName),
        downstream: known.downstream.map(viewName),
        version: fact?.version ?? table?.snapshot.version ?? null,
        rows: totals.rows,
        bytes: totals.bytes,
        files: totals.files,
        committedAt: at,
        freshness: freshnessOf(limitOf(rest["refresh_every"]), at, now),
        quality: { ...known.quality, score: scoreOf(known.quality) },
        columns:
          entry === undefined
            ? columnsOf(path, table)
            : entry.columns
                .filter(({ inStageOnly }) => !inStageOnly || path.startsWith("stage/"))
                .map(({ description, path: name, sensitive, type }) => ({
                  name,
                  type,
                  description,
                  sensitive: sensitive !== "" || (model !== undefined && traced.sensitiveOf(model, name) !== undefined)
                }))
      }
    })
  }
}

/** Of a table that the project does not know nobody says what it is. */
const unknown: Omit<TableAbout, "description"> = {
  owner: "",
  said: {},
  upstream: [],
  downstream: [],
  quality: { passed: 0, failed: 0, warned: 0, at: null }
}

/** Columns of a table that no contract or model describes: its log says what it holds. */
const columnsOf = (path: string, table: LakeTable | undefined): CatalogTable["columns"] =>
  (table?.snapshot.schema.fields ?? []).map(({ name, type, metadata: { comment } }) => ({
    name,
    type: typeof type === "string" ? type : type.type,
    description: typeof comment === "string" ? comment : "",
    sensitive: path === deadLettersPath && (name === "raw" || name === "header")
  }))

/** Tables and the jobs between them, from the source of each dataset to each mart and what looks at it. */
export const lineageOf = ({ facts, project, tables, traced }: CatalogFacts): Lineage => {
  const nodes: Array<LineageNode> = []
  const edges: Array<{ readonly from: string; readonly to: string }> = []
  const columns: Array<Lineage["columns"][number]> = []
  const lastRun = (kind: string, dataset: string): LineageNode["lastRun"] => {
    const run = facts.runs.find((each) => each.kind === kind && each.dataset === dataset)
    return run === undefined ? null : { outcome: run.outcome, endedAt: run.endedAt }
  }
  const table = (path: string): void => {
    if (nodes.some(({ id }) => id === path)) return
    const version = tables.get(path)?.snapshot.version ?? null
    nodes.push({ id: path, kind: "dataset", name: viewName(path), zone: zoneOf(path), version, lastRun: null })
  }
  const job = (kind: string, name: string, from: ReadonlyArray<string>, to: string): void => {
    const id = `${kind} ${name}`
    nodes.push({ id, kind: "job", name: id, zone: null, version: null, lastRun: lastRun(kind, name) })
    edges.push(...from.map((each) => ({ from: each, to: id })), { from: id, to })
  }
  for (const { columns: stageColumns, consumableColumns, contract } of project.contracts) {
    const { name, sourceSystem, title } = contract
    const source = `source ${name}`
    nodes.push({ id: source, kind: "dataset", name: sourceSystem ?? title, zone: "source", version: null, lastRun: null })
    table(stagePath(name))
    job("ingest", name, [source], stagePath(name))
    table(consumablePath(name))
    job("repartition", name, [stagePath(name)], consumablePath(name))
    const staged = new Set(stageColumns.map((column) => column.name))
    for (const column of consumableColumns)
      if (staged.has(column.name))
        columns.push({ from: { node: stagePath(name), column: column.name }, to: { node: consumablePath(name), column: column.name } })
  }
  for (const model of project.models.models) {
    const to = martPath(model.name)
    const pathOf = new Map(
      model.inputs.map((input) => [
        relationName(input).toLowerCase(),
        input.kind === "model" ? martPath(input.name) : sourcePath(input.source, input.table)
      ])
    )
    for (const path of pathOf.values()) table(path)
    table(to)
    job("build", model.name, [...new Set(pathOf.values())], to)
    for (const { inputs, output } of traced.lineageOf(model.name).columns ?? []) {
      const seen = new Set<string>()
      for (const { column, relation, type } of inputs ?? []) {
        const node = pathOf.get(relation.toLowerCase())
        const key = JSON.stringify([node, column])
        if (node === undefined || type !== "DIRECT" || seen.has(key)) continue
        seen.add(key)
        columns.push({ from: { node, column }, to: { node: to, column: output } })
      }
    }
  }
  for (const { inputs, name } of project.models.exposures) {
    const id = `exposure ${name}`
    nodes.push({ id, kind: "dataset", name, zone: "exposure", version: null, lastRun: null })
    for (const input of inputs)
      edges.push({ from: input.kind === "model" ? martPath(input.name) : sourcePath(input.source, input.table), to: id })
  }
  const known = new Set(nodes.map(({ id }) => id))
  return { nodes, edges: edges.filter(({ from, to }) => known.has(from) && known.has(to)), columns }
}
