import type { DirectKind, IndirectKind } from "../record/column-lineage.ts"

/**
 * The facets that Sluice emits, by the container they belong to, each pinned to the version of its schema that was read when this was
 * written. A test compares them with the schemas themselves: a facet with a stale version would still pass OpenLineage's core schema.
 */
export const facetSchemas = {
  run: {
    processing_engine: "1-1-1/ProcessingEngineRunFacet",
    parent: "1-2-0/ParentRunFacet",
    nominalTime: "1-0-1/NominalTimeRunFacet",
    errorMessage: "1-0-1/ErrorMessageRunFacet",
    tags: "1-0-0/TagsRunFacet"
  },
  job: {
    jobType: "2-0-4/JobTypeJobFacet",
    ownership: "1-0-1/OwnershipJobFacet",
    sourceCodeLocation: "1-1-0/SourceCodeLocationJobFacet",
    documentation: "1-1-0/DocumentationJobFacet",
    tags: "1-0-0/TagsJobFacet"
  },
  dataset: {
    schema: "1-2-0/SchemaDatasetFacet",
    dataSource: "1-0-1/DatasourceDatasetFacet",
    datasetType: "1-0-1/DatasetTypeDatasetFacet",
    storage: "1-0-1/StorageDatasetFacet",
    version: "1-0-1/DatasetVersionDatasetFacet",
    lifecycleStateChange: "1-0-1/LifecycleStateChangeDatasetFacet",
    documentation: "1-1-0/DocumentationDatasetFacet",
    ownership: "1-0-1/OwnershipDatasetFacet",
    tags: "1-0-0/TagsDatasetFacet",
    dataQualityMetrics: "1-0-0/DataQualityMetricsDatasetFacet",
    columnLineage: "1-2-0/ColumnLineageDatasetFacet"
  },
  input: {
    inputStatistics: "1-0-0/InputStatisticsInputDatasetFacet",
    dataQualityAssertions: "1-1-0/DataQualityAssertionsDatasetFacet",
    subset: "1-0-0/BaseSubsetDatasetFacet#InputSubsetInputDatasetFacet"
  },
  output: {
    outputStatistics: "1-0-2/OutputStatisticsOutputDatasetFacet",
    subset: "1-0-0/BaseSubsetDatasetFacet#OutputSubsetOutputDatasetFacet"
  }
} as const

export interface RunReference {
  readonly run: { readonly runId: string }
  readonly job: { readonly namespace: string; readonly name: string }
}

export interface Owner {
  readonly name: string
  readonly type: string
}

export interface Tag {
  readonly key: string
  readonly value: string
  readonly source: string
  /** Dotted path of the field that the tag is about; absent: the whole dataset. Datasets only. */
  readonly field?: string
}

export interface SchemaField {
  readonly name: string
  readonly type: string
  readonly description?: string
  readonly ordinal_position: number
  readonly fields?: ReadonlyArray<SchemaField>
}

export interface Transformation {
  readonly type: "DIRECT" | "INDIRECT"
  readonly subtype: DirectKind | IndirectKind
  readonly description: string
  /** No original value comes through. */
  readonly masking: boolean
}

export interface InputField {
  readonly namespace: string
  readonly name: string
  readonly field: string
  readonly transformations: ReadonlyArray<Transformation>
}

export interface ColumnLineage {
  readonly fields: { readonly [column: string]: { readonly inputFields: ReadonlyArray<InputField> } }
  /** What acts on the dataset as a whole, and fields that were left out of it. */
  readonly dataset: ReadonlyArray<InputField>
}

export interface Assertion {
  readonly assertion: string
  readonly success: boolean
  readonly name: string
  readonly description: string
  readonly severity: "error" | "warn"
  readonly column?: string
  readonly expected: string
  readonly actual: string
}

export interface Comparison {
  readonly type: "compare"
  readonly left: { readonly type: "field"; readonly field: string }
  readonly comparison: "GREATER_THAN" | "LESS_EQUAL_THAN"
  readonly right: { readonly type: "literal"; readonly value: string }
}

export type SubsetCondition =
  | { readonly type: "binary"; readonly operator: "AND"; readonly left: SubsetCondition; readonly right: SubsetCondition }
  | Comparison
  | {
      readonly type: "partition"
      readonly partitions: ReadonlyArray<{ readonly dimensions: { readonly [column: string]: string } }>
    }

interface Statistics {
  readonly rowCount?: number
  readonly size?: number
  readonly fileCount?: number
}

/** What each facet holds beside its producer and schema. */
export interface FacetBodies {
  readonly run: {
    readonly processing_engine: { readonly name: string; readonly version: string; readonly openlineageAdapterVersion: string }
    readonly parent: RunReference & { readonly root?: RunReference }
    readonly nominalTime: { readonly nominalStartTime: string; readonly nominalEndTime?: string }
    readonly errorMessage: { readonly message: string; readonly programmingLanguage: string }
    readonly tags: { readonly tags: ReadonlyArray<Tag> }
  }
  readonly job: {
    readonly jobType: {
      readonly processingType: "BATCH" | "STREAMING"
      readonly integration: string
      readonly jobType: string
      readonly emissionPattern: { readonly eventTrigger: "EVENT_BASED"; readonly eventContentMode: "ACCUMULATIVE" }
    }
    readonly ownership: { readonly owners: ReadonlyArray<Owner> }
    readonly sourceCodeLocation: {
      readonly type: string
      readonly url: string
      readonly repoUrl: string
      readonly path?: string
      readonly version?: string
      readonly branch?: string
    }
    readonly documentation: { readonly description: string }
    readonly tags: { readonly tags: ReadonlyArray<Tag> }
  }
  readonly dataset: {
    readonly schema: { readonly fields: ReadonlyArray<SchemaField> }
    readonly dataSource: { readonly name: string; readonly uri: string }
    readonly datasetType: { readonly datasetType: "TABLE" | "VIEW" | "FILE" | "STREAM" }
    readonly storage: { readonly storageLayer: "delta"; readonly fileFormat: "parquet" }
    readonly version: { readonly datasetVersion: string }
    readonly lifecycleStateChange: { readonly lifecycleStateChange: "CREATE" | "OVERWRITE" }
    readonly documentation: { readonly description: string }
    readonly ownership: { readonly owners: ReadonlyArray<Owner> }
    readonly tags: { readonly tags: ReadonlyArray<Tag> }
    readonly dataQualityMetrics: {
      readonly rowCount: number
      readonly bytes: number
      readonly fileCount: number
      readonly lastUpdated: string
      readonly columnMetrics: { readonly [column: string]: { readonly nullCount?: number; readonly count?: number } }
    }
    readonly columnLineage: ColumnLineage
  }
  readonly input: {
    readonly inputStatistics: Statistics
    readonly dataQualityAssertions: { readonly assertions: ReadonlyArray<Assertion> }
    readonly subset: { readonly inputCondition: SubsetCondition }
  }
  readonly output: {
    readonly outputStatistics: Statistics
    readonly subset: { readonly outputCondition: SubsetCondition }
  }
}

export type Container = keyof FacetBodies

/** A facet as it goes out. */
export interface Facet {
  readonly _producer: string
  readonly _schemaURL: string
}

export type Facets<C extends Container> = {
  readonly [K in keyof FacetBodies[C]]?: FacetBodies[C][K] & Facet
}

/** What a container is to hold: facets that are undefined are left out. */
export type Bodies<C extends Container> = { readonly [K in keyof FacetBodies[C]]?: FacetBodies[C][K] | undefined }

/** `1-0-0/File#Definition` or `1-0-0/Definition` as the URL of a schema definition. */
export const schemaUrl = (pinned: string): string => {
  const [file = "", definition = file.slice(file.indexOf("/") + 1)] = pinned.split("#")
  return `https://openlineage.io/spec/facets/${file}.json#/$defs/${definition}`
}

/** Turns what a container is to hold into facets with producer and schema. */
export const facets = <C extends Container>(producer: string, container: C, bodies: Bodies<C>): Facets<C> => {
  const pinned: { readonly [key: string]: string } = facetSchemas[container]
  const made: { [key: string]: object } = {}
  // Every body is an object or undefined, by the type of `bodies`; the compiler does not see that through the type parameter.
  const given = bodies as { readonly [key: string]: object | undefined }
  for (const [key, body] of Object.entries(given)) {
    const schema = pinned[key]
    if (body !== undefined && schema !== undefined) made[key] = { _producer: producer, _schemaURL: schemaUrl(schema), ...body }
  }
  // Keys and bodies are those of `bodies`, whose type says that they fit the container.
  return made as Facets<C>
}
