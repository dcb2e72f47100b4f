import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { sluice, sluiceJson } from "./sluice.ts"

let folder = ""
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sluice-lint-"))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const contract = (name: string, changes: { readonly fields?: string; readonly rest?: string } = {}): string =>
  `import { boolean, decimal, defineContract, document, double, events, list, text, timestamp } from "sluice/contract"
export const ${name} = defineContract({
  name: "${name}", title: "A title", owner: "shop", sensitivity: "personal", description: "What it is.",
  fields: {
    id: text("Id."), at: timestamp("When."), email: text("Of whom.", { sensitive: "hash" }), emailVerified: boolean("Is it theirs?")${changes.fields ?? ""}
  },
  table: events({ key: ["id"], by: { day: "at" } }),
  eventTime: { field: "at" }, drops: [], expectations: [], keepUnknown: true, ${changes.rest ?? ""}
})
`

describe("contracts --lint", () => {
  it("has nothing to say of a contract that is right", async () => {
    await writeFile(join(folder, "good.ts"), contract("good"))
    expect(await sluice(["contracts", "--lint", join(folder, "good.ts")])).toMatchObject({
      code: 0,
      stdout: "1 contract can be used.\n",
      stderr: ""
    })
  })

  it("gives advice, each with its file and field, and succeeds", async () => {
    const fields = `, phone: text(""), price: double("Price."),
      buyer: document("Who.", { name: text("Name."), kept: text("Kept.", { sensitive: "keep" }), addresses: list("Where.", document("One.", { street: text("Street.") })) })`
    await writeFile(
      join(folder, "poor.ts"),
      contract("poor", { fields, rest: `owner: "unknown", description: " ", sensitivity: "internal"` })
    )
    await writeFile(join(folder, "second.ts"), contract("second"))
    await writeFile(
      join(folder, "project.ts"),
      `import { defineProject } from "sluice/contract"\nimport { poor } from "./poor.ts"\nimport { second } from "./second.ts"\nexport default defineProject({ name: "tried", contracts: [poor, second] })\n`
    )
    const { contracts, problems, advice } = await sluiceJson(["contracts", "--lint", folder])
    expect([contracts, problems]).toEqual([["poor", "second"], []])
    expect(
      advice.map(({ field, advice }: { readonly field: string | null; readonly advice: string }) => [field, advice.split(":")[0]])
    ).toEqual([
      [null, "its description is blank"],
      [null, "nobody owns it"],
      [null, 'sensitivity is "internal", and fields are marked as sensitive'],
      ["phone", "it has no description"],
      ["phone", "it looks like a phone number, and is not marked"],
      ["price", "it looks like money, which a double rounds"],
      ["buyer.name", "it looks like a person's name, and is not marked"],
      ["buyer.addresses[].street", "it looks like an address, and is not marked"],
      [null, "it does not say which files arrive for it"]
    ])
    expect(advice[0]).toMatchObject({ dataset: "poor", file: join(folder, "poor.ts") })
    const { code, stdout } = await sluice(["contracts", "--lint", "--project", folder])
    expect([code, stdout]).toEqual([
      0,
      expect.stringContaining(`contract poor (${join(folder, "poor.ts")}): field buyer.name: it looks like`)
    ])
    expect(stdout).toContain("2 contracts can be used; 9 things are worth a look.")
  })

  it("fails with all that is wrong at once, and still has advice on the others", async () => {
    await writeFile(
      join(folder, "bad.ts"),
      contract("bad", { fields: `, x: text("X.", { sensitive: "no" })`, rest: `arrives: [], filename: 1` })
    )
    const ran = await sluice(["contracts", "--lint", join(folder, "bad.ts"), "--json"])
    expect(ran.code).toBe(78)
    const { contracts, problems } = JSON.parse(ran.stdout)
    expect([contracts, problems.length]).toEqual([[], 3])
    for (const said of ["field x: sensitive is", "arrives is an empty list", "filename means nothing here"])
      expect(problems.join("\n")).toContain(said)
    expect(problems[0]).toContain(join(folder, "bad.ts"))
  })

  it.each([
    ["nowhere.ts", null, "there is nothing at"],
    ["syntax.ts", "export const = 1\n", "the contract cannot be loaded"],
    ["none.ts", "export const a = 1\n", "exports no contract"]
  ])("says why %s is no contract", async (name, text, said) => {
    if (text !== null) await writeFile(join(folder, name), text)
    const { code, stdout, stderr } = await sluice(["contracts", "--lint", join(folder, name)])
    expect([code, stdout, stderr]).toEqual([78, "", expect.stringContaining(said)])
    expect(stderr).toContain(name)
  })

  it("takes a path alone", async () => {
    const { code, stderr } = await sluice(["contracts", "good.ts"])
    expect([code, stderr]).toEqual([2, expect.stringContaining("sluice contracts --lint PATH")])
  })
})
