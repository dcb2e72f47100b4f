import { Effect, type Scope } from "effect"
import type { CatalogApi, CatalogError } from "../catalog/api.ts"
import { awsGlue } from "../catalog/aws-glue.ts"
import { followTables } from "../catalog/follow.ts"
import type { CompiledContract } from "../contract/compile.ts"
import type { OnRunEvent } from "../record/report.ts"
import type { Store } from "../store/store.ts"
import { BadConfig } from "./failures.ts"
import { s3Place } from "./setting-types.ts"
import type { CatalogName, Values } from "./settings.ts"

/** The catalog of AWS, as the settings say where it is. */
export const glueOf = ({
  region = null,
  glueEndpoint = null
}: Partial<Values<"region" | "glueEndpoint">>): Effect.Effect<CatalogApi, CatalogError, Scope.Scope> =>
  awsGlue({ region, endpoint: glueEndpoint })

/** Why a lake cannot be in the catalog of AWS, whose programs could not read it; null: it can. */
export const problemForGlue = ({ lake }: Values<"lake">): string | null =>
  s3Place(lake) === null ? `the lake is the folder ${lake}, and AWS Glue can only tell of one in S3` : null

const refuseFolder = (values: Values<"lake">): Effect.Effect<void, BadConfig> => {
  const problem = problemForGlue(values)
  return problem === null
    ? Effect.void
    : Effect.fail(new BadConfig({ problem, hint: "Give --lake s3://bucket/prefix, or --catalog none." }))
}

/**
 * Tells the catalog that the settings name of tables that runs have made, or added columns to. Nothing is asked of the catalog, or loaded, before a commit.
 *
 * @param values `glueDatabase` is not null where the catalog is Glue
 */
export const catalogListener = (
  values: Values<"lake"> & Partial<Values<CatalogName | "region">>,
  contracts: ReadonlyArray<CompiledContract>
): Effect.Effect<OnRunEvent, BadConfig, Scope.Scope | Store> =>
  Effect.gen(function* () {
    const { catalog = "none", glueDatabase: database = null } = values
    if (catalog === "none" || database === null) return () => Effect.void
    yield* refuseFolder(values)
    return yield* followTables({ open: glueOf(values), database, contracts: new Map(contracts.map((each) => [each.contract.name, each])) })
  })
