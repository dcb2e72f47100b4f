/** Bars by name, the longest first as the query orders them: a list, each of which can be chosen, with a mark where it stood before. */
import type { Answer, ChartDefinition } from "../../api.ts"
import { type Child, h, unseen } from "../dom.ts"
import { amount } from "../format.ts"
import { barsOf, columnsOf } from "./data.ts"
import { change } from "./number.ts"

const most = 12

/** @param choose what choosing one does; null where nothing is filtered by it */
export const bars = (
  chart: ChartDefinition,
  answer: Answer,
  chosen: ReadonlyArray<string>,
  choose: ((value: string) => void) | null
): Child => {
  const all = barsOf(answer, columnsOf(chart, answer.columns))
  const shown = all.slice(0, most)
  const top = Math.max(...shown.map(({ number, before }) => Math.max(Math.abs(number), Math.abs(before ?? 0))), 1e-9)
  const share = (value: number) => `${(Math.abs(value) / top) * 100}%`
  return [
    h(
      "ol",
      { class: `bars${answer.compare === null ? "" : " compared"}` },
      shown.map(({ value, name, number, before }) => {
        const inside = [
          h("span", { class: "bar-name" }, name),
          h("span", { class: "bar-value" }, amount(number, chart.unit)),
          h(
            "span",
            { class: "bar-track", "aria-hidden": "true" },
            h("span", { class: "bar-fill", "--share": share(number) }),
            before === null ? null : h("span", { class: "bar-before", "--share": share(before) })
          ),
          answer.compare === null
            ? null
            : h("span", { class: "bar-delta" }, change(number, before), unseen(`, before ${amount(before, chart.unit)}`))
        ]
        if (choose === null || value === null) return h("li", { class: "bar" }, inside)
        const isChosen = chosen.includes(String(value))
        return h(
          "li",
          {},
          h(
            "button",
            {
              type: "button",
              class: "bar",
              "aria-pressed": String(isChosen),
              title: isChosen ? `Not only ${name}` : `Only ${name}`,
              click: () => choose(String(value))
            },
            inside
          )
        )
      })
    ),
    all.length > most && h("p", { class: "note" }, `${all.length - most} more are in the table.`)
  ]
}
