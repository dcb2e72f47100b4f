import { describe, expect, it } from "vitest"
import { addNulls } from "../../src/columns/add-run.ts"
import { ColumnBuilders } from "../../src/columns/builders.ts"
import { encodeRowGroup } from "../../src/parquet/row-group.ts"
import { type Column, type LeafType, leaf, type Value } from "../../src/record/column.ts"

const one = (column: Column) => {
  const builders = new ColumnBuilders([column])
  return { builders, append: (value: Value) => builders.append([value]) }
}
const decimal = (precision: number, scale: number): LeafType => ({ type: "decimal", precision, scale })

describe("ColumnBuilders", () => {
  it("gathers rows by column, and forgets them", () => {
    const builders = new ColumnBuilders([leaf("a", "integer", ""), leaf("b", "text", "")])
    expect([builders.rowCount, builders.bytes]).toEqual([0, 0])
    builders.append([1, "x"])
    builders.append([null, "y"])
    expect(builders.rowCount).toBe(2)
    expect(builders.rows()).toEqual([
      [1, "x"],
      [null, "y"]
    ])
    expect(builders.bytes).toBeGreaterThan(0)
    builders.clear()
    expect([builders.rowCount, builders.bytes, builders.rows()]).toEqual([0, 0, []])
  })

  it("shares all but the rows with others of the same columns, and none mixes theirs", () => {
    const columns = [leaf("a", "integer", ""), leaf("b", "text", "")]
    const fill = (builders: ReadonlyArray<ColumnBuilders>) => {
      for (let i = 0; i < 100; i++) for (const [k, each] of builders.entries()) each.append([i * (k + 1), `${k}-${i % 7}`])
      return builders.map((each) => Buffer.from(encodeRowGroup(each).bytes).toString("hex"))
    }
    const together = [new ColumnBuilders(columns), new ColumnBuilders(columns)]
    // A megabyte where there are hundreds of columns, for each hour that is open.
    expect(together[0]?.leaves).toBe(together[1]?.leaves)
    const apart = [new ColumnBuilders([...columns]), new ColumnBuilders([...columns])]
    expect(fill(together)).toEqual(fill(apart))
  })

  it("gathers many rows without a value, whatever was there before", () => {
    const list: Column = { kind: "list", name: "b", description: "", element: leaf("element", "integer", "") }
    const builders = new ColumnBuilders([leaf("a", "integer", ""), list])
    for (let i = 0; i < 4; i++) builders.append([i, [1, 2, 3]])
    builders.clear()
    const { nodes, store } = builders
    for (const { first, end } of nodes) addNulls(store, first, end, 5)
    builders.endRows(5)
    expect(builders.rows()).toEqual(Array.from({ length: 5 }, () => [null, null]))
  })

  it("adds nothing of a row that does not fit", () => {
    const builders = new ColumnBuilders([leaf("a", "integer", ""), leaf("b", "text", "")])
    expect(() => builders.append([1, 2])).toThrow("column b: takes text")
    expect(() => builders.append([1])).toThrow("a row of 1 values cannot be added to 2 columns")
    expect([builders.rowCount, builders.bytes, builders.rows()]).toEqual([0, 0, []])
  })

  const misfits: ReadonlyArray<readonly [LeafType | "text", ReadonlyArray<Value>, string]> = [
    ["text", [1, true, {}, []], "takes text"],
    [{ type: "json" }, [1, {}], "takes text"],
    [{ type: "integer" }, ["1", 1n, 1.5, Number.NaN], "takes an integer number"],
    [{ type: "integer" }, [2 ** 31, -(2 ** 31) - 1], "does not fit 32 bits"],
    [{ type: "date" }, [1n, 2 ** 31], ""],
    [{ type: "long" }, [1, "1"], "takes a bigint"],
    [{ type: "long" }, [2n ** 63n, -(2n ** 63n) - 1n], "does not fit 64 bits"],
    [{ type: "timestamp" }, [new Date(0) as unknown as Value, 1], "takes a bigint"],
    [{ type: "double" }, [1n, "1"], "takes a number"],
    [{ type: "boolean" }, [1, "true"], "takes true or false"],
    [decimal(9, 2), [1, "1.00"], "takes a bigint"],
    [decimal(9, 2), [10n ** 9n, -(10n ** 9n)], "more than the 9 digits of decimal(9,2)"],
    [decimal(38, 0), [10n ** 38n], "more than the 38 digits"],
    [{ type: "binary" }, ["x", [1]], "takes bytes"]
  ]
  it.each(misfits)("refuses what does not fit %j, by the column's name", (type, values, message) => {
    for (const value of values) {
      expect(() => one(leaf("c", type, "")).append(value)).toThrow(/column c: /)
      expect(() => one(leaf("c", type, "")).append(value)).toThrow(message)
    }
    one(leaf("c", type, "")).append(null)
  })

  it("names the path of nested values, and never the value", () => {
    const column: Column = {
      kind: "list",
      name: "items",
      description: "",
      element: { kind: "struct", name: "element", description: "", fields: [leaf("price", "long", ""), leaf("name", "text", "")] }
    }
    const { append, builders } = one(column)
    append([])
    append([null, {}, { name: "a" }, { price: null }])
    expect(() => append([{ price: "secret" }])).toThrow("column items.element.price: takes a bigint, not a value of type string")
    expect(() => append([{ prise: 1n, name: "x" }])).toThrow('column items.element: has fields price, name, and none called "prise"')
    expect(() => append({ price: 1n })).toThrow("column items: takes a list")
    expect(() => append([[1n]])).toThrow("column items.element: takes an object, not a list")
    expect(builders.rowCount).toBe(2)
  })

  it("refuses types that there are not", () => {
    expect(() => one(leaf("d", decimal(39, 0), ""))).toThrow("decimal(39,0)")
    expect(() => one(leaf("d", decimal(5, 6), ""))).toThrow("decimal(5,6)")
    expect(() => one({ kind: "struct", name: "s", description: "", fields: [] })).toThrow("at least one field")
  })

  it("estimates memory in proportion to what is held", () => {
    const { append, builders } = one(leaf("t", "text", ""))
    append("x".repeat(1_000_000))
    expect(builders.bytes).toBeGreaterThan(1_000_000)
    expect(builders.bytes).toBeLessThan(1_100_000)
  })
})
