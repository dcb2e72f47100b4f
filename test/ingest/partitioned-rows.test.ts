import { describe, expect, it } from "vitest"
import { BuilderPool } from "../../src/ingest/builder-pool.ts"
import { byDate, PartitionedRows } from "../../src/ingest/partitioned-rows.ts"
import { deadLetterColumns } from "../../src/record/dead-letter.ts"

const day = 86_400_000

describe("rows by partition", () => {
  it("are all written, also those that come while others are", () => {
    const rows = new PartitionedRows(new BuilderPool(deadLetterColumns), byDate, 300_000)
    const added = new Map<number, number>()
    const add = (date: number, size: number) => {
      added.set(date, (added.get(date) ?? 0) + 1)
      const letter = ["orders", "not_json", null, null, "", new Uint8Array(size), BigInt(size), "files", "0", "1", 0n, 0n, null]
      rows.columnsFor(date * day).append(letter)
    }
    const written = new Map<number, number>()
    const take = (groups: Iterable<{ readonly partition: number; readonly group: { readonly rows: number } }>, meanwhile: () => void) => {
      for (const { partition, group } of groups) {
        written.set(partition, (written.get(partition) ?? 0) + group.rows)
        meanwhile()
      }
    }
    for (let i = 0; i < 8; i++) add(100, 30_000)
    for (let i = 0; i < 7; i++) add(101, 30_000)
    take(rows.full(), () => {
      add(101, 100)
      add(100, 100)
    })
    for (let i = 0; i < 5; i++) add(101, 100)
    add(102, 100)
    take(rows.full(), () => {})
    take(rows.rest(), () => {})
    expect(written).toEqual(added)
  })

  it("are written before one column has many megabytes, whatever may be held in all", () => {
    const rows = new PartitionedRows(new BuilderPool(deadLetterColumns), byDate, 1 << 30)
    const raw = new Uint8Array(3 << 20)
    const add = (date: number) =>
      rows.columnsFor(date * day).append(["orders", "not_json", null, null, "", raw, 1n, "files", "0", "1", 0n, 0n, null])
    const small = new PartitionedRows(new BuilderPool(deadLetterColumns), byDate, 12 << 20)
    for (let i = 0; i < 3; i++)
      small.columnsFor(day).append(["orders", "not_json", null, null, "", raw, 1n, "files", "0", "1", 0n, 0n, null])
    expect([...small.full()].map(({ group }) => group.rows)).toEqual([3])
    for (let i = 0; i < 3; i++) add(1)
    expect([...rows.full()]).toEqual([])
    expect([...rows.rest()].map(({ group }) => group.rows)).toEqual([3])
  })

  it("leave room for the next ones, unless they took more than their share", () => {
    const pool = new BuilderPool(deadLetterColumns)
    const builders = pool.take()
    const raw = new Uint8Array(3 << 20)
    builders.append(["orders", "not_json", null, null, "", raw, 1n, "files", "0", "1", 0n, 0n, null])
    pool.give(builders, 3 << 20)
    expect(pool.take()).toBe(builders)
    pool.give(builders, 1 << 20)
    expect(pool.take()).not.toBe(builders)
  })
})
