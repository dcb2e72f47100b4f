import { assert, describe, it } from "@effect/vitest"
import { ingestionHour, microsOf } from "../../src/record/record.ts"
import { arrivalOfFile, hourOfPath, timeOfName } from "../../src/source/arrival-time.ts"

const at = (path: string): string | undefined => {
  const millis = hourOfPath(path)
  return millis === undefined ? undefined : new Date(millis).toISOString()
}

describe("arrival time of a file", () => {
  it("is the hour that its path names", () => {
    assert.strictEqual(at("/raw/2024/02/29/07/part.ndjson"), "2024-02-29T07:00:00.000Z")
    assert.strictEqual(at("/raw/2024/02/29/00/deeper/still/part"), "2024-02-29T00:00:00.000Z")
  })

  it("is the last of several hours", () => {
    assert.strictEqual(at("/2023/01/01/01/copy/2024/05/06/23/x"), "2024-05-06T23:00:00.000Z")
    assert.strictEqual(at("/2023/2024/05/06/07/x"), "2024-05-06T07:00:00.000Z")
    assert.strictEqual(at("/2024/05/06/07/99/99/99/99/x"), "2024-05-06T07:00:00.000Z")
  })

  it("is not what the calendar does not have, nor a part of a name", () => {
    for (const path of [
      "/raw/2023/02/29/07/x",
      "/0000/01/01/00/x",
      "/raw/2024/13/01/07/x",
      "/raw/2024/00/01/07/x",
      "/raw/2024/01/01/24/x",
      "/raw/2024/01/01/07",
      "/raw/2024/1/1/7/x",
      "/raw/2024-01-01/07/x",
      "/rawx2024/01/01/07/x",
      "/raw/v2024/01/01/07/x",
      "/raw/2024/01/01/07x/x"
    ]) {
      assert.isUndefined(at(path), path)
    }
  })

  it("is the time of its name, to the second, before all else", () => {
    const named = Date.UTC(2024, 1, 3, 13, 15)
    for (const path of [
      "/x/olist_orders_dataset_20240203131500.csv",
      "olist_orders_dataset_20240203131500.csv.gz",
      "/2020/01/01/07/orders_20240203131500.csv",
      "/20230101000000/x_20230101000000_20240203131500"
    ]) {
      assert.strictEqual(timeOfName(path), named, path)
      for (const said of [undefined, 5])
        for (const modifiedAt of [6, 9e15]) assert.strictEqual(arrivalOfFile(path, said, modifiedAt), named)
    }
  })

  it("is the time of a file of changes, as close as its name has it", () => {
    const second = Date.UTC(2014, 9, 29, 11, 34, 1)
    assert.strictEqual(timeOfName("/dms/sales/orders/20141029-113401.csv"), second)
    assert.strictEqual(timeOfName("/dms/sales/orders/20141029-113401123.csv.gz"), second + 123)
    assert.strictEqual(timeOfName("20141029-1134010000.parquet"), second)
    assert.strictEqual(timeOfName("CDC_TXN-20141029-1134015.csv"), second + 500)
    for (const path of [
      "/x/LOAD00000001.csv",
      "/x/20141029-11340.csv",
      "/x/20141029-113461.csv",
      "/x/120141029-113401.csv",
      "/20141029-113401/x"
    ])
      assert.isUndefined(timeOfName(path), path)
  })

  it("is no time of a name that the calendar does not have, nor other digits in a name", () => {
    for (const path of [
      "/x/orders_20240230131500.csv",
      "/x/orders_20240203241500.csv",
      "/x/orders_00000203131500.csv",
      "/x/orders_20240203.csv",
      "/x/orders_2024020313150.csv",
      "/x/orders_202402031315001.csv",
      "/x/orders20240203131500.csv",
      "/x/20240203131500.csv",
      "/x/orders_20240203131500_final.csv",
      "/x/orders_20240203131500.part_1",
      "/orders_20240203131500/x.csv",
      "/orders_20240203131500.d/x",
      "/x/orders.csv"
    ])
      assert.isUndefined(timeOfName(path), path)
    assert.strictEqual(arrivalOfFile("/2024/02/29/07/x_20240230131500.csv", 5, 6), Date.UTC(2024, 1, 29, 7))
  })

  it("falls back on what was said, then on the modification time", () => {
    assert.strictEqual(arrivalOfFile("/2024/02/29/07/x", 5, 6), Date.UTC(2024, 1, 29, 7))
    assert.strictEqual(arrivalOfFile("/2024/02/29/07/x", undefined, Date.UTC(2024, 1, 29, 7)), Date.UTC(2024, 1, 29, 7))
    assert.strictEqual(arrivalOfFile("/x", 5, 6), 5)
    assert.strictEqual(arrivalOfFile("/x", undefined, 6), 6)
    for (const strange of [9e15, -9e15])
      assert.match(new Date(arrivalOfFile("/x", undefined, strange)).toISOString(), /^(9999-12-31T23|0001-01-01T00)/)
  })

  it("is later in its hour, by a microsecond for each second, the later the file was written", () => {
    const named = Date.UTC(2024, 1, 29, 7)
    const micros = (said: number | undefined, modifiedAt: number) =>
      microsOf(arrivalOfFile(said === undefined ? "/2024/02/29/07/x" : "/x", said, modifiedAt)) - (said ?? named) * 1000
    const day = 86_400_000
    for (const said of [undefined, named + 900_000]) {
      const from = said ?? named
      assert.deepStrictEqual(
        [-day, 0, 999, 1000, 61_000, 10 * 365 * day].map((delay) => micros(said, from + delay)),
        [0, 0, 0, 1, 61, 315_360_000]
      )
      // Never out of the hour, which decides where the rows lie.
      for (const late of [9e15, Date.UTC(9999, 0)])
        assert.strictEqual(microsOf(arrivalOfFile("/2024/02/29/07/x", said, late)), (named + 3_600_000) * 1000 - 1)
    }
    // Before 1970, too.
    assert.deepStrictEqual(ingestionHour(arrivalOfFile("/x", -1_800_000, 9e15)), { date: "1969-12-31", hour: 23 })
  })
})
