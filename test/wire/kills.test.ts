import { expect, it } from "vitest"
import { kills } from "./kills.ts"

/** The short form; `node test/wire/kills.ts` is the long one. */
it("workers that are killed every few seconds, while shards are split and merged, put each record into the lake once", async () => {
  const said: Array<string> = []
  const result = await kills({ orders: 6_000, shards: 2, workers: 2, life: [3_000, 6_000], seed: 5, say: (line) => said.push(line) })
  expect(result, said.join("\n")).toMatchObject({
    put: 6_000,
    stageRows: 6_000,
    doubled: 0,
    consumableRows: 6_000,
    failedChecks: [],
    shards: 5
  })
  expect(result.kills).toBeGreaterThan(2)
})
