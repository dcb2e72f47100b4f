/** Observable Plot, as these pages use it. */
import { type PlotOptions, plot } from "@observablehq/plot"

/** Colours of series, apart from each other for every eye; marks and names say the same. */
export const seriesColors = [
  "var(--series-1)",
  "var(--series-2)",
  "var(--series-3)",
  "var(--series-4)",
  "var(--series-5)",
  "var(--series-6)"
]

/** Draws. Plot's own style sheet is left out, since a strict policy of content forbids it: ours says the same. */
export const draw = (options: PlotOptions): Element => {
  const drawn = plot({ ...options, className: "plot" })
  for (const style of drawn.querySelectorAll("style")) style.remove()
  // A picture has one name; its parts have none, as their numbers stand in the table.
  drawn.setAttribute("role", "img")
  for (const part of drawn.querySelectorAll("[aria-label]")) {
    part.setAttribute("data-mark", part.getAttribute("aria-label") ?? "")
    part.removeAttribute("aria-label")
  }
  return drawn
}

/** Draws anew as wide as the place is, whenever that changes. */
export const drawn = (make: (width: number) => Element): HTMLElement => {
  const place = document.createElement("div")
  place.className = "drawn"
  let width = 0
  new ResizeObserver(() => {
    const is = Math.floor(place.clientWidth)
    if (is === width || is === 0) return
    width = is
    place.replaceChildren(make(Math.max(160, is)))
  }).observe(place)
  return place
}
