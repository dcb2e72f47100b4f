import { describe, expect, it } from "vitest"
import { wantedObject } from "../../../src/source/announced/wanted.ts"

const writtenAt = Date.UTC(2024, 1, 4, 7, 30)
const object = {
  bucket: "landing",
  key: "orders.csv",
  versionId: null,
  etag: "e",
  sequencer: "1",
  size: 1,
  eventTime: writtenAt,
  notification: "{}"
}

describe("an object that was announced", () => {
  it("arrived when it was written", () => {
    expect(wantedObject(object)).toMatchObject({ arrivedAt: writtenAt, shard: "2024-02-04T07/s3://landing/orders.csv#e/1" })
  })

  it("arrived when its name says that it was exported, and stands among others by when it was written", () => {
    expect(wantedObject({ ...object, key: "orders_20240203131500.csv" })).toMatchObject({
      arrivedAt: Date.UTC(2024, 1, 3, 13, 15),
      shard: "2024-02-04T07/s3://landing/orders_20240203131500.csv#e/1"
    })
  })
})
