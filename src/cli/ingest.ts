import { Effect, Layer } from "effect"
import { Command } from "effect/cli"
import { openInputs } from "../app/inputs.ts"
import { storeOf } from "../app/lake.ts"
import { logEvent } from "../app/log-event.ts"
import { ingestOptionsOf } from "../app/options.ts"
import { type PipelineOptions, type PipelineResult, pipeline, unwatched } from "../app/pipeline.ts"
import { runListener } from "../app/run-listener.ts"
import type { Values } from "../app/settings.ts"
import type { Skipped } from "../app/sources.ts"
import type { CompiledContract } from "../contract/compile.ts"
import type { IngestProgress, IngestResult } from "../ingest/options.ts"
import { addCounts } from "../lake/history.ts"
import { count, number } from "../record/count.ts"
import { emptyCounts, sumOf } from "../record/report.ts"
import { changeHashKey, json } from "./common.ts"
import { countLines, deadLetterLines, maskedLine } from "./counts-text.ts"
import { bytes, print, rate, seconds, table } from "./output.ts"
import { makeProgress } from "./progress.ts"
import { oneDataset, project, withDatabase } from "./project.ts"
import { Shutdown } from "./shutdown.ts"
import { ingestSettings, sourceFlags } from "./sources.ts"
import { telemetry } from "./telemetry.ts"

export const progressText = (p: IngestProgress): string =>
  `${count(p.rows, "row")}, ${count(p.deadLetters, "dead letter")}, ${bytes(p.bytes)}, ${count(p.commits, "commit")}`

/** What an ingest did, in a few lines. */
const ingestText = (
  { commits, counts, stopped, failure }: IngestResult,
  millis: number,
  contracts: ReadonlyArray<CompiledContract>,
  values: Values<"hashKey" | "lake">
): string => {
  if (commits === 0) {
    // What was not read to its end may have held something new.
    if (stopped === "drain") return "Nothing was ingested, stopped as asked."
    return failure === null ? "Nothing new to ingest." : "Nothing was ingested."
  }
  const letters = sumOf(counts.deadLetters)
  return [
    `${count(counts.records, "record")} became ${count(counts.rows, "row")}, ${count(letters, "dead letter")} and ${count(counts.empty, "time")} nothing.`,
    `${bytes(counts.bytes)} in ${seconds(millis)}: ${rate(counts.bytes, millis)}, ${count(commits, "commit")}${stopped === "drain" ? ", stopped as asked" : ""}.`,
    ...countLines(counts),
    ...maskedLine(counts, contracts, values.hashKey !== null),
    ...deadLetterLines(letters, values.lake)
  ].join("\n")
}

/** What the ingests of all datasets came to. */
const totalOf = ({ ingested, stopped }: Pick<PipelineResult, "ingested" | "stopped">): IngestResult => {
  const counts = emptyCounts()
  for (const { result } of ingested) addCounts(counts, result.counts)
  return {
    commits: ingested.reduce((total, { result }) => total + result.commits, 0),
    counts,
    stopped,
    failure: ingested.find(({ result }) => result.failure !== null)?.result.failure ?? null
  }
}

/** Progress of several datasets as one. */
export const makeTotal = () => {
  const latest = new Map<string, IngestProgress>()
  return (dataset: string, progress: IngestProgress): IngestProgress => {
    latest.set(dataset, progress)
    const sum = (of: (each: IngestProgress) => number) => [...latest.values()].reduce((total, each) => total + of(each), 0)
    return {
      records: sum(({ records }) => records),
      rows: sum(({ rows }) => rows),
      deadLetters: sum(({ deadLetters }) => deadLetters),
      bytes: sum(({ bytes }) => bytes),
      commits: sum(({ commits }) => commits),
      held: sum(({ held }) => held)
    }
  }
}

export const contractsOf = (datasets: PipelineOptions["datasets"]) => datasets.map(({ contract }) => contract)

/** What each dataset came to, for a program. */
const datasetsJson = ({ ingested }: Pick<PipelineResult, "ingested">) =>
  ingested.map(({ dataset, result: { failure, ...result }, millis }) => ({ dataset, ...result, failure: failure?.message ?? null, millis }))

/** The same for people, where there are several. */
const datasetLines = ({ ingested }: Pick<PipelineResult, "ingested">): ReadonlyArray<string> =>
  ingested.length < 2
    ? []
    : [
        table(
          ingested.map(({ dataset, result: { commits, counts } }) => [
            dataset,
            counts.rows,
            counts.rows === 1 ? "row" : "rows",
            count(sumOf(counts.deadLetters), "dead letter"),
            count(commits, "commit")
          ])
        )
      ]

/** Files of no dataset: for who wonders why they are not there. */
const leftText = (left: number): ReadonlyArray<string> =>
  left === 0 ? [] : [`${count(left, "file is", "files are")} of no dataset that was carried: a contract says with arrives which are of it.`]

/** Files that were passed over, where there are any: for who wonders why there is nothing. */
export const skippedText = (skipped: Skipped): ReadonlyArray<string> => {
  const reasons = {
    hidden: "with a hidden name",
    type: "of a type that is not read",
    special: "special (pipes, devices, links to what is read elsewhere)"
  } as const
  const shown = Object.entries(reasons).flatMap(([reason, text]) => {
    const n = skipped[reason] ?? 0
    return n === 0 ? [] : [`${number(n)} ${text}`]
  })
  return shown.length === 0 ? [] : [`Files passed over: ${shown.join(", ")}.`]
}

/** What an ingest came to, for a program and for people. @param files what became of those that no record came of */
export const outcomeOf = (
  done: Pick<PipelineResult, "ingested" | "stopped" | "millis">,
  contracts: ReadonlyArray<CompiledContract>,
  files: { readonly skipped: Skipped; readonly left: number; readonly notes: ReadonlyArray<string> },
  values: Values<"hashKey" | "lake">
) => {
  const total = totalOf(done)
  const { failure, ...rest } = total
  const { skipped, left, notes } = files
  return {
    failure,
    report: { ...rest, datasets: datasetsJson(done), skipped, left, notes, failure: failure?.message ?? null, millis: done.millis },
    lines: [ingestText(total, done.millis, contracts, values), ...datasetLines(done), ...skippedText(skipped), ...leftText(left), ...notes]
  }
}

export const ingest = Command.make(
  "ingest",
  { dataset: oneDataset, ...sourceFlags, changeHashKey, settings: ingestSettings.flags, json },
  Effect.fnUntraced(function* (flags) {
    const values = yield* ingestSettings.read(flags.settings)
    const { atOnce, datasets, left, skipped, notes, share } = yield* openInputs(project, flags, values, false)
    const shutdown = yield* Shutdown
    const done = yield* Effect.gen(function* () {
      const progress = yield* makeProgress("ingest", !flags.json)
      yield* shutdown.drain
      const onRun = yield* runListener(withDatabase(values), contractsOf(datasets))
      let ended = 0
      const ingested = makeTotal()
      return yield* pipeline({
        datasets,
        follow: false,
        atOnce,
        ingest: { ...ingestOptionsOf(values, project.module), changeHashKey: flags.changeHashKey },
        repartition: null,
        stop: shutdown.requested,
        watch: {
          ...unwatched,
          event: (event) => Effect.andThen(onRun(event), flags.source !== "files" ? logEvent(event) : Effect.void),
          step: () => Effect.sync(() => void ended++),
          ingest: (dataset, one) => {
            const p = ingested(dataset, one)
            progress.show(share(ended), progressText(p), p.bytes)
          }
        }
      })
    }).pipe(Effect.scoped, Effect.provide(Layer.provideMerge(telemetry(values), storeOf(values, "write"))))
    const files = { skipped: yield* skipped, left, notes: yield* notes }
    const { failure, report, lines } = outcomeOf(done, contractsOf(datasets), files, values)
    yield* print(flags.json, report, () => lines.join("\n"))
    if (failure !== null) return yield* failure
  }, Effect.scoped)
).pipe(
  Command.withDescription("Carry records into the stage of a lake, exactly once. Run again, it takes only what is new."),
  Command.withExamples([
    { description: "Everything below a folder; again, and only what is new", command: "sluice ingest --input orders --lake lake" },
    {
      description: "An hour of an archive in S3",
      command: "sluice ingest --input s3://my-archive/orders/2026/11/20/07 --lake s3://my-lake/shop"
    },
    {
      description: "One record a line from a pipe, with the hour that it arrived in",
      command: "zcat orders.gz | sluice ingest --input - --arrived-at 2026-11-20T07:00:00Z --lake lake"
    }
  ])
)
