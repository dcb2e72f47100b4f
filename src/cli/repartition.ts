import { Effect, Exit, Option } from "effect"
import { Command, Flag } from "effect/cli"
import { engineOf } from "../app/engines.ts"
import { UsageError } from "../app/failures.ts"
import { existingLakeOf, withStage } from "../app/lake.ts"
import { builderOptions, buildMarts, modelsOf, noModels } from "../app/models.ts"
import { runListener } from "../app/run-listener.ts"
import { catalogNames, engineSettings, lakeNames, lineageNames } from "../app/settings.ts"
import { timed } from "../app/timed.ts"
import { count, number } from "../record/count.ts"
import { failTogether } from "../record/fail-together.ts"
import type { RepartitionReport } from "../record/report.ts"
import type { RepartitionProgress } from "../repartition/engine.ts"
import type { JobState } from "../repartition/job-place.ts"
import type { RepartitionOutcome, RepartitionPlan } from "../repartition/options.ts"
import { dayBounds } from "../repartition/plan.ts"
import { refuseDays, repartition as runRepartition } from "../repartition/repartition.ts"
import { buildFailure, buildText, outcomeJson } from "./build.ts"
import { json, toggle } from "./common.ts"
import { bytes, print, say, seconds, table } from "./output.ts"
import { makeProgress, type Progress } from "./progress.ts"
import { contractOf, datasetText, firstDataset, project, withDatabase } from "./project.ts"
import { use } from "./settings.ts"

export const repartitionSettings = use(...lakeNames, ...catalogNames, ...engineSettings, ...lineageNames)

const day = (name: string, description: string) => Flag.String(name).pipe(Flag.withDescription(description), Flag.optional)

const badDays = (cause: unknown): UsageError =>
  new UsageError({
    problem: `--from, --to: ${cause instanceof Error ? cause.message : String(cause)}`,
    hint: "Give days such as 2026-11-20, the first not after the last."
  })

/** What a repartition did, or would do. */
export const repartitionText = (outcome: RepartitionOutcome, millis: number): string => {
  switch (outcome.kind) {
    case "up-to-date":
      return "Nothing new to repartition."
    case "plan":
      return `${planText(outcome, "would be")} Nothing was changed.`
    case "submitted":
      return [
        ...(outcome.committed === null ? [] : [repartitionText(outcome.committed, millis)]),
        `${count(outcome.stageFiles, "stage file")}, ${bytes(outcome.stageBytes)}, up to stage version ${outcome.toVersion}, are folded by ${outcome.run} (${outcome.says}).`,
        `Run the same command again to commit what it makes${outcome.logs === null ? "." : `; its log: ${outcome.logs}`}`
      ].join("\n")
    case "repartition":
      return [
        `${count(outcome.rowsRead, "row")} of ${count(outcome.stageFiles, "stage file")} became ${count(outcome.rowsAdded, "row")}${inDays(outcome.days, "in")}; ${leftText(outcome)}.`,
        `${bytes(outcome.stageBytes)} in ${seconds(millis)}, ${count(outcome.files, "file")} of ${bytes(outcome.fileBytes)}, stage versions ${outcome.fromVersion + 1} to ${outcome.toVersion}.`
      ].join("\n")
  }
}

/** What is to be done, before it is; or what would be done. */
export const planText = (plan: RepartitionPlan, are: "are" | "would be"): string => {
  const { stageFiles, stageBytes, rows, days, fromVersion, toVersion, existingFiles, existingBytes, replacedFiles } = plan
  const read = `${count(stageFiles, "stage file")}${rows === null ? "" : ` with ${count(rows, "row")}`}, ${bytes(stageBytes)}`
  const isAnew = replacedFiles > 0 && replacedFiles === existingFiles
  return [
    `${read}, of versions ${fromVersion + 1} to ${toVersion}, ${are} folded${inDays(days, "into")}${days.length === 0 ? "." : ":"}`,
    ...(days.length === 0 ? [] : [table(days.map(({ day, rows }) => [day, rows]))]),
    `${count(existingFiles, "file")} ${isAnew ? "" : "where they go "}(${bytes(existingBytes)}) ${are} ${isAnew ? "replaced" : "compared"}.`
  ].join("\n")
}

/** What became of the rows that add none. */
const leftText = ({ duplicates, rowsReplaced = 0, rowsDeleted = 0 }: RepartitionReport): string =>
  [
    ...(rowsReplaced === 0 ? [] : [`${count(rowsReplaced, "older row was", "older rows were")} replaced`]),
    `${count(duplicates - rowsReplaced, "copy was", "copies were")} left out`,
    ...(rowsDeleted === 0 ? [] : [`${count(rowsDeleted, "row was", "rows were")} deleted`])
  ].join(", ")

/** A table may not lie by time, and then has no days. */
const inDays = ({ length }: ReadonlyArray<unknown>, word: "in" | "into"): string => (length === 0 ? "" : ` ${word} ${count(length, "day")}`)

/** Shows how many of the rows to write are written. */
export const repartitionProgress =
  (progress: Progress) =>
  ({ rows, rowsTotal }: RepartitionProgress): void =>
    progress.show(rows / Math.max(1, rowsTotal), `${number(rows)} of ${number(rowsTotal)} rows repartitioned`)

/** Shows what is known of a job that is waited for. */
export const jobProgress =
  (progress: Progress) =>
  ({ run, says }: JobState): void =>
    progress.show(null, `${run}: ${says}`)

export const repartition = Command.make(
  "repartition",
  {
    dataset: Flag.String("dataset").pipe(Flag.withDescription(`${datasetText} Without it, all that the lake has.`), Flag.optional),
    dryRun: toggle("dry-run", "Say what would be done: files, rows, bytes, days. Change nothing."),
    rebuild: toggle("rebuild", "Fold the whole stage into a fresh version of the table."),
    wait: toggle(
      "wait",
      "Wait for the end of a job, where the engine makes one, and commit what it made. Else it is submitted, and the same command commits later."
    ),
    build: toggle("build", "Build the marts of the project behind it, of what is folded by then."),
    from: day("from", "First day (UTC) to fold anew."),
    to: day("to", "Last day (UTC) to fold anew."),
    settings: repartitionSettings.flags,
    json
  },
  Effect.fnUntraced(function* (flags) {
    const values = yield* repartitionSettings.read(flags.settings)
    const from = Option.getOrUndefined(flags.from)
    const to = Option.getOrUndefined(flags.to)
    const bounds = yield* Effect.try({ try: () => dayBounds(from, to), catch: badDays })
    const isBackfill = !flags.dryRun && (flags.rebuild || bounds !== null)
    const plans = new Map<string, RepartitionPlan>()
    const models = flags.build ? yield* modelsOf(project) : noModels
    const contract = yield* contractOf(Option.getOrElse(flags.dataset, () => firstDataset))
    const { done, built } = yield* Effect.gen(function* () {
      const progress = yield* makeProgress("repartition", !flags.json)
      progress.show(null, "…")
      const present = Option.isSome(flags.dataset) ? [] : yield* withStage([...project.compiled.values()])
      const contracts = present.length === 0 ? [contract] : present
      // Before anything is begun for any of them.
      if (bounds !== null) yield* Effect.forEach(contracts, refuseDays, { discard: true })
      // What changes much says first what it comes to.
      const tellPlan = (plan: RepartitionPlan) =>
        Effect.suspend(() => {
          plans.set(plan.dataset, plan)
          progress.clear()
          return flags.json ? Effect.void : say(`${contracts.length === 1 ? "" : `${plan.dataset}: `}${planText(plan, "are")}`)
        })
      const onRun = yield* runListener(withDatabase(values), contracts)
      const engine = yield* engineOf(values, flags.wait, jobProgress(progress))
      const done = yield* Effect.forEach(contracts, (each) =>
        timed(
          Effect.exit(
            runRepartition({
              contract: each,
              engine,
              dryRun: flags.dryRun,
              rebuild: flags.rebuild,
              from,
              to,
              onPlan: isBackfill ? tellPlan : undefined,
              onProgress: repartitionProgress(progress),
              onEvent: onRun
            })
          )
        )
      )
      if (models.models.length === 0) return { done, built: null }
      const lost = contracts.flatMap(({ contract: { name } }, i) => (done[i] !== undefined && Exit.isFailure(done[i][0]) ? [name] : []))
      const built = yield* timed(
        buildMarts({
          ...builderOptions(project, models, values),
          selected: models.models,
          dryRun: flags.dryRun,
          lost: new Set(lost),
          onEvent: onRun,
          onModel: (model, i) => progress.show(i / models.models.length, model)
        })
      )
      return { done, built }
    }).pipe(Effect.scoped, Effect.provide(existingLakeOf(values, flags.dryRun ? "read" : "write")))
    const withPlan = <A extends { readonly dataset: string }>(outcome: A) => {
      const plan = plans.get(outcome.dataset)
      return plan === undefined ? outcome : { ...outcome, plan }
    }
    const outcomes = done.flatMap(([exit, millis]) => (Exit.isSuccess(exit) ? [withPlan({ ...exit.value, millis })] : []))
    const [only] = outcomes
    const [marts, buildMillis] = built ?? [[], 0]
    if (only !== undefined || built !== null) {
      const json = done.length === 1 && only !== undefined ? only : { datasets: outcomes }
      yield* print(flags.json, built === null ? json : { ...json, models: marts.map(outcomeJson) }, () =>
        [
          ...outcomes.map((outcome) => `${done.length === 1 ? "" : `${outcome.dataset}: `}${repartitionText(outcome, outcome.millis)}`),
          ...(built === null ? [] : [buildText(marts, buildMillis, project.name)])
        ].join("\n")
      )
    }
    // What one cannot do keeps the others from nothing.
    yield* failTogether(done.map(([exit]) => exit))
    const failure = buildFailure(marts)
    if (failure !== null) return yield* failure
  })
).pipe(
  Command.withDescription("Take what is new in stage into the table for users, where what is the same stands once."),
  Command.withExamples([
    { description: "What is new in stage", command: "sluice repartition --lake lake" },
    {
      description: "With Spark on this machine",
      command: "sluice repartition --lake lake --engine spark --wait --spark-conf spark.jars.packages=io.delta:delta-spark_2.12:3.3.2"
    },
    {
      description: "With Spark on AWS, for what no machine holds; once more, to commit what it made",
      command:
        "sluice repartition --lake s3://my-lake/shop --engine emr-serverless --emr-application 00f1abc --emr-role arn:aws:iam::123456789012:role/jobs"
    },
    {
      description: "Say first what two days anew would come to",
      command: "sluice repartition --lake lake --from 2026-11-20 --to 2026-11-21 --dry-run"
    }
  ])
)
