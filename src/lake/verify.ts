import { Effect, Stream } from "effect"
import type { CompiledContract } from "../contract/compile.ts"
import type { DuckDB } from "../duckdb/duckdb.ts"
import type { LakeError } from "../duckdb/errors.ts"
import { count, number } from "../record/count.ts"
import type { OnSteps } from "../record/steps.ts"
import { coordinateColumns, stagePartitions } from "../record/system-columns.ts"
import type { Store, StoreError } from "../store/store.ts"
import type { TableError } from "../table/errors.ts"
import { openTable } from "../table/table.ts"
import { type Check, check, some, warning } from "./check.ts"
import { fileCheck } from "./file-check.ts"
import { tablePaths } from "./find-tables.ts"
import { type CommitEntry, history } from "./history.ts"
import { consumablePath, datasetAt, deadLettersPath, martAt, runsPath, stagePath } from "./layout.ts"
import { repartitionApp } from "./log-keys.ts"
import { isMart } from "./marts.ts"
import { replayedRows, storedPositions } from "./positions.ts"
import { positionTotals } from "./retired.ts"
import { totalsOf } from "./rows.ts"
import { holdsRuns } from "./runs.ts"
import { gapText, streamShards } from "./stream-shards.ts"
import { Tiling } from "./tiling.ts"
import { unregisteredChecks } from "./unregistered.ts"
import { contractChecks } from "./verify-contract.ts"
import { martChecks } from "./verify-marts.ts"
import { retiredChecks } from "./verify-retired.ts"
import { type At, consumableChecks, deadLetterChecks, stageRowChecks } from "./verify-rows.ts"
import { type Waiting, WaitingFold, waitingText } from "./waiting.ts"

export type VerifyError = TableError | StoreError | LakeError

/**
 * Proves from a lake alone that nothing was lost and nothing doubled: per shard the committed ranges tile, every record is a row, a dead
 * letter or nothing by definition, the counts in the commits agree with the rows in the files, no record stands twice, and the consumable
 * holds each version once. It trusts neither statistics nor counts: rows are counted again in the files.
 *
 * Whatever lies in the lake and cannot be checked is a check that does not hold: a dataset without a contract, a consumable without its stage, a
 * table of another program, a log that is damaged. A consumable that is behind its stage is a warning: that is lag, not loss.
 *
 * Checks that need commits which have expired from the log begin at the oldest one that is left; the cumulative counts reach back further.
 *
 * @param knownGaps gaps per dataset that somebody has looked into and accepts
 * @param onSteps told as each part begins
 */
export const verify = (
  contracts: ReadonlyArray<CompiledContract>,
  duckdb: DuckDB,
  knownGaps = 0,
  onSteps: OnSteps = () => {}
): Effect.Effect<ReadonlyArray<Check>, VerifyError, Store> =>
  Effect.gen(function* () {
    const checks: Array<Check> = []
    const found: Array<Found> = []
    const paths = yield* tablePaths
    // Against the order in which commits happen, so that what a running ingest or repartition adds meanwhile cannot look like too much.
    for (const dataset of new Set(paths.flatMap((path) => datasetAt(path) ?? []))) {
      const consumable = yield* tableAt(consumablePath(dataset), paths, checks)
      const stage = yield* tableAt(stagePath(dataset), paths, checks)
      found.push({ dataset, stage, consumable })
    }
    const deadLetters = yield* tableAt(deadLettersPath, paths, checks)
    const lettersThere = deadLetters === null ? [] : [yield* fileCheck(deadLetters), ...(yield* logChecks(deadLetters))]
    checks.push(...lettersThere, ...(deadLetters === null ? [] : strayLetters(deadLetters, found)))
    // What cannot be read is not counted: it is told already.
    const told = deadLetters === null ? paths.includes(deadLettersPath) : lettersThere.some(({ ok }) => !ok)
    const letters = { at: deadLetters, readable: !told }
    for (const [i, each] of found.entries()) {
      const contract = contracts.find(({ contract }) => contract.name === each.dataset)
      checks.push(...unchecked(each, contract), ...(contract === undefined ? [] : contractChecks(contract, each.stage, each.consumable)))
      const begin: Begin = (share, doing) => onSteps({ share: (i + share) / found.length, doing: `${each.dataset}: ${doing}` })
      yield* datasetChecks(each, letters, contract, duckdb, knownGaps, checks, begin)
    }
    const runs = paths.includes(runsPath) ? yield* tableAt(runsPath, paths, checks) : null
    const isOurs = runs === null || holdsRuns(runs.snapshot)
    if (runs !== null && isOurs) checks.push(yield* fileCheck(runs), ...(yield* logChecks(runs)))
    for (const path of paths) {
      if (path === deadLettersPath || (path === runsPath && isOurs) || datasetAt(path) !== null) continue
      if (martAt(path) !== null) {
        const mart = yield* tableAt(path, paths, checks)
        if (mart === null) continue
        if (!isMart(mart.snapshot)) {
          checks.push(foreign(path))
          continue
        }
        const there = yield* fileCheck(mart)
        checks.push(there, ...(yield* logChecks(mart)), ...(yield* martChecks(mart, there.ok ? duckdb : null)))
        continue
      }
      checks.push(foreign(path))
    }
    return checks
  })

const foreign = (path: string): Check =>
  check(path, "is known", false, "Sluice did not make this table, and nothing of it was checked: move it out of the lake")

/** The tables of a dataset, as far as they are there and can be read. */
interface Found {
  readonly dataset: string
  readonly stage: At | null
  readonly consumable: At | null
}

/** A table as it is now; null where there is none, or where it cannot be read, which is told. */
const tableAt = (path: string, paths: ReadonlyArray<string>, told: Array<Check>): Effect.Effect<At | null, TableError, Store> =>
  Effect.flatMap(openTable(path), (table) => Effect.map(table.snapshot, (snapshot): At => ({ table, snapshot }))).pipe(
    Effect.catchIf(isAboutTheTable, (error) =>
      Effect.sync(() => {
        if (paths.includes(path)) told.push(unreadable(error))
        return null
      })
    )
  )

/** Is it the table that is at fault, rather than the way to it? */
const isAboutTheTable = ({ reason }: TableError): boolean => reason !== "Store" && reason !== "Conflict"

const logIsWhole = "log is whole"
const unreadable = ({ table, problem, hint }: TableError): Check => check(table, logIsWhole, false, `${problem}. ${hint}`)

/** Every commit that is left in the log can be read, and none is missing between them. */
const logChecks = ({ table, snapshot }: At, ...folds: ReadonlyArray<{ readonly add: (commit: CommitEntry) => void }>) => {
  let first = snapshot.version
  return Stream.runForEach(history(table, snapshot.version), (commit) =>
    Effect.sync(() => {
      first = Math.min(first, commit.version)
      for (const fold of folds) fold.add(commit)
    })
  ).pipe(
    Effect.map(() => check(table.path, logIsWhole, true, `versions ${first} to ${snapshot.version}`)),
    Effect.catchIf(isAboutTheTable, (error) => Effect.succeed(unreadable(error))),
    Effect.map((whole) => [whole])
  )
}

/** Has the table what every stage has, whatever its dataset? Another program may have made one in its place. */
const hasCoordinates = ({ snapshot }: At): boolean => {
  const names = new Set(snapshot.schema.fields.map(({ name }) => name))
  return [...coordinateColumns, ...stagePartitions].every(({ name }) => names.has(name))
}

/** What of a dataset nobody can check. */
const unchecked = ({ dataset, stage, consumable }: Found, contract: CompiledContract | undefined): ReadonlyArray<Check> => {
  const { path } = (stage ?? consumable)?.table ?? { path: stagePath(dataset) }
  if (contract === undefined)
    return [
      check(
        path,
        "has a contract",
        false,
        `there is no dataset ${dataset} here: what its rows must hold was not checked. Run verify of the version, or with the contracts, that wrote it`
      )
    ]
  return stage === null && consumable !== null
    ? [check(path, "has its stage", false, `${stagePath(dataset)} cannot be read: nothing of the consumable was checked`)]
    : []
}

/** Dead letters whose dataset has no stage: no check counts them. */
const strayLetters = ({ table, snapshot }: At, found: ReadonlyArray<Found>): ReadonlyArray<Check> => {
  const staged = new Set(found.flatMap(({ dataset, stage }) => (stage === null ? [] : [dataset])))
  const names = new Set(storedPositions(snapshot.domains).map(({ source }) => source.slice(0, source.indexOf("."))))
  return [...names]
    .filter((name) => !staged.has(name))
    .map((name) =>
      check(table.path, `dead letters of ${name} have a stage`, false, `${stagePath(name)} cannot be read: they were not counted`)
    )
}

/** Says what of a dataset is done now. @param share of its checks, 0 to 1 */
type Begin = (share: number, doing: string) => void

/** Every check of a dataset, as far as one rests on what another found whole. @param checks they are added here */
const datasetChecks = (
  { dataset, stage, consumable }: Found,
  deadLetters: { readonly at: At | null; readonly readable: boolean },
  contract: CompiledContract | undefined,
  duckdb: DuckDB,
  knownGaps: number,
  checks: Array<Check>,
  begin: Begin
): Effect.Effect<void, VerifyError, Store> =>
  Effect.gen(function* () {
    if (stage === null) return
    begin(0, "files and positions")
    if (!hasCoordinates(stage)) {
      checks.push(check(stage.table.path, "is a stage", false, "it has not the columns that every stage has: nothing of it was checked"))
      return
    }
    const taken = consumable?.snapshot.transactions.get(repartitionApp(dataset)) ?? -1
    const tiling = new Tiling()
    const waiting = new WaitingFold(taken)
    const log = yield* logChecks(stage, tiling, waiting)
    const stageThere = yield* fileCheck(stage)
    checks.push(stageThere, ...log, ...tiling.checks(stage.table.path), ...sumChecks(stage), gapCheck(stage, knownGaps))
    checks.push(...(yield* retiredChecks(stage)), ...(yield* unregisteredChecks(stage)))
    const consumableThere = consumable === null ? [] : [yield* fileCheck(consumable), ...(yield* logChecks(consumable))]
    checks.push(...consumableThere)
    checks.push(upToDate(dataset, taken, stage.snapshot.version, waiting.waiting(stage.snapshot)))
    // Rows can only be counted where the files are.
    if (!stageThere.ok) return
    begin(0.1, "rows of stage")
    checks.push(...(yield* stageRowChecks(stage, duckdb)))
    begin(0.25, "dead letters")
    if (deadLetters.readable) checks.push(...(yield* deadLetterChecks(stage, deadLetters.at, dataset, duckdb)))
    if (consumable === null || contract === undefined || consumableThere.some(({ ok }) => !ok)) return
    begin(0.3, "versions in the consumable")
    checks.push(
      ...(yield* consumableChecks(contract, stage, consumable, taken, duckdb, (share) =>
        begin(0.5 + share / 2, "values of the consumable")
      ))
    )
  }).pipe(
    Effect.catchTag("TableError", (error) =>
      isAboutTheTable(error) ? Effect.sync(() => void checks.push(unreadable(error))) : Effect.fail(error)
    )
  )

/** How far the consumable is behind its stage. It cannot be ahead of it, unless commits of the stage were lost. */
const upToDate = (dataset: string, taken: number, version: number, waiting: Waiting): Check => {
  const path = consumablePath(dataset)
  const name = "is up to date"
  if (taken > version)
    return check(
      path,
      name,
      false,
      `it has taken ${stagePath(dataset)} up to version ${taken}, which has ${version} only: its last commits were lost, or it was made anew`
    )
  return waiting.versions === 0
    ? check(path, name, true, "all of stage was taken")
    : warning(path, name, `${waitingText(waiting)}. Nothing is lost: they lie in ${stagePath(dataset)} until sluice repartition takes them`)
}

/** Per shard: records = rows + dead letters + empty. Per table: the rows of all shards, and those of replays, are the rows of its live files. */
export const sumChecks = ({ table, snapshot }: At): ReadonlyArray<Check> => {
  const positions = storedPositions(snapshot.domains)
  const wrong = positions.flatMap(({ source, shard, position: p }) =>
    p.records === p.rows + p.deadLetters + p.empty
      ? []
      : [`${source}/${shard}: ${p.records} records, but ${p.rows} rows + ${p.deadLetters} dead letters + ${p.empty} empty`]
  )
  const total = positionTotals(snapshot.domains)
  const rows = total.rows + replayedRows(snapshot.domains)
  const live = totalsOf(snapshot.files.values()).rows
  return [
    check(
      table.path,
      "every record is accounted for",
      wrong.length === 0,
      wrong.length === 0
        ? `${count(total.records, "record")} = ${count(total.rows, "row")} + ${count(total.deadLetters, "dead letter")} + ${total.empty} empty`
        : some(wrong)
    ),
    check(
      table.path,
      "rows equal positions",
      live === rows,
      `${live === null ? "an unknown number of rows" : count(live, "row")} in live files, ${number(rows)} by the positions and replays`
    )
  ]
}

/** No shard of a stream was read so late that its retention may have taken records first. */
export const gapCheck = ({ table, snapshot }: At, known: number): Check => {
  const shards = streamShards(storedPositions(snapshot.domains))
  const gaps = shards.filter((shard) => shard.gaps > 0)
  const found = gaps.reduce((total, shard) => total + shard.gaps, 0)
  if (found === 0) return check(table.path, "no gaps", true, count(shards.length, "shard of a stream", "shards of streams"))
  const ok = found <= known
  return check(table.path, "no gaps", ok, `${ok ? `${found} known: ` : ""}${some(gaps.map(gapText))}`)
}
