import { Effect, Stream } from "effect"
import type { CompiledContract } from "../contract/compile.ts"
import { type Identity, identityColumns, identityWords } from "../contract/identity.ts"
import type { DuckDB } from "../duckdb/duckdb.ts"
import type { LakeError } from "../duckdb/errors.ts"
import { identitySql, partitionSql, storedPartitionSql } from "../duckdb/identity-sql.ts"
import { localCopies } from "../duckdb/local-copies.ts"
import { identifier, literal, parquetFiles } from "../duckdb/sql.ts"
import type { Column } from "../record/column.ts"
import { count, number } from "../record/count.ts"
import { Store, type StoreError } from "../store/store.ts"
import { columnsOf } from "../table/columns-of.ts"
import type { TableError } from "../table/errors.ts"
import type { Snapshot } from "../table/snapshot.ts"
import type { Table } from "../table/table.ts"
import { type Check, check, some, warning } from "./check.ts"
import { hasFirehoseFiles, isFirehoseSql } from "./firehose.ts"
import { PositionReader } from "./position-reader.ts"
import { isBeyond, replayedRows, storedLetterPositions } from "./positions.ts"
import { positionTotals } from "./retired.ts"
import { hashedTogether, hashName, writeRowHashes } from "./row-hashes.ts"
import { totalsOf } from "./rows.ts"
import { latestChecks } from "./verify-latest.ts"
import { asLakeError, rowsOf } from "./views.ts"

/** A table as of one version. */
export interface At {
  readonly table: Table
  readonly snapshot: Snapshot
}

const coordinates = "_source, _shard, _sequence_number, _sub_sequence_number"

/** The rows of a table as of a snapshot, as a subquery. */
const rowsAt = (duckdb: DuckDB, { table, snapshot }: At): Effect.Effect<string, LakeError | StoreError, Store> =>
  Effect.map(rowsOf(duckdb, table, snapshot), (select) => `(${select})`)

/** One row of numbers. Counts fit a double: nobody has 2^53 rows. */
const numbers = (duckdb: DuckDB, sql: string): Effect.Effect<{ readonly [name: string]: number }, LakeError> =>
  Effect.map(duckdb.rows(sql), ([row]) => Object.fromEntries(Object.entries(row ?? {}).map(([name, value]) => [name, Number(value ?? 0)])))

/** Counts the rows of a stage table in the files themselves, and compares them with what the log says. */
export const stageRowChecks = (stage: At, duckdb: DuckDB): Effect.Effect<ReadonlyArray<Check>, LakeError | StoreError, Store> =>
  Effect.gen(function* () {
    const { path } = stage.table
    const rows = yield* rowsAt(duckdb, stage)
    const counted = yield* numbers(
      duckdb,
      `SELECT count(*) AS total, count(*) FILTER (NOT (${isFirehoseSql}) AND (strftime(_arrived_at, '%Y-%m-%d') <> CAST(ingest_date AS VARCHAR) OR hour(_arrived_at) <> ingest_hour)) AS misplaced FROM ${rows}`
    )
    const { total = 0, misplaced = 0 } = counted
    const live = totalsOf(stage.snapshot.files.values()).rows
    const { again = 0, doubled = 0 } = yield* numbers(
      duckdb,
      `SELECT coalesce(sum(n - 1) FILTER (${isFirehoseSql}), 0) AS again, coalesce(sum(n - 1) FILTER (NOT (${isFirehoseSql})), 0) AS doubled FROM (SELECT _source, count(*) AS n FROM ${rows} GROUP BY ${coordinates} HAVING n > 1)`
    )
    const once = check(
      path,
      "no record twice",
      doubled === 0,
      doubled === 0 ? `${number(total - again)} distinct coordinates` : `${doubled} rows too many`
    )
    return [
      check(
        path,
        "rows counted again",
        total === live,
        `${count(total, "row")} in the files, ${live === null ? "an unknown number" : number(live)} by their statistics`
      ),
      again === 0 || doubled > 0
        ? once
        : warning(
            path,
            once.check,
            `${once.detail}. Firehose delivered ${count(again, "row")} once more: it delivers at least once, and the repartition takes each once`
          ),
      check(
        path,
        "rows lie in the hour they arrived",
        misplaced === 0,
        misplaced === 0 ? count(stage.snapshot.files.size, "file") : `${misplaced} rows are misplaced`
      )
    ]
  })

/** Counts the dead letters of a dataset up to where stage has come. Those beyond belong to a batch that has not committed its rows yet. */
export const deadLetterChecks = (
  stage: At,
  deadLetters: At | null,
  dataset: string,
  duckdb: DuckDB
): Effect.Effect<ReadonlyArray<Check>, LakeError | TableError | StoreError, Store> =>
  Effect.gen(function* () {
    const expected = positionTotals(stage.snapshot.domains).deadLetters - replayedRows(stage.snapshot.domains)
    if (deadLetters === null) {
      return [check("dead_letters", "dead letters equal positions", expected === 0, `there is no such table; ${expected} expected`)]
    }
    const letters = `(SELECT * FROM ${yield* rowsAt(duckdb, deadLetters)} WHERE dataset = ${literal(dataset)} AND NOT (${yield* inFlight(stage, deadLetters, dataset)}))`
    const { waiting = 0, distinct = 0 } = yield* numbers(
      duckdb,
      `SELECT count(*) AS waiting, count(DISTINCT (${coordinates})) AS distinct FROM ${letters}`
    )
    const { both = 0 } = yield* numbers(
      duckdb,
      `SELECT count(*) AS both FROM ${letters} SEMI JOIN ${yield* rowsAt(duckdb, stage)} AS stage USING (${coordinates})`
    )
    return [
      check(
        deadLetters.table.path,
        `dead letters of ${dataset} equal positions`,
        waiting === expected && distinct === waiting,
        `${waiting} in the files (${distinct} distinct), ${expected} by positions and replays`
      ),
      check(
        deadLetters.table.path,
        `no record of ${dataset} is both a row and a dead letter`,
        both === 0,
        both === 0
          ? `${waiting} compared`
          : `${both} are both: a replay was cut off between its two commits; run sluice replay again to finish it`
      )
    ]
  })

/** Condition for the dead letters that stage has not reached: of shards where the dead letters are ahead. */
const inFlight = (stage: At, deadLetters: At, dataset: string): Effect.Effect<string, TableError, Store> =>
  Effect.gen(function* () {
    const reader = new PositionReader(stage.table, yield* Store)
    const conditions: Array<string> = []
    for (const { source, shard, position } of storedLetterPositions(deadLetters.snapshot.domains, dataset)) {
      const reached = (yield* reader.find(stage.snapshot.domains, source, shard))?.position
      if (!isBeyond(position, reached)) continue
      const here = `_source = ${literal(source)} AND _shard = ${literal(shard)}`
      if (reached === undefined) conditions.push(`(${here})`)
      else {
        const { sequenceNumber, subSequenceNumber } = reached
        const beyond = `(length(_sequence_number), _sequence_number, _sub_sequence_number) > (${sequenceNumber.length}, ${literal(sequenceNumber)}, ${subSequenceNumber})`
        conditions.push(`(${here} AND ${beyond})`)
      }
    }
    return conditions.length === 0 ? "false" : conditions.join(" OR ")
  })

/**
 * Compares the consumable with the stage as of the version that it says it has taken.
 *
 * @param onValues told what share of the values was compared, 0 to 1
 */
export const consumableChecks = (
  contract: CompiledContract,
  stage: At,
  consumable: At,
  taken: number,
  duckdb: DuckDB,
  onValues: (share: number) => void
): Effect.Effect<ReadonlyArray<Check>, LakeError | TableError | StoreError, Store> =>
  Effect.gen(function* () {
    const { path } = consumable.table
    const rows = yield* rowsAt(duckdb, consumable)
    const { identity, columns } = contract
    const what = whatOf(identity)
    const lacking = [
      ...identityColumns(identity).flatMap((name) =>
        [stage, consumable].flatMap(({ snapshot }) => (hasColumn(snapshot, name) ? [] : [name]))
      ),
      ...identity.partition.columns.flatMap(({ name }) => (hasColumn(consumable.snapshot, name) ? [] : [name]))
    ]
    if (lacking.length > 0)
      return [
        check(
          path,
          `no ${what} twice`,
          false,
          `there is no column ${[...new Set(lacking)].join(", ")}: its rows cannot be told apart by this contract`
        )
      ]
    const misplacedRows = `${partitionSql(identity, columns)} IS DISTINCT FROM ${storedPartitionSql(identity.partition)}`
    const counted = yield* numbers(duckdb, `SELECT count(*) AS total, count(*) FILTER (${misplacedRows}) AS misplaced FROM ${rows}`)
    const { total = 0, misplaced = 0 } = counted
    const same = identitySql(identity, columns).map(([, sql]) => sql)
    const distinctOf = (from: string) => `SELECT DISTINCT ${same.join(", ")} FROM ${from}`
    const { distinct = 0 } = yield* numbers(duckdb, `SELECT count(*) AS distinct FROM (${distinctOf(rows)})`)
    const checks = [
      check(path, `no ${what} twice`, distinct === total, `${count(total, "row")}, ${count(distinct, what)} by ${identityWords(identity)}`),
      check(
        path,
        identity.partition.by === "day" && what === "version" ? "rows lie in the day they changed" : "rows lie in their partition",
        misplaced === 0,
        misplaced === 0 ? count(total, "row") : `${misplaced} rows are misplaced`
      )
    ]
    // Files that came after the version taken are not compared; a compaction since then may have mixed both, and then nothing can be said.
    // Where nothing was taken as a whole, nothing has to be there, and the log need not reach back to its beginning.
    const later = yield* Stream.runFold(
      taken < 0 ? Stream.empty : stage.table.changes(taken, stage.snapshot.version),
      () => new Set<string>(),
      (paths, { actions }) => {
        for (const action of actions) if ("add" in action) paths.add(action.add.path)
        return paths
      }
    )
    const files = new Map([...stage.snapshot.files].filter(([file]) => taken >= 0 && !later.has(file)))
    const asTaken = yield* rowsAt(duckdb, { table: stage.table, snapshot: { ...stage.snapshot, files } })
    const allOfStage = yield* rowsAt(duckdb, stage)
    const upTo = takenText(taken, stage.snapshot.version)
    const content = contentCheck(stage, consumable, total, duckdb, onValues)
    if (identity.kind === "latest") {
      const sides = { consumable: rows, taken: asTaken, stage: allOfStage, takenText: upTo }
      return [...checks, ...(yield* latestChecks(contract, consumable, sides, duckdb)), yield* content]
    }
    const { missing = 0 } = yield* numbers(duckdb, `SELECT count(*) AS missing FROM (${distinctOf(asTaken)} EXCEPT ${distinctOf(rows)})`)
    const { surplus = 0 } = yield* numbers(duckdb, `SELECT count(*) AS surplus FROM (${distinctOf(rows)} EXCEPT ${distinctOf(allOfStage)})`)
    return [
      ...checks,
      check(
        path,
        `holds every ${what} of stage`,
        missing === 0 && surplus === 0,
        missing === 0 && surplus === 0
          ? `${count(distinct, what)}, ${upTo}`
          : `${missing} ${what}s are missing, ${surplus} are in no stage file`
      ),
      yield* content
    ]
  })

const hasColumn = ({ schema }: Snapshot, column: string): boolean => schema.fields.some(({ name }) => name === column)

/** What a row of the consumable is. */
const whatOf = ({ kind }: Identity): string => (kind === "versions" ? "version" : kind === "events" ? "event" : "key")

const takenText = (taken: number, version: number): string => {
  if (taken < 0) return "nothing of stage was taken as a whole yet: run sluice repartition"
  return `stage up to version ${taken}${taken < version ? ` of ${version}: whatever was added since waits for the repartition` : ""}`
}

/** Compares every value of the consumable with the row of stage that has its coordinates, by hashes. */
const contentCheck = (
  stage: At,
  consumable: At,
  total: number,
  duckdb: DuckDB,
  onValues: (share: number) => void
): Effect.Effect<Check, LakeError | StoreError, Store> =>
  Effect.gen(function* () {
    // Stage is read as the consumable has it: without what it leaves out, and by the names that its columns have now.
    const { metaData, schema } = consumable.snapshot
    const fields = schema.fields.filter(({ name }) => !metaData.partitionColumns.includes(name))
    const columns = yield* Effect.try({ try: () => columnsOf({ ...schema, fields }), catch: asLakeError(consumable.table) })
    const files = consumable.snapshot.files.size + stage.snapshot.files.size
    // What Firehose delivered once more is the same row.
    const select = hasFirehoseFiles(stage.snapshot.domains) ? "SELECT DISTINCT" : "SELECT"
    /** Of so many columns together, in how many rows they differ; and how many rows have one of stage. */
    const compare = (columns: ReadonlyArray<Column>, together: number, onFile: () => void) =>
      Effect.gen(function* () {
        const hashed = ({ table, snapshot }: At) =>
          Effect.gen(function* () {
            const keys = [...snapshot.files.keys()].map((path) => `${table.path}/${path}`)
            const paths = keys.map(yield* localCopies(yield* Store, duckdb.folder, keys))
            const file = yield* writeRowHashes(duckdb, paths, columns, together, onFile)
            return `(${select} *, hash(${coordinates}) AS record FROM ${parquetFiles([file])})`
          })
        const names = Array.from({ length: Math.ceil(columns.length / together) }, (_, group) => hashName(group))
        const differences = names.map((name) => `count(*) FILTER (c.${name} <> s.${name}) AS ${name}`)
        const { found = 0, ...different } = yield* numbers(
          duckdb,
          `SELECT count(*) AS found, ${differences.join(", ")} FROM ${yield* hashed(consumable)} c JOIN ${yield* hashed(stage)} s USING (record)`
        )
        return { found, different: names.map((name) => different[name] ?? 0) }
      })
    let read = 0
    const { found, different } = yield* compare(columns, hashedTogether, () => onValues(++read / files))
    const name = "rows are those of stage"
    if (found !== total) return check(consumable.table.path, name, false, `${found} of ${total} rows have a row of stage`)
    const group = different.findIndex((rows) => rows !== 0)
    if (group < 0) return check(consumable.table.path, name, true, `${count(columns.length, "column")} of ${count(total, "row")} compared`)
    const among = columns.slice(group * hashedTogether, (group + 1) * hashedTogether)
    const each = yield* compare(among, 1, () => {})
    const atFault = among.filter((_, i) => each.different[i] !== 0)
    const lost = yield* lostValues(stage, consumable, atFault, duckdb)
    const told = atFault.map(({ name }, i) => `${name}${lost[i] === 0 ? "" : ` (${count(lost[i] ?? 0, "row")} lost its value)`}`)
    return check(consumable.table.path, name, false, `${count(different[group] ?? 0, "row")} unlike stage in ${some(told)}`)
  })

/** Of each of some columns, in how many rows of the consumable it is null where stage has a value. */
const lostValues = (
  stage: At,
  consumable: At,
  columns: ReadonlyArray<Column>,
  duckdb: DuckDB
): Effect.Effect<ReadonlyArray<number>, LakeError | StoreError, Store> =>
  Effect.gen(function* () {
    const { schema, metaData } = consumable.snapshot
    const fields = schema.fields.filter(({ name }) => !metaData.partitionColumns.includes(name))
    const partitions = stage.snapshot.schema.fields.filter(({ name }) => stage.snapshot.metaData.partitionColumns.includes(name))
    const asConsumable = { table: stage.table, snapshot: { ...stage.snapshot, schema: { ...schema, fields: [...fields, ...partitions] } } }
    const nulls = columns.map(({ name }, i) => `${identifier(name)} IS NULL AS n${i}`).join(", ")
    const side = (rows: string) => `(SELECT hash(${coordinates}) AS record, ${nulls} FROM ${rows})`
    const found = yield* numbers(
      duckdb,
      `SELECT ${columns.map((_, i) => `count(*) FILTER (c.n${i} AND NOT s.n${i}) AS n${i}`).join(", ")}
        FROM ${side(yield* rowsAt(duckdb, consumable))} c JOIN ${side(yield* rowsAt(duckdb, asConsumable))} s USING (record)`
    )
    return columns.map((_, i) => found[`n${i}`] ?? 0)
  })
