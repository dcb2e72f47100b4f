/** The rows behind a chart, page by page, over the dashboard. Which and which page is in the address. */
import type { Answer, QueryDefinition } from "../../api.ts"
import { h, put } from "../dom.ts"
import { get } from "../fetch.ts"
import { integer, words } from "../format.ts"
import { empty, failed, loading } from "../states.ts"
import { answerTable } from "../table.ts"
import { changed, go, readState, type State } from "../url.ts"
import { addressOf, type Choices } from "./choices.ts"

export interface Drill {
  readonly element: HTMLElement
  readonly update: (state: State, choices: Choices, query: QueryDefinition | null) => Promise<void>
}

const pages = (state: State, { page, pageSize, rows, truncated }: Answer) => {
  const link = (to: number) => `?${changed(state, { rows: to === 1 ? null : String(to) })}`
  const first = (page - 1) * pageSize
  return h(
    "p",
    { class: "pages" },
    page > 1 && h("a", { class: "tool", href: link(page - 1) }, "← Earlier rows"),
    h("span", { role: "status" }, `Rows ${integer(first + 1)} to ${integer(first + rows.length)}`),
    truncated && h("a", { class: "tool", href: link(page + 1) }, "More rows →")
  )
}

export const drillOf = (): Drill => {
  const body = h("div", { class: "drill-body" })
  const close = () => {
    if (readState().has("drill")) go(changed(readState(), { drill: null, rows: null }))
  }
  const heading = h("h2", { id: "drill-title" })
  const file = h("span", {})
  const element = h(
    "dialog",
    { class: "drill", "aria-labelledby": "drill-title", close },
    h(
      "div",
      { class: "card-head" },
      heading,
      h("div", { class: "tools" }, file, h("button", { type: "button", class: "tool", click: () => element.close() }, "Close"))
    ),
    body
  )
  return {
    element,
    update: async (state, choices, query) => {
      if (query === null) {
        if (element.open) element.close()
        return
      }
      heading.textContent = query.description || words(query.name)
      put(file, h("a", { class: "tool", href: addressOf(query, choices, false, ".csv"), download: `${query.name}.csv` }, "CSV"))
      if (!element.open) {
        put(body, loading("rows"))
        element.showModal()
      }
      try {
        const answer = await get<Answer>(addressOf(query, choices, false, "", Math.max(1, Number(state.get("rows")) || 1)))
        put(
          body,
          answer.rows.length === 0
            ? empty("No rows", "Choose a longer period or take filters away.")
            : [answerTable(heading.textContent, answer.columns, answer.rows), pages(state, answer)]
        )
      } catch (error) {
        put(body, failed(error))
      }
    }
  }
}
