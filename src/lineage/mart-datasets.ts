import type { BuildReport, MadeMart, RunOutput, TestOutcome } from "../record/report.ts"
import { schemaFields, sensitiveTags } from "./columns.ts"
import type { DatasetContext } from "./datasets.ts"
import type { InputDataset, OutputDataset } from "./event.ts"
import { type Bodies, facets } from "./facets.ts"
import { assertionsOf, modelColumnLineage, testedRows } from "./model-lineage.ts"
import { datasetName, datasetUri } from "./names.ts"

/**
 * What a build read, and the mart that it made, with its columns and what they are made of. OpenLineage knows tests of inputs alone: so the mart
 * is an input, too, as its tests read it before it was committed.
 */
export const martDatasets = (
  mart: MadeMart,
  report: BuildReport,
  outputs: ReadonlyArray<RunOutput>,
  { producer, at }: Pick<DatasetContext, "producer" | "at">
): { readonly inputs: ReadonlyArray<InputDataset>; readonly outputs: ReadonlyArray<OutputDataset> } => {
  const [output] = outputs
  const name = datasetName(mart.uri)
  const about = { ...described(mart), ...placed(mart.uri, mart.isView ? null : (output?.version ?? null), mart.isView) }
  const read = mart.reads.map(
    ({ uri, version }): InputDataset => ({
      ...datasetName(uri),
      facets: facets(producer, "dataset", placed(uri, version, version === null)),
      inputFacets: facets(producer, "input", {})
    })
  )
  const tested = testedMart(mart.uri, mart.isView ? null : (output?.version ?? null), mart.isView, report.tests, producer)
  const datasets = new Map(mart.reads.map(({ name, uri }) => [name, datasetName(uri)]))
  return {
    inputs: [...read, ...tested],
    outputs: [
      {
        ...name,
        facets: facets(producer, "dataset", {
          ...about,
          lifecycleStateChange: lifecycle(report, output),
          dataQualityMetrics:
            output === undefined
              ? undefined
              : { rowCount: output.rows, bytes: output.bytes, fileCount: output.files, lastUpdated: at, columnMetrics: {} },
          columnLineage: modelColumnLineage(mart.lineage, datasets)
        }),
        outputFacets: facets(producer, "output", {
          outputStatistics: output === undefined ? undefined : { rowCount: output.rows, size: output.bytes, fileCount: output.files }
        })
      }
    ]
  }
}

/**
 * A mart as the input of its own tests; none where there are none.
 *
 * @param version that was built; null: none was, or it is a view
 */
export const testedMart = (
  uri: string,
  version: number | null,
  isView: boolean,
  tests: ReadonlyArray<TestOutcome>,
  producer: string
): ReadonlyArray<InputDataset> =>
  tests.length === 0
    ? []
    : [
        {
          ...datasetName(uri),
          facets: facets(producer, "dataset", placed(uri, version, isView)),
          inputFacets: facets(producer, "input", { dataQualityAssertions: testedRows(assertionsOf(tests)) })
        }
      ]

const placed = (uri: string, version: number | null, isView: boolean): Bodies<"dataset"> => {
  const name = datasetName(uri)
  return {
    dataSource: { name: name.namespace, uri: datasetUri(name) },
    datasetType: { datasetType: isView ? "VIEW" : "TABLE" },
    ...(isView ? {} : { storage: { storageLayer: "delta", fileFormat: "parquet" } }),
    ...(version === null ? {} : { version: { datasetVersion: String(version) } })
  }
}

const described = ({ columns, description, owner, said }: MadeMart): Bodies<"dataset"> => ({
  schema: columns.length === 0 ? undefined : { fields: schemaFields(columns) },
  documentation: description === "" ? undefined : { description },
  ownership: owner === null ? undefined : { owners: [{ name: owner, type: "MAINTAINER" }] },
  tags: {
    tags: [
      ...Object.entries({ layer: "mart", ...said }).map(([key, value]) => ({ key, value, source: "INTEGRATION" })),
      ...sensitiveTags(columns)
    ]
  }
})

const lifecycle = (report: BuildReport, output: RunOutput | undefined): Bodies<"dataset">["lifecycleStateChange"] => {
  if (output === undefined) return undefined
  if (output.created) return { lifecycleStateChange: "CREATE" }
  return report.full ? { lifecycleStateChange: "OVERWRITE" } : undefined
}
