import { join } from "node:path"
import { Effect, Layer, Result } from "effect"
import { Command, Flag } from "effect/cli"
import { engineOf } from "../app/engines.ts"
import { Failed, UsageError } from "../app/failures.ts"
import { openInputs } from "../app/inputs.ts"
import { storeOf } from "../app/lake.ts"
import { clearLanded, type Landed, type LandedChoice, landedChoices, landedFolder } from "../app/landed.ts"
import { logEvent } from "../app/log-event.ts"
import { builderOptions, buildMarts, modelsOf } from "../app/models.ts"
import { ingestOptionsOf } from "../app/options.ts"
import { pipeline } from "../app/pipeline.ts"
import { runListener } from "../app/run-listener.ts"
import { type Address, s3Place } from "../app/setting-types.ts"
import type { Values } from "../app/settings.ts"
import { timed } from "../app/timed.ts"
import { type Maintained, maintain as maintainLake } from "../lake/maintain.ts"
import type { ModelOutcome } from "../models/build.ts"
import type { ReadError } from "../models/sources.ts"
import { count } from "../record/count.ts"
import type { Steps } from "../record/steps.ts"
import { buildFailure, buildText, outcomeJson } from "./build.ts"
import { changeHashKey, json, toggle } from "./common.ts"
import { hitsSummary, hitsText } from "./hits-text.ts"
import { contractsOf, makeTotal, outcomeOf, progressText } from "./ingest.ts"
import { maintainText } from "./maintain.ts"
import { print } from "./output.ts"
import { makeProgress } from "./progress.ts"
import { oneDataset, project, withDatabase } from "./project.ts"
import { repartitionProgress, repartitionText } from "./repartition.ts"
import { Shutdown } from "./shutdown.ts"
import { runSettings, sourceFlags } from "./sources.ts"
import { telemetry } from "./telemetry.ts"

/** Told as it happens, since the loop goes on. */
const tellFailed = (outcomes: ReadonlyArray<ModelOutcome>): Effect.Effect<void> =>
  Effect.forEach(
    outcomes,
    (outcome) =>
      outcome.kind === "failed"
        ? Effect.logError(`the model ${outcome.model} was not built, its mart is as it was: ${outcome.error.message}`)
        : Effect.void,
    { discard: true }
  )

const isFolder = (source: string, input: string | null): boolean =>
  source === "files" && input !== null && input !== "-" && !input.startsWith("s3://")

/** Where hits are taken, and the folder of their stream, where `--collect` asks for it. */
const collectedOf = (
  source: string,
  follow: boolean,
  { collect, input, lake, stream }: Values<"collect" | "input" | "lake" | "stream">
): Effect.Effect<{ readonly at: Address; readonly folder: string } | null, UsageError> => {
  const refused = (problem: string, hint: string) => Effect.fail(new UsageError({ problem, hint }))
  if (collect === null) return Effect.succeed(null)
  if (!follow) return refused("--collect takes hits until it is stopped", "Leave --once out, or read what there is with --source stream.")
  if (input !== null || (source !== "files" && source !== "stream"))
    return refused("with --collect records come from the stream that hits go to", "Leave out --source and --input.")
  if (stream === null && s3Place(lake) !== null)
    return refused("--stream is missing", "Say in which folder hits are kept until they are in the lake: a disk, not S3.")
  return Effect.succeed({ at: collect, folder: stream ?? join(lake, "_stream") })
}

const landedText = ({ done, left }: Landed, after: LandedChoice): string =>
  `${count(done, "file was", "files were")} ${after === "delete" ? "deleted" : `moved to ${landedFolder}/`}, as their records are in the lake${left === 0 ? "" : `; ${count(left, "file stays", "files stay")}`}.`

/** What upkeep did, where it did something. */
const maintainedLines = (tables: ReadonlyArray<Maintained>): ReadonlyArray<string> => {
  const changed = tables.filter(
    ({ compacted, commitsExpired, filesDeleted }) => (compacted?.filesBefore ?? 0) > 0 || commitsExpired > 0 || filesDeleted > 0
  )
  return changed.length === 0 ? [] : [maintainText(changed, false)]
}

export const run = Command.make(
  "run",
  {
    dataset: oneDataset,
    ...sourceFlags,
    once: toggle("once", "Ingest everything that is new, repartition it, build what models make of it, maintain the lake, and exit."),
    after: Flag.Literals("after", landedChoices).pipe(
      Flag.withDescription(
        `With --once, what becomes of files of a folder once their records are in the lake: keep; move, to ${landedFolder}/ there; delete. Default: keep.`
      ),
      Flag.withDefault<LandedChoice>("keep")
    ),
    changeHashKey,
    settings: runSettings.flags,
    json
  },
  Effect.fnUntraced(function* (flags) {
    const said = yield* runSettings.read(flags.settings)
    const follow = !flags.once
    const collected = yield* collectedOf(flags.source, follow, said)
    const values = collected === null ? said : { ...said, stream: collected.folder }
    const { after } = flags
    if (after !== "keep" && (follow || !isFolder(flags.source, values.input)))
      return yield* new UsageError({
        problem: `--after ${after} is about files of a folder that are read once`,
        hint: "Give it with --once and --input FOLDER. What becomes of objects of a bucket its own rules say."
      })
    const models = yield* modelsOf(project)
    const hits =
      collected === null
        ? null
        : yield* Effect.promise(() => import("./hits-server.ts")).pipe(
            Effect.flatMap(({ serveHitsUntilStopped }) => serveHitsUntilStopped(collected.folder, collected.at, values))
          )
    const choice = hits === null ? flags : { ...flags, source: "stream" as const }
    const { atOnce, datasets, left, problems, notes, skipped, share } = yield* openInputs(project, choice, values, follow)
    const shutdown = yield* Shutdown
    /** The last build. Null: there was none. */
    const last: { build: Result.Result<readonly [ReadonlyArray<ModelOutcome>, number], ReadError> | null } = { build: null }
    const done = yield* Effect.gen(function* () {
      // Without a terminal the commits that the log tells of are enough.
      const progress = yield* makeProgress("run", !flags.json, { logEvery: null })
      const { repartitionEvery: every, worker } = values
      const doing = `${follow ? "following" : "ingesting"}${every === "never" ? " without repartitions" : ""}`
      let ingested = "nothing read yet"
      let ended = 0
      const totalOfAll = makeTotal()
      const show = (what: string) => progress.show(share(ended), `${what}: ${ingested}`)
      yield* shutdown.drain
      const onRun = yield* runListener(withDatabase(values), contractsOf(datasets), follow ? "STREAMING" : "BATCH")
      const [first] = datasets
      if (follow && first !== undefined) yield* Effect.logInfo(`following ${first.source.location}; stop with Ctrl-C or SIGTERM`)
      if (every === "never")
        yield* Effect.logInfo(
          "stage is filled and not repartitioned (--repartition-every never): the tables for users are as old as the last repartition elsewhere"
        )
      show(doing)
      const behind = (lost: ReadonlySet<string>) =>
        timed(
          buildMarts({
            ...builderOptions(project, models, values),
            selected: models.models,
            lost,
            onEvent: (event) => Effect.andThen(onRun(event), logEvent(event)),
            onModel: (model) => show(`${doing} and building ${model}`)
          })
        ).pipe(
          Effect.tap(([outcomes]) => tellFailed(outcomes)),
          Effect.result,
          Effect.tap((result) =>
            Result.isFailure(result)
              ? Effect.logError(`no mart was built, the next build makes up for it: ${result.failure.message}`)
              : Effect.void
          ),
          Effect.map((result) => {
            last.build = result
            show(doing)
          })
        )
      const carried = yield* pipeline({
        datasets,
        follow,
        atOnce,
        ingest: { ...ingestOptionsOf(values, project.module), changeHashKey: flags.changeHashKey },
        repartition:
          every === "never"
            ? null
            : { engine: yield* engineOf(values, true), every, worker, behind: models.models.length === 0 ? undefined : behind },
        stop: shutdown.requested,
        watch: {
          event: (event) => Effect.andThen(onRun(event), logEvent(event)),
          step: ({ step }) =>
            Effect.sync(() => {
              if (step === "ingested") ended++
              show(step === "repartitioning" ? `${doing} and repartitioning` : doing)
            }),
          ingest: (dataset, progress) => {
            ingested = progressText(totalOfAll(dataset, progress))
            show(doing)
          },
          repartition: (_, p) => repartitionProgress(progress)(p)
        }
      })
      if (follow || carried.stopped !== "end" || every === "never") return { ...carried, landed: null, maintained: null }
      const onSteps = ({ share, doing }: Steps) => progress.show(share, doing)
      const { memoryLimit, threads, input } = values
      const landed = after === "keep" || input === null ? null : yield* Effect.result(clearLanded(after, input, contractsOf(datasets)))
      return { ...carried, landed, maintained: yield* Effect.result(maintainLake({ memoryLimit, threads, onEvent: onRun, onSteps })) }
    }).pipe(Effect.scoped, Effect.provide(Layer.provideMerge(telemetry(values), storeOf(values, "write"))))
    // Who follows has been told of them, one by one.
    const files = follow ? { skipped: {}, left, notes: [] } : { skipped: yield* skipped, left, notes: yield* notes }
    const { failure, report, lines } = outcomeOf(done, contractsOf(datasets), files, values)
    const repartitions = done.repartitioned.map(({ dataset, outcome, failure, millis }) => ({
      dataset,
      ...outcome,
      failure: failure?.message ?? null,
      millis
    }))
    const { build: built } = last
    const [outcomes, buildMillis] = built === null || Result.isFailure(built) ? [[], 0] : built.success
    const { landed, maintained } = done
    const cleared = landed === null || Result.isFailure(landed) ? null : landed.success
    const taken = hits === null ? null : hitsSummary(hits.counts)
    yield* print(flags.json, { ...report, hits: taken, repartitions, models: outcomes.map(outcomeJson), landed: cleared }, () =>
      [
        ...(taken === null ? [] : [hitsText(taken)]),
        ...lines,
        ...done.repartitioned.flatMap(({ outcome, millis }) => (outcome === null ? [] : [repartitionText(outcome, millis)])),
        ...(outcomes.length === 0 ? [] : [buildText(outcomes, buildMillis, project.name)]),
        ...(cleared === null ? [] : [landedText(cleared, after)]),
        ...(maintained === null || Result.isFailure(maintained) ? [] : maintainedLines(maintained.success))
      ].join("\n")
    )
    if (failure !== null) return yield* failure
    const unread = yield* problems
    if (unread.length > 0) {
      return yield* new Failed({
        problem: `${count(unread.length, "input")} could not be read: ${unread
          .map(({ message }) => message)
          .join(" ")
          .replace(/\.$/, "")}`,
        hint: "Everything else is committed. Mend them, and run again."
      })
    }
    const [unfolded] = done.repartitioned.flatMap(({ failure }) => failure ?? [])
    if (unfolded !== undefined)
      return yield* new Failed({
        problem: `not repartitioned: ${unfolded.message.replace(/\.$/, "")}`,
        hint: "What was ingested is committed."
      })
    if (built !== null && Result.isFailure(built)) return yield* built.failure
    const notBuilt = buildFailure(outcomes)
    if (notBuilt !== null) return yield* notBuilt
    if (landed !== null && Result.isFailure(landed)) return yield* landed.failure
    if (maintained !== null && Result.isFailure(maintained)) return yield* maintained.failure
  }, Effect.scoped)
).pipe(
  Command.withDescription(
    "Ingest, repartition and build until stopped, following new files. SIGTERM commits the open batch and exits 0; 1 where an input could not be read."
  ),
  Command.withExamples([
    { description: "Follow a folder, with metrics for Prometheus", command: "sluice run --input orders --lake lake --metrics-port 9464" },
    { description: "What is new, from files to the table for users, and no more", command: "sluice run --once --input orders --lake lake" },
    {
      description: "From hits of pages to marts, in one process (SLUICE_PROJECT=schemas/web)",
      command: "sluice run --collect 8080 --lake lake"
    },
    { description: "Read a stream into S3", command: "sluice run --source kinesis --stream shop-events --lake s3://my-lake/shop" },
    {
      description: "What an endpoint stored in a stream of this machine, up to its tip",
      command: "sluice run --once --source stream --stream clicks --lake lake"
    },
    {
      description: "Read objects as a bucket announces them",
      command: "sluice run --source sqs --queue https://sqs.eu-west-1.amazonaws.com/123456789012/raw --lake s3://my-lake/shop"
    }
  ])
)
