import { expect, it } from "vitest"
import { sluice } from "../cli/sluice.ts"

it("is reached from other machines with a token alone, and a strong one", async () => {
  const [open, weak] = await Promise.all([
    sluice(["console", "--lake", "nowhere", "--host", "0.0.0.0"]),
    sluice(["console", "--lake", "nowhere", "--host", "0.0.0.0"], { SLUICE_CONSOLE_TOKEN: "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" })
  ])
  expect([open.code, open.stderr]).toEqual([2, expect.stringContaining("has no token")])
  expect([weak.code, weak.stderr]).toEqual([78, expect.stringContaining("less than 128 bits")])
}, 30_000)
