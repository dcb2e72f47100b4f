import { Effect } from "effect"
import { type Entry, entriesOf, type ProjectText } from "../docs/entries.ts"
import { type LakeFacts, readLakeFacts } from "../docs/lake-facts.ts"
import { testEntries } from "../docs/tests.ts"
import type { DuckDB, DuckDBSettings } from "../duckdb/duckdb.ts"
import type { LakeError } from "../duckdb/errors.ts"
import { consumablePath, deadLettersPath, martAt, martPath, runsPath, stagePath, viewName } from "../lake/layout.ts"
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
  const entries = entriesOf(project, facts)
  const tests = testEntries(project.models, facts, project.sensitive)
  const found: Array<CatalogTable> = []
  for (const entry of entries)
    for (const { path } of entry.tables) {
      const contract = entry.contract?.contract
      const ours = tests.filter(({ models }) => entry.model !== null && models.includes(entry.model.name))
      const count = (status: string) => ours.filter(({ last }) => last?.status === status).length
      const ends = ours.flatMap(({ last }) => last?.endedAt ?? []).sort()
      const at = committedAt(tables.get(path))
      const fact = facts.tables.get(path)
      found.push({
        name: viewName(path),
        path,
        zone: zoneOf(path),
        title: entry.title,
        description: entry.description,
        owner: ownerOf(entry, "owner"),
        steward: ownerOf(entry, "steward"),
        sourceSystem: contract?.sourceSystem ?? textOf(entry.model?.meta["source_system"]),
        sensitivity: contract?.sensitivity ?? entry.sensitivity,
        costTag: contract?.costTag ?? textOf(entry.model?.meta["cost_tag"]),
        version: fact?.version ?? null,
        rows: fact?.rows ?? null,
        bytes: fact?.bytes ?? 0,
        files: fact?.files ?? 0,
        committedAt: at,
        freshness: freshnessOf(limitOf(contract?.refreshEvery), at, now),
        quality: { passed: count("pass"), failed: count("fail"), warned: count("warn"), at: ends.at(-1) ?? null },
        columns: entry.columns
          .filter(({ inStageOnly }) => !inStageOnly || path.startsWith("stage/"))
          .map(({ description, path: name, sensitive, type }) => ({
            name,
            type,
            description,
            sensitive: sensitive !== "" || (entry.model !== null && traced.sensitiveOf(entry.model.name, name) !== undefined)
          }))
      })
    }
  const told = new Set(found.map(({ path }) => path))
  for (const [path, table] of tables) if (!told.has(path)) found.push(otherTable(path, table, now))
  return { tables: found }
}

const ownerOf = ({ owners }: Entry, as: string): string => owners.find((owner) => owner.as === as)?.name ?? ""
const textOf = (value: unknown): string => (typeof value === "string" ? value : "")

/** Of a table that the project does not know nobody says what it is: its log says what it holds. */
const otherTable = (path: string, table: LakeTable, now: number): CatalogTable => {
  const { snapshot } = table
  const at = committedAt(table)
  const totals = totalsOf(snapshot.files.values())
  return {
    name: viewName(path),
    path,
    zone: zoneOf(path),
    title: path === deadLettersPath ? "Dead letters" : path === runsPath ? "Runs" : path,
    description: snapshot.metaData.description ?? "",
    owner: "",
    steward: "",
    sourceSystem: "",
    sensitivity: path === deadLettersPath ? "personal" : "",
    costTag: "",
    version: snapshot.version,
    ...totals,
    committedAt: at,
    freshness: freshnessOf(null, at, now),
    quality: { passed: 0, failed: 0, warned: 0, at: null },
    columns: snapshot.schema.fields.map(({ name, type }) => ({
      name,
      type: typeof type === "string" ? type : type.type,
      description: "",
      sensitive: path === deadLettersPath && (name === "raw" || name === "header")
    }))
  }
}

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
