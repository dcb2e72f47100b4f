/** One chart with what belongs to it: its title, its numbers as a table, its file, the rows behind it. */
import type { Answer, ChartDefinition, Dashboard, QueryDefinition } from "../../api.ts"
import { bars } from "../chart/bars.ts"
import { columnsOf } from "../chart/data.ts"
import { overTime } from "../chart/line.ts"
import { map } from "../chart/map.ts"
import { numberCard } from "../chart/number.ts"
import { type Child, h, put } from "../dom.ts"
import { words } from "../format.ts"
import { empty, failed, loading } from "../states.ts"
import { answerTable } from "../table.ts"
import { changed, go, type State } from "../url.ts"
import { addressOf, type Choices, fieldsOf, isCompared, toggled } from "./choices.ts"

export interface Card {
  readonly element: HTMLElement
  readonly update: (state: State, choices: Choices) => Promise<void>
}

const picture = (dashboard: Dashboard, chart: ChartDefinition, answer: Answer, state: State, choices: Choices): Child | Promise<Child> => {
  const columns = columnsOf(chart, answer.columns)
  const x = answer.columns[columns.x]
  const chooseOf = (column: string) => (fieldsOf(dashboard).has(column) ? (value: string) => go(toggled(state, column, value)) : null)
  if (chart.kind === "number") return numberCard(chart, answer, choices.compare)
  if (chart.kind === "table" || x === undefined || columns.y < 0) return tableOf(dashboard, chart, answer, state)
  const choose = chooseOf(x.name)
  const chosen = choices.filters.flatMap(({ field, value }) => (field === x.name ? [value] : []))
  if (chart.kind === "map" && (chart.geography === "us-states" || chart.geography === null)) return map(chart, answer, chosen, choose)
  if (x.type === "date" || x.type === "timestamp") return overTime(chart, answer, choices.grain)
  return bars(chart, answer, chosen, choose)
}

const tableOf = (dashboard: Dashboard, chart: ChartDefinition, answer: Answer, state: State): HTMLElement =>
  answerTable(
    chart.title,
    answer.columns,
    answer.rows,
    (column) => (column === chart.y ? chart.unit : null),
    (column) => (fieldsOf(dashboard).has(column) ? (value) => go(toggled(state, column, value)) : null)
  )

/** What has to be said of an answer, so that it is not taken for another. */
const notes = ({ ignoredFilters, rows, truncated }: Answer, dashboard: Dashboard): ReadonlyArray<string> => {
  const labels = ignoredFilters.map((field) => dashboard.filters.find((filter) => filter.field === field)?.label ?? words(field))
  return [
    ...(labels.length > 0 ? [`Not filtered by ${labels.join(" and ")}.`] : []),
    ...(truncated ? [`The first ${rows.length} rows; the CSV has more.`] : [])
  ]
}

/** @param ask gives the answer at an address: of several charts that show one, it is asked for once */
export const cardOf = (
  dashboard: Dashboard,
  chart: ChartDefinition,
  query: QueryDefinition,
  span: string,
  ask: (address: string) => Promise<Answer>
): Card => {
  const title = h("h2", {}, chart.title)
  const tools = h("div", { class: "tools" })
  const body = h("div", { class: "card-body" }, loading(chart.title))
  const foot = h("p", { class: "note" })
  const description = chart.description || query.description
  const element = h(
    "section",
    { class: `card of-${chart.kind} ${span}`, "aria-label": chart.title },
    h("div", { class: "card-head" }, h("div", {}, title, description !== "" && h("p", { class: "muted" }, description)), tools),
    body,
    foot
  )
  let isTable = false
  let last: { readonly answer: Answer; readonly state: State; readonly choices: Choices } | null = null

  const show = async () => {
    if (last === null) return
    const { answer, state, choices } = last
    const made =
      answer.rows.length === 0
        ? empty("Nothing in this period", "Choose a longer period or take filters away.")
        : isTable
          ? tableOf(dashboard, chart, answer, state)
          : await picture(dashboard, chart, answer, state, choices)
    put(body, made)
    foot.textContent = notes(answer, dashboard).join(" ")
  }

  const showTools = (state: State, choices: Choices) =>
    put(
      tools,
      chart.kind !== "table" &&
        h(
          "button",
          {
            type: "button",
            class: "tool",
            id: `view-${chart.title}`,
            "aria-pressed": String(isTable),
            "aria-label": `${chart.title} as a table`,
            click: () => {
              isTable = !isTable
              showTools(state, choices)
              void show()
            }
          },
          "Table"
        ),
      query.drill !== null &&
        h(
          "a",
          { class: "tool", href: `?${changed(state, { drill: query.drill, rows: null })}`, "aria-label": `Rows behind ${chart.title}` },
          "Rows"
        ),
      h(
        "a",
        {
          class: "tool",
          href: addressOf(query, choices, false, ".csv"),
          download: `${query.name}.csv`,
          "aria-label": `${chart.title} as CSV`
        },
        "CSV"
      )
    )

  return {
    element,
    update: async (state, choices) => {
      showTools(state, choices)
      element.setAttribute("aria-busy", "true")
      try {
        const answer = await ask(addressOf(query, choices, isCompared(chart, query, choices)))
        last = { answer, state, choices }
        await show()
      } catch (error) {
        if (error instanceof DOMException && error.name === "AbortError") return
        put(
          body,
          failed(error, () => go(state, "replace"))
        )
        foot.textContent = ""
      }
      element.removeAttribute("aria-busy")
    }
  }
}
