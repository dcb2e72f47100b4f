import { Effect, Exit, Fiber } from "effect"
import { describe, expect, it } from "vitest"
import { ColumnBuilders } from "../../src/columns/builders.ts"
import { openParquetFile } from "../../src/parquet/file.ts"
import { leaf, type Value } from "../../src/record/column.ts"
import { StoreError } from "../../src/store/store.ts"
import { seeded } from "./random.ts"
import { memoryUpload, metadataOf, readWithHyparquet, writeParquet } from "./support.ts"

const columns = [leaf("n", "integer", ""), leaf("t", "text", "")]
const filled = (rows: number): ColumnBuilders => {
  const builders = new ColumnBuilders(columns)
  for (let i = 0; i < rows; i++) builders.append([i, `text ${i}`])
  return builders
}
const full = new StoreError({ operation: "write", key: "part-1.parquet", reason: "Full", hint: "Free some space." })

describe("openParquetFile", () => {
  it("uploads each row group when it is written, and shows nothing before finish", async () => {
    const { upload, writes, finished, bytes } = memoryUpload()
    const file = openParquetFile(columns, upload)
    const builders = filled(10)
    await Effect.runPromise(file.write(builders))
    builders.clear()
    // The magic word, and the row group.
    expect([writes(), finished()]).toEqual([2, false])
    await Effect.runPromise(file.write(builders))
    expect(writes()).toBe(2)
    builders.append([7, "seven"])
    await Effect.runPromise(file.write(builders))
    expect([writes(), finished()]).toEqual([3, false])
    const { rows, size } = await Effect.runPromise(file.finish)
    expect([rows, size, finished()]).toEqual([11, bytes().length, true])
    expect((await readWithHyparquet(columns, bytes())).at(-1)).toEqual([7, "seven"])
  })

  it("passes a failed write on, and cannot be finished after it", async () => {
    for (const write of [1, 2, 3]) {
      const { upload, finished } = memoryUpload({ write, error: full })
      const file = openParquetFile(columns, upload)
      const work = Effect.gen(function* () {
        yield* file.write(filled(3))
        yield* file.write(filled(3))
      })
      expect(await Effect.runPromise(Effect.flip(work))).toBe(full)
      const exit = await Effect.runPromiseExit(file.finish)
      expect(Exit.isFailure(exit) && exit.cause.reasons.map((reason) => reason._tag)).toEqual(["Die"])
      expect(finished()).toBe(false)
    }
  })

  it("does not show a file whose footer could not be written", async () => {
    const { upload, finished } = memoryUpload({ write: 3, error: full })
    const file = openParquetFile(columns, upload)
    await Effect.runPromise(file.write(filled(3)))
    expect(await Effect.runPromise(Effect.flip(file.finish))).toBe(full)
    expect(finished()).toBe(false)
  })

  it("cannot be gone on with after an interrupted write, nor finished twice", async () => {
    const { upload } = memoryUpload()
    const stuck = openParquetFile(columns, { ...upload, write: () => Effect.never })
    const isDefect = async (effect: Effect.Effect<unknown, StoreError>) => {
      const exit = await Effect.runPromiseExit(effect)
      return Exit.isFailure(exit) && exit.cause.reasons.every((reason) => reason._tag === "Die")
    }
    const fiber = Effect.runFork(stuck.write(filled(1)))
    await new Promise((resolve) => setImmediate(resolve))
    await Effect.runPromise(Fiber.interrupt(fiber))
    expect(await isDefect(stuck.finish)).toBe(true)

    const file = openParquetFile(columns, upload)
    await Effect.runPromise(file.finish)
    expect(await isDefect(file.finish)).toBe(true)
    expect(await isDefect(file.write(filled(1)))).toBe(true)
  })

  it("keeps file sizes", async () => {
    const next = seeded(1)
    const flat: ReadonlyArray<ReadonlyArray<Value>> = Array.from({ length: 5000 }, (_, i) => [i, `status ${Math.floor(next() * 8)}`])
    const distinct: ReadonlyArray<ReadonlyArray<Value>> = Array.from({ length: 5000 }, (_, i) => [
      i,
      `order-${Math.floor(next() * 2 ** 32).toString(16)}-${i}`
    ])
    const list = {
      kind: "list",
      name: "l",
      description: "",
      element: {
        kind: "struct",
        name: "element",
        description: "",
        fields: [leaf("id", "text", ""), leaf("price", { type: "decimal", precision: 18, scale: 2 }, ""), leaf("gift", "boolean", "")]
      }
    } as const
    const nested: ReadonlyArray<ReadonlyArray<Value>> = Array.from({ length: 2000 }, () => [
      Array.from({ length: Math.floor(next() * 4) }, () => ({
        id: `sku-${Math.floor(next() * 300)}`,
        price: BigInt(Math.floor(next() * 1e5)),
        gift: next() < 0.1
      }))
    ])
    const sizes = [
      (await writeParquet(columns, [flat])).size,
      (await writeParquet(columns, [distinct])).size,
      (await writeParquet([list], [nested])).size,
      (await writeParquet(columns, [])).size
    ]
    expect(sizes).toMatchInlineSnapshot(`
      [
        13396,
        43253,
        17025,
        135,
      ]
    `)
  })

  it("compresses more at a higher level, and says who wrote it when told", async () => {
    const rows = Array.from({ length: 20_000 }, (_, i) => [i, `text ${(i * 7919) % 10_007} and more`])
    const fast = await writeParquet(columns, [rows], { compressionLevel: 1 })
    const small = await writeParquet(columns, [rows], { compressionLevel: 19, createdBy: "somebody version 1" })
    expect(small.size).toBeLessThan(fast.size)
    expect(metadataOf(small.bytes).created_by).toBe("somebody version 1")
  })
})
