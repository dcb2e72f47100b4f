/** What a page shows while there is nothing to show: that it is coming, that there is none, or what went wrong; and what to do. */
import { type Child, h, said } from "./dom.ts"
import { Refused } from "./fetch.ts"

export const loading = (what: string): HTMLElement =>
  h("div", { class: "state loading", role: "status" }, h("span", { class: "pulse", "aria-hidden": "true" }), `Loading ${what}…`)

export const empty = (title: string, ...todo: ReadonlyArray<Child>): HTMLElement =>
  h("div", { class: "state" }, h("p", { class: "state-title" }, title), todo.length > 0 && h("p", {}, ...todo))

export const failed = (error: unknown, again?: () => void): HTMLElement => {
  const [problem, hint] = error instanceof Refused ? [error.message, error.hint] : [String(error), "Reload the page."]
  return h(
    "div",
    { class: "state error", role: "alert" },
    h("p", { class: "state-title" }, problem),
    h("p", {}, said(hint)),
    again !== undefined && h("button", { type: "button", click: again }, "Try again")
  )
}
