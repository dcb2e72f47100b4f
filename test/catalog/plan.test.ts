import type { Table } from "@aws-sdk/client-glue"
import { describe, expect, it } from "vitest"
import { glueTable } from "../../src/catalog/glue-table.ts"
import { catalogName } from "../../src/catalog/names.ts"
import { goneTables, planTables, type Step, type WantedTable } from "../../src/catalog/plan.ts"
import { stepWords } from "../../src/catalog/words.ts"
import { compileContract } from "../../src/contract/compile.ts"
import { defineContract } from "../../src/contract/contract.ts"
import { document, integer, text } from "../../src/contract/field.ts"
import { stageColumns, stagePartitions } from "../../src/record/system-columns.ts"
import { deltaSchema } from "../../src/table/schema.ts"
import { definition } from "../contract/parcels.ts"

const root = "s3://bucket/some lake"
const governed = { ...definition, owner: "warehouse", steward: "data office", costTag: "cc-7", tags: { domain: "logistics" } }

const wantedOf = (given: typeof governed = governed, path = "stage/parcels"): WantedTable => {
  const compiled = compileContract(defineContract(given))
  const schema = deltaSchema([...stageColumns(compiled.columns), ...stagePartitions])
  return {
    name: catalogName(path),
    path,
    location: `${root}/${path}/`,
    table: glueTable(
      compiled,
      "stage",
      schema,
      stagePartitions.map(({ name }) => name)
    )
  }
}

const plan = (wanted: WantedTable, existing: ReadonlyArray<Table> = [], allowDrop = false): Step => {
  const [step] = planTables([wanted], existing, { allowDrop, isWhole: true })
  if (step === undefined) throw new Error("no step")
  return step
}
const inputOf = (step: Step) => {
  if (step.action !== "create" && step.action !== "update") throw new Error(`${step.action}: nothing is to be put`)
  return step.input
}
const createdAs = (wanted: WantedTable): Table => ({ ...structuredClone(inputOf(plan(wanted))), Name: wanted.name, VersionId: "3" })
const typesOf = (input: { readonly StorageDescriptor?: Table["StorageDescriptor"] }) =>
  Object.fromEntries((input.StorageDescriptor?.Columns ?? []).map(({ Name = "", Type }) => [Name, Type]))

const wanted = wantedOf()

describe("a table that the catalog has not", () => {
  it("is made as a native Delta table, with what the contract says", () => {
    const input = inputOf(plan(wanted))
    expect(input).toMatchObject({
      Name: "raw_parcels",
      TableType: "EXTERNAL_TABLE",
      Owner: "warehouse",
      Description: "Parcels for tests.",
      Parameters: {
        EXTERNAL: "TRUE",
        table_type: "DELTA",
        "spark.sql.sources.provider": "delta",
        classification: "delta",
        steward: "data office",
        sensitivity: "internal",
        cost_tag: "cc-7",
        domain: "logistics",
        "sluice.table": "stage/parcels"
      },
      StorageDescriptor: {
        Location: `${root}/stage/parcels/`,
        SerdeInfo: { Parameters: { path: `${root}/stage/parcels/` } }
      }
    })
    expect(input.PartitionKeys?.map(({ Name, Type }) => [Name, Type])).toEqual([
      ["ingest_date", "date"],
      ["ingest_hour", "int"]
    ])
    const types = typesOf(input)
    expect(types).toMatchObject({ carrier: "string", parcel_number: "bigint", weight: "decimal(9,3)", _arrived_at: "timestamp" })
    expect(types).not.toHaveProperty("ingest_date")
    expect(input.StorageDescriptor?.Columns?.[0]?.Comment).toBe("Who carries it.")
  })
  it("stays a Delta table whatever the tags of its contract are called", () => {
    const tags = { table_type: "PARQUET", "sluice.table": "elsewhere", "a,b": "c" }
    const odd = wantedOf({ ...governed, tags: tags as unknown as typeof governed.tags })
    expect(inputOf(plan(odd)).Parameters).toMatchObject({ table_type: "DELTA", "sluice.table": "stage/parcels", "a,b": "c" })
    expect(plan(odd, [createdAs(odd)]).action).toBe("nothing")
  })
  it("is in step from then on", () => {
    expect(plan(wanted, [createdAs(wanted)])).toEqual({ action: "nothing", name: "raw_parcels", path: "stage/parcels", kept: [] })
  })
  it("cannot be two", () => {
    const [first, second] = planTables([wantedOf(governed, "consumable/raw_parcels"), wanted], [], { allowDrop: false, isWhole: true })
    expect([first?.action, second]).toMatchObject([
      "create",
      { action: "refused", problem: expect.stringContaining("consumable/raw_parcels") }
    ])
  })
})

describe("a table that the catalog has", () => {
  const more = { ...governed, fields: { ...governed.fields, coupon: text("A coupon."), size: document("Size.", { width: integer("W.") }) } }
  it("gets columns that were added, also inside of others", () => {
    const step = plan(wantedOf(more), [createdAs(wanted)])
    expect(step).toMatchObject({ action: "update", version: "3", kept: [], changes: ["columns added: coupon, size"] })
    const deeper = { ...more, fields: { ...more.fields, size: document("Size.", { width: integer("W."), height: integer("H.") }) } }
    const nested = plan(wantedOf(deeper), [createdAs(wantedOf(more))])
    expect(nested).toMatchObject({ changes: ["column size: struct<width:int> becomes struct<width:int,height:int>"] })
  })
  it("keeps columns that the table has no longer, unless it is told", () => {
    const before = createdAs(wantedOf(more))
    const less = { ...more, fields: { ...governed.fields, size: document("Size.", { depth: integer("D.") }) } }
    const step = plan(wantedOf(less), [before])
    expect(step).toMatchObject({ action: "update", kept: ["size.width", "coupon"] })
    expect(typesOf(inputOf(step))).toMatchObject({ size: "struct<width:int,depth:int>", coupon: "string" })
    expect(stepWords(step)).toContain("keeps size.width, coupon, which the table has no longer (--allow-drop takes them out)")
    // And again is nothing.
    const after = { ...before, ...inputOf(step) }
    expect(plan(wantedOf(less), [after])).toMatchObject({ action: "nothing", kept: ["size.width", "coupon"] })
    const dropped = plan(wantedOf(less), [after], true)
    expect(dropped).toMatchObject({ action: "update", kept: [], changes: expect.arrayContaining(["column coupon goes"]) })
    expect(typesOf(inputOf(dropped))).toMatchObject({ size: "struct<depth:int>" })
    expect(typesOf(inputOf(dropped))).not.toHaveProperty("coupon")
  })
  it("stays in the order that it has there, which Terraform has from the contract", () => {
    const [first, ...rest] = wanted.table.columns
    if (first === undefined) throw new Error("no column")
    const size = (fields: string) => ({ Name: "size", Type: `struct<${fields}>`, Comment: "" })
    const inLog = { ...wanted, table: { ...wanted.table, columns: [first, ...rest, size("width:int,depth:int")] } }
    const inContract = { ...wanted, table: { ...wanted.table, columns: [size("depth:int,width:int"), ...rest, first] } }
    expect(plan(inLog, [createdAs(inContract)])).toMatchObject({ action: "nothing", kept: [] })
    expect(plan(inLog, [createdAs(inContract)], true)).toMatchObject({ action: "nothing", kept: [] })
    // What is new goes to the end.
    const step = plan({ ...inLog, table: { ...inLog.table, columns: [{ ...first, Name: "added" }, ...inLog.table.columns] } }, [
      createdAs(inContract)
    ])
    expect(step).toMatchObject({ action: "update", changes: ["columns added: added"] })
    expect(Object.keys(typesOf(inputOf(step)))).toEqual(["size", ...rest.map(({ Name }) => Name), first.Name, "added"])
  })
  it("takes the table's type where the catalog has another", () => {
    const before = createdAs(wanted)
    const columns = before.StorageDescriptor?.Columns?.map((column) => (column.Name === "weight" ? { ...column, Type: "string" } : column))
    const step = plan(wanted, [{ ...before, StorageDescriptor: { ...before.StorageDescriptor, Columns: columns } }])
    expect(step).toMatchObject({ action: "update", changes: ["column weight: string becomes decimal(9,3)"] })
  })
  it("keeps what others put there", () => {
    const before = createdAs(wanted)
    const [first, ...rest] = before.StorageDescriptor?.Columns ?? []
    const touched: Table = {
      ...before,
      Retention: 7,
      Parameters: { ...before.Parameters, table_type: "delta", "delta.lastUpdateVersion": "6", team: "bi", cost_tag: "cc-1" },
      StorageDescriptor: {
        ...before.StorageDescriptor,
        Columns: [{ Name: "", ...first, Parameters: { pii: "no" } }, ...rest],
        Parameters: { a: "b" }
      }
    }
    const step = plan(wanted, [touched])
    expect(step).toMatchObject({ action: "update", changes: ["parameters: cost_tag"] })
    const input = inputOf(step)
    expect(input).toMatchObject({
      Retention: 7,
      Parameters: { table_type: "delta", "delta.lastUpdateVersion": "6", team: "bi", cost_tag: "cc-7" },
      StorageDescriptor: { Parameters: { a: "b" } }
    })
    expect(input.StorageDescriptor?.Columns?.[0]).toMatchObject({ Name: "carrier", Parameters: { pii: "no" } })
  })
  it("loses parameters that the contract gave and gives no longer, and no others", () => {
    const before = createdAs(wanted)
    const { costTag, ...rest } = governed
    const step = plan(wantedOf(rest as typeof governed), [{ ...before, Parameters: { ...before.Parameters, team: "bi" } }])
    expect(inputOf(step).Parameters).toMatchObject({ team: "bi", steward: "data office" })
    expect(inputOf(step).Parameters).not.toHaveProperty("cost_tag")
    const odd = plan(wanted, [{ ...before, Parameters: { ...before.Parameters, "sluice.parameters": "team,bi" } }])
    expect(odd).toMatchObject({ action: "update", changes: ["parameters: sluice.parameters"] })
    expect(costTag).toBe("cc-7")
  })
  it("is taken over where Spark, Athena or a crawler made it of the same table", () => {
    const bySpark: Table = {
      Name: "raw_parcels",
      VersionId: "0",
      TableType: "EXTERNAL_TABLE",
      Parameters: { EXTERNAL: "TRUE", "spark.sql.sources.provider": "delta" },
      StorageDescriptor: {
        Columns: [{ Name: "col", Type: "array<string>" }],
        Location: "s3://bucket/warehouse/raw_parcels-__PLACEHOLDER__",
        SerdeInfo: { Parameters: { path: `s3a://bucket/some lake/stage/parcels` } }
      }
    }
    const step = plan(wanted, [bySpark])
    expect(step).toMatchObject({ action: "update", kept: [] })
    expect(inputOf(step)).toMatchObject({ StorageDescriptor: { Location: `${root}/stage/parcels/` } })
    expect(typesOf(inputOf(step))).not.toHaveProperty("col")
    // A crawler keeps partition columns among the others.
    const made = createdAs(wanted)
    const columns = [...(made.StorageDescriptor?.Columns ?? []), ...(made.PartitionKeys ?? [])]
    const crawled = { ...made, PartitionKeys: [], StorageDescriptor: { ...made.StorageDescriptor, Columns: columns } }
    const moved = plan(wanted, [crawled])
    expect(moved).toMatchObject({ action: "update", kept: [] })
    expect(inputOf(moved).PartitionKeys).toHaveLength(2)
    expect(plan(wanted, [{ ...crawled, ...inputOf(moved) }]).action).toBe("nothing")
  })
})

describe("a table of the name that is somebody else's", () => {
  const ours = createdAs(wanted)
  it.each<[string, Partial<Table>, string]>([
    [
      "elsewhere",
      { StorageDescriptor: { ...ours.StorageDescriptor, SerdeInfo: {}, Location: "s3://other/parcels/" } },
      "it lies at s3://other/parcels"
    ],
    ["a longer name", { StorageDescriptor: { Location: `${root}/stage/parcels2` } }, "it lies at s3://bucket/some lake/stage/parcels2"],
    ["Parquet", { Parameters: { classification: "parquet" } }, "it is no Delta table"],
    ["Iceberg", { Parameters: { table_type: "ICEBERG" } }, "it is no Delta table, but ICEBERG"],
    ["a view", { TableType: "VIRTUAL_VIEW" }, "it is a view"],
    ["a link", { TargetTable: { Name: "other" } }, "it is a link to a table of another catalog"]
  ])("is left alone: %s", (_, other, problem) =>
    expect(plan(wanted, [{ ...ours, ...other }])).toEqual({ action: "refused", name: "raw_parcels", path: "stage/parcels", problem })
  )
})

it("tells of tables that the lake has no longer, and of nobody else's", () => {
  const ours = createdAs(wanted)
  const others: ReadonlyArray<Table> = [
    { ...ours, Name: "of_another_lake", StorageDescriptor: { Location: "s3://bucket/other/stage/parcels" } },
    { ...ours, Name: "unmarked", Parameters: {} }
  ]
  expect(goneTables([ours, ...others], root, () => true)).toMatchObject([{ action: "gone", name: "raw_parcels" }])
  expect(goneTables([ours], root, () => false)).toEqual([])
})
