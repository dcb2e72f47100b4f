/** A dashboard of the project: its charts for what is chosen above them. */
import type { Answer, ChartDefinition, Dashboard, QueryDefinition } from "../../api.ts"
import { now } from "../clock.ts"
import { h, put } from "../dom.ts"
import { get } from "../fetch.ts"
import { day, duration, moment } from "../format.ts"
import { every, intervalOf, onNewer } from "../live.ts"
import { type Open, setTitle } from "../page.ts"
import { failed, loading } from "../states.ts"
import { readState, type State } from "../url.ts"
import { type Card, cardOf } from "./card.ts"
import { type Choices, choicesOf } from "./choices.ts"
import { drillOf } from "./drill.ts"
import { toolbar } from "./toolbar.ts"

/** How wide each chart is: numbers by fours, tables whole, others by twos, and one that is left over whole. */
const spans = (charts: ReadonlyArray<ChartDefinition>): ReadonlyArray<string> => {
  let isOpen = false
  const found = charts.map(({ kind }, i) => {
    if (kind === "number") return "quarter"
    const next = charts[i + 1]
    const isPaired = kind !== "table" && (isOpen || (next !== undefined && next.kind !== "table" && next.kind !== "number"))
    isOpen = isPaired && !isOpen
    return isPaired ? "half" : "whole"
  })
  return found
}

/** What the numbers are of: the days, whether they are over, how new the data is, and of which tables. */
const freshness = (answers: ReadonlyArray<Answer>, zone: string): ReadonlyArray<HTMLElement> => {
  const built = answers.map(({ builtAt }) => Date.parse(builtAt)).filter((time) => !Number.isNaN(time))
  const versions = Object.entries(Object.assign({}, ...answers.map(({ asOf }) => asOf)) as Record<string, number>)
  const period = answers.find((answer) => answer.period !== null)?.period ?? null
  const compared = answers.find(({ compare }) => compare !== null)?.compare?.period ?? null
  // The end is no longer part of a period.
  const days = ({ from, to }: { readonly from: string; readonly to: string }) => {
    const [first, last] = [day(new Date(from), zone), day(new Date(Date.parse(to) - 1), zone)]
    return first === last ? first : `${first} – ${last}`
  }
  return [
    ...(period === null
      ? []
      : [
          h(
            "span",
            {},
            h("strong", {}, days(period)),
            ` (${zone})`,
            compared !== null && `, compared with ${days(compared)}`,
            period.partial && h("span", { class: "badge open" }, "Not over yet: compared with the same part")
          )
        ]),
    ...(built.length === 0
      ? []
      : [
          h(
            "span",
            { class: "as-of" },
            `Data as of ${moment(new Date(Math.max(...built)), zone)} (${duration(Math.max(0, now() - Math.max(...built)))} ago)`,
            versions.length > 0 &&
              h(
                "details",
                {},
                h("summary", {}, "Versions"),
                h(
                  "ul",
                  {},
                  versions.map(([name, version]) => h("li", {}, `${name}: version ${version}`))
                )
              )
          )
        ])
  ]
}

/** Values of a field that the answers show, for who adds a filter. */
const valuesIn = (answers: ReadonlyArray<Answer>, field: string): ReadonlyArray<string> => {
  const found = new Set<string>()
  for (const { columns, rows } of answers) {
    const at = columns.findIndex(({ name }) => name === field)
    if (at >= 0) for (const row of rows) if (row[at] !== null && row[at] !== undefined) found.add(String(row[at]))
  }
  return [...found].sort().slice(0, 500)
}

export const dashboardPage: Open = (place, _meta, first) => {
  const name = first.get("name") ?? ""
  let dashboard: Dashboard | null = null
  let cards: ReadonlyArray<Card> = []
  let asking = new AbortController()
  const answers = new Map<string, Answer>()
  const tools = h("div", { class: "toolbar" })
  const fresh = h("div", { class: "freshness", role: "status" })
  const drill = drillOf()
  put(place, loading("the dashboard"))

  const queryOf = (known: Dashboard, query: string | null): QueryDefinition | null =>
    known.queries.find((each) => each.name === query) ?? null

  const open = (known: Dashboard) => {
    setTitle(known.title)
    const asked = new Map<string, Promise<Answer>>()
    const ask = (address: string): Promise<Answer> => {
      const waiting = asked.get(address)
      if (waiting !== undefined) return waiting
      const answer = get<Answer>(address, asking.signal)
        .then((given) => {
          answers.set(address, given)
          return given
        })
        .finally(() => asked.delete(address))
      asked.set(address, answer)
      return answer
    }
    const width = spans(known.charts)
    cards = known.charts.flatMap((chart, i) => {
      const query = queryOf(known, chart.query)
      return query === null ? [] : [cardOf(known, chart, query, width[i] ?? "half", ask)]
    })
    put(
      place,
      h(
        "div",
        { class: "page-head" },
        h("h1", { tabindex: -1 }, known.title),
        known.description !== "" && h("p", { class: "lead" }, known.description)
      ),
      tools,
      fresh,
      h(
        "div",
        { class: "grid" },
        cards.map(({ element }) => element)
      ),
      drill.element
    )
  }

  const show = async (state: State) => {
    if (dashboard === null) return
    const known = dashboard
    const choices: Choices = choicesOf(state, known)
    asking.abort()
    asking = new AbortController()
    const mine = asking
    put(
      tools,
      toolbar(state, known, choices, (field) => valuesIn([...answers.values()], field))
    )
    answers.clear()
    void drill.update(state, choices, queryOf(known, state.get("drill")))
    await Promise.all(cards.map((card) => card.update(state, choices)))
    if (mine === asking) put(fresh, freshness([...answers.values()], known.timezone))
  }

  const load = async (state: State) => {
    try {
      dashboard = await get<Dashboard>(`/api/dashboards/${encodeURIComponent(name)}`)
      open(dashboard)
      await show(state)
    } catch (error) {
      put(
        place,
        h("h1", { tabindex: -1 }, "Dashboard"),
        failed(error, () => void load(readState()))
      )
    }
  }
  const again = () => void show(readState())
  const seconds = () => Number(intervalOf("60"))
  const stops = [every(seconds, again), onNewer(() => seconds() > 0 && again())]
  void load(first)
  return {
    update: (state) => void show(state),
    stop: () => {
      for (const stop of stops) stop()
      asking.abort()
    }
  }
}
