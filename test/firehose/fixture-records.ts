import { join } from "node:path"
import { pageOf } from "../decode/support.ts"

/** What Hive's SerDe wrote of {@link fixturePage}; made anew by `test/engines/hive-parquet.test.ts`. */
export const fixtureByHive = join(import.meta.dirname, "fixtures/orders-by-hive.parquet")

/** 2026-11-20T07:59:58.123Z: Firehose files what arrives within the next minutes under this hour. */
export const fixtureArrival = Date.UTC(2026, 10, 20, 7, 59, 58, 123)

/** Folders and name of the file that Firehose makes of {@link fixturePage}. */
export const fixturePath =
  "ingest_date=2026-11-20/ingest_hour=07/DataStreamStructured-1-2026-11-20-07-59-58-0b5cbe6b-6d7c-4b0e-9d0e-0a6f1f9fbb01.parquet"

const orderOf = (i: number) => ({
  orderId: `o-${i % 40}`,
  lastChange: `2026-11-${String(1 + (i % 20)).padStart(2, "0")}T07:00:00.${String(i).padStart(7, "0")}Z`,
  creationDate: i % 3 === 0 ? null : "2024-02-06T20:46:11.7010747+03:00",
  status: ["handling", "é😀", "", null][i % 4],
  value: i % 5 === 0 ? "9007199254740993" : String(-i),
  rate: [1.5, 1e300, -0.1, 12][i % 4],
  count: i,
  amount: `${i}.${i % 10}`,
  isCompleted: i % 2 === 0,
  items:
    i % 4 === 0
      ? null
      : Array.from({ length: i % 4 }, (_, j) => ({
          id: String(j),
          price: 100 * j,
          isGift: j === 1,
          productCategories: { "1": "a" },
          tags: ["t", null]
        })),
  itemMetadata: i % 2 === 0 ? { items: [] } : null,
  clientProfileData: { email: `a${i}@x.com`, firstName: "A", encryptedPhone: "gAAA", age: i, isCorporate: i % 7 === 0 },
  geo: [1.5, i],
  customData: { any: [i, { x: "y" }] },
  matrix: i % 6 === 0 ? [] : [[1, i], [], null],
  ...(i % 9 === 0 ? { count: "many" } : {})
})

/** Orders as they arrive, of which some are no rows. */
export const fixturePage = () =>
  pageOf([...Array.from({ length: 60 }, (_, i) => JSON.stringify(orderOf(i))), "{", "{}", '{"lastChange":"2026-11-20T07:00:00Z"}'], {
    shard: "s3://raw/orders/id/1.json?versionId=v1",
    arrivedAt: Array.from({ length: 63 }, (_, i) => fixtureArrival + i * 100 + 0.25)
  })
