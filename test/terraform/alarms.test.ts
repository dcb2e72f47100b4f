import { readdirSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "vitest"

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const alarms = readFileSync(join(root, "infra-terraform/observe/alarms.tf"), "utf8")

const matchesOf = (text: string, pattern: RegExp): ReadonlyArray<string> => [...text.matchAll(pattern)].map(([, found = ""]) => found)

describe("alarms", () => {
  it("name headings of the runbook, and the runbook has no others", () => {
    const [, runbook = ""] = readFileSync(join(root, "docs/deploy.md"), "utf8").split("\n## Runbook\n")
    const headings = matchesOf(runbook.split("\n## ")[0] ?? "", /^### (.+)$/gm)
    const named = [
      ...matchesOf(alarms, /heading\s*=\s*"([^"]+)"/g),
      ...matchesOf(alarms, /docs\/deploy\.md: \\"([^"$\\]+)\\"/g),
      "The budget"
    ]
    expect(named.length).toBeGreaterThan(17)
    expect([...new Set(named)].sort()).toEqual([...headings].sort())
  })

  it("look in the logs for words that Sluice says", () => {
    const [, patterns = ""] = /patterns = \{\n(.+?)\n {2}\}/s.exec(alarms) ?? []
    const words = matchesOf(patterns, /"\*?([A-Za-z][A-Za-z ]+?)\*?\\"/g)
    expect(words).toContain("may have been trimmed")
    expect(words).toContain("stage versions")
    const files = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith(".ts"))
    const sources = files.map((path) => readFileSync(join(root, "src", path), "utf8"))
    const said = (text: string) => sources.some((source) => source.includes(text))
    expect(words.filter((each) => !said(each) && !["fatal", "warn", "error"].includes(each))).toEqual([])
  })
})
