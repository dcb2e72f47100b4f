import type { Facets } from "./facets.ts"

/** Of the core schema that events are written to. */
export const schemaURL = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"

/** An OpenLineage run event, version 2-0-2. */
export interface OpenLineageEvent {
  /** ISO 8601 with zone. */
  readonly eventTime: string
  readonly producer: string
  readonly schemaURL: string
  readonly eventType: "START" | "COMPLETE" | "FAIL" | "ABORT"
  readonly run: { readonly runId: string; readonly facets: Facets<"run"> }
  readonly job: { readonly namespace: string; readonly name: string; readonly facets: Facets<"job"> }
  readonly inputs: ReadonlyArray<InputDataset>
  readonly outputs: ReadonlyArray<OutputDataset>
}

export interface InputDataset {
  readonly namespace: string
  readonly name: string
  readonly facets: Facets<"dataset">
  readonly inputFacets: Facets<"input">
}

export interface OutputDataset {
  readonly namespace: string
  readonly name: string
  readonly facets: Facets<"dataset">
  readonly outputFacets: Facets<"output">
}
