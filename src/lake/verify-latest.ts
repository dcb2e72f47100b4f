import { Effect } from "effect"
import type { CompiledContract } from "../contract/compile.ts"
import { type Identity, identityColumns, orderWords } from "../contract/identity.ts"
import type { DuckDB, Row } from "../duckdb/duckdb.ts"
import type { LakeError } from "../duckdb/errors.ts"
import { identitySql, loadsSql, newestFirstSql, newnessSql, orderNames, sameSql } from "../duckdb/identity-sql.ts"
import { localCopies } from "../duckdb/local-copies.ts"
import { readParquet } from "../duckdb/sql.ts"
import { count, number } from "../record/count.ts"
import { coordinateColumns } from "../record/system-columns.ts"
import { Store, type StoreError } from "../store/store.ts"
import { fromThrown, type TableError } from "../table/errors.ts"
import { deltaSchema } from "../table/schema.ts"
import type { Snapshot } from "../table/snapshot.ts"
import type { Table } from "../table/table.ts"
import { type Check, check, some } from "./check.ts"
import { type Tombstones, tombstonesOf } from "./tombstones.ts"

/** Subqueries of the rows to compare. */
interface Sides {
  readonly consumable: string
  /** Stage as of the version that the consumable has taken. */
  readonly taken: string
  /** All of stage: days that were folded anew may have more than what was taken. */
  readonly stage: string
  /** In words, how far that was. */
  readonly takenText: string
}

/**
 * Of each key the consumable has the newest row that stage had as of the version taken, or a newer one; a key whose newest row deletes it has none, and is
 * remembered.
 */
export const latestChecks = (
  contract: CompiledContract,
  { table, snapshot }: { readonly table: Table; readonly snapshot: Snapshot },
  sides: Sides,
  duckdb: DuckDB
): Effect.Effect<ReadonlyArray<Check>, LakeError | TableError | StoreError, Store> =>
  Effect.gen(function* () {
    const { identity } = contract
    const files = yield* Effect.try({ try: () => tombstonesOf(snapshot), catch: fromThrown(table.path, "its deleted keys") })
    const wrong = yield* wrongFiles(table.path, files)
    const keys = files.map(({ path }) => `${table.path}/${path}`)
    // What is not there cannot be read, and is told.
    const isReadable = keys.length > 0 && wrong.length === 0
    const tombstones = isReadable ? tombstonesSql(contract, keys.map(yield* localCopies(yield* Store, duckdb.folder, keys))) : null
    const [first = {}] = yield* duckdb.rows(comparedSql(contract, sides, tombstones))
    const found = numbersOf(first)
    const { missing, surplus, older, returned, rows } = found
    const order = orderWords(identity.order) || "arrival"
    const holds = (name: string, wrong: number, told: string, problem: string) =>
      check(table.path, name, wrong === 0, wrong === 0 ? told : problem)
    const checks = [
      holds(
        "holds every key of stage",
        missing + surplus,
        `${count(rows, "key")}, ${sides.takenText}`,
        `${count(missing, "key is", "keys are")} missing, ${number(surplus)} are in no stage file`
      ),
      holds(
        "holds the newest row of each key",
        older,
        `${count(rows, "key")} by ${order}`,
        `${count(older, "key has", "keys have")} an older row than stage has by ${order}`
      )
    ]
    if (identity.deleted === null) return checks
    const forgotten = wrong.length > 0 ? some(wrong) : forgottenText(found, files)
    const hint = `run sluice repartition --dataset ${contract.contract.name} --rebuild`
    return [
      ...checks,
      holds(
        "holds no deleted key",
        returned,
        `${count(rows, "key")} by ${identity.deleted.column}`,
        `${count(returned, "key has a row and was deleted", "keys have a row and were deleted")} by ${identity.deleted.column}: ${hint}`
      ),
      holds(
        "remembers every deleted key",
        forgotten === null ? 0 : 1,
        `${count(found.remembered, "key")} in ${count(files.length, "file")}`,
        `${forgotten}: an older row could bring a key back; ${hint}`
      )
    ]
  })

/** What is wrong with what is remembered; null: nothing. */
const forgottenText = ({ forgotten, tombstones, remembered, invented }: Compared, files: ReadonlyArray<Tombstones>): string | null => {
  const named = files.reduce((total, { rows }) => total + rows, 0)
  if (forgotten > 0) return `${count(forgotten, "key is", "keys are")} not remembered`
  if (tombstones !== named || tombstones !== remembered)
    return `${count(tombstones, "row")} of ${count(remembered, "key")} in the files, the log says ${number(named)}`
  return invented > 0
    ? `${count(invented, "key that is remembered was deleted", "keys that are remembered were deleted")} by no row of stage`
    : null
}

const coordinates = coordinateColumns.map(({ name }) => name)

/** Reads the files of remembered keys. @param paths local ones */
const tombstonesSql = ({ identity, columns }: CompiledContract, paths: ReadonlyArray<string>): string => {
  const wanted = new Set([...identityColumns(identity), ...coordinates])
  return readParquet(paths, deltaSchema([...columns, ...coordinateColumns].filter(({ name }) => wanted.has(name))))
}

/** How many keys there are of each kind. */
const counts = {
  /** Keys that have a row, and that are remembered. */
  rows: "has_row",
  remembered: "has_deleted",
  /** As of the version taken they have a row, and the consumable has none. */
  missing: "has_taken AND NOT taken_deletes AND NOT has_row AND (NOT has_deleted OR is_behind)",
  /** The row that they have is older than the one that was taken. */
  older: "has_row AND has_taken AND NOT taken_deletes AND is_behind",
  /** They have a row, and a newer one has deleted them; or that row says so itself; or they are remembered all the same. */
  returned: "has_row AND (row_deletes OR has_deleted OR (has_taken AND taken_deletes AND is_behind))",
  /** The row that deletes them is not remembered, nor is a newer one. */
  forgotten: "has_taken AND taken_deletes AND NOT has_row AND (NOT has_deleted OR is_behind)"
}

type Compared = { readonly [name in keyof typeof counts | "surplus" | "tombstones" | "invented"]: number }

const numbersOf = (row: Row): Compared => {
  const of = (name: keyof Compared): number => Number(row[name] ?? 0)
  return {
    rows: of("rows"),
    remembered: of("remembered"),
    missing: of("missing"),
    older: of("older"),
    returned: of("returned"),
    forgotten: of("forgotten"),
    surplus: of("surplus"),
    tombstones: of("tombstones"),
    invented: of("invented")
  }
}

/** One row of {@link Compared}. @param tombstones subquery of the keys that are remembered; null: none are */
const comparedSql = ({ identity, columns }: CompiledContract, sides: Sides, tombstones: string | null): string => {
  const same = identitySql(identity, columns)
  const names = same.map(([name]) => name).join(", ")
  const read = [...same, ...newnessSql(identity)].map(([name, sql]) => `${sql} AS ${name}`).join(", ")
  const copiesOf = (from: string, side: string) => `SELECT ${read}, ${coordinates.join(", ")}, '${side}' AS side FROM ${from}`
  const rank = (order: string) => `row_number() OVER (PARTITION BY ${names} ORDER BY ${order})`
  const newest = newestFirstSql(identity)
  // What is older than the newest load does not count, whatever it says.
  const newestLoad = `SELECT max(begun_at) FROM (${loadsSql(`(${copiesOf(sides.taken, "taken")})`)})`
  const counting = identity.loads === null ? "" : ` WHERE epoch_us(t) >= coalesce((${newestLoad}), epoch_us(t))`
  const deletes = (side: string) => `coalesce(bool_or(d) FILTER (side = '${side}'), false)`
  const counted = Object.entries(counts).map(([name, condition]) => `count(*) FILTER (${condition}) AS ${name}`)
  const kept = [copiesOf(sides.consumable, "row"), ...(tombstones === null ? [] : [copiesOf(tombstones, "deleted")])]
  return `
    WITH stage AS (${copiesOf(sides.stage, "stage")}),
      taken AS (SELECT * FROM (${copiesOf(sides.taken, "taken")})${counting} QUALIFY ${rank(newest)} = 1),
      kept AS (${kept.join(" UNION ALL ")}),
      -- Of the very same record the one that was kept stands first.
      ranked AS (SELECT *, ${rank(`${newest}, side = 'taken'`)} AS place FROM (SELECT * FROM taken UNION ALL SELECT * FROM kept)),
      keys AS (
        SELECT bool_or(side = 'taken') AS has_taken, bool_or(side = 'row') AS has_row, bool_or(side = 'deleted') AS has_deleted,
          ${deletes("taken")} AS taken_deletes, ${deletes("row")} AS row_deletes, arg_min(side, place) = 'taken' AS is_behind
        FROM ranked GROUP BY ${names})
    SELECT ${counted.join(", ")},
      (SELECT count(*) FROM (SELECT DISTINCT ${names} FROM kept WHERE side = 'row') k ANTI JOIN stage s ON ${sameSql(identity, "k", "s")}) AS surplus,
      (SELECT count(*) FROM kept WHERE side = 'deleted') AS tombstones,
      (SELECT count(*) FROM (SELECT * FROM kept WHERE side = 'deleted') k ANTI JOIN (SELECT * FROM stage WHERE d) s
        ON ${sameSql(identity, "k", "s")} AND ${recordSql(identity)}) AS invented
    FROM keys`
}

/** Condition that rows of the sides `k` and `s` are of one record, and as new as each other. */
const recordSql = (identity: Identity): string =>
  [...orderNames(identity), ...coordinates].map((name) => `k.${name} IS NOT DISTINCT FROM s.${name}`).join(" AND ")

/** Files of remembered keys that are not as the log says. */
const wrongFiles = (table: string, files: ReadonlyArray<Tombstones>): Effect.Effect<ReadonlyArray<string>, StoreError, Store> =>
  Effect.gen(function* () {
    const store = yield* Store
    const found = yield* Effect.forEach(files, (file) =>
      store.head(`${table}/${file.path}`).pipe(
        Effect.map(({ size }) => (size === file.size ? [] : [`${file.path} has ${size} bytes, the log says ${file.size}`])),
        Effect.catchIf(
          (error) => error.reason === "NotFound",
          () => Effect.succeed([`${file.path} is missing`])
        )
      )
    )
    return found.flat()
  })
