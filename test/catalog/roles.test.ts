import { Effect } from "effect"
import { beforeAll, describe, expect, it } from "vitest"
import { modelsOf } from "../../src/app/models.ts"
import { rolesOf } from "../../src/app/roles.ts"
import { type RoleDocuments, type RoleTable, roleDocuments, roleKinds } from "../../src/catalog/roles.ts"
import { isWithin, type Sensitivity, sensitivities } from "../../src/contract/definition.ts"
import { loadProject } from "../../src/contract/load.ts"
import { sluice } from "../cli/sluice.ts"
import { readPolicy, verdictOf } from "../engines/terraform/iam.ts"

const account = "111122223333"
const place = {
  account,
  region: "eu-west-1",
  partition: "aws",
  database: "bright",
  bucket: "my-lake",
  prefix: "shop",
  landed: ["landing/in"]
}
const principal = `arn:aws:iam::${account}:role/somebody`

/** What documents say of a table: which columns may be read by grants, if any, and whether its objects may be by the policy. */
const rightsOf = ({ policy, lakeFormation }: RoleDocuments, table: RoleTable) => {
  const read = readPolicy(JSON.stringify(policy))
  const allowed = (action: string, path: string, context = {}) =>
    verdictOf(read, { principal: { type: "AWS", id: principal }, action, resource: `arn:aws:s3:::my-lake${path}`, context }) === "allow"
  const file = `/shop/${table.path}/part-1.parquet`
  const resources = lakeFormation.flatMap(({ Entries }) =>
    Entries.filter(({ Permissions }) => JSON.stringify(Permissions).includes("SELECT"))
  )
  const grant = resources
    .map(({ Resource }) => JSON.parse(JSON.stringify(Resource)))
    .find(({ Table, TableWithColumns }) => {
      return Table?.TableWildcard !== undefined || TableWithColumns?.Name === table.name
    })
  return {
    reads: allowed("s3:GetObject", file),
    lists: allowed("s3:ListBucket", "", { "s3:prefix": `shop/${table.path}/` }),
    writes: allowed("s3:PutObject", file),
    selects: grant !== undefined,
    excluded: (grant?.TableWithColumns?.ColumnWildcard.ExcludedColumnNames ?? []) as ReadonlyArray<string>
  }
}

let tables: ReadonlyArray<RoleTable> = []
beforeAll(async () => {
  const project = await loadProject("schemas/bright-light")
  tables = await Effect.runPromise(
    Effect.flatMap(modelsOf(project), (models) => rolesOf(project, models, { memoryLimit: 512 * 2 ** 20, threads: 1 }))
  )
  // What the project does not have: more secret than people's data, columns that nobody knows, one that is sensitive where the table is not.
  const more = (name: string, sensitivity: Sensitivity, sensitive: RoleTable["sensitive"]) => ({
    path: `marts/${name}`,
    name,
    sensitivity,
    sensitive,
    unknown: []
  })
  tables = [...tables, more("secret", "restricted", []), more("untold", "internal", null), more("careless", "public", ["email"])]
})

describe("roles by sensitivity", () => {
  it("an analyst reads a table exactly where it is for users and not more sensitive than the role, without its sensitive columns", () => {
    const seen = new Set<string>()
    for (const upTo of sensitivities) {
      const documents = roleDocuments("analyst", principal, tables, { ...place, upTo })
      for (const table of tables) {
        const { path, sensitivity, sensitive, unknown } = table
        const isOpen = /^(consumable|marts)\//.test(path) && isWithin(sensitivity, upTo)
        const seesPeople = isWithin("personal", upTo)
        const rights = rightsOf(documents, table)
        expect(rights.selects, `${path} ${upTo}`).toBe(isOpen && (sensitive !== null || seesPeople))
        if (rights.selects) expect(rights.excluded, path).toEqual([...(seesPeople ? [] : (sensitive ?? [])), ...unknown])
        // S3 knows no columns: a table with sensitive ones is closed as a whole.
        const isWhole = isOpen && (sensitive?.length === 0 || seesPeople)
        expect([rights.reads, rights.lists, rights.writes], `${path} ${upTo}`).toEqual([isWhole, isWhole, false])
        seen.add(`${rights.selects} ${rights.reads}`)
      }
    }
    expect([...seen].sort()).toEqual(["false false", "true false", "true true"])
  })

  it("the process reads and writes all, a steward reads all and writes nothing", () => {
    for (const table of tables)
      for (const [role, writes] of [
        ["process", true],
        ["steward", false]
      ] as const) {
        const rights = rightsOf(roleDocuments(role, principal, tables, { ...place, upTo: "internal" }), table)
        expect(rights, table.path).toEqual({ reads: true, lists: true, writes, selects: true, excluded: [] })
      }
  })

  it("knows the sensitive columns of what is read, and that what is made of them without any is not people's data", () => {
    const of = (path: string) => tables.find((table) => table.path === path)
    expect(of("consumable/customers")).toMatchObject({
      sensitivity: "personal",
      sensitive: expect.arrayContaining(["email", "first_name"])
    })
    expect(of("marts/spend_by_zip_day")).toMatchObject({ sensitivity: "internal", sensitive: [] })
    expect(of("dead_letters")?.sensitivity).toBe("personal")
  })

  it("nothing of another lake is allowed, and landed records are denied to analysts", () => {
    const read = readPolicy(JSON.stringify(roleDocuments("analyst", principal, tables, { ...place, upTo: "restricted" }).policy))
    const asked = (resource: string) =>
      verdictOf(read, {
        principal: { type: "AWS", id: principal },
        action: "s3:GetObject",
        resource: `arn:aws:s3:::${resource}`,
        context: {}
      })
    expect(["other/consumable/orders/a", "my-lake/other/consumable/orders/a", "my-lake/shop/new/a"].map(asked)).toEqual([
      "nothing",
      "nothing",
      "nothing"
    ])
    expect(["landing/in/web/a", "my-lake/shop/stage/orders/a", "my-lake/shop/dead_letters/a"].map(asked)).toEqual(["deny", "deny", "deny"])
  })

  it.each(roleKinds)("what is made for the %s is of the form that AWS takes", (role) => {
    const { policy, lakeFormation } = roleDocuments(role, principal, tables, { ...place, upTo: "internal" })
    // Longest policy within a role.
    expect(JSON.stringify(policy).length).toBeLessThan(10_240)
    for (const { sid, actions, resources } of readPolicy(JSON.stringify(policy))) {
      expect(sid).toMatch(/^[A-Za-z0-9]+$/)
      for (const action of actions) expect(action).toMatch(/^(s3|glue|lakeformation):[A-Z][A-Za-z]+$/)
      expect(resources.length, sid).toBeGreaterThan(0)
      for (const resource of resources) expect(resource).toMatch(/^(\*|arn:aws:(s3:::[a-z-]+(\/\S+)?|glue:eu-west-1:\d{12}:\S+))$/)
    }
    const ids = new Set<unknown>()
    for (const { Entries, CatalogId } of lakeFormation) {
      expect([CatalogId, Entries.length > 0, Entries.length <= 20]).toEqual([account, true, true])
      for (const entry of Entries) {
        expect(Object.keys(entry).sort()).toEqual(["Id", "Permissions", "Principal", "Resource"])
        ids.add(entry["Id"])
      }
    }
    expect(ids.size).toBe(lakeFormation.flatMap(({ Entries }) => Entries).length)
  })

  it("are printed by a command, which wants a lake in S3 and an account", async () => {
    const args = (...more: ReadonlyArray<string>) => ["catalog", "roles", "--project", "schemas/vtex", ...more]
    const [printed, folder, none] = await Promise.all([
      sluice(args("--lake", "s3://my-lake/shop", "--account", account)),
      sluice(args("--lake", "lake", "--account", account)),
      sluice(args("--lake", "s3://my-lake/shop", "--account", "12"))
    ])
    expect(JSON.parse(printed.stdout).map(({ role }: RoleDocuments) => role)).toEqual(roleKinds)
    expect([folder.code, none.code]).toEqual([2, 2])
    expect(folder.stderr).toContain("s3://bucket/prefix")
  })
})
