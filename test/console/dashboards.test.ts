import { describe, expect, it } from "vitest"
import { newProject } from "../../src/app/new-project.ts"
import { parseDashboard } from "../../src/console/dashboard.ts"
import { problemText } from "../../src/console/dashboards.ts"
import { earlierSpan, periodOf, spanOf } from "../../src/console/period.ts"
import { withTables } from "../../src/console/sql-text.ts"
import { zoneOf } from "../../src/contract/zone.ts"
import type { Problem } from "../../src/models/model.ts"
import { dashboard } from "./support.ts"

const parse = (text: string, name = "a") => {
  const problems: Array<Problem> = []
  const found = parseDashboard(name, `dashboards/${name}.yaml`, text, problems)
  return { found, problems: problems.map(problemText) }
}

describe("a dashboard's file", () => {
  it("is read, that of a new project too", () => {
    expect(parse(dashboard).problems).toEqual([])
    const { found, problems } = parse(newProject("shop").get("dashboards/orders.yaml") ?? "")
    expect(problems).toEqual([])
    expect(found?.queries[0]).toMatchObject({ periodic: true, grained: true, parameters: ["least"], drill: "order_rows" })
  })

  it.each([
    [/sql: select state.*/, "sql: select $other", /:11: spend has a parameter \$other that is not declared/],
    [/sql: select state.*/, "sql: delete from a", /:11: spend: it is no SELECT/],
    [/sql: select state.*/, "sql: select 1; select 2", /:11: spend: there is more than one statement/],
    [/sql: select state.*/, "sql: select $$from$$", /:11: spend: there is a text between \$/],
    [/sql: select state.*/, "sq: select 1", /:11: sq means nothing in query spend/],
    ["drill: spend_rows", "drill: nothing", /:12: there is no query nothing here/],
    ["America/New_York", "Mars/Base", /:3: there is no time zone Mars\/Base/],
    ["last-7-days", "some-days", /:4: default is "some-days"/],
    ["default: 0", "default: none", /:5: parameter least has no default that is of type integer/],
    ["kind: bar", "kind: pie", /:20: kind is "pie"/],
    ["query: spend,", "query: other,", /:20: there is no query other here/],
    ["title: Spend\n", "title: [\n", /:\d+: the YAML cannot be read/]
  ] as ReadonlyArray<readonly [string | RegExp, string, RegExp]>)("that has %s as %s is told with its line", (before, after, problem) => {
    const { found, problems } = parse(dashboard.replace(before, () => after))
    expect(found).toBeNull()
    expect(problems.join("\n")).toMatch(problem)
  })
})

describe("a period", () => {
  const zone = zoneOf("America/New_York")
  if (zone === null) throw new Error("no zone")
  /** 10:00 of a Monday in New York, a week behind the end of summer time. */
  const now = Date.parse("2026-11-09T15:00:00Z")
  const none = { preset: null, from: null, to: null }
  const both = (
    asked: { readonly preset?: string; readonly from?: string; readonly to?: string },
    comparison: "previous" | "year" = "previous"
  ) => {
    const span = spanOf({ ...none, ...asked }, "today", zone, now)
    if (typeof span === "string") return span
    const earlier = earlierSpan(span, comparison, zone)
    return [periodOf(span), earlier === null ? null : periodOf(earlier)].map((each) =>
      each === null ? null : `${each.from}/${each.to}${each.partial ? " partial" : ""}`
    )
  }

  it("that has not ended is compared with the same part of the one before", () => {
    expect(both({})).toEqual([
      "2026-11-09T05:00:00.000Z/2026-11-09T15:00:00.000Z partial",
      "2026-11-08T05:00:00.000Z/2026-11-08T15:00:00.000Z partial"
    ])
    expect(both({ preset: "month-to-date" })).toEqual([
      "2026-11-01T04:00:00.000Z/2026-11-09T15:00:00.000Z partial",
      "2026-10-01T04:00:00.000Z/2026-10-09T14:00:00.000Z partial"
    ])
  })

  it("is as long by the clocks of its zone, over a change of them", () => {
    expect(both({ preset: "last-7-days" })).toEqual([
      "2026-11-03T05:00:00.000Z/2026-11-09T15:00:00.000Z partial",
      "2026-10-27T04:00:00.000Z/2026-11-02T15:00:00.000Z partial"
    ])
    expect(both({ from: "2026-11-01", to: "2026-11-02" })).toEqual([
      "2026-11-01T04:00:00.000Z/2026-11-03T05:00:00.000Z",
      "2026-10-30T04:00:00.000Z/2026-11-01T04:00:00.000Z"
    ])
    expect(both({ preset: "last-7-days" }, "year")).toEqual([
      "2026-11-03T05:00:00.000Z/2026-11-09T15:00:00.000Z partial",
      "2025-11-03T05:00:00.000Z/2025-11-09T15:00:00.000Z partial"
    ])
  })

  it("of all that there is has none before it, and one that is none is told", () => {
    expect(both({ preset: "all" })).toEqual(["1970-01-01T05:00:00.000Z/2026-11-09T15:00:00.000Z partial", null])
    expect(both({ from: "2026-11-02", to: "2026-11-01" })).toMatch(/ends before it begins/)
    expect(both({ from: "2026-11-02" })).toMatch(/give both/)
    expect(both({ preset: "soon" })).toMatch(/give one of today/)
  })
})

it("tables are put before those that a statement has itself", () => {
  const tables = [['"t"', "SELECT * FROM main.t"]] as const
  expect(withTables("-- why\nselect ';' from t;\n", tables)).toBe("WITH \"t\" AS (SELECT * FROM main.t) -- why\nselect ';' from t")
  expect(withTables("-- why\nWith Recursive a as (from t) from a", tables)).toBe(
    '-- why\nWITH Recursive "t" AS (SELECT * FROM main.t), a as (from t) from a'
  )
})
