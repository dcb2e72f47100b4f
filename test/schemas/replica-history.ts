import { writtenRows } from "../../src/parquet/written-rows.ts"
import { random } from "../repartition/histories.ts"

/** A file as DMS writes one, and when. */
export interface ReplicaFile {
  /** Below the folder of the table. */
  readonly name: string
  /** Milliseconds since 1970. */
  readonly writtenAt: number
  readonly content: string | Uint8Array
}

/** What a database went through, as files, and what stands in it at the end: names by id. */
export interface ReplicaHistory {
  readonly files: ReadonlyArray<ReplicaFile>
  readonly rows: ReadonlyMap<string, string>
  /** Rows of keys that are gone since a load only tells so by not having them. */
  readonly vanished: number
}

interface Change {
  readonly op: "I" | "U" | "D"
  readonly id: string
  readonly name: string
  readonly at: number
  readonly sequence: number
}

const begin = Date.UTC(2026, 10, 2, 4)
const second = 1000

const two = (n: number, digits = 2): string => String(n).padStart(digits, "0")
const timeText = (at: number): string => `${new Date(at).toISOString().replace("T", " ").replace("Z", "")}000`
const fileTime = (at: number): string =>
  new Date(at)
    .toISOString()
    .replace(/[-:.Z]/g, "")
    .replace("T", "-")
const quoted = (text: string): string => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)

/**
 * Months of a table, and what DMS tells of them: loads, of which each takes some time while rows change, changes behind them, and what a stop between two
 * tasks loses, which only the next load makes good. How much files say, differs by history: the operation in loads, the time of a change,
 * its sequence, the names of columns. Of the files of each some are Parquet: changes of a load that is CSV, and the other way round.
 */
export const replicaHistory = (seed: number): ReplicaHistory => {
  const next = random(seed)
  // Of its own, so that what happens is the same whatever files are.
  const picks = random(seed + 2000)
  const below = (n: number): number => Math.floor(next() * n)
  const [hasOp, hasTime, hasSequence, hasHeader] = [seed % 2 === 0, seed % 3 !== 2, seed % 4 < 2, seed % 5 !== 4]
  const rows = new Map<string, string>()
  const files: Array<ReplicaFile> = []
  let now = begin
  let sequence = 0
  let named = 0
  let vanished = 0

  const change = (): Change => {
    const id = `p${below(6)}`
    const isThere = rows.has(id)
    const op = !isThere ? "I" : below(3) === 0 ? "D" : "U"
    const name = op === "D" ? (rows.get(id) ?? "") : `${["", 'said "so", twice', "two\nlines", "zero 007"][below(4)]} #${++named}`
    if (op === "D") rows.delete(id)
    else rows.set(id, name)
    // Several of one transaction have one time.
    now += below(3) * second
    return { op, id, name, at: now, sequence: ++sequence }
  }

  /** A row as a file has it: all columns where it has no header, with null for what nobody said; else those that were asked for. */
  const line = (
    values: { readonly [column: string]: string | null | undefined },
    withOp: boolean
  ): ReadonlyArray<readonly [string, string | null]> =>
    [
      ...(withOp ? ["Op"] : []),
      ...(hasTime || !hasHeader ? ["commit_time"] : []),
      "product_id",
      "product_name",
      ...(hasHeader ? [] : ["category", "subcategory", "brand", "list_price", "standard_cost", "launched_on", "discontinued_on"]),
      ...(hasSequence || !hasHeader ? ["change_sequence"] : [])
    ].map((column) => [column, values[column] ?? null] as const)
  const written = (values: ReadonlyArray<string | null>) =>
    `${values.map((value) => (value === null ? "NULL" : quoted(value))).join(",")}\n`
  const write = (name: string, writtenAt: number, lines: ReadonlyArray<ReturnType<typeof line>>) => {
    // Parquet has names, and no need of columns that nobody speaks of.
    if (picks() < 0.3) return void files.push({ name: name.replace(/csv$/, "parquet"), writtenAt, content: parquetOf(lines) })
    const header = hasHeader ? (lines[0] ?? []).map(([column]) => column) : null
    const records = lines.map((values) => values.map(([, value]) => value))
    files.push({ name, writtenAt, content: [...(header === null ? [] : [header]), ...records].map(written).join("") })
  }

  const load = (): ReadonlyArray<Change> => {
    now += 60 * second
    const began = now
    const during: Array<Change> = []
    // Rows are read one after the other, as each is by then.
    const read: Array<readonly [string, string]> = []
    for (const id of ["p0", "p1", "p2", "p3", "p4", "p5"]) {
      if (below(2) === 0) during.push(change())
      const name = rows.get(id)
      if (name !== undefined) read.push([id, name])
    }
    now += 5 * second
    for (let i = 0; i === 0 || i < read.length; i++) {
      const row = read[i]
      const name = `LOAD${(i + 1).toString(16).toUpperCase().padStart(8, "0")}.csv`
      // Tables without rows have no files, and then nothing tells of the load.
      if (row === undefined) continue
      const [product_id, product_name] = row
      const values = { Op: "I", commit_time: hasTime ? timeText(began) : null, product_id, product_name }
      write(name, now + i, [line(values, hasOp)])
    }
    now += second
    return during
  }

  const tell = (changes: ReadonlyArray<Change>) => {
    for (let at = 0; at < changes.length; ) {
      const some = changes.slice(at, at + 1 + below(4))
      at += some.length
      now += 1 + below(900)
      write(
        `${fileTime(now)}.csv`,
        now,
        some.map(({ op, id, name, at, sequence }) =>
          line(
            {
              Op: op,
              commit_time: hasTime ? timeText(at) : null,
              product_id: id,
              product_name: name,
              change_sequence: hasSequence ? `${fileTime(at).replace("-", "").slice(0, 16)}${two(sequence, 19)}` : null
            },
            true
          )
        )
      )
    }
  }

  for (let i = 0; i < 3; i++) change()
  if (rows.size === 0) rows.set("p0", "first")
  for (let task = 0; task < 3; task++) {
    const before = new Set(rows.keys())
    tell(load())
    tell(Array.from({ length: 2 + below(6) }, change))
    // Between two tasks nobody tells what happens.
    now += 60 * second
    if (task === 2) break
    for (let i = 0; i < 4; i++) change()
    if (rows.size === 0) rows.set("p1", `kept #${++named}`)
    vanished += [...before].filter((id) => !rows.has(id)).length
  }
  return { files, rows, vanished }
}

const parquetOf = (lines: ReadonlyArray<ReadonlyArray<readonly [string, string | null]>>): Uint8Array => {
  const rows = lines.map((values) => Object.fromEntries(values))
  const columns = Object.keys(rows[0] ?? {}).map((name) => ({ name, type: { type: "text" } as const }))
  return writtenRows({ columns, rows })
}

/** The same items in a random order. */
export const shuffled = <A>(items: ReadonlyArray<A>, seed: number): ReadonlyArray<A> => {
  const next = random(seed)
  return items
    .map((item) => [next(), item] as const)
    .sort(([a], [b]) => a - b)
    .map(([, item]) => item)
}
