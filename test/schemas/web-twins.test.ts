import { readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, it } from "vitest"
import { root } from "../cli/sluice.ts"

const textOf = (model: string): string => readFileSync(join(root, "schemas/web/models", `${model}.sql`), "utf8")
/** Reads the live models in place of those that are built. */
const live = (text: string): string =>
  text
    .replace("source('lookups', 'user_agents')", "ref('user_agents')")
    .replaceAll("source('elements', ", "source('stage_elements', ")
    .replaceAll(/ref\('(\w+)'\)/g, "ref('$1_live')")

// dbt has no macros here, so that some texts stand twice: what is changed in one is changed in the other.
it.each(["logs", "events", "pageviews", "product_actions", "purchases", "refunds"])(
  "%s_live is as without it, of what is live",
  (model) => {
    expect(textOf(`live/${model}_live`)).toBe(live(textOf(`events/${model}`)))
  }
)

it("a day is counted as an hour is", () => {
  expect(textOf("stats/overview_1d")).toBe(textOf("stats/overview_1h").replaceAll("date_trunc('hour'", "date_trunc('day'"))
})

it("what is given back is cut as what is bought", () => {
  expect(textOf("events/refunds")).toBe(textOf("events/purchases").replace("product_action = 'purchase'", "product_action = 'refund'"))
})

it("a hit of the stage is read as one of the table for users", () => {
  const columns = (text: string) => text.slice(text.indexOf("select"), text.indexOf("\nfrom hits")).replace(/source\('\w+', 'hits'\)/, "")
  expect(columns(textOf("live/stg_hits_live"))).toBe(columns(textOf("staging/stg_hits")))
})

it("a live session is cut as one that is built", () => {
  const cut = (text: string) => text.slice(text.indexOf("repeated as ("), text.indexOf("\nunion all\nselect\n  log_id") + 1 || undefined)
  expect(cut(textOf("live/hit_sessions_live")).trim()).toBe(cut(textOf("staging/hit_sessions")).trim())
})
