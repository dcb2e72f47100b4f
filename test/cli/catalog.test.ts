import { expect, it } from "vitest"
import { sluice, sluiceJson } from "./sluice.ts"

/** What needs no catalog. What does is shown in `test/catalog` and `test/engines`. */

it("refuses a lake that no program of AWS could read, before it asks anybody", async () => {
  const synced = await sluice(["catalog", "sync", "--lake", "some/lake"])
  expect([synced.code, synced.stderr]).toEqual([
    2,
    expect.stringContaining("the lake is the folder some/lake, and AWS Glue can only tell of one in S3")
  ])
  const nowhere = await sluice(["catalog", "sync", "--lake", "s3://my-lake/shop", "--project", "some/where"])
  expect([nowhere.code, nowhere.stderr]).toEqual([78, expect.stringContaining("there is no project in")])
  const ingested = await sluice(["ingest", "--input", "src", "--lake", "some/lake"], { SLUICE_CATALOG: "glue" })
  expect([ingested.code, ingested.stderr]).toEqual([78, expect.stringContaining("or --catalog none")])
})

it("prints what makes tables known to Athena, one statement each, without columns", async () => {
  const lake = ["--lake", "s3://my-lake/it's"]
  const one = await sluice(["contracts", "--form", "athena", "--dataset", "checkout", "--glue-database", "shop", ...lake])
  expect(one.stdout.split(/;\s*/)).toEqual([
    "CREATE DATABASE IF NOT EXISTS `shop` LOCATION 's3://my-lake/it\\'s/'",
    "CREATE EXTERNAL TABLE IF NOT EXISTS `shop`.`raw_checkout`\n  LOCATION 's3://my-lake/it\\'s/stage/checkout/'\n  TBLPROPERTIES ('table_type' = 'DELTA')",
    "CREATE EXTERNAL TABLE IF NOT EXISTS `shop`.`checkout`\n  LOCATION 's3://my-lake/it\\'s/consumable/checkout/'\n  TBLPROPERTIES ('table_type' = 'DELTA')",
    ""
  ])
  // Of all datasets, and what they share; the database is called as the first.
  const { sql } = await sluiceJson(["contracts", "--form", "athena"])
  for (const table of ["raw_checkout", "checkout", "raw_fulfillment", "fulfillment", "dead_letters", "runs"])
    expect(sql).toContain(`\`checkout\`.\`${table}\``)
  expect(sql).toContain("'s3://BUCKET/PREFIX/dead_letters/'")
})
