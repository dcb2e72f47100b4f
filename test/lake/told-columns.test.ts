import { describe, expect, it } from "vitest"
import { toldColumns } from "../../src/lake/told-columns.ts"

describe("the columns that statistics tell of", () => {
  it("are those of which it is said how many are null, within structs as well", () => {
    const stats = '{"numRecords":2,"minValues":{"a":1},"maxValues":{"a":1},"nullCount":{"a":0,"s":{"b":{"c":2}},"none":{}}}'
    expect([...toldColumns(stats)]).toEqual(["a", "s.b.c"])
  })

  it.each([[null], ["{}"], ["not JSON"], ["[]"], ['{"nullCount":[1]}'], ['{"nullCount":"a"}'], ['{"nullCount":null}']])(
    "are none in %s",
    (stats) => expect([...toldColumns(stats)]).toEqual([])
  )
})
