import { Effect, Option, Stream } from "effect"
import type { CompiledContract } from "../contract/compile.ts"
import { comparePositions, type Position, type ShardPosition } from "../record/position.ts"
import type { OnSteps } from "../record/steps.ts"
import { Store, type StoreError } from "../store/store.ts"
import type { TableError } from "../table/errors.ts"
import { type Check, check, some } from "./check.ts"
import type { DuckDB } from "./duckdb.ts"
import type { LakeError } from "./errors.ts"
import { type CommitEntry, history } from "./history.ts"
import { consumablePath, deadLettersPath, stagePath } from "./layout.ts"
import { parsePosition, replayedRows, storedPositions } from "./positions.ts"
import { rowsOf, totalsOf } from "./rows.ts"
import { repartitionApp } from "./status.ts"
import { gapText, streamShards } from "./stream-shards.ts"
import { findTable } from "./tables.ts"
import { type At, consumableChecks, deadLetterChecks, stageRowChecks } from "./verify-rows.ts"

export type VerifyError = TableError | StoreError | LakeError

/**
 * Proves from a lake alone that nothing was lost and nothing doubled: per shard the committed ranges tile, every record is a row, a dead
 * letter or nothing by definition, the counts in the commits agree with the rows in the files, no record stands twice, and the consumable
 * holds each version once. It trusts neither statistics nor counts: rows are counted again in the files.
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
    const found: Array<{ readonly contract: CompiledContract; readonly stage: At; readonly consumable: At | null }> = []
    // Against the order in which commits happen, so that what a running ingest or repartition adds meanwhile cannot look like too much.
    for (const contract of contracts) {
      const { name } = contract.contract
      const consumable = yield* findAt(consumablePath(name))
      const stage = yield* findAt(stagePath(name))
      if (stage !== null) found.push({ contract, stage, consumable })
    }
    const deadLetters = yield* findAt(deadLettersPath)
    const lettersThere = deadLetters === null ? null : yield* fileCheck(deadLetters)
    if (lettersThere !== null) checks.push(lettersThere)
    for (const [i, { contract, stage, consumable }] of found.entries()) {
      const { name } = contract.contract
      const begin = (share: number, doing: string) => onSteps({ share: (i + share) / found.length, doing: `${name}: ${doing}` })
      begin(0, "files and positions")
      const tiling = new Tiling()
      yield* Stream.runForEach(history(stage.table, stage.snapshot.version), (commit) => Effect.sync(() => tiling.add(commit)))
      const stageThere = yield* fileCheck(stage)
      checks.push(stageThere, ...tiling.checks(stage.table.path), ...sumChecks(stage), gapCheck(stage, knownGaps))
      const consumableThere = consumable === null ? null : yield* fileCheck(consumable)
      if (consumableThere !== null) checks.push(consumableThere)
      // Rows can only be counted where the files are.
      if (!stageThere.ok) continue
      begin(0.1, "rows of stage")
      checks.push(...(yield* stageRowChecks(stage, duckdb)))
      begin(0.25, "dead letters")
      if (lettersThere?.ok !== false) checks.push(...(yield* deadLetterChecks(stage, deadLetters, name, duckdb)))
      if (consumable === null || consumableThere?.ok === false) continue
      const taken = consumable.snapshot.transactions.get(repartitionApp(name)) ?? -1
      begin(0.3, "versions in the consumable")
      checks.push(
        ...(yield* consumableChecks(contract, stage, consumable, taken, duckdb, (share) =>
          begin(0.5 + share / 2, "values of the consumable")
        ))
      )
    }
    return checks
  })

const findAt = (path: string): Effect.Effect<At | null, TableError, Store> =>
  Effect.flatMap(findTable(path), (found) =>
    Option.isNone(found) ? Effect.succeed(null) : Effect.map(found.value.snapshot, (snapshot) => ({ table: found.value, snapshot }))
  )

/** Every live file is there, with the size that the log says. */
const fileCheck = ({ table, snapshot }: At): Effect.Effect<Check, StoreError, Store> =>
  Effect.gen(function* () {
    const store = yield* Store
    const wrong: Array<string> = []
    yield* Effect.forEach(
      snapshot.files.values(),
      (file) =>
        store.head(`${table.path}/${file.path}`).pipe(
          Effect.map(({ size }) => (size === file.size ? null : `${file.path} has ${size} bytes, the log says ${file.size}`)),
          Effect.catchIf(
            (error) => error.reason === "NotFound",
            () => Effect.succeed(`${file.path} is missing`)
          ),
          Effect.map((problem) => {
            if (problem !== null) wrong.push(problem)
          })
        ),
      { concurrency: 8, discard: true }
    )
    const { files } = totalsOf(snapshot.files.values())
    return check(table.path, "files are there", wrong.length === 0, wrong.length === 0 ? `${files} files` : some(wrong))
  })

/** Folds the commits of a stage table and finds ranges that do not follow each other, and counts that do not add up. */
class Tiling {
  private readonly last = new Map<string, ShardPosition>()
  private readonly broken: Array<string> = []
  private readonly unequal: Array<string> = []
  private ranges = 0
  private commits = 0

  add({ version, actions, report }: CommitEntry): void {
    let records = 0
    let rows = 0
    let known = true
    let positions = 0
    for (const action of actions) {
      if (!("domainMetadata" in action)) continue
      const [stored] = storedPositions(new Map([[action.domainMetadata.domain, action.domainMetadata.configuration]]))
      if (stored === undefined) continue
      const { domain } = action.domainMetadata
      const position = parsePosition(action.domainMetadata.configuration)
      const before = this.last.get(domain)
      // The oldest commits may have expired: the first range that is seen of a shard may begin anywhere.
      if (before === undefined && position.from !== undefined) known = false
      else if (!same(before, position.from))
        this.broken.push(`version ${version}: ${domain} begins after ${text(position.from)}, not ${text(before)}`)
      if (before !== undefined && comparePositions(before, position) > 0)
        this.broken.push(`version ${version}: ${domain} goes back to ${text(position)}`)
      if (hasEnded(before) && !(hasEnded(position) && same(before, position) && before?.records === position.records))
        this.broken.push(`version ${version}: ${domain} goes on after its end`)
      if (gapsOf(before) > gapsOf(position)) this.broken.push(`version ${version}: ${domain} forgets gaps`)
      records += position.records - (before?.records ?? 0)
      rows += position.rows - (before?.rows ?? 0)
      positions++
      this.last.set(domain, position)
    }
    this.ranges += positions
    if (positions > 0) this.commits++
    if (positions === 0 || !known || report?.kind !== "batch") return
    if (report.counts.records !== records)
      this.unequal.push(`version ${version}: positions move by ${records} records, the report says ${report.counts.records}`)
    const written = actions.reduce((total, action) => ("add" in action ? total + (rowsOf(action.add) ?? 0) : total), 0)
    if (written !== rows || report.counts.rows !== rows)
      this.unequal.push(`version ${version}: ${rows} rows by position, ${report.counts.rows} by report, ${written} in its files`)
  }

  checks(table: string): ReadonlyArray<Check> {
    return [
      check(
        table,
        "ranges tile",
        this.broken.length === 0,
        this.broken.length === 0 ? `${this.ranges} ranges of ${this.last.size} shards` : some(this.broken)
      ),
      check(
        table,
        "commits agree with their files",
        this.unequal.length === 0,
        this.unequal.length === 0 ? `${this.commits} commits` : some(this.unequal)
      )
    ]
  }
}

const same = (a: Position | undefined, b: Position | undefined): boolean =>
  a === undefined || b === undefined ? a === b : comparePositions(a, b) === 0

/** Nothing comes after the end of a stream's shard, which was split or merged. */
const hasEnded = (position: ShardPosition | undefined): boolean => position?.source?.["ended"] === true

const gapsOf = (position: ShardPosition | undefined): number => Number(position?.source?.["gaps"] ?? 0)

const text = (position: Position | undefined): string =>
  position === undefined ? "the beginning" : `${position.sequenceNumber}/${position.subSequenceNumber}`

/** Per shard: records = rows + dead letters + empty. Per table: the rows of all shards, and those of replays, are the rows of its live files. */
const sumChecks = ({ table, snapshot }: At): ReadonlyArray<Check> => {
  const positions = storedPositions(snapshot.domains)
  const wrong = positions.flatMap(({ source, shard, position: p }) =>
    p.records === p.rows + p.deadLetters + p.empty
      ? []
      : [`${source}/${shard}: ${p.records} records, but ${p.rows} rows + ${p.deadLetters} dead letters + ${p.empty} empty`]
  )
  const total = (of: (p: ShardPosition) => number) => positions.reduce((sum, { position }) => sum + of(position), 0)
  const rows = total((p) => p.rows) + replayedRows(snapshot.domains)
  const live = totalsOf(snapshot.files.values()).rows
  return [
    check(
      table.path,
      "every record is accounted for",
      wrong.length === 0,
      wrong.length === 0
        ? `${total((p) => p.records)} records = ${total((p) => p.rows)} rows + ${total((p) => p.deadLetters)} dead letters + ${total((p) => p.empty)} empty`
        : some(wrong)
    ),
    check(
      table.path,
      "rows equal positions",
      live === rows,
      `${live ?? "an unknown number of"} rows in live files, ${rows} by the positions and replays`
    )
  ]
}

/** No shard of a stream was read so late that its retention may have taken records first. */
const gapCheck = ({ table, snapshot }: At, known: number): Check => {
  const shards = streamShards(storedPositions(snapshot.domains))
  const gaps = shards.filter((shard) => shard.gaps > 0)
  const count = gaps.reduce((total, shard) => total + shard.gaps, 0)
  if (count === 0) return check(table.path, "no gaps", true, `${shards.length} shards of streams`)
  const ok = count <= known
  return check(table.path, "no gaps", ok, `${ok ? `${count} known: ` : ""}${some(gaps.map(gapText))}`)
}
