import { existsSync, readFileSync } from "node:fs"
import { dirname, join, resolve } from "node:path"
import { describe, expect, it } from "vitest"
import { root, sluice } from "../cli/sluice.ts"

/** The table of what Bright Light asks for: each address in it is one that there is. */
const file = join(root, "docs", "bright-light-requirements.md")
const rows = readFileSync(file, "utf8")
  .split("\n")
  .flatMap((line) => {
    const [, number = "", asked = "", seen = ""] = /^\| (B\d+) \| (.+?) \| (.+) \|$/.exec(line) ?? []
    return number === "" ? [] : [{ number, asked, seen }]
  })

const dashboards = join(root, "schemas", "bright-light", "dashboards")
const hasDashboards = existsSync(dashboards)

/** Anchors of a page, as its headings give them. */
const anchorsOf = (text: string): ReadonlySet<string> =>
  new Set(
    [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, "")
        .replace(/\s/g, "-")
    )
  )

/** What of a row leads nowhere. */
const lost = (seen: string, commands: string): ReadonlyArray<string> => [
  ...[...seen.matchAll(/\]\(([^)#\s]*)(?:#([^)\s]+))?(?: "([^"]+)")?\)/g)].flatMap(([all, path = "", anchor, name]) => {
    const target = resolve(dirname(file), path)
    if (!existsSync(target)) return [all]
    const text = readFileSync(target, "utf8")
    const isThere = (anchor === undefined || anchorsOf(text).has(anchor)) && (name === undefined || text.includes(name))
    return isThere ? [] : [all]
  }),
  ...[...seen.matchAll(/`sluice (\w+)([^`]*)`/g)].flatMap(([all, name = "", more = ""]) => {
    const source = join(root, "src", "cli", `${name}.ts`)
    const words = more.split(/\s+/).filter((word) => word !== "")
    const isThere =
      commands.includes(`\n  ${name} `) &&
      words.every((word) => existsSync(source) && readFileSync(source, "utf8").includes(`"${word.replace(/^--/, "")}"`))
    return isThere ? [] : [all]
  }),
  ...[...seen.matchAll(/dashboard `([\w-]+)\/(\w+)`/g)].flatMap(([all, name = "", query = ""]) => {
    const page = join(dashboards, `${name}.yaml`)
    return !hasDashboards || (existsSync(page) && readFileSync(page, "utf8").includes(`\n  ${query}:`)) ? [] : [all]
  })
]

describe("what Bright Light asks for", () => {
  it("is all of it in the table, each with something to see", () => {
    expect(rows.map(({ number }) => number)).toEqual(Array.from({ length: 39 }, (_, i) => `B${i + 1}`))
    for (const { number, seen } of rows) expect(seen, number).toMatch(/\]\(|`sluice /)
  })

  it("is where the table says", async () => {
    const { stdout } = await sluice(["--help"])
    expect(rows.flatMap(({ number, seen }) => lost(seen, stdout).map((each) => `${number} ${each}`))).toEqual([])
  })

  it("and a table that is wrong is told", async () => {
    const { stdout } = await sluice(["--help"])
    const wrong = [
      "`sluice fly`",
      "`sluice contracts --fly`",
      "[a](console.md#nowhere)",
      "[a](nothing.md)",
      '[test](../test/docs/about.test.ts "flies")',
      ...(hasDashboards ? ["dashboard `flying/fly`", "dashboard `marketing/fly`"] : [])
    ]
    for (const each of wrong) expect(lost(each, stdout), each).toHaveLength(1)
  })
})
