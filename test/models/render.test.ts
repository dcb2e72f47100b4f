import { describe, expect, it } from "vitest"
import { jinjaText, type Names, render } from "../../src/models/render.ts"
import { ifIncremental, text } from "./made.ts"

const names: Names = {
  ref: (model) => `"marts"."${model}"`,
  source: (source, table) => `"${source}"."${table}"`,
  this: '"marts"."me"',
  var: (name, fallback) => (name === "given" ? 5 : (fallback ?? null)),
  isIncremental: false
}

describe("render", () => {
  it("writes names and values where they stand", () => {
    const pieces = [
      text("select "),
      { kind: "var", name: "given", fallback: 1, line: 1 },
      text(", '"),
      { kind: "var", name: "absent", fallback: "it's", line: 1 },
      text("' from "),
      { kind: "ref", model: "orders", line: 2 },
      text(" join "),
      { kind: "source", source: "consumable", table: "shops", line: 3 },
      ifIncremental([text(" where t > (select max(t) from "), { kind: "this", line: 4 }, text(")")], [text(" -- all")])
    ] as const
    const all = `select 5, 'it's' from "marts"."orders" join "consumable"."shops"`
    expect(render(pieces, names)).toBe(`${all} -- all`)
    expect(render(pieces, { ...names, isIncremental: true })).toBe(`${all} where t > (select max(t) from "marts"."me")`)
  })

  it("writes values in Jinja's words", () => {
    expect([null, true, false, 1.5, "a", ["b", 1]].map(jinjaText)).toEqual(["None", "True", "False", "1.5", "a", '["b",1]'])
  })
})
