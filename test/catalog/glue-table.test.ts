import { describe, expect, it } from "vitest"
import { glueColumns, glueTable, oneLine } from "../../src/catalog/glue-table.ts"
import { hiveType, readHiveType } from "../../src/catalog/hive-type.ts"
import { leaf } from "../../src/record/column.ts"
import { stagePartitions } from "../../src/record/system-columns.ts"
import { deltaSchema } from "../../src/table/schema.ts"
import { compiledOrders } from "../contract/orders.ts"

describe("columns of Glue", () => {
  const types = new Map(glueColumns(deltaSchema(compiledOrders.columns), []).columns.map(({ Name, Type }) => [Name, Type]))
  it.each([
    ["order_id", "string"],
    ["last_change", "timestamp"],
    ["value", "bigint"],
    ["rate", "double"],
    ["count", "int"],
    ["amount", "decimal(10,2)"],
    ["is_completed", "boolean"],
    ["custom_data", "string"],
    ["geo", "array<string>"],
    ["matrix", "array<array<bigint>>"],
    ["item_metadata", "struct<items:array<struct<id:string>>>"],
    [
      "items",
      "array<struct<id:string,price:bigint,is_gift:boolean,product_categories:array<struct<id:string,name:string>>,tags:array<string>>>"
    ]
  ])("%s %s", (name, type) => expect(types.get(name)).toBe(type))

  it("keeps partition keys apart and comments short", () => {
    const table = glueTable(
      compiledOrders,
      "stage",
      deltaSchema([leaf("a", "text", `x\n${"y".repeat(400)}`), ...stagePartitions]),
      stagePartitions.map(({ name }) => name)
    )
    expect(table.partitionKeys.map(({ Name, Type }) => [Name, Type])).toEqual([
      ["ingest_date", "date"],
      ["ingest_hour", "int"]
    ])
    expect([table.owner, table.parameters]).toEqual([
      "shop",
      {
        title: "Orders",
        sensitivity: "personal",
        sensitive_columns: expect.stringContaining("client_profile_data.email: hash, client_profile_data.first_name: drop"),
        grain: "a record, as it arrived",
        update_mode: "append",
        zone: "stage"
      }
    ])
    expect(table.columns[0]?.Comment).toHaveLength(255)
    expect(table.columns[0]?.Comment).not.toContain("\n")
  })
})

describe("types of Hive", () => {
  it("are read as they are written", () => {
    for (const { Type } of glueColumns(deltaSchema(compiledOrders.columns), []).columns) {
      const type = readHiveType(Type)
      expect(type === null ? null : hiveType(type)).toBe(Type)
    }
    for (const text of ["map<string,array<int>>", "struct<>", "decimal(38,18)", "varchar(10)", "struct<a:struct<b:tinyint>,c:float>"]) {
      const type = readHiveType(text)
      expect(type === null ? null : hiveType(type), text).toBe(text)
    }
    expect(readHiveType(" struct< a : BIGINT , b:array< string > >")).toEqual(readHiveType("struct<a:bigint,b:array<string>>"))
  })
  it.each(["", "struct<a>", "array<>", "array<int", "int>", "map<string>", "struct<a:int", "struct<a:int,>", "<int>"])(
    "%j is none",
    (text) => expect(readHiveType(text)).toBeNull()
  )
})

it("cuts no character in two", () => {
  expect(oneLine(`${"y".repeat(253)}🛒🛒`, 255).isWellFormed()).toBe(true)
  expect(oneLine(`a\u0000\t b`, 255)).toBe("a b")
})
