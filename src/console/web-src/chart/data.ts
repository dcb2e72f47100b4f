/** What a chart shows, taken out of an answer: pure, over plain data. */
import type { Answer, AnswerColumn, Cell, ChartDefinition, Grain } from "../../api.ts"
import { numberOf, timeOf } from "../format.ts"

type Rows = ReadonlyArray<ReadonlyArray<Cell>>

export interface Columns {
  readonly x: number
  readonly y: number
  readonly series: number
}

/** Where the columns of a chart stand; -1 for what it has not. Where it does not say them: the first that can be. */
export const columnsOf = (chart: ChartDefinition, columns: ReadonlyArray<AnswerColumn>): Columns => {
  const at = (name: string | null) => (name === null ? -1 : columns.findIndex((column) => column.name === name))
  const y = chart.y === null ? columns.findIndex(({ type }) => type === "number") : at(chart.y)
  const x = chart.x === null && chart.kind !== "number" ? columns.findIndex((_, i) => i !== y) : at(chart.x)
  return { x, y, series: at(chart.series) }
}

/** The one number of a chart that is a number: the sum over its rows, of which there is one most often. */
export const total = (rows: Rows, y: number): number | null => {
  const numbers = rows.map((row) => numberOf(row[y])).filter((value) => value !== null)
  return numbers.length === 0 ? null : numbers.reduce((sum, value) => sum + value, 0)
}

export interface Bar {
  readonly value: Cell
  readonly name: string
  readonly number: number
  readonly before: number | null
}

/** Bars, one for each value of x, as the query orders them; rows of one value are added up. */
export const barsOf = (answer: Answer, { x, y }: Columns): ReadonlyArray<Bar> => {
  const sums = (rows: Rows): ReadonlyMap<string, { readonly value: Cell; readonly number: number }> => {
    const found = new Map<string, { value: Cell; number: number }>()
    for (const row of rows) {
      const value = row[x] ?? null
      const name = value === null ? "(none)" : String(value)
      const sum = found.get(name)
      const number = numberOf(row[y]) ?? 0
      if (sum === undefined) found.set(name, { value, number })
      else sum.number += number
    }
    return found
  }
  const before = answer.compare === null ? null : sums(answer.compare.rows)
  return [...sums(answer.rows)].map(([name, { value, number }]) => ({
    value,
    name,
    number,
    before: before === null ? null : (before.get(name)?.number ?? 0)
  }))
}

export interface Point {
  readonly time: Date
  readonly number: number
  readonly series: string
}

/** Points of a line in the order of time. Those of an earlier period are moved to where the period is that they are compared with. */
export const pointsOf = (rows: Rows, { x, y, series }: Columns, moved = 0): ReadonlyArray<Point> =>
  rows
    .flatMap((row) => {
      const time = timeOf(row[x])
      const number = numberOf(row[y])
      if (time === null || number === null) return []
      return [{ time: new Date(time.getTime() + moved), number, series: series < 0 ? "" : String(row[series] ?? "(none)") }]
    })
    .sort((a, b) => a.time.getTime() - b.time.getTime())

/** By how much the earlier period has to be moved. */
export const movedBy = ({ period, compare }: Answer): number =>
  period === null || compare === null ? 0 : Date.parse(period.from) - Date.parse(compare.period.from)

const stepMillis: Readonly<Record<Exclude<Grain, "month">, number>> = {
  minute: 60_000,
  hour: 3_600_000,
  day: 86_400_000,
  week: 604_800_000
}

/** Steps that a line is filled up with at most: more are more than a picture shows. */
const mostSteps = 3_000

/** Points with zero at each step of the grain between the first and the last of which a series has none. */
export const filled = (points: ReadonlyArray<Point>, grain: Grain): ReadonlyArray<Point> => {
  const first = points[0]?.time.getTime()
  const last = points.at(-1)?.time.getTime()
  if (first === undefined || last === undefined) return points
  const after = (at: number): number => {
    if (grain !== "month") return at + stepMillis[grain]
    const next = new Date(at)
    return next.setUTCMonth(next.getUTCMonth() + 1)
  }
  const steps: Array<number> = []
  for (let at = first; at <= last; at = after(at)) {
    if (steps.length >= mostSteps) return points
    steps.push(at)
  }
  const names = [...new Set(points.map(({ series }) => series))]
  const there = new Set(points.map(({ time, series }) => `${time.getTime()} ${series}`))
  const zeros = steps.flatMap((at) =>
    names.flatMap((series) => (there.has(`${at} ${series}`) ? [] : [{ time: new Date(at), number: 0, series }]))
  )
  return [...points, ...zeros].sort((a, b) => a.time.getTime() - b.time.getTime())
}
