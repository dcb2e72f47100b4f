/** Tables: of a query's answer, and of anything else. The first cell of a row names it; each scrolls by itself where the page is too narrow. */
import type { AnswerColumn, Cell } from "../api.ts"
import { type Child, h } from "./dom.ts"
import { cell, words } from "./format.ts"

export interface Column {
  readonly name: string
  readonly isNumber?: boolean
  /** A date or a time, which is one word. */
  readonly isTime?: boolean
}

/** @param caption what it shows, for who hears the page */
export const table = (caption: string, columns: ReadonlyArray<Column>, rows: ReadonlyArray<ReadonlyArray<Child>>): HTMLElement => {
  const classOf = (i: number) => (columns[i]?.isNumber ? "number" : columns[i]?.isTime ? "time" : null)
  return h(
    "div",
    { class: "scroll", role: "group", "aria-label": caption, tabindex: 0 },
    h(
      "table",
      {},
      h("caption", { class: "unseen" }, caption),
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          columns.map(({ name }, i) => h("th", { scope: "col", class: classOf(i) }, name))
        )
      ),
      h(
        "tbody",
        {},
        rows.map((row) =>
          h(
            "tr",
            {},
            row.map((value, i) => (i === 0 ? h("th", { scope: "row", class: classOf(i) }, value) : h("td", { class: classOf(i) }, value)))
          )
        )
      )
    )
  )
}

/** What stands behind a chart, or what a statement gave. `onValue` makes values of a column something to choose, where it gives a listener. */
export const answerTable = (
  caption: string,
  columns: ReadonlyArray<AnswerColumn>,
  rows: ReadonlyArray<ReadonlyArray<Cell>>,
  unitOf: (column: string) => string | null = () => null,
  onValue: (column: string) => ((value: string) => void) | null = () => null
): HTMLElement => {
  const choose = columns.map(({ name, type }) => (type === "text" ? onValue(name) : null))
  return table(
    caption,
    columns.map(({ name, type }) => ({ name: words(name), isNumber: type === "number", isTime: type === "date" || type === "timestamp" })),
    rows.map((row) =>
      columns.map(({ name, type }, i) => {
        const value = row[i] ?? null
        const text = cell(value, type, unitOf(name))
        const chosen = choose[i] ?? null
        if (chosen === null || value === null) return text
        return h("button", { type: "button", class: "value", title: `Only ${text}`, click: () => chosen(String(value)) }, text)
      })
    )
  )
}
