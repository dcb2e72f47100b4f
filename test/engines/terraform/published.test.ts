import { readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { planConfiguration, repository } from "./tofu.ts"

/** What docs/deploy-vtex.md says is there: addresses with the names of what they make, by the variables under which it says so. */
const page = readFileSync(join(repository, "docs/deploy-vtex.md"), "utf8")
const rowsBelow = (heading: string): ReadonlyArray<readonly [address: string, name: string]> => {
  const [, section = ""] = page.split(`\n## ${heading}\n`)
  const rows = (section.split("\n## ")[0] ?? "").matchAll(/^\|[^|]*\| `(module\.[^|]+)` \| (?:`([^`]+)`)? ?\|$/gm)
  return [...rows].map(([, address = "", name = ""]) => [address, name])
}

const nameOf = (values: Readonly<Record<string, unknown>>) => values["function_name"] ?? values["bucket"] ?? values["name"]

describe.each([
  ["Streaming", {}, 17],
  ["Batch", { repartition: { engine: "emr" }, network: { create: true } }, 8]
] as const)("the published pipeline: %s", (heading, variables, count) => {
  it("is planned, each part under its name", async () => {
    const rows = rowsBelow(heading)
    expect(rows.length).toBeGreaterThanOrEqual(count)
    const { resources } = await planConfiguration({ mode: "managed", variables })
    expect(rows.filter(([address]) => !resources.has(address))).toEqual([])
    const named = rows.filter(([, name]) => name !== "")
    expect(named.map(([address]) => [address, nameOf(resources.get(address)?.values ?? {})])).toEqual(named)
  })
})
