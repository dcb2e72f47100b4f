import { join } from "node:path"
import { describe, expect, it } from "vitest"
import olist from "../../schemas/olist/project.ts"
import { compileContract } from "../../src/contract/compile.ts"
import { contractColumns } from "../../src/contract/described.ts"
import { type ProjectText, pageOf } from "../../src/docs/entries.ts"
import { siteOf } from "../../src/docs/site.ts"
import { readModels } from "../../src/models/read.ts"
import { root } from "../cli/sluice.ts"
import { hostile, hostileSite, lake, project, readPage } from "./site.ts"

const readOlist = (): ProjectText => {
  const read = readModels(join(root, "schemas/olist"), { datasets: olist.contracts.map(({ name }) => name) })
  if ("problems" in read) throw new Error(JSON.stringify(read.problems))
  return { name: olist.name, contracts: olist.contracts.map(compileContract), models: read.models, sensitive: new Set() }
}
const olistText = readOlist()
const olistSite = siteOf(olistText, null).files

const textOf = (site: ReadonlyMap<string, string>, file: string): string => readPage(site.get(file) ?? "").text

/** What is wrong with the pages of a site, as who reads it with a keyboard, by ear or without a network would find it. */
const problemsOf = (site: ReadonlyMap<string, string>): ReadonlyArray<string> =>
  [...site].flatMap(([file, page]) => {
    if (file === "style.css") return /url\(|@import|http|\/\//.test(page) ? ["style.css fetches"] : []
    const { tags } = readPage(page)
    const named = (name: string) => tags.filter((tag) => tag.name === name)
    const ids = tags.flatMap(({ attributes }) => attributes.get("id") ?? [])
    const resolves = (href: string): boolean => {
      if (/^https:\/\/boards\.test\//.test(href)) return true
      const [target = "", anchor] = href.split("#")
      const found = site.get(target === "" ? file : target)
      return found !== undefined && (anchor === undefined || readPage(found).tags.some(({ attributes }) => attributes.get("id") === anchor))
    }
    const tables = page.split("<table>").slice(1)
    return [
      ...(named("h1").length === 1 ? [] : ["not one h1"]),
      ...(named("main").length === 1 ? [] : ["not one main"]),
      ...(named("title").length >= 1 ? [] : ["no title"]),
      ...(named("html")[0]?.attributes.get("lang") === "en" ? [] : ["no language"]),
      ...(new Set(ids).size === ids.length ? [] : ["an id is there twice"]),
      ...named("a").flatMap(({ attributes }) =>
        resolves(attributes.get("href") ?? "?") ? [] : [`leads nowhere: ${attributes.get("href")}`]
      ),
      ...named("th").flatMap(({ attributes }) =>
        /^(col|row)$/.test(attributes.get("scope") ?? "") ? [] : ["a title of a table without a scope"]
      ),
      ...(named("caption").length === named("table").length ? [] : ["a table without a caption"]),
      ...tables.flatMap((text) => {
        const rows = [...(text.split("</table>")[0] ?? "").matchAll(/<tr>.*?<\/tr>/gs)].map(([row]) => row.match(/<t[hd][ >]/g)?.length)
        return new Set(rows).size === 1 ? [] : [`rows of a table of ${[...new Set(rows)].join(" and ")} cells`]
      }),
      ...named("svg").flatMap(({ attributes }) =>
        (attributes.get("aria-labelledby") ?? "?").split(" ").flatMap((id) => (ids.includes(id) ? [] : ["a drawing without a title"]))
      ),
      ...tags.flatMap(({ name, attributes }) => {
        const isNode = name === "a" && /^node/.test(attributes.get("class") ?? "")
        return isNode && (attributes.get("aria-label") ?? "") === "" ? ["a node without a name"] : []
      }),
      // Nothing that runs, and nothing that is fetched from elsewhere.
      ...tags.flatMap(({ name, attributes }) => [
        ...(/^(script|iframe|img|object|embed|form|base|style|use|image|foreignobject)$/.test(name) ? [`a ${name}`] : []),
        ...[...attributes.keys()].flatMap((key) => (/^on|^style$|^src|^xlink|^ping$|^action$/.test(key) ? [`an attribute ${key}`] : [])),
        ...(name === "link" && !["data:,", "style.css"].includes(attributes.get("href") ?? "") ? ["a link to elsewhere"] : [])
      ])
    ].map((problem) => `${file}: ${problem}`)
  })

/** How much lighter or darker a colour is than another, as WCAG 2.2 has it: 1 to 21. */
const contrast = (a: string, b: string): number => {
  const luminance = (hex: string): number => {
    const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
      const part = Number.parseInt(hex.slice(at, at + 2), 16) / 255
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
    })
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
  }
  const [light = 0, dark = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x)
  return (light + 0.05) / (dark + 0.05)
}

describe("the pages of a project", () => {
  it("can be read in daylight and in the dark", () => {
    expect(contrast("#000000", "#ffffff")).toBeCloseTo(21)
    const themes = [...(olistSite.get("style.css") ?? "").matchAll(/:root \{(.*?)\}/gs)].map(
      ([, text = ""]) => new Map([...text.matchAll(/--([a-z]+): (#[0-9a-f]{6});/g)].map(([, name = "", color = ""]) => [name, color]))
    )
    expect(themes.map((theme) => theme.size)).toEqual([13, 13])
    const grounds = ["ground", "raised"]
    const faint = themes.flatMap((theme) =>
      [...theme].flatMap(([name, color]) =>
        name === "line" || grounds.includes(name)
          ? []
          : grounds.flatMap((ground) => (contrast(color, theme.get(ground) ?? color) < 4.5 ? [`${name} on ${ground}`] : []))
      )
    )
    expect(faint).toEqual([])
  })

  it("are sound, lead to each other, and fetch nothing", () => {
    expect(problemsOf(olistSite)).toEqual([])
    expect(problemsOf(hostileSite)).toEqual([])
    expect(problemsOf(siteOf(project, null).files)).toEqual([])
    expect([...olistSite.values()].filter((page) => /https?:/.test(page))).toEqual([])
  })

  it("would be found unsound", () => {
    const page = olistSite.get("index.html") ?? ""
    const planted = (from: string, to: string) => {
      expect(page).toContain(from)
      return problemsOf(new Map([...olistSite, ["index.html", page.replace(from, to)]]))
    }
    expect(planted("dataset.items.html", "dataset.item.html")).toEqual(["index.html: leads nowhere: dataset.item.html"])
    expect(planted("<h1>", "<h1>a</h1><h1>")).toEqual(["index.html: not one h1"])
    expect(planted('<th scope="row">', "<td></td><th>")).toHaveLength(2)
    expect(planted('id="graph-title"', 'id="title"')).toEqual(["index.html: a drawing without a title"])
    expect(planted("<h1>", '<img src="//evil.test/x"/><h1>').length).toBeGreaterThan(0)
    expect(() => planted("</h1>", "")).toThrow()
    expect(() => planted("<h1>", "<h1>a < b")).toThrow()
  })

  it("tell of every dataset, model, column and test", () => {
    const { contracts, models } = olistText
    const index = textOf(olistSite, "index.html")
    const tests = textOf(olistSite, "tests.html")
    for (const compiled of contracts) {
      const { name, title, owner, expectations } = compiled.contract
      const own = textOf(olistSite, pageOf("dataset", name))
      expect(index).toContain(name)
      expect(own).toContain(title)
      expect(own).toContain(owner)
      for (const { path, description } of contractColumns(compiled)) {
        expect(own).toContain(path)
        expect(own).toContain(description.replaceAll("`", ""))
      }
      for (const { name } of expectations) expect(own.includes(name) && tests.includes(name), name).toBe(true)
    }
    expect(models.models.length).toBeGreaterThan(10)
    for (const { name, columns, source } of models.models) {
      const own = textOf(olistSite, pageOf("model", name))
      expect(index).toContain(name)
      expect(own).toContain(source)
      for (const column of columns) expect(own).toContain(column.name)
      for (const test of [...models.tests, ...models.unitTests]) if (test.model === name) expect(own).toContain(test.name)
    }
    expect(models.tests.length).toBeGreaterThan(50)
    for (const { name } of [...models.tests, ...models.unitTests]) expect(tests).toContain(name)
    expect(textOf(olistSite, pageOf("model", "dw_fact_orders"))).toContain("orders_add_up")
  })

  it("are the same bytes of the same project and lake", () => {
    expect([...siteOf(readOlist(), null).files]).toEqual([...olistSite])
    expect([...siteOf(project, lake).files]).toEqual([...hostileSite])
  })

  it("show text as it is, whatever it would be as markup", () => {
    const shown = hostile.replaceAll("`", "").replace("\u202e", "\\u202e").trim()
    const index = textOf(hostileSite, "index.html")
    expect(index).toContain(shown)
    expect(index).not.toContain("\u202e")
    const dataset = textOf(hostileSite, "dataset.orders.html")
    expect(dataset.split(shown).length).toBeGreaterThan(6)
    expect(textOf(hostileSite, "tests.html")).toContain(shown)
    expect(readPage(hostileSite.get("index.html") ?? "").tags.flatMap(({ attributes }) => attributes.get("href") ?? [])).not.toContain(
      "javascript:alert(1)"
    )
  })

  it("have files whose names each system takes, and tells apart", () => {
    expect([...hostileSite.keys()].filter((name) => !/^[a-z0-9_.~-]+$/.test(name))).toEqual([])
    const names = ["a", "A", "a b", "a~20.b", "\u00e9", "e\u0301", "../x", "a.b", "", "😀"]
    const files = names.map((name) => pageOf("model", name).toLowerCase())
    expect(new Set(files).size).toBe(names.length)
  })

  it("have numbers of the lake, and no value", () => {
    const daily = textOf(hostileSite, "model.daily.html")
    expect(daily).toContain("✗ failed")
    expect(daily).toContain("12,345")
    expect(daily).toContain("not counted")
    expect(daily).toContain("beside")
    expect(daily).toContain("2026-11-20 07:00:01 UTC")
    expect(textOf(hostileSite, "dataset.orders.html")).toContain("1,100")
    expect(textOf(hostileSite, "tests.html")).toMatch(/Passed0.*Warned1.*Failed1.*Not run yet3/s)
    // A unit test of another's name is another.
    expect(daily).not.toContain("77,777")
    expect(daily).toContain("given")
    // What fails is read first.
    expect(textOf(hostileSite, "tests.html").indexOf("unique_daily_day")).toBeLessThan(textOf(hostileSite, "tests.html").indexOf("adds_up"))
    const all = [...hostileSite.values()].join("")
    expect(all).toContain("One of 1 values.")
    expect(all.replaceAll("<wbr>", "")).not.toMatch(/secret.example.com/)
    expect(all).not.toContain("row-value")
    expect(textOf(olistSite, "tests.html")).toContain("not run yet")
    expect(textOf(olistSite, "index.html")).not.toContain("Last runs")
  })
})
