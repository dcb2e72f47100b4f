import type { CompiledContract } from "../contract/compile.ts"
import { ownersOf } from "../contract/governance.ts"
import { type Report, type RunEvent, runKinds } from "../record/report.ts"
import { scrub } from "../record/scrub.ts"
import { type DatasetContext, inputDatasets, outputDatasets } from "./datasets.ts"
import { type OpenLineageEvent, schemaURL } from "./event.ts"
import { facets, type RunReference, type Tag } from "./facets.ts"
import { martDatasets, testedMart } from "./mart-datasets.ts"

/** The run that batches, repartitions and replays are part of: the process, as one job. */
export interface ParentRun {
  readonly runId: string
  /** Name of its job in the same namespace: `orders.pipeline`. */
  readonly job: string
  /** `STREAMING` for a process that runs until it is stopped. */
  readonly processing: "BATCH" | "STREAMING"
  /** Emit its START and its end as well. False where somebody else does, such as the scheduler that it belongs to. */
  readonly announce: boolean
  /** The run that started this process, where there is one. */
  readonly parent?: RunReference
  /** The outermost run; absent: the parent, or this run. */
  readonly root?: RunReference
}

export interface Repository {
  /** `https://…`; the facet is left out for other URLs, which its schema does not accept. */
  readonly url: string
  readonly version?: string
  readonly branch?: string
}

export interface EventSettings {
  /** Of the jobs: `sluice.prod`. */
  readonly namespace: string
  /** URI of the program and its version. */
  readonly producer: string
  /** Version of Sluice. */
  readonly version: string
  readonly contracts: ReadonlyArray<CompiledContract>
  readonly parent?: ParentRun
  readonly repository?: Repository
  /** Put on every run. */
  readonly tags?: { readonly [tag: string]: string }
}

const does: { readonly [K in Report["kind"]]: string } = {
  batch: "Decodes records by their contract, and appends them to stage.",
  repartition: "Adds what is new in stage to the table for users, by the day each order last changed.",
  replay: "Decodes dead letters by today's contract, and appends what became rows to stage.",
  maintain: "Rewrites small files of a table into large ones. No row changes.",
  build: "Makes a mart by a model's SELECT, once its tests hold."
}

/** Name of the job that does a kind of work for a dataset: `orders.ingest`. */
export const jobName = (dataset: string, kind: Report["kind"]): string => `${dataset}.${runKinds[kind]}`

/** What a run did, or is about to do, as OpenLineage says it. A dataset without a contract in the settings gets names and counts only. */
export const runEvent = (event: RunEvent, settings: EventSettings): OpenLineageEvent => {
  const { kind, runId, dataset } = event.event === "complete" ? event.report : event
  const compiled = settings.contracts.find(({ contract }) => contract.name === dataset)
  const report = event.event === "complete" ? event.report : undefined
  const context: DatasetContext = { producer: settings.producer, compiled, kind, report, at: event.at }
  return {
    ...envelope(settings, event.at, event.event === "start" ? "START" : event.event === "complete" ? "COMPLETE" : "FAIL"),
    run: {
      runId,
      facets: facets(settings.producer, "run", {
        ...runBodies(settings),
        parent: settings.parent === undefined ? undefined : childOf(settings.parent, settings.namespace),
        nominalTime: report?.kind === "batch" ? { nominalStartTime: report.startedAt, nominalEndTime: event.at } : undefined,
        errorMessage: event.event === "fail" ? errorMessage(event.message) : undefined,
        tags: { tags: [...tagsOf(settings.tags ?? {}, "USER"), ...tagsOf(runTags(dataset, report), "INTEGRATION")] }
      })
    },
    job: {
      namespace: settings.namespace,
      name: jobName(dataset, kind),
      facets: facets(settings.producer, "job", {
        ...jobBodies(settings, "BATCH", "TASK", does[kind]),
        ownership: compiled === undefined ? undefined : { owners: ownersOf(compiled.contract) },
        tags: compiled === undefined ? undefined : { tags: tagsOf(compiled.contract.tags ?? {}, "USER") }
      })
    },
    ...(event.event === "complete" && event.mart !== undefined && report?.kind === "build"
      ? martDatasets(event.mart, report, event.outputs, context)
      : {
          inputs: [
            ...inputDatasets(event.inputs, context),
            // What held it back.
            ...(event.event === "fail" && event.martUri !== undefined
              ? testedMart(event.martUri, null, false, event.tests ?? [], settings.producer)
              : [])
          ],
          outputs: event.event === "complete" ? outputDatasets(event.outputs, event.inputs, context) : []
        })
  }
}

export type ParentTransition = "START" | "COMPLETE" | "FAIL" | "ABORT"

/**
 * An event of the parent run itself.
 *
 * @param at ISO 8601 UTC
 * @param message why it failed
 */
export const parentEvent = (
  transition: ParentTransition,
  at: string,
  parent: ParentRun,
  settings: EventSettings,
  message?: string
): OpenLineageEvent => {
  const { producer, namespace } = settings
  return {
    ...envelope(settings, at, transition),
    run: {
      runId: parent.runId,
      facets: facets(producer, "run", {
        ...runBodies(settings),
        parent: parent.parent === undefined ? undefined : { ...parent.parent, root: parent.root ?? parent.parent },
        errorMessage: transition === "FAIL" ? errorMessage(message ?? "The run failed.") : undefined,
        tags: { tags: tagsOf(settings.tags ?? {}, "USER") }
      })
    },
    job: {
      namespace,
      name: parent.job,
      facets: facets(producer, "job", jobBodies(settings, parent.processing, "JOB", "Carries records into the lake, and on to its users."))
    },
    inputs: [],
    outputs: []
  }
}

const envelope = ({ producer }: EventSettings, eventTime: string, eventType: OpenLineageEvent["eventType"]) => ({
  eventTime,
  producer,
  schemaURL,
  eventType
})

const runBodies = ({ version }: EventSettings) => ({
  processing_engine: { name: "Sluice", version, openlineageAdapterVersion: version }
})

const jobBodies = ({ repository }: EventSettings, processingType: "BATCH" | "STREAMING", jobType: string, description: string) => ({
  jobType: {
    processingType,
    integration: "SLUICE",
    jobType,
    emissionPattern: { eventTrigger: "EVENT_BASED", eventContentMode: "ACCUMULATIVE" }
  } as const,
  documentation: { description },
  sourceCodeLocation: repository === undefined ? undefined : sourceCodeLocation(repository)
})

const sourceCodeLocation = ({ url, version, branch }: Repository) => {
  const parsed = URL.parse(url)
  if (parsed === null || (parsed.protocol !== "https:" && parsed.protocol !== "http:")) return undefined
  parsed.username = ""
  parsed.password = ""
  return {
    type: "git",
    url: parsed.href,
    repoUrl: parsed.href,
    ...(version === undefined ? {} : { version }),
    ...(branch === undefined ? {} : { branch })
  }
}

const childOf = ({ runId, job, parent, root }: ParentRun, namespace: string) => {
  const own: RunReference = { run: { runId }, job: { namespace, name: job } }
  return { ...own, root: root ?? parent ?? own }
}

const errorMessage = (message: string) => ({ message: scrub(message), programmingLanguage: "TypeScript" })

const tagsOf = (tags: { readonly [key: string]: string }, source: string): ReadonlyArray<Tag> =>
  Object.entries(tags).map(([key, value]) => ({ key, value, source }))

/** What is good to find runs by. */
const runTags = (dataset: string, report: Report | undefined): { readonly [key: string]: string } => {
  switch (report?.kind) {
    case "batch":
      return { dataset, source: report.source.name, rotation: report.rotation }
    case "repartition":
      return { dataset, engine: report.engine, rebuild: String(report.rebuild) }
    default:
      return { dataset }
  }
}
