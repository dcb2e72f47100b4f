import { describe, expect, it } from "vitest"
import { ColumnBuilders } from "../../../src/columns/builders.ts"
import { field, full } from "../../../src/columns/leaf-store.ts"
import { compileContract } from "../../../src/contract/compile.ts"
import { defineContract } from "../../../src/contract/contract.ts"
import { long, text } from "../../../src/contract/field.ts"
import { type KernelName, RecordReader } from "../../../src/decode/bytes/record-reader.ts"
import { Keeper } from "../../../src/decode/keep.ts"
import { Masker } from "../../../src/decode/mask.ts"
import { makePlan } from "../../../src/decode/plan.ts"
import { Run } from "../../../src/decode/run.ts"
import { Walker } from "../../../src/decode/walk.ts"
import { emptyCounts } from "../../../src/record/report.ts"
import { stageColumns } from "../../../src/record/system-columns.ts"
import { definition } from "../../contract/orders.ts"

const names = (letter: string) =>
  Array.from({ length: 60 }, (_, i) => `${letter}${String.fromCharCode(97 + (i % 26))}${i < 26 ? "a" : i < 52 ? "b" : "c"}`)
const texts = names("x")
const longs = names("y")

const openReader = (kernel: KernelName) => {
  const more = [...texts.map((name) => [name, text("A text.")] as const), ...longs.map((name) => [name, long("A number.")] as const)]
  const compiled = compileContract(defineContract({ ...definition, fields: { ...definition.fields, ...Object.fromEntries(more) } }))
  const plan = makePlan(compiled.contract)
  const masker = new Masker(null)
  const walker = new Walker(plan, new Keeper(plan, masker, 64), masker, 64, false)
  const parts = { plan, run: new Run(), walker, hashKey: null, maxDepth: 64, keepUnknown: false }
  const columns = stageColumns(compiled.columns)
  const reader = new RecordReader(parts, kernel, (place) => new ColumnBuilders(columns, place))
  reader.beginPage(emptyCounts())
  return reader
}

const read = (reader: RecordReader, isCorporate: boolean | null) => {
  const record = Buffer.from(
    `{"orderId":"1","lastChange":"2024-02-06T20:46:11.70+00:00","clientProfileData":{"isCorporate":${isCorporate}}}`
  )
  reader.load(record, 0, record.length)
  return reader.read(0, record.length)
}

describe("a reader whose room is used up", () => {
  it.each(["simd", "scalar", "none"] as const)("gives every leaf one entry a row, or tells that it is full (kernel: %s)", (kernel) => {
    const reader = openReader(kernel)
    const { builders } = reader
    const { leaves, store } = builders
    const leafOf = (path: string) => leaves.findIndex((leaf) => leaf.path.join(".") === path)
    const leaf = leafOf("client_profile_data.is_corporate")
    const levels = store.get(leaf, field.capacity)
    for (let row = 1; row < levels; row++) {
      expect(read(reader, null)).toBe("row")
      builders.endRow()
    }
    // One segment is left: it is what the leaf needs for its first value as well as for its next entries.
    const couldGrow = (which: number, what: number, least: number): boolean => {
      try {
        store.grow(which, what, least)
        return true
      } catch (thrown) {
        if (thrown !== full) throw thrown
        return false
      }
    }
    const free = texts.map(leafOf)
    for (let size = 16 << 20; size >= 256; size /= 2) while (couldGrow(free[0] ?? 0, 2, size)) free.shift()
    const last = longs.map(leafOf)
    while (couldGrow(last[0] ?? 0, 1, 0)) last.shift()
    expect(free.length * last.length).toBeGreaterThan(0)

    const outcome = read(reader, true)
    if (outcome === "row") builders.endRow()
    else expect(outcome).toBe("full")
    expect(store.get(leaf, field.levels)).toBe(builders.rowCount)
    expect(store.get(leafOf("order_id"), field.levels)).toBe(builders.rowCount)
  })
})
