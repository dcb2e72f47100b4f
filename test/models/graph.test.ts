import { describe, expect, it } from "vitest"
import { ancestors, circles, descendants, inOrder, mermaid, select } from "../../src/models/graph.ts"
import type { Input, Model } from "../../src/models/model.ts"
import { model as made } from "./made.ts"

/** A model of inputs: `a` is a model, `consumable.x` a source. */
const model = (name: string, inputs: ReadonlyArray<string>, tags: ReadonlyArray<string> = [], folder = "models"): Model =>
  made(name, {
    file: `${folder}/${name}.sql`,
    tags,
    inputs: inputs.map((text): Input => {
      const [source, table] = text.split(".")
      return table !== undefined && (source === "consumable" || source === "lake")
        ? { kind: "source", source, table }
        : { kind: "model", name: text }
    })
  })

const models = inOrder([
  model("top", ["left", "right"], ["daily", "hot"], "models/marts/new"),
  model("right", ["base"], ["daily"], "models/marts"),
  model("left", ["base", "lake.runs"], ["hot"]),
  model("base", ["consumable.orders"], [], "models/staging"),
  model("alone", ["consumable.items"])
])
const names = (text: string): ReadonlyArray<string> | string => {
  const found = select(models, text)
  return "problem" in found ? `${found.problem}. ${found.hint}` : found.models.map(({ name }) => name)
}

describe("the graph of models", () => {
  it("has each after those that it reads, else by name", () => {
    expect(models.map(({ name }) => name)).toEqual(["alone", "base", "left", "right", "top"])
  })

  it("knows what is made of what, so far", () => {
    expect([...ancestors(models, ["top"])].sort()).toEqual(["base", "consumable.orders", "lake.runs", "left", "right"])
    expect([...ancestors(models, ["top"], 1)].sort()).toEqual(["left", "right"])
    expect([...descendants(models, ["consumable.orders"])].sort()).toEqual(["base", "left", "right", "top"])
    expect([...descendants(models, ["base"], 1)].sort()).toEqual(["left", "right"])
  })

  it("finds circles once each, and leaves them out of the order", () => {
    const round = [model("a", ["c"]), model("b", ["a"]), model("c", ["b"]), model("d", ["a"]), model("e", ["e"])]
    expect(circles(round).map(({ file, problem }) => `${file} ${problem}`)).toEqual([
      "models/a.sql models read each other in a circle: a → c → b → a",
      "models/e.sql models read each other in a circle: e → e"
    ])
    expect(inOrder(round)).toEqual([])
    expect(circles(models)).toEqual([])
  })

  it("orders any graph without circles", () => {
    let state = 9
    const next = (most: number): number => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0
      return Math.floor((state / 2 ** 32) * most)
    }
    for (let i = 0; i < 200; i++) {
      const all = Array.from({ length: 12 }, (_, n) => model(`m${next(1000)}x${n}`, []))
      const linked = all.map((each, n) => ({
        ...each,
        inputs: all.slice(0, n).flatMap(({ name }): ReadonlyArray<Input> => (next(3) === 0 ? [{ kind: "model", name }] : []))
      }))
      const shuffled = [...linked].sort(() => next(3) - 1)
      const ordered = inOrder(shuffled)
      expect(ordered.length).toBe(12)
      expect(circles(shuffled)).toEqual([])
      const places = new Map(ordered.map(({ name }, at) => [name, at]))
      for (const { name, inputs } of ordered)
        for (const input of inputs) if (input.kind === "model") expect(places.get(input.name)).toBeLessThan(places.get(name) ?? -1)
    }
  })

  const grammar =
    "Write model, +model, model+, 2+model, tag:name, path:folder or source:consumable.dataset+; a space adds, a comma takes what is in both."
  it.each<readonly [string, ReadonlyArray<string> | string]>([
    ["base", ["base"]],
    ["+top", ["base", "left", "right", "top"]],
    ["1+top", ["left", "right", "top"]],
    ["base+", ["base", "left", "right", "top"]],
    ["base+1", ["base", "left", "right"]],
    ["+left+", ["base", "left", "top"]],
    ["tag:daily", ["right", "top"]],
    ["tag:daily,tag:hot", ["top"]],
    ["  alone   left ", ["alone", "left"]],
    ["alone tag:daily,+left+", ["alone", "top"]],
    ["source:consumable.orders+", ["base", "left", "right", "top"]],
    ["source:lake+", ["left", "top"]],
    ["path:models/marts", ["right", "top"]],
    ["path:./models/marts/new/", ["top"]],
    ["path:models/marts/right.sql", ["right"]],
    ["*t", ["left", "right"]],
    ["+path:models/marts/new", ["base", "left", "right", "top"]],
    ["", `nothing is selected. ${grammar}`],
    ["lft", "there is no model lft. Did you mean left?"],
    ["tag:dayly", "there is no tag dayly. Did you mean daily?"],
    ["tags:daily", "there is no selection by tags. Did you mean tag?"],
    ["zzzzzz", "there is no model zzzzzz. There are alone, base, left, right, top."],
    ["source:consumable.order+", "there is no source consumable.order. Did you mean consumable.orders?"],
    ["left,right", "no model is in each of left,right. A comma takes what is in both: write a space to add."],
    ["source:consumable.orders", "source:consumable.orders is no model. Write source:consumable.orders+ for what is made of it."],
    ["left,", `"" selects nothing. ${grammar}`],
    ["++top", `"++top" selects nothing. ${grammar}`],
    ["constructor:x", `there is no selection by constructor. ${grammar}`]
  ])("selects by %j", (text, expected) => {
    expect(names(text)).toEqual(expected)
  })

  it("is text of Mermaid", () => {
    const page = {
      name: 'The "page"',
      type: "dashboard",
      owner: null,
      url: null,
      description: "",
      inputs: [{ kind: "model", name: "b" } as const]
    }
    expect(mermaid({ models: [model("a", ["consumable.orders"]), model("b", ["a"])], exposures: [page] })).toBe(`flowchart LR
  source_consumable_orders[("consumable.orders")]
  model_a["a"]
  model_b["b"]
  exposure_0(["The &quot;page&quot;"])
  source_consumable_orders --> model_a
  model_a --> model_b
  model_b --> exposure_0
`)
  })
})
