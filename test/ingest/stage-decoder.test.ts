import { describe, expect, it } from "vitest"
import { StageDecoder } from "../../src/ingest/stage-decoder.ts"
import { compiledOrders } from "../contract/orders.ts"
import { pageOf, settings } from "../decode/support.ts"

const order = (id: string) => `{"orderId":"${id}","lastChange":"2024-01-01","surprise":1}`
const session = (bufferBytes = 1 << 20) => new StageDecoder(compiledOrders, settings, "files", bufferBytes)
const rowsOf = (decoder: StageDecoder) => [...decoder.rest()].reduce((sum, { group }) => sum + group.rows, 0)

describe("sessions that share a decoder", () => {
  it("have the rows and counts of their own pages", () => {
    const [first, second] = [session(), session()]
    for (const id of ["1", "2", "3"]) {
      expect(first.decode(pageOf([order(id), order(`${id}a`)])).counts).toMatchObject({ rows: 2, drift: { surprise: 2 } })
      expect(second.decode(pageOf([order(id)])).counts).toMatchObject({ rows: 1, drift: { surprise: 1 } })
    }
    expect([rowsOf(first), rowsOf(second)]).toEqual([6, 3])
  })

  it("have nothing of a page that failed in its middle", () => {
    const sequenceNumbers = ["1", "2"]
    Object.defineProperty(sequenceNumbers, 1, {
      get: () => {
        throw new RangeError("out of memory")
      }
    })
    expect(() => session().decode(pageOf([order("1"), order("2")], { sequenceNumbers }))).toThrow(RangeError)
    const next = session()
    expect(next.decode(pageOf([order("3")])).counts).toMatchObject({ rows: 1, drift: { surprise: 1 } })
    expect(rowsOf(next)).toBe(1)
  })
})

describe("a large page", () => {
  it("is encoded before its end, where its rows take more memory than they may", () => {
    const wide = `{"orderId":"1","lastChange":"2024-01-01","items":[${"{},".repeat(20_000)}{}]}`
    const decoder = session(100_000)
    expect(decoder.decode(pageOf(Array.from({ length: 60 }, () => wide))).counts.rows).toBe(60)
    const groups = [...decoder.full()]
    expect(groups.length).toBeGreaterThan(2)
    expect(groups.reduce((sum, { group }) => sum + group.rows, 0) + rowsOf(decoder)).toBe(60)
  })
})
