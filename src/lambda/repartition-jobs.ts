import { type Context, Effect, Layer, type Scope } from "effect"
import { awsPlaceOf } from "../app/emr.ts"
import { BadConfig, type UsageError } from "../app/failures.ts"
import { storeOf } from "../app/lake.ts"
import { allContracts, withDatabase } from "../app/project.ts"
import type { DatasetJobs, JobOptions } from "../app/repartition-jobs.ts"
import { runListener } from "../app/run-listener.ts"
import { catalogNames, jobSettings, lakeNames, lineageNames, type Values } from "../app/settings.ts"
import type { CompiledContract } from "../contract/compile.ts"
import type { ContractError } from "../contract/contract.ts"
import type { LineageError } from "../lineage/transport.ts"
import type { JobPlace } from "../repartition/job-place.ts"
import type { Store, StoreError } from "../store/store.ts"
import { catalogActions, foldActions } from "./actions.ts"
import type { Actions } from "./handler.ts"
import { project } from "./project.ts"

/** What the two functions share that submit jobs of the repartition, and commit what they made. */

export const jobFunctionSettings = [...lakeNames, ...catalogNames, ...lineageNames, "engine", ...jobSettings] as const
type JobFunctionValues = Values<(typeof jobFunctionSettings)[number]>

/** What they call, whichever kind of EMR it is. `iam:PassRole` is for the roles that jobs run as. */
export const jobActions: Actions = {
  ...foldActions,
  catalog: catalogActions,
  jobs: [
    "elasticmapreduce:AddJobFlowSteps",
    "elasticmapreduce:AddTags",
    "elasticmapreduce:DescribeCluster",
    "elasticmapreduce:ListClusters",
    "elasticmapreduce:ListSteps",
    "elasticmapreduce:RunJobFlow",
    "emr-serverless:GetApplication",
    "emr-serverless:GetJobRun",
    "emr-serverless:ListJobRuns",
    "emr-serverless:StartJobRun",
    "emr-serverless:TagResource"
  ],
  roles: ["iam:PassRole"]
}

interface JobFunction {
  readonly contracts: ReadonlyArray<CompiledContract>
  readonly place: JobPlace
  readonly lake: Context.Context<Store>
  readonly values: JobFunctionValues
}

/** Opens the lake, which need not be there before the first record is, and finds out where jobs run. */
export const openJobFunction = (
  values: JobFunctionValues
): Effect.Effect<JobFunction, BadConfig | UsageError | ContractError | StoreError, Scope.Scope> =>
  Effect.gen(function* () {
    const { engine } = values
    if (engine !== "emr" && engine !== "emr-serverless")
      return yield* new BadConfig({
        problem: `SLUICE_ENGINE: "${engine}" folds where it runs, and a function only submits jobs`,
        hint: "Set it to emr or emr-serverless."
      })
    const place = yield* awsPlaceOf(engine, values)
    const contracts = yield* allContracts(project)
    return { contracts, place, values, lake: yield* Layer.build(storeOf(values, "write")) }
  })

/** Does something with the jobs of all datasets. What there is to tell of it is told when its scope is closed. */
export const withJobs = <E>(
  { contracts, place, lake, values }: JobFunction,
  use: (options: JobOptions) => Effect.Effect<ReadonlyArray<DatasetJobs>, E, Store>
): Effect.Effect<{ readonly datasets: ReadonlyArray<DatasetJobs> }, E | LineageError | BadConfig, Scope.Scope> =>
  Effect.gen(function* () {
    const onEvent = yield* runListener(withDatabase(project, values), contracts)
    return { datasets: yield* use({ contracts, place, onEvent }) }
  }).pipe(Effect.provide(lake))
