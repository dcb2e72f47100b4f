import { tmpdir } from "node:os"
import { describe, expect, it } from "vitest"
import { ownClient, runFunction } from "./runtime-api.ts"
import { runtimeSuite } from "./runtime-suite.ts"

describe("under a client of our own,", () => runtimeSuite(ownClient))

describe("the runtime that these tests have", () => {
  it("tells a process that cannot begin from one that answers", async () => {
    const running = await runFunction(tmpdir(), {}, ownClient)
    expect(await running.invoke({})).toMatchObject({ kind: "crash", said: expect.stringContaining("ERR_MODULE_NOT_FOUND") })
    await running.stop()
  })
})
