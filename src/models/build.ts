import { Effect } from "effect"
import type { BuildReport, OnRunEvent } from "../record/report.ts"
import type { Store } from "../store/store.ts"
import { BuildError } from "./build-error.ts"
import { type Built, buildModel } from "./build-model.ts"
import { type BuilderOptions, builderOf } from "./builder.ts"
import { ancestors } from "./graph.ts"
import type { Model } from "./model.ts"
import { datasetOf } from "./references.ts"
import type { ReadError } from "./sources.ts"

export interface BuildOptions extends BuilderOptions {
  /** What of the models is built, in their order. */
  readonly selected: ReadonlyArray<Model>
  /** Make all of each model anew. */
  readonly fullRefresh?: boolean | undefined
  /** Say what would be built, and how. That is no run. */
  readonly dryRun?: boolean | undefined
  /** Datasets whose tables are not what they should be: models that read them are left as they are. */
  readonly lost?: ReadonlySet<string> | undefined
  readonly onEvent: OnRunEvent
  /** Told as each model begins. */
  readonly onModel?: ((model: string, i: number) => void) | undefined
}

/** What became of a model. */
export type ModelOutcome =
  | { readonly kind: "built"; readonly model: string; readonly version: number | null; readonly report: BuildReport }
  /** Nothing it is made of has changed. */
  | { readonly kind: "unchanged"; readonly model: string; readonly version: number | null }
  /** Of a dry run. @property how all of it, or what changed, and why */
  | { readonly kind: "planned"; readonly model: string; readonly full: boolean; readonly why: string }
  | { readonly kind: "failed"; readonly model: string; readonly error: BuildError }
  /** It reads a model that was not built, or a dataset that was lost. */
  | { readonly kind: "skipped"; readonly model: string; readonly because: string }

/**
 * Builds models into the marts of a lake, each after those that it reads: into files first, then its tests look at what the mart will hold, then one
 * commit makes it seen. A model that fails leaves its mart as it was, and keeps those that read it from being built, and no others. One of
 * which nothing has changed is left alone, so that a build may be run again at any point.
 *
 * Fails where nothing can be done: the lake or DuckDB does not answer.
 */
export const buildModels = (options: BuildOptions): Effect.Effect<ReadonlyArray<ModelOutcome>, ReadError, Store> =>
  Effect.scoped(
    Effect.gen(function* () {
      const { selected, onModel = () => {}, fullRefresh = false, dryRun = false, onEvent } = options
      const builder = { ...(yield* builderOf(options)), fullRefresh, dryRun, onEvent }
      const outcomes = new Map<string, ModelOutcome>()
      for (const [i, model] of selected.entries()) {
        onModel(model.name, i)
        const because = lostOf(options, model) ?? failedOf(options, model, outcomes)
        if (because !== null) {
          outcomes.set(model.name, { kind: "skipped", model: model.name, because })
          continue
        }
        const planned = new Set([...outcomes.values()].flatMap((outcome) => (outcome.kind === "planned" ? [outcome.model] : [])))
        outcomes.set(model.name, yield* outcomeOf(model.name, buildModel(builder, model, planned)))
      }
      return [...outcomes.values()]
    })
  )

/** The dataset that a model reads and that was lost; null: none. */
const lostOf = ({ lost }: BuildOptions, { inputs }: Model): string | null =>
  inputs.flatMap((input) => (input.kind === "source" && lost?.has(datasetOf(input)) === true ? [input.table] : []))[0] ?? null

/** Of what a model is made, that which failed first; null: nothing did. */
const failedOf = ({ models, selected }: BuildOptions, model: Model, outcomes: ReadonlyMap<string, ModelOutcome>): string | null => {
  const parents = ancestors(models.models, [model.name])
  for (const { name } of selected) {
    const outcome = parents.has(name) ? outcomes.get(name) : undefined
    if (outcome?.kind === "failed") return name
    if (outcome?.kind === "skipped") return outcome.because
  }
  return null
}

const outcomeOf = <R>(
  model: string,
  building: Effect.Effect<Built, BuildError | ReadError, R>
): Effect.Effect<ModelOutcome, ReadError, R> =>
  building.pipe(
    Effect.map((built): ModelOutcome => ({ ...built, model })),
    Effect.catchIf(
      (error) => error instanceof BuildError,
      (error) => Effect.succeed<ModelOutcome>({ kind: "failed", model, error })
    ),
    // What one table cannot do keeps other models from nothing.
    Effect.catchIf(
      (error) => isOfTable(error),
      ({ problem, hint }) =>
        Effect.succeed<ModelOutcome>({ kind: "failed", model, error: new BuildError({ model, problem, hint, tests: [] }) })
    )
  )

const isOfTable = (error: ReadError): boolean =>
  error._tag === "TableError" ? error.reason !== "Store" : error._tag === "LakeError" && error.reason !== "Full"
