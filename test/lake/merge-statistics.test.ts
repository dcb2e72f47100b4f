import { describe, expect, it } from "vitest"
import { mergeStatistics } from "../../src/lake/merge-statistics.ts"

const stats = (rows: number, min: string, max: string, nulls: string) =>
  `{"numRecords":${rows},"minValues":${min},"maxValues":${max},"nullCount":${nulls}}`

describe("merged statistics", () => {
  it("keep every digit", () => {
    const merged = mergeStatistics([
      stats(2, '{"n":9007199254740993,"d":-1.50}', '{"n":9007199254740995,"d":0.10}', '{"n":0,"d":1}'),
      stats(3, '{"n":9007199254740992,"d":-1.5}', '{"n":9007199254740994,"d":0.099}', '{"n":0,"d":2}')
    ])
    expect(merged).toBe(stats(5, '{"n":9007199254740992,"d":-1.50}', '{"n":9007199254740995,"d":0.10}', '{"n":0,"d":3}'))
  })

  it("order texts by code point, numbers as numbers, whatever their form", () => {
    const merged = mergeStatistics([
      stats(1, '{"t":"\u{1f600}","x":1e21}', '{"t":"\u{1f600}","x":1e21}', '{"t":0,"x":0}'),
      stats(1, '{"t":"\uffee","x":-2.5}', '{"t":"\uffee","x":20}', '{"t":0,"x":0}')
    ])
    expect(merged).toBe(stats(2, '{"t":"\uffee","x":-2.5}', '{"t":"\u{1f600}","x":1e21}', '{"t":0,"x":0}'))
  })

  it("reach into structs", () => {
    const one = stats(1, '{"s":{"a":{"b":1}}}', '{"s":{"a":{"b":1}}}', '{"s":{"a":{"b":0},"c":1}}')
    const other = stats(1, '{"s":{"a":{"b":2}}}', '{"s":{"a":{"b":2}}}', '{"s":{"a":{"b":0},"c":0}}')
    expect(mergeStatistics([one, other])).toBe(stats(2, '{"s":{"a":{"b":1}}}', '{"s":{"a":{"b":2}}}', '{"s":{"a":{"b":0},"c":1}}'))
  })

  it.each([
    ["has one bound only", stats(1, '{"a":2,"b":2}', '{"a":2}', '{"a":0,"b":0}'), '{"a":0,"b":0}'],
    ["has no bounds", stats(1, '{"a":2}', '{"a":2}', '{"a":0,"b":0}'), '{"a":0,"b":0}'],
    ["says nothing at all", stats(1, '{"a":2}', '{"a":2}', '{"a":0}'), '{"a":0}'],
    ["tells it as another type", stats(1, '{"a":2,"b":"x"}', '{"a":2,"b":"x"}', '{"a":0,"b":0}'), '{"a":0,"b":0}'],
    ["tells no bounds of any", '{"numRecords":1,"nullCount":{"a":0,"b":0}}', '{"a":0,"b":0}']
  ])("tell no bounds where a file %s of a column that another tells", (_, other, nulls) => {
    const whole = stats(1, '{"a":1,"b":1}', '{"a":1,"b":1}', '{"a":0,"b":0}')
    const merged = `{"numRecords":2,"nullCount":${nulls}}`
    expect([mergeStatistics([whole, other]), mergeStatistics([other, whole])]).toEqual([merged, merged])
  })

  it("know columns that have no bounds by nature, and put false before true", () => {
    const merged = mergeStatistics([
      stats(2, '{"paid":true}', '{"paid":true}', '{"list":0,"paid":0}'),
      stats(2, '{"paid":false}', '{"paid":true}', '{"list":1,"paid":0}')
    ])
    expect(merged).toBe(stats(4, '{"paid":false}', '{"paid":true}', '{"list":1,"paid":0}'))
  })

  it("take bounds from the files that have values", () => {
    const merged = mergeStatistics([stats(2, "{}", "{}", '{"a":2}'), stats(2, '{"a":"x"}', '{"a":"y"}', '{"a":1}')])
    expect(merged).toBe(stats(4, '{"a":"x"}', '{"a":"y"}', '{"a":3}'))
    expect(mergeStatistics([stats(2, "{}", "{}", '{"a":2}')])).toBe(stats(2, "{}", "{}", '{"a":2}'))
  })

  it.each([[null], ["{}"], ["not JSON"], ["[]"]])("are none with a file that has %s", (text) =>
    expect(mergeStatistics([stats(1, "{}", "{}", "{}"), text])).toBeNull()
  )
})
