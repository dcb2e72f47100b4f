import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, expect, it } from "vitest"
import { membersOf } from "../../src/record/members.ts"
import { sluice, sluiceJson } from "./sluice.ts"

const contract = (severity: string) => `import { defineContract, events, integer, text } from "sluice/contract"

export const scores = defineContract({
  name: "scores", title: "Scores", owner: "shop", sensitivity: "internal", description: "Scores.",
  fields: { id: text("Id."), score: integer("Points.", { unit: "points" }) },
  table: events({ key: ["id"], by: "none" }), drops: [], keepUnknown: false,
  expectations: [
    { name: "score-is-positive", description: "A score is above zero.", column: "score", reads: ["score"], severity: "${severity}",
      holds: ({ score }) => typeof score !== "number" || score > 0 },
    { name: "score-is-small", description: "A score is below a thousand.", column: "score", reads: ["score"], severity: "warn",
      holds: ({ score }) => typeof score !== "number" || score < 1000 }
  ]
})
`
let folder = ""
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sluice-quality-"))
  await writeFile(join(folder, "in.ndjson"), [5, -1, -2].map((score, i) => `${JSON.stringify({ id: `${i}`, score })}\n`).join(""))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const run = async (severity: string) => {
  const project = join(folder, severity)
  await mkdir(project)
  await writeFile(join(project, "scores.ts"), contract(severity))
  await writeFile(
    join(project, "project.ts"),
    'import { defineProject } from "sluice/contract"\nimport { scores } from "./scores.ts"\nexport default defineProject({ name: "scores", contracts: [scores] })\n'
  )
  const lake = join(folder, `lake-${severity}`)
  const common = ["--project", project, "--lake", lake]
  return { lake, common, ...(await sluice(["run", "--once", "--input", join(folder, "in.ndjson"), ...common])) }
}

it("data below what is expected is told by lineage and by the run's own row, and where the contract says so by the exit code", async () => {
  const [warned, stopped] = await Promise.all([run("warn"), run("stop")])
  expect([warned.code, stopped.code]).toEqual([0, 1])
  expect(stopped.stderr).toContain("score-is-positive for 2 rows (A score is above zero.)")
  const events = (await readFile(join(warned.lake, "lineage", "events.ndjson"), "utf8")).trim().split("\n")
  const assertions = events.flatMap((line) => {
    const { inputs } = membersOf(JSON.parse(line))
    const found = Array.isArray(inputs) ? inputs : []
    return found.flatMap((input) => {
      const { assertions } = membersOf(membersOf(membersOf(input)["inputFacets"])["dataQualityAssertions"])
      return Array.isArray(assertions) ? assertions : []
    })
  })
  expect(assertions).toContainEqual(
    expect.objectContaining({ name: "score-is-positive", success: false, severity: "warn", column: "score", actual: "2 rows" })
  )
  expect(assertions).toContainEqual(expect.objectContaining({ name: "score-is-small", success: true }))
  const asked = await sluiceJson([
    "query",
    ...warned.common,
    "SELECT test.name, test.status, test.failures FROM (SELECT unnest(tests) AS test FROM runs)"
  ])
  expect(JSON.stringify(asked)).toMatch(/score-is-positive.*warn.*2/)
  expect(JSON.stringify(asked)).not.toContain("score-is-small")
})
