/** States of the US, the darker the more. Shapes are read when the first map is shown. */
import { centroid, geo, pointer, tip } from "@observablehq/plot"
import { feature, mesh } from "topojson-client"
import address, { type Topology } from "us-atlas/states-albers-10m.json"
import type { Answer, ChartDefinition } from "../../api.ts"
import { h } from "../dom.ts"
import { amount } from "../format.ts"
import { type Bar, barsOf, columnsOf } from "./data.ts"
import { draw, drawn } from "./plot.ts"
import { codes } from "./states.ts"

let reading: Promise<Topology> | null = null

/** The shapes, read once for all maps. */
const shapes = async (): Promise<Topology> => {
  reading ??= fetch(address).then((answer) => {
    if (!answer.ok) throw new Error("the shapes of the states are not there")
    return answer.json()
  })
  try {
    return await reading
  } catch (error) {
    reading = null
    throw error
  }
}

/** Five steps from least to most, of which the number of a state says one: square roots, since a few states have most of all. */
const stepOf = (number: number, most: number): number =>
  most <= 0 || number <= 0 ? 0 : Math.min(4, Math.floor(Math.sqrt(number / most) * 5))

/** @param choose what choosing a state does; null where nothing is filtered by it */
export const map = async (
  chart: ChartDefinition,
  answer: Answer,
  chosen: ReadonlyArray<string>,
  choose: ((value: string) => void) | null
): Promise<HTMLElement> => {
  const topology = await shapes()
  const states = feature(topology, topology.objects.states).features
  const borders = mesh(topology, topology.objects.states, (a, b) => a !== b)
  const outline = mesh(topology, topology.objects.nation)
  const all = barsOf(answer, columnsOf(chart, answer.columns))
  // Tables name states by their codes or by their names.
  const byName = new Map<string, Bar>(all.map((bar) => [codes.get(bar.name.toUpperCase()) ?? bar.name, bar]))
  const most = Math.max(0, ...all.map(({ number }) => number))
  const barOf = (state: { readonly properties: { readonly name: string } }) => byName.get(state.properties.name)
  const colorOf = (state: (typeof states)[number]) => {
    const bar = barOf(state)
    return bar === undefined ? "var(--map-none)" : `var(--map-${stepOf(bar.number, most)})`
  }
  const said = (state: (typeof states)[number]) => `${state.properties.name}\n${amount(barOf(state)?.number ?? null, chart.unit)}`
  const picture = drawn((width) => {
    const drawing = draw({
      width,
      height: Math.round((width * 610) / 975),
      margin: 0,
      projection: {
        type: "identity",
        domain: {
          type: "MultiPoint",
          coordinates: [
            [0, 0],
            [975, 610]
          ]
        }
      },
      ariaLabel: chart.title,
      ariaDescription: "Its numbers are in the table view.",
      marks: [
        geo(states, { fill: colorOf }),
        geo([borders], { stroke: "var(--ground-raised)", strokeWidth: 1 }),
        geo([outline], { stroke: "var(--line-strong)", strokeWidth: 0.75 }),
        geo(
          states.filter((state) => chosen.includes(String(barOf(state)?.value ?? ""))),
          { stroke: "var(--text)", strokeWidth: 2 }
        ),
        tip(states, pointer(centroid({ title: said, fill: "var(--raised)", stroke: "var(--line-strong)" })))
      ]
    })
    // The first of what is drawn.
    const shapesOfStates = drawing.querySelector('[data-mark="geo"]')
    shapesOfStates?.setAttribute("data-mark", "states")
    if (choose !== null)
      shapesOfStates?.querySelectorAll("path").forEach((path, i) => {
        const value = states[i] === undefined ? null : (barOf(states[i])?.value ?? null)
        if (value === null) return
        path.classList.add("choice")
        path.addEventListener("click", () => choose(String(value)))
      })
    return drawing
  })
  return h(
    "div",
    { class: "map" },
    picture,
    h(
      "p",
      { class: "scale" },
      h("span", {}, amount(0, chart.unit, true)),
      h(
        "span",
        { class: "steps", "aria-hidden": "true" },
        [0, 1, 2, 3, 4].map((step) => h("span", { "--color": `var(--map-${step})` }))
      ),
      h("span", {}, amount(most, chart.unit, true))
    )
  )
}
