import { Deferred, Effect, Option, type Scope } from "effect"
import type { CompiledContract } from "../contract/compile.ts"
import type { ContractError } from "../contract/contract.ts"
import type { LoadedProject } from "../contract/load.ts"
import type { SourceError } from "../record/source-error.ts"
import { type Arrivals, arrivalsIn } from "../source/arrivals.ts"
import type { Place } from "../source/place.ts"
import { openAnnounced } from "./announced.ts"
import { largePagesOf, pageBytesOf } from "./budget.ts"
import { UsageError } from "./failures.ts"
import { type AnnouncedParts, announcedPartsOf, type InputShare, ofFiles, shareOfNamed, sharesOf } from "./input-shares.ts"
import type { Carried } from "./pipeline.ts"
import { allContracts, contractOf, streamDataset } from "./project.ts"
import { checkWorker, type OpenedSource, openPlace, openSource, type Skipped, type SourceChoice, type SourceValues } from "./sources.ts"

const predicateOf = ({ takes }: InputShare) => takes ?? (() => true)

export interface OpenedInputs extends Omit<OpenedSource, "source" | "share"> {
  readonly datasets: ReadonlyArray<Carried>
  /** Are all datasets to be read at once, since none can come to its end without the others? */
  readonly atOnce: boolean
  /** Files of the input that are of none of these datasets. */
  readonly left: number
  /** Share of the input that was read, 0 to 1; null where nobody knows. @param ended how many datasets are at their end */
  readonly share: (ended: number) => number | null
}

export interface InputChoice extends SourceChoice {
  /** Only this dataset. */
  readonly dataset: Option.Option<string>
}

/**
 * Opens the sources of the datasets that a command carries: the one that is named, else all of the project whose files are there. One that is followed, and of
 * which there is no file yet, begins with its first. A stream is of one dataset: where none is named, of what
 * the project collects. So is standard input, of the project's first.
 */
export const openInputs = (
  project: LoadedProject,
  choice: InputChoice,
  values: SourceValues,
  follow: boolean
): Effect.Effect<OpenedInputs, SourceError | UsageError | ContractError, Scope.Scope> =>
  Effect.gen(function* () {
    if (choice.source === "sqs") return yield* openQueue(project, choice, values, follow)
    const shares = yield* wantedShares(project, choice, values)
    const place = yield* Effect.cached(openPlace(values, follow))
    const atOnce = follow ? { pageBytes: pageBytesOf(shares.length), large: largePagesOf(shares.length) } : {}
    const opened = yield* Effect.forEach(shares, ({ contract, takes }) =>
      Effect.map(
        openSource(choice, contract, values, follow, {
          place,
          takes: takes ?? undefined,
          ...atOnce
        }),
        (open) => ({
          contract,
          takes,
          open
        })
      )
    )
    const { input } = values
    const all = opened.every(({ takes }) => takes === null)
    const shared = all || input === null || input === "-" || choice.source !== "files" ? null : yield* place
    const found = shared === null ? null : yield* look(shared, shares)
    if (found !== null && found.left > 0 && found.isFile && Option.isNone(choice.dataset)) {
      return yield* new UsageError({
        problem: `${input} is of no dataset of the project ${project.name} by its name`,
        hint: `Say of which it is, with --dataset: ${project.datasets.join(", ")}.`
      })
    }
    // A file that is named together with its dataset is of it, whatever it is called.
    const isNamed = found === null || (found.isFile && Option.isSome(choice.dataset))
    const isThere = (i: number) => isNamed || (found.taken[i] ?? 0) > 0
    const begin = follow && shared !== null ? yield* firstArrivals(shared, opened, values.pollInterval) : () => Effect.void
    const carried = opened.flatMap(({ contract, open }, i) =>
      isThere(i) ? [{ contract, open }] : follow ? [{ contract, open, begins: begin(contract) }] : []
    )
    const shown = carried.map(({ open }) => open)
    return {
      datasets: carried.map(({ contract, open, ...begins }) => ({ contract, source: open.source, ...begins })),
      atOnce: follow,
      left: isNamed ? 0 : found.left,
      problems: Effect.map(
        Effect.forEach(shown, ({ problems }) => problems),
        (all) => distinct(all.flat(), ({ message }) => message)
      ),
      notes: Effect.map(
        Effect.forEach(shown, ({ notes }) => notes),
        (all) => distinct(all.flat(), (note) => note)
      ),
      // All pass the same names over.
      skipped: Effect.map(
        Effect.forEach(shown, ({ skipped }) => skipped),
        mostOf
      ),
      share: (ended) => {
        const share = shown[Math.min(ended, shown.length - 1)]?.share() ?? null
        return share === null ? null : (ended + share) / shown.length
      }
    }
  })

/** The datasets of a project, or the one that is named, that read what a queue announces. */
const openQueue = (
  project: LoadedProject,
  choice: InputChoice,
  values: SourceValues,
  follow: boolean
): Effect.Effect<OpenedInputs, SourceError | UsageError | ContractError, Scope.Scope> =>
  Effect.gen(function* () {
    yield* checkWorker(values)
    const { mine, leaves } = yield* announcedFor(project, choice.dataset)
    const { datasets, notes } = yield* openAnnounced(mine, leaves, choice, values, follow)
    return { datasets, notes, atOnce: true, left: 0, problems: Effect.succeed([]), skipped: Effect.succeed({}), share: () => null }
  })

/** What is to be carried, and what must stay in the queue. */
const announcedFor = (project: LoadedProject, dataset: Option.Option<string>): Effect.Effect<AnnouncedParts, UsageError | ContractError> =>
  Effect.gen(function* () {
    // Nobody knows what a contract claims that cannot be used, and what nobody claims is removed: that must be no matter of --dataset.
    const contracts = yield* allContracts(project)
    return announcedPartsOf(contracts, Option.isNone(dataset) ? null : yield* contractOf(project, dataset.value))
  })

const look = (place: Place, shares: ReadonlyArray<InputShare>): Effect.Effect<Arrivals> =>
  Effect.promise((signal) => arrivalsIn(place, shares.map(predicateOf), signal))

/** Looks for the first file of each dataset, as often as sources look for new ones. Gives what waits for that of one. */
const firstArrivals = (
  place: Place,
  shares: ReadonlyArray<InputShare>,
  pollMillis: number
): Effect.Effect<(contract: CompiledContract) => Effect.Effect<void>, never, Scope.Scope> =>
  Effect.gen(function* () {
    const waiting = new Map(shares.map((share) => [share.contract, { ...share, arrived: Deferred.makeUnsafe<void>() }]))
    const lookAgain = Effect.gen(function* () {
      const missing = [...waiting.values()].filter(({ arrived }) => !Deferred.isDoneUnsafe(arrived))
      const { taken } = yield* look(place, missing)
      yield* Effect.forEach(missing, ({ arrived }, i) => ((taken[i] ?? 0) > 0 ? Deferred.succeed(arrived, undefined) : Effect.void), {
        discard: true
      })
    })
    const isWaiting = () => [...waiting.values()].some(({ arrived }) => !Deferred.isDoneUnsafe(arrived))
    yield* Effect.forkScoped(Effect.repeat(Effect.delay(lookAgain, pollMillis), { while: isWaiting }))
    return (contract) => {
      const found = waiting.get(contract)
      return found === undefined ? Effect.void : Deferred.await(found.arrived)
    }
  })

const distinct = <A>(all: ReadonlyArray<A>, by: (one: A) => string): ReadonlyArray<A> => [
  ...new Map(all.map((one) => [by(one), one])).values()
]

const mostOf = (all: ReadonlyArray<Skipped>): Skipped => {
  const most: { [reason: string]: number } = {}
  for (const each of all) for (const [reason, n] of Object.entries(each)) most[reason] = Math.max(most[reason] ?? 0, n)
  return most
}

const wantedShares = (
  project: LoadedProject,
  { dataset, source }: InputChoice,
  { input }: SourceValues
): Effect.Effect<ReadonlyArray<InputShare>, UsageError | ContractError> => {
  if (Option.isSome(dataset)) return Effect.map(contractOf(project, dataset.value), (contract) => [shareOfNamed(contract, ofFiles)])
  const compiled = [...project.compiled.values()]
  const isShared = source === "files" && input !== "-" && compiled.some(({ contract }) => contract.arrives !== undefined)
  // Files of a contract that cannot be used would be taken for another's.
  if (isShared) return Effect.map(allContracts(project), sharesOf)
  const isStream = source === "kinesis" || source === "stream"
  const only = isStream ? streamDataset(project) : (project.datasets[0] ?? "")
  return Effect.map(contractOf(project, only), (contract) => [{ contract, takes: null }])
}
