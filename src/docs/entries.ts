import type { CompiledContract } from "../contract/compile.ts"
import { contractColumns, contractFacts, type Fact } from "../contract/described.ts"
import { consumablePath, deadLettersPath, martPath, runsPath, stagePath } from "../lake/layout.ts"
import type { Exposure, Input, Literal, Materialization, Model, Models } from "../models/model.ts"
import { datasetOf } from "../models/references.ts"
import type { GraphNode } from "./graph.ts"
import type { LakeFacts, RunFacts, TableFacts } from "./lake-facts.ts"

/** What a project has, told alike for datasets and models: plain data, of which pages are made. */

/** A dataset or a model, which has a page. */
export interface Entry {
  readonly node: GraphNode
  readonly title: string
  readonly description: string
  /** Who answers for it, and as what. */
  readonly owners: ReadonlyArray<{ readonly name: string; readonly as: string }>
  readonly sensitivity: string
  readonly facts: ReadonlyArray<Fact>
  readonly columns: ReadonlyArray<EntryColumn>
  /** Its tables in the lake, for users the last one. */
  readonly tables: ReadonlyArray<EntryTable>
  readonly runs: ReadonlyArray<RunFacts>
  readonly contract: CompiledContract | null
  readonly model: Model | null
}

export interface EntryTable {
  readonly what: string
  readonly path: string
  /** Null: it is not there, and `absent` says so in words. */
  readonly facts: TableFacts | null
  readonly absent: string
}

export interface EntryColumn {
  readonly path: string
  readonly type: string
  readonly description: string
  readonly sensitive: string
  readonly inStageOnly: boolean
}

/** What of a project the site is made of. */
export interface ProjectText {
  readonly name: string
  readonly contracts: ReadonlyArray<CompiledContract>
  readonly models: Models
  /** Names of the columns that contracts call sensitive, in small letters. */
  readonly sensitive: ReadonlySet<string>
}

/**
 * The name of a page's file: the same on each system, whatever case it tells apart, and as it is in an address. What is no small letter, digit, `_` or
 * `-` is written by its number.
 */
export const pageOf = (kind: "dataset" | "model", name: string): string =>
  `${kind}.${name.replace(/[^a-z0-9_-]/gu, (c) => `~${(c.codePointAt(0) ?? 0).toString(16)}.`)}.html`

const nodeId = (kind: GraphNode["kind"], name: string): string => `${kind} ${name}`

/** The node that an input is of: all tables of a dataset are one. */
const idOf = (input: Input): string =>
  input.kind === "model"
    ? nodeId("model", input.name)
    : input.source === "lake"
      ? nodeId("lake", input.table)
      : nodeId("dataset", datasetOf(input))

/** Datasets by their names, then models, each behind those that it reads. */
export const entriesOf = (project: ProjectText, facts: LakeFacts | null): ReadonlyArray<Entry> => {
  const sensitive = sensitiveNames(project)
  return [
    ...project.contracts.map((contract) => datasetEntry(contract, facts)),
    ...project.models.models.map((model) => modelEntry(model, sensitive, facts))
  ]
}

/** What is said in place of rows of a table that is not there. */
export const noTable = "no table yet"

const tableOf = (what: string, path: string, facts: LakeFacts | null, absent = noTable): EntryTable => ({
  what,
  path,
  facts: facts?.tables.get(path) ?? null,
  absent
})

const datasetEntry = (compiled: CompiledContract, facts: LakeFacts | null): Entry => {
  const { name, title, description, owner, steward, sensitivity } = compiled.contract
  return {
    node: { id: nodeId("dataset", name), kind: "dataset", name, href: pageOf("dataset", name), parents: [] },
    title,
    description,
    owners: [{ name: owner, as: "owner" }, ...(steward === undefined ? [] : [{ name: steward, as: "steward" }])],
    sensitivity,
    facts: contractFacts(compiled),
    columns: contractColumns(compiled),
    tables: [tableOf("As it arrived", stagePath(name), facts), tableOf("For users", consumablePath(name), facts)],
    runs: (facts?.runs ?? []).filter((run) => run.dataset === name && run.kind !== "build"),
    contract: compiled,
    model: null
  }
}

const modelEntry = (model: Model, sensitive: ReadonlySet<string>, facts: LakeFacts | null): Entry => {
  const { name, file, description, owner, inputs, tags, meta, partitionBy, isContractEnforced, materialization } = model
  const table = tableOf("Table", martPath(name), facts, materialization.kind === "view" ? "a view" : noTable)
  const said: ReadonlyArray<Fact> = [
    ["File", code(file)],
    ["Owner", owner ?? "nobody is named"],
    ["Made as", madeAs(materialization)],
    ...(partitionBy.length === 0 ? [] : [["Partitioned by", partitionBy.map(code).join(", ")] as const]),
    ...(tags.length === 0 ? [] : [["Tags", tags.join(", ")] as const]),
    ...(isContractEnforced ? [["Contract", "enforced: its columns have the types below"] as const] : []),
    ...Object.entries(meta).map(([key, value]): Fact => [key, textOf(value)])
  ]
  const columns = modelColumns(model, sensitive, table.facts)
  return {
    node: { id: nodeId("model", name), kind: "model", name, href: pageOf("model", name), parents: [...new Set(inputs.map(idOf))] },
    title: name,
    description,
    owners: owner === null ? [] : [{ name: owner, as: "owner" }],
    sensitivity: columns.some(({ sensitive }) => sensitive !== "") ? "sensitive columns" : "",
    facts: said,
    columns,
    tables: [table],
    runs: (facts?.runs ?? []).filter((run) => run.dataset === name && run.kind === "build"),
    contract: null,
    model
  }
}

const code = (text: string): string => `\`${text}\``
const textOf = (value: Literal): string => (typeof value === "string" ? value : JSON.stringify(value))

/** Names of columns that are sensitive wherever they stand, in small letters: a model that passes one on need not say so again. */
export const sensitiveNames = ({ sensitive, models }: ProjectText): ReadonlySet<string> => {
  const said = models.models.flatMap(({ columns }) => columns.flatMap(({ name, isSensitive }) => (isSensitive ? [name.toLowerCase()] : [])))
  return new Set([...sensitive, ...said])
}

/** Columns that are described, then those that the table has besides. */
const modelColumns = ({ columns }: Model, sensitive: ReadonlySet<string>, table: TableFacts | null): ReadonlyArray<EntryColumn> => {
  const types = new Map((table?.columns ?? []).map(({ name, type }) => [name, type]))
  const described = new Set(columns.map(({ name }) => name))
  const entry = (path: string, type: string, description: string): EntryColumn => ({
    path,
    type,
    description,
    sensitive: sensitive.has(path.toLowerCase()) ? "yes" : "",
    inStageOnly: false
  })
  return [
    ...columns.map(({ name, dataType, description }) => entry(name, dataType ?? types.get(name) ?? "", description)),
    ...[...types].flatMap(([name, type]) => (described.has(name) ? [] : [entry(name, type, "")]))
  ]
}

/** How a model becomes a table, in words. */
const madeAs = (made: Materialization): string => {
  switch (made.kind) {
    case "view":
      return "a view: no rows of its own"
    case "table":
      return "a table, made anew by each build"
    case "incremental": {
      const key = made.uniqueKey.length === 0 ? "" : ` by ${made.uniqueKey.map(code).join(", ")}`
      const batches =
        made.microbatch === null
          ? ""
          : `, a ${made.microbatch.batchSize} of ${code(made.microbatch.eventTime)} at a time, since ${made.microbatch.begin}`
      return `incremental, ${made.strategy}${key}${batches}`
    }
    case "lookup":
      return `a lookup: a program makes a row of each ${code(made.lookup.key)}, when it first comes (${made.lookup.version})`
    case "history":
      return `a history of ${made.history.key.map(code).join(", ")}: from when to when each version held, since ${code(made.history.effective)}`
  }
}

const exposureId = ({ name }: Exposure): string => nodeId("exposure", name)

/** Where the index tells of a table of the lake, and of what looks at models. */
export const lakeAnchor = (path: string): string => `table-${path}`
export const exposureAnchor = (exposures: ReadonlyArray<Exposure>, exposure: Exposure): string =>
  `exposure-${exposures.indexOf(exposure) + 1}`

/** The lake's own tables: what they are. */
export const lakeTables: ReadonlyArray<readonly [path: string, what: string]> = [
  [deadLettersPath, "Records that became no row, with the reason."],
  [runsPath, "What was run, and what became of it."]
]

/** Everything as nodes, each behind those that it is made of: tables of the lake where a model reads them, datasets, models, and what looks at them. */
export const graphOf = (entries: ReadonlyArray<Entry>, { exposures }: Models): ReadonlyArray<GraphNode> => {
  const looking = exposures.map(
    (exposure): GraphNode => ({
      id: exposureId(exposure),
      kind: "exposure",
      name: exposure.name,
      href: `index.html#${exposureAnchor(exposures, exposure)}`,
      parents: [...new Set(exposure.inputs.map(idOf))]
    })
  )
  const read = new Set([...entries.map(({ node }) => node), ...looking].flatMap(({ parents }) => parents))
  const ofLake = lakeTables.flatMap(([path]): ReadonlyArray<GraphNode> => {
    const id = nodeId("lake", path)
    return read.has(id) ? [{ id, kind: "lake", name: path, href: `index.html#${lakeAnchor(path)}`, parents: [] }] : []
  })
  return [...ofLake, ...entries.map(({ node }) => node), ...looking]
}
