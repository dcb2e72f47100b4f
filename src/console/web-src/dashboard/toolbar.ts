/** What stands above the charts: period, comparison, grain, parameters, filters as chips. */
import type { Dashboard } from "../../api.ts"
import { now } from "../clock.ts"
import { type Child, h } from "../dom.ts"
import { intervalOf, intervals } from "../live.ts"
import { comparisonWords, dayIn, grainWords, presetWords } from "../period.ts"
import { changed, go, type State } from "../url.ts"
import { type Choices, toggled } from "./choices.ts"

/** A choice of one of several, with its label. */
export const choice = (
  id: string,
  label: string,
  words: Readonly<Record<string, string>>,
  chosen: string,
  choose: (value: string) => void
): HTMLElement =>
  h(
    "label",
    { class: "field" },
    h("span", {}, label),
    h(
      "select",
      { id, change: (event) => event.target instanceof HTMLSelectElement && choose(event.target.value) },
      Object.entries(words).map(([value, word]) => h("option", { value, selected: value === chosen }, word))
    )
  )

const input = (id: string, label: string, type: string, value: string, choose: (value: string) => void): HTMLElement =>
  h(
    "label",
    { class: "field" },
    h("span", {}, label),
    h("input", { id, type, value, change: (event) => event.target instanceof HTMLInputElement && choose(event.target.value) })
  )

const periodFields = (state: State, dashboard: Dashboard, choices: Choices): ReadonlyArray<Child> => {
  const set = (changes: Readonly<Record<string, string | null>>) => go(changed(state, changes))
  const day = dayIn(new Date(now()), dashboard.timezone)
  const [from, to] = [choices.from ?? day, choices.to ?? day]
  return [
    choice("preset", "Period", presetWords, choices.preset, (preset) =>
      set(preset === "custom" ? { preset, from, to } : { preset, from: null, to: null })
    ),
    choices.preset === "custom" && [
      input("from", "First day", "date", from, (value) => set(value > to ? { from: value, to: value } : { from: value })),
      input("to", "Last day", "date", to, (value) => set(value < from ? { from: value, to: value } : { to: value }))
    ]
  ]
}

const chips = (state: State, dashboard: Dashboard, choices: Choices): ReadonlyArray<Child> =>
  choices.filters.map(({ field, value }) => {
    const label = dashboard.filters.find((filter) => filter.field === field)?.label ?? field
    return h(
      "button",
      {
        type: "button",
        class: "chip",
        "aria-label": `Remove the filter ${label}: ${value}`,
        click: () => go(toggled(state, field, value))
      },
      h("span", { class: "muted" }, `${label}: `),
      value,
      h("span", { "aria-hidden": "true", class: "cross" }, "×")
    )
  })

/** A form that adds a filter; it offers values that the charts have shown. */
const addFilter = (state: State, dashboard: Dashboard, valuesOf: (field: string) => ReadonlyArray<string>): Child => {
  const [first] = dashboard.filters
  if (first === undefined) return null
  const offered = h("datalist", { id: "filter-values" })
  const offer = (field: string) => offered.replaceChildren(...valuesOf(field).map((value) => h("option", { value })))
  const field = h(
    "select",
    { id: "filter-field", "aria-label": "Filter by", change: () => offer(field.value) },
    dashboard.filters.map((filter) => h("option", { value: filter.field }, filter.label))
  )
  const value = h("input", {
    id: "filter-value",
    "aria-label": "Value",
    list: "filter-values",
    placeholder: "Value",
    autocomplete: "off",
    focus: () => offer(field.value)
  })
  return h(
    "form",
    {
      class: "add-filter",
      submit: (event) => {
        event.preventDefault()
        const said = value.value.trim()
        if (said !== "" && !state.getAll(`f.${field.value}`).includes(said)) go(toggled(state, field.value, said))
      }
    },
    field,
    value,
    offered,
    h("button", { type: "submit" }, "Add filter")
  )
}

export const toolbar = (
  state: State,
  dashboard: Dashboard,
  choices: Choices,
  valuesOf: (field: string) => ReadonlyArray<string>
): ReadonlyArray<Child> => {
  const set = (changes: Readonly<Record<string, string | null>>) => go(changed(state, changes))
  const isGrained = dashboard.queries.some(({ grained }) => grained)
  const types = { integer: "number", number: "number", text: "text", date: "date", boolean: "text" } as const
  return [
    h(
      "div",
      { class: "fields" },
      periodFields(state, dashboard, choices),
      choice("compare", "Compare with", comparisonWords, choices.compare, (compare) => set({ compare })),
      isGrained && choice("grain", "By", grainWords, choices.grain, (grain) => set({ grain })),
      dashboard.parameters.map(({ name, type, label, default: otherwise }) =>
        input(`p.${name}`, label, types[type], state.get(`p.${name}`) ?? String(otherwise), (value) => set({ [`p.${name}`]: value }))
      ),
      choice("refresh", "Refresh", intervals, intervalOf("60"), (refresh) => set({ refresh }))
    ),
    dashboard.filters.length > 0 &&
      h(
        "div",
        { class: "filters", role: "group", "aria-label": "Filters" },
        chips(state, dashboard, choices),
        choices.filters.length > 1 &&
          h(
            "a",
            { class: "clear", href: `?${changed(state, Object.fromEntries(choices.filters.map(({ field }) => [`f.${field}`, null])))}` },
            "Clear all"
          ),
        addFilter(state, dashboard, valuesOf)
      )
  ]
}
