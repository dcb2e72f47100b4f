/** What is chosen on a dashboard, read from the address; and the address of a query that it gives. */
import { isDay } from "../../../record/day.ts"
import type { ChartDefinition, Comparison, Dashboard, Grain, Preset, QueryDefinition } from "../../api.ts"
import { comparisonWords, grainWords, presetWords, wordOf } from "../period.ts"
import { changed, type State } from "../url.ts"

export interface Choices {
  readonly preset: Preset
  /** First and last day of a custom period. */
  readonly from: string | null
  readonly to: string | null
  readonly compare: Comparison
  readonly grain: Grain
  readonly filters: ReadonlyArray<{ readonly field: string; readonly value: string }>
  readonly parameters: ReadonlyArray<{ readonly name: string; readonly value: string }>
}

/** Fields by which a dashboard can be filtered: its own, and those that its queries name besides. */
export const fieldsOf = ({ filters, queries }: Dashboard): ReadonlySet<string> =>
  new Set([...filters.map(({ field }) => field), ...queries.flatMap(({ filterable }) => filterable)])

export const choicesOf = (state: State, dashboard: Dashboard): Choices => {
  const day = (key: string) => {
    const text = state.get(key)
    return text !== null && isDay(text) ? text : null
  }
  const from = day("from")
  const to = day("to")
  const said = wordOf(presetWords, state.get("preset"), dashboard.period.default)
  const declared = fieldsOf(dashboard)
  const named = (prefix: string) =>
    [...state].flatMap(([key, value]) => (key.startsWith(prefix) ? [{ name: key.slice(prefix.length), value }] : []))
  return {
    // A custom period is one only if both its days are said.
    preset: said === "custom" && (from === null || to === null) ? dashboard.period.default : said,
    from,
    to,
    compare: wordOf(comparisonWords, state.get("compare"), "previous"),
    grain: wordOf(grainWords, state.get("grain"), dashboard.grain),
    filters: named("f.").flatMap(({ name, value }) => (declared.has(name) ? [{ field: name, value }] : [])),
    parameters: named("p.")
  }
}

/** With a value of a field chosen, or no longer chosen if it was. */
export const toggled = (state: State, field: string, value: string): State => {
  const next = changed(state, {})
  const key = `f.${field}`
  const values = next.getAll(key)
  next.delete(key)
  for (const each of values.includes(value) ? values.filter((other) => other !== value) : [...values, value]) next.append(key, each)
  return next
}

/** Where the answer of a query lies. `kind`: `.csv` for a file. */
export const addressOf = (
  query: QueryDefinition,
  choices: Choices,
  isCompared: boolean,
  kind: "" | ".csv" = "",
  page: number | null = null
): string => {
  const asked = new URLSearchParams()
  if (query.periodic) {
    if (choices.preset === "custom" && choices.from !== null && choices.to !== null) {
      asked.set("from", choices.from)
      asked.set("to", choices.to)
    } else asked.set("preset", choices.preset)
    asked.set("compare", isCompared ? choices.compare : "none")
  }
  if (query.grained) asked.set("grain", choices.grain)
  // All of them: the answer says which of them none of its tables has.
  for (const { field, value } of choices.filters) asked.append(`f.${field}`, value)
  for (const { name, value } of choices.parameters) if (query.parameters.includes(name)) asked.set(`p.${name}`, value)
  if (page !== null) asked.set("page", String(page))
  return `/api/q/${encodeURIComponent(query.name)}${kind}?${asked}`
}

/** Is a chart compared? `all` has no period before it. */
export const isCompared = (chart: ChartDefinition, query: QueryDefinition, choices: Choices): boolean =>
  chart.compare && query.periodic && choices.compare !== "none" && choices.preset !== "all"
