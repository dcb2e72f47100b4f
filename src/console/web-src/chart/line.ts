/** Lines and bars over time, with the period before behind them, and what is not over yet marked. */
import { areaY, axisX, axisY, gridY, lineY, type Markish, pointerX, rectY, ruleX, ruleY, tip } from "@observablehq/plot"
import type { Answer, ChartDefinition, Grain } from "../../api.ts"
import { h, s } from "../dom.ts"
import { amount, cell } from "../format.ts"
import { columnsOf, filled, movedBy, type Point, pointsOf } from "./data.ts"
import { draw, drawn, seriesColors } from "./plot.ts"

const quiet = "var(--quiet)"

let hatches = 0

/** What stands for "not all of it is there yet". */
const hatch = (id: string) => () =>
  s(
    "defs",
    {},
    s(
      "pattern",
      { id, width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
      s("rect", { width: 6, height: 6, class: "hatch-ground" }),
      s("rect", { width: 3, height: 6, class: "hatch-line" })
    )
  )

/** Points up to where all is there, and the last step of each series, which is not over. */
const cut = (points: ReadonlyArray<Point>, isPartial: boolean) => {
  if (!isPartial) return { whole: points, open: [] }
  const last = points.at(-1)?.time.getTime() ?? 0
  const whole = points.filter(({ time }) => time.getTime() < last)
  const series = [...new Set(points.map((point) => point.series))]
  const ends = series.flatMap((name) => whole.filter((point) => point.series === name).slice(-1))
  return { whole, open: [...ends, ...points.filter(({ time }) => time.getTime() === last)] }
}

const legend = (names: ReadonlyArray<string>, hasBefore: boolean, isPartial: boolean, colorOf: (name: string) => string): HTMLElement =>
  h(
    "ul",
    { class: "legend" },
    names.map((name) =>
      h("li", {}, h("span", { class: "swatch", "--color": colorOf(name), "aria-hidden": "true" }), name === "" ? "This period" : name)
    ),
    hasBefore && h("li", {}, h("span", { class: "swatch before", "aria-hidden": "true" }), "Earlier period"),
    isPartial && h("li", {}, h("span", { class: "swatch open", "aria-hidden": "true" }), "Not over yet")
  )

export const overTime = (chart: ChartDefinition, answer: Answer, grain: Grain): HTMLElement => {
  const columns = columnsOf(chart, answer.columns)
  const kind = answer.columns[columns.x]?.type ?? "date"
  const withZeros = (points: ReadonlyArray<Point>) => (chart.fillZero ? filled(points, grain) : points)
  const points = withZeros(pointsOf(answer.rows, columns))
  const before = answer.compare === null ? [] : withZeros(pointsOf(answer.compare.rows, columns, movedBy(answer)))
  const isPartial = answer.period?.partial === true && points.length > 1
  const names = [...new Set(points.map(({ series }) => series))].slice(0, seriesColors.length)
  const colorOf = (name: string) => seriesColors[Math.max(0, names.indexOf(name))] ?? quiet
  const { whole, open } = cut(points, isPartial)
  const xy = { x: "time", y: "number", z: "series" } as const
  const stroke = (point: Point) => colorOf(point.series)
  const id = `hatch-${++hatches}`
  const isBar = chart.kind === "bar"
  const said = ({ time, number, series }: Point) =>
    `${cell(time.toISOString(), kind)}\n${series === "" ? "" : `${series}: `}${amount(number, chart.unit)}`
  const marks: ReadonlyArray<Markish> = isBar
    ? [
        rectY(whole, { ...xy, interval: grain, fill: stroke, insetLeft: 1, insetRight: 1, rx: 2 }),
        rectY(isPartial ? points.slice(-1) : [], { ...xy, interval: grain, fill: `url(#${id})`, insetLeft: 1, insetRight: 1 }),
        rectY(before, { ...xy, interval: grain, fill: "none", stroke: quiet, strokeDasharray: "3 2" })
      ]
    : [
        names.length === 1 ? areaY(whole, { x: "time", y: "number", fill: colorOf(names[0] ?? ""), fillOpacity: 0.1 }) : null,
        lineY(before, { ...xy, stroke: quiet, strokeWidth: 1.5, strokeDasharray: "4 3" }),
        lineY(whole, { ...xy, stroke, strokeWidth: 2.25, strokeLinejoin: "round" }),
        lineY(open, { ...xy, stroke, strokeWidth: 2.25, strokeDasharray: "2 4" }),
        ruleX(points, pointerX({ x: "time", stroke: quiet, strokeOpacity: 0.5 }))
      ]
  const picture = drawn((width) =>
    draw({
      width,
      height: Math.max(200, Math.min(300, width * 0.42)),
      marginLeft: 56,
      marginRight: 12,
      marginTop: 12,
      ariaLabel: chart.title,
      ariaDescription: "Its numbers are in the table view.",
      x: { type: "utc" },
      y: { zero: true, nice: true },
      marks: [
        hatch(id),
        gridY({ ticks: 5, stroke: "var(--line)", strokeOpacity: 1 }),
        axisY({ anchor: "left", label: null, tickSize: 0, ticks: 5, tickFormat: (value: number) => amount(value, chart.unit, true) }),
        axisX({ anchor: "bottom", label: null, ticks: Math.max(2, Math.min(8, Math.floor(width / 90))) }),
        ...marks,
        ruleY([0], { stroke: "var(--line-strong)" }),
        tip(points, pointerX({ x: "time", y: "number", title: said, fill: "var(--raised)", stroke: "var(--line-strong)" }))
      ]
    })
  )
  const hasLegend = names.length > 1 || before.length > 0 || isPartial
  return h("div", {}, hasLegend && legend(names, before.length > 0, isPartial, colorOf), picture)
}
