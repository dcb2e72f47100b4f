import { runsOf } from "../../columns/order-rows.ts"
import type { ChangedRows } from "../../parquet/changed-entries.ts"
import type { RowsAt } from "../row-groups.ts"

/** A row group that rows are taken from, and how many. */
interface Taken {
  readonly at: Pick<RowsAt, "rows">
  readonly taken: number
}

/** Rows that move, see `Slice`. */
interface Moved {
  readonly wanted: ReadonlyArray<Taken>
  readonly rowAt: Int32Array
  readonly bounds: Int32Array
}

/** A row group that is made of one that a file has, with some rows replaced, and some gone. */
export interface KeptRows {
  /** Number of the row group among those that the slice takes from. */
  readonly source: number
  /** How many it has there. */
  readonly rows: number
  readonly changed: ChangedRows
}

/** A row group to make: its rows in order, by their number among those that are gathered. */
export interface RowOrder {
  readonly rowAt: Int32Array
  /** See `runsOf`. */
  readonly runs: Int32Array | null
}

/** How the rows of a slice are moved. */
export interface Arrangement {
  /** Row groups whose rows are gathered for all, one behind the other. */
  readonly gathered: ReadonlyArray<number>
  /** How many rows these have. */
  readonly rows: number
  /** The row groups to make: of rows in some order, or kept. */
  readonly groups: ReadonlyArray<(RowOrder & { readonly kept: null }) | { readonly kept: KeptRows }>
}

/** Of so many rows of which one changes, a row group is kept. */
const leastKept = 8

/** Finds the row groups that are kept: what an upsert leaves of a file is in the order in which it stands there. */
export const arrange = ({ wanted, rowAt, bounds }: Moved): Arrangement => {
  const firsts = new Int32Array(wanted.length + 1)
  for (const [i, { taken }] of wanted.entries()) firsts[i + 1] = (firsts[i] ?? 0) + taken
  const orders = Array.from(bounds.subarray(1), (to, i): RowOrder => {
    const rows = rowAt.subarray(bounds[i], to)
    return { rowAt: rows, runs: runsOf(rows) }
  })
  const found = orders.map(({ rowAt, runs }) => (runs === null ? null : keptIn(rowAt, runs, wanted, firsts)))
  const takers = new Map(found.flatMap((kept, i) => (kept === null ? [] : [[kept.source, i] as const])))
  // Rows that others take, too, must be gathered.
  const shared = new Set<number>()
  if (takers.size > 0)
    for (const [i, order] of orders.entries())
      for (const row of found[i]?.changed.by ?? order.rowAt) {
        const source = row < 0 ? -1 : sourceOf(firsts, row)
        if (takers.has(source)) shared.add(source)
      }
  const isKept = (kept: KeptRows | null): kept is KeptRows => kept !== null && !shared.has(kept.source)
  const keptSources = new Set(found.filter(isKept).map(({ source }) => source))
  const gathered = [...wanted.keys()].filter((source) => !keptSources.has(source))
  if (keptSources.size === 0) return { gathered, rows: firsts.at(-1) ?? 0, groups: orders.map((order) => ({ ...order, kept: null })) }
  const offsets = new Int32Array(wanted.length)
  let rows = 0
  for (const source of gathered) {
    offsets[source] = rows - (firsts[source] ?? 0)
    rows += wanted[source]?.taken ?? 0
  }
  const renumbered = (numbers: Int32Array) => numbers.map((row) => (row < 0 ? row : row + (offsets[sourceOf(firsts, row)] ?? 0)))
  const groups = orders.map((order, i) => {
    const kept = found[i] ?? null
    if (!isKept(kept)) return { rowAt: renumbered(order.rowAt), runs: order.runs, kept: null }
    return { kept: { ...kept, changed: { ...kept.changed, by: renumbered(kept.changed.by) } } }
  })
  return { gathered, rows, groups }
}

/** Null: it is not a row group that a file has, but for a few rows. */
const keptIn = (rowAt: Int32Array, runs: Int32Array, wanted: Moved["wanted"], firsts: Int32Array): KeptRows | null => {
  const source = sourceOf(firsts, rowAt[longestRun(runs)] ?? 0)
  const [first, end] = [firsts[source] ?? 0, firsts[source + 1] ?? 0]
  const rows = end - first
  if (wanted[source]?.at.rows !== rows) return null
  const most = Math.floor(rows / leastKept)
  const changed = new Int32Array(most)
  const by = new Int32Array(most)
  let count = 0
  /** Rows that were passed over so far. */
  let next = first
  let fresh: Array<number> = []
  // Who comes between two rows takes the place of one of those that stood there; what is in nobody's place has no room.
  const pass = (to: number): boolean => {
    if (to < next || fresh.length > to - next || count + to - next > most) return false
    for (let i = 0; next < to; i++, next++) {
      changed[count] = next - first
      by[count++] = fresh[i] ?? -1
    }
    fresh = []
    return true
  }
  for (let run = 0; run + 1 < runs.length; run++) {
    const start = runs[run] ?? 0
    const length = (runs[run + 1] ?? 0) - start
    const row = rowAt[start] ?? 0
    if (row >= first && row < end) {
      if (row + length > end || !pass(row)) return null
      next = row + length
    } else for (let i = 0; i < length; i++) fresh.push(row + i)
  }
  return pass(end) ? { source, rows, changed: { rows: changed.subarray(0, count), by: by.subarray(0, count) } } : null
}

/** Where the longest run begins. */
const longestRun = (runs: Int32Array): number => {
  let longest = 0
  for (let run = 1; run + 1 < runs.length; run++)
    if ((runs[run + 1] ?? 0) - (runs[run] ?? 0) > (runs[longest + 1] ?? 0) - (runs[longest] ?? 0)) longest = run
  return runs[longest] ?? 0
}

/** The row group that has a row. @param firsts rows of each, and behind them where the last ends */
const sourceOf = (firsts: Int32Array, row: number): number => {
  let low = 0
  let high = firsts.length - 2
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if ((firsts[middle] ?? 0) <= row) low = middle
    else high = middle - 1
  }
  return low
}

/** The rows of a row group that is not kept after all, in order. @param first number among those that are gathered of its first row there */
export const inOrder = ({ rows, changed }: KeptRows, first: number): RowOrder => {
  const rowAt = new Int32Array(rows)
  let [at, from] = [0, 0]
  const stay = (to: number) => {
    for (; from < to; from++) rowAt[at++] = first + from
    from = to + 1
  }
  for (const [i, row] of changed.rows.entries()) {
    stay(row)
    const taker = changed.by[i] ?? -1
    if (taker >= 0) rowAt[at++] = taker
  }
  stay(rows)
  const order = rowAt.subarray(0, at)
  return { rowAt: order, runs: runsOf(order) }
}
