import { spawnSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "vitest"
import { mostOrdersPerDay, type SizingInput, sizeOf } from "../../bench/sizing/size.ts"

const input: SizingInput = {
  from: {},
  load: { rowsPerOrder: 2, rawBytesPerRow: 1000, stageBytesPerRow: 60, consumableBytesPerRow: 40, peak: 3 },
  window: 0.5,
  ingest: { rawBytesPerCoreSecond: 1e6 },
  embedded: { rowsPerCoreSecond: 1000, startSeconds: 0, measuredCores: 2, mostCores: 4, gigabytesPerCore: 2 },
  spark: { rowsPerCoreSecond: 500, startSeconds: 60, gigabytesPerCore: 4, leastCores: 4 },
  prices: { taskCoreHour: 0.03, taskGigabyteHour: 0.01, sparkCoreHour: 0.06, sparkGigabyteHour: 0.01, storedGigabyteMonth: 0.02 }
}

const script = fileURLToPath(new URL("../../bench/sizing/sizing.ts", import.meta.url))
const run = (...args: ReadonlyArray<string>) => spawnSync(process.execPath, [script, ...args], { encoding: "utf8" })

describe("the size of a load", () => {
  it("is what its busiest hour needs within the window, and costs what a day's rows take", () => {
    // 24 million orders a day: 2 million rows an hour, 6 million in the busiest; 1,800 s for them.
    const size = sizeOf(input, 24e6)
    expect(size).toMatchObject({ rowsPerDay: 48e6, busiestHourRows: 6e6, ingestCores: 3, storedGigabytesPerMonth: 144, engine: "embedded" })
    expect(size.embedded).toMatchObject({ cores: 4, busiestSeconds: 1500, fits: "beyond what was measured" })
    expect(size.embedded.costPerDay).toBeCloseTo((48e3 / 3600) * 0.05)
    expect(size.spark.cores).toBe(7)
    expect(size.spark.costPerDay).toBeCloseTo(((24 * 60 * 7 + 96e3) / 3600) * 0.1)
  })

  it("is Spark's where one machine cannot do it, and the limit is where it says", () => {
    const most = mostOrdersPerDay(input, input.embedded.mostCores)
    expect(sizeOf(input, most)).toMatchObject({ engine: "embedded", embedded: { cores: 4 } })
    expect(sizeOf(input, most * 1.01)).toMatchObject({ engine: "spark", embedded: { cores: 5, fits: "no" } })
  })

  it("takes other numbers by their path, and refuses what is none", () => {
    const given = JSON.parse(run("1e6", "--json", "--set", "spark.rowsPerCoreSecond=1").stdout)
    expect(given.input.spark.rowsPerCoreSecond).toBe(1)
    expect(given.sizes).toHaveLength(1)
    for (const args of [["none"], ["--set", "spark.color=1"], ["--set", "window=much"], ["--set", "__proto__.x=1"]])
      expect(run(...args)).toMatchObject({ status: 2, stdout: "" })
  })

  it("is told in the documentation as the script tells it", () => {
    const page = readFileSync(new URL("../../docs/scaling.md", import.meta.url), "utf8")
    const [, pasted] = /^```text\n(.*?)^```$/ms.exec(page) ?? []
    expect(pasted).toBe(run().stdout)
  })
})
