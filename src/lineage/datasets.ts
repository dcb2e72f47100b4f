import type { CompiledContract } from "../contract/compile.ts"
import { governance, ownersOf } from "../contract/governance.ts"
import { consumablePath, deadLettersPath, stagePath } from "../lake/layout.ts"
import type { Column } from "../record/column.ts"
import { deadLetterColumns } from "../record/dead-letter.ts"
import type { BatchReport, BuildReport, MaintainReport, RepartitionReport, Report, RunInput, RunOutput } from "../record/report.ts"
import { deadLetterPartitions, stageColumns, stagePartitions } from "../record/system-columns.ts"
import { consumableLineage, consumableTableColumns, deadLetterLineage, stageLineage } from "./column-lineage.ts"
import { schemaFields, sensitiveTags } from "./columns.ts"
import type { InputDataset, OutputDataset } from "./event.ts"
import { type Bodies, type ColumnLineage, facets, type SubsetCondition, type Tag } from "./facets.ts"
import { type DatasetName, datasetName, datasetUri, locationKind } from "./names.ts"
import { contractFields } from "./origins.ts"
import { decodeAssertions, repartitionAssertions } from "./quality.ts"

/** What the datasets of an event are described with. */
export interface DatasetContext {
  readonly producer: string
  /** Contract of the dataset that the run works on, where there is one. */
  readonly compiled: CompiledContract | undefined
  readonly kind: Report["kind"]
  /** Of a run that is complete. Until then datasets have their names and kinds only: events of a run add up. */
  readonly report: Report | undefined
  readonly at: string
}

type Layer = "source" | "stage" | "consumable" | "dead_letters"

const layerOf = (path: string | undefined, compiled: CompiledContract | undefined): Layer | undefined => {
  if (path === undefined) return "source"
  if (path === deadLettersPath) return "dead_letters"
  if (compiled === undefined) return undefined
  const { name } = compiled.contract
  return path === stagePath(name) ? "stage" : path === consumablePath(name) ? "consumable" : undefined
}

/** What a run reads. */
export const inputDatasets = (inputs: ReadonlyArray<RunInput>, context: DatasetContext): ReadonlyArray<InputDataset> =>
  inputs.map((input) => {
    const name = datasetName(input.uri)
    const { report, compiled, producer } = context
    const layer = layerOf(input.table?.path, compiled)
    return {
      ...name,
      facets: facets(producer, "dataset", {
        ...location(name, input.table !== undefined),
        version: input.table === undefined ? undefined : { datasetVersion: String(input.table.version) },
        ...(report === undefined ? {} : description(layer, compiled))
      }),
      inputFacets: facets(producer, "input", {
        inputStatistics: report === undefined ? undefined : statistics(input.rows, input.bytes, input.files),
        dataQualityAssertions:
          report === undefined || report.kind === "maintain" || report.kind === "build" || compiled === undefined
            ? undefined
            : { assertions: assertions(compiled, report) },
        subset: report === undefined ? undefined : inputSubset(report)
      })
    }
  })

/** What a run wrote, and what it made it of. */
export const outputDatasets = (
  outputs: ReadonlyArray<RunOutput>,
  inputs: ReadonlyArray<RunInput>,
  context: DatasetContext
): ReadonlyArray<OutputDataset> =>
  outputs.map((output) => {
    const name = datasetName(output.uri)
    const { report, compiled, producer, at } = context
    const layer = layerOf(output.path, compiled)
    return {
      ...name,
      facets: facets(producer, "dataset", {
        ...location(name, true),
        ...description(layer, compiled),
        version: { datasetVersion: String(output.version) },
        lifecycleStateChange: lifecycle(output, layer, report),
        dataQualityMetrics: {
          rowCount: output.rows,
          bytes: output.bytes,
          fileCount: output.files,
          lastUpdated: at,
          columnMetrics: keyMetrics(layer, compiled, output.rows)
        },
        columnLineage: compiled === undefined ? undefined : lineageOf(layer, compiled, distinctNames(inputs), report)
      }),
      outputFacets: facets(producer, "output", {
        outputStatistics: statistics(output.rows, output.bytes, output.files),
        subset: layer === "consumable" && report?.kind === "repartition" ? outputSubset(report, compiled) : undefined
      })
    }
  })

const distinctNames = (inputs: ReadonlyArray<RunInput>): ReadonlyArray<DatasetName> => [
  ...new Map(inputs.map(({ uri }) => datasetName(uri)).map((name) => [JSON.stringify(name), name])).values()
]

const location = (name: DatasetName, isTable: boolean): Bodies<"dataset"> => ({
  dataSource: { name: name.namespace, uri: datasetUri(name) },
  datasetType: { datasetType: isTable ? "TABLE" : locationKind(name) === "stream" ? "STREAM" : "FILE" },
  storage: isTable ? { storageLayer: "delta", fileFormat: "parquet" } : undefined
})

/** Schema, owner, tags and documentation. Dead letters are shared by all datasets: they have no owner here. */
const description = (layer: Layer | undefined, compiled: CompiledContract | undefined): Bodies<"dataset"> => {
  if (layer === "dead_letters") {
    const columns = [...deadLetterColumns, ...deadLetterPartitions]
    return {
      schema: { fields: schemaFields(columns) },
      tags: { tags: [tag("layer", layer), tag("sensitivity", "personal"), ...sensitiveTags(columns)] },
      documentation: { description: "Records that could not become rows, with where they came from, their bytes and the reason." }
    }
  }
  if (layer === undefined || compiled === undefined) return {}
  const { contract } = compiled
  const { sourceSchema, fieldOf } = contractFields(compiled)
  const columns = tableColumns(layer, compiled)
  const marks = sensitiveTags(columns)
  return {
    schema: { fields: layer === "source" ? sourceSchema : schemaFields(columns) },
    ownership: { owners: ownersOf(contract) },
    documentation: { description: contract.description },
    tags: {
      tags: [
        tag("layer", layer),
        ...Object.entries(governance(contract)).map(([key, value]) => tag(key, value)),
        ...Object.entries(contract.tags ?? {}).map(([key, value]) => ({ key, value, source: "USER" })),
        ...(layer === "source" ? marks.map((mark) => ({ ...mark, field: fieldOf.get(mark.field ?? "") ?? "" })) : marks)
      ]
    }
  }
}

const tag = (key: string, value: string): Tag => ({ key, value, source: "INTEGRATION" })

const tableColumns = (layer: Exclude<Layer, "dead_letters">, compiled: CompiledContract): ReadonlyArray<Column> => {
  switch (layer) {
    case "source":
      return compiled.columns
    case "stage":
      return [...stageColumns(compiled.columns), ...stagePartitions]
    case "consumable":
      return [...consumableTableColumns(compiled), ...compiled.identity.partition.columns]
  }
}

const lineageOf = (
  layer: Layer | undefined,
  compiled: CompiledContract,
  inputs: ReadonlyArray<DatasetName>,
  report: Report | undefined
): ColumnLineage | undefined => {
  // Rows move from file to file, and stay what they are.
  if (report?.kind === "maintain") return undefined
  const from = report?.kind === "replay" ? "dead letters" : "source"
  switch (layer) {
    case "stage":
      return report?.kind === "batch" || report?.kind === "replay" ? stageLineage(compiled, inputs, report.counts.drops, from) : undefined
    case "consumable":
      return consumableLineage(compiled, inputs)
    case "dead_letters":
      return deadLetterLineage(inputs, from)
    default:
      return undefined
  }
}

const lifecycle = (output: RunOutput, layer: Layer | undefined, report: Report | undefined): Bodies<"dataset">["lifecycleStateChange"] => {
  if (output.created) return { lifecycleStateChange: "CREATE" }
  return layer === "consumable" && report?.kind === "repartition" && report.rebuild ? { lifecycleStateChange: "OVERWRITE" } : undefined
}

/** The key is that of which every batch knows how many nulls it holds: records without it are dead letters. */
const keyMetrics = (layer: Layer | undefined, compiled: CompiledContract | undefined, rows: number) =>
  compiled !== undefined && (layer === "stage" || layer === "consumable")
    ? Object.fromEntries(compiled.identity.key.map((column) => [column, { nullCount: 0, count: rows }]))
    : {}

const statistics = (rows: number | undefined, bytes: number | undefined, files: number | undefined) =>
  rows === undefined && bytes === undefined && files === undefined
    ? undefined
    : {
        ...(rows === undefined ? {} : { rowCount: rows }),
        ...(bytes === undefined ? {} : { size: bytes }),
        ...(files === undefined ? {} : { fileCount: files })
      }

const assertions = (compiled: CompiledContract, report: Exclude<Report, MaintainReport | BuildReport>) =>
  report.kind === "repartition" ? repartitionAssertions(compiled, report) : decodeAssertions(compiled, report.counts)

/** Shards beyond this are not listed: a batch of small files has as many shards as files. */
const mostShards = 100

const inputSubset = (report: Report): { readonly inputCondition: SubsetCondition } | undefined => {
  if (report.kind === "repartition") return { inputCondition: versionsOf(report) }
  return report.kind === "batch" && report.shards.length <= mostShards ? { inputCondition: shardsOf(report) } : undefined
}

/** Positions are ranges: after the first up to and with the second. */
const shardsOf = ({ shards }: BatchReport): SubsetCondition => ({
  type: "partition",
  partitions: shards.map(({ shard, from, to }) => ({
    dimensions: {
      _shard: shard,
      ...(from === undefined ? {} : { after: `${from.sequenceNumber}/${from.subSequenceNumber}` }),
      upTo: `${to.sequenceNumber}/${to.subSequenceNumber}`
    }
  }))
})

/** `_commit_version` is what Delta's change feed calls the version that a row came with. */
const versionsOf = ({ fromVersion, toVersion }: RepartitionReport): SubsetCondition => {
  const compare = (comparison: "GREATER_THAN" | "LESS_EQUAL_THAN", version: number): SubsetCondition => ({
    type: "compare",
    left: { type: "field", field: "_commit_version" },
    comparison,
    right: { type: "literal", value: String(version) }
  })
  return { type: "binary", operator: "AND", left: compare("GREATER_THAN", fromVersion), right: compare("LESS_EQUAL_THAN", toVersion) }
}

/** The days that were written, where the table lies by time: the first of its partition columns. */
const outputSubset = (
  { days }: RepartitionReport,
  compiled: CompiledContract | undefined
): { readonly outputCondition: SubsetCondition } | undefined => {
  const column = compiled?.identity.partition.columns[0]?.name
  return days.length === 0 || column === undefined
    ? undefined
    : { outputCondition: { type: "partition", partitions: days.map((day) => ({ dimensions: { [column]: day } })) } }
}
