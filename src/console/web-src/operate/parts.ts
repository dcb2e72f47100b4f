/** Small parts of the operator's page. */
import { type Child, h, said } from "../dom.ts"

export type Mood = "good" | "bad" | "warn" | "idle"

const signs: Readonly<Record<Mood, string>> = { good: "✓", bad: "✕", warn: "!", idle: "–" }

/** How something stands: a sign and a word, and a colour besides. */
export const badge = (mood: Mood, word: string): HTMLElement =>
  h("span", { class: `badge ${mood}` }, h("span", { "aria-hidden": "true" }, signs[mood]), ` ${word}`)

/** A part of the page with its heading. */
export const part = (title: string, lead: string | null, ...children: ReadonlyArray<Child>): HTMLElement =>
  h(
    "section",
    { class: "card whole", "aria-label": title },
    h("div", { class: "card-head" }, h("div", {}, h("h2", {}, title), lead !== null && h("p", { class: "muted" }, said(lead)))),
    ...children
  )

/** One fact of a row of them, large. */
export const fact = (label: string, value: string, more?: Child): HTMLElement =>
  h(
    "div",
    { class: "card quarter of-number" },
    h("div", { class: "card-head" }, h("h2", {}, label)),
    h("p", { class: "figure" }, value),
    more === undefined ? null : h("p", { class: "against muted" }, more)
  )
