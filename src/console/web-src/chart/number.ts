/** A number, large, with how it stands to the one before. */
import type { Answer, ChartDefinition, Comparison } from "../../api.ts"
import { type Child, h } from "../dom.ts"
import { amount, delta } from "../format.ts"
import { columnsOf, total } from "./data.ts"

const against: Readonly<Record<Comparison, string>> = { previous: "the period before", year: "a year before", none: "" }

/** The mark of a change: arrow, sign and word. */
export const change = (value: number | null, before: number | null): HTMLElement => {
  const { direction, arrow, text, word } = delta(value, before)
  return h("span", { class: `delta ${direction}` }, h("span", { "aria-hidden": "true" }, arrow), ` ${text} ${word}`)
}

export const numberCard = (chart: ChartDefinition, answer: Answer, comparison: Comparison): Child => {
  const { y } = columnsOf(chart, answer.columns)
  const value = total(answer.rows, y)
  const before = answer.compare === null ? null : total(answer.compare.rows, y)
  return [
    h("p", { class: "figure", title: amount(value, chart.unit) }, amount(value, chart.unit, true)),
    answer.compare === null
      ? null
      : h(
          "p",
          { class: "against" },
          change(value, before),
          h("span", { class: "muted" }, ` ${amount(before, chart.unit, true)} ${against[comparison]}`)
        )
  ]
}
