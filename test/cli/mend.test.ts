import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect } from "effect"
import { afterAll, expect, it } from "vitest"
import { localStream } from "../../src/stream/local/local-stream.ts"
import { sluice } from "./sluice.ts"

const folder = mkdtempSync(join(tmpdir(), "sluice-mend-"))
afterAll(() => rmSync(folder, { recursive: true }))

it("says what is lost of a damaged stream, and goes on without it", async () => {
  const stream = join(folder, "hits")
  const put = (name: string) =>
    Effect.flatMap(localStream({ folder: stream }), (api) => api.putRecords("s", [{ partitionKey: name, data: Buffer.from(name) }]))
  await Effect.runPromise(Effect.scoped(put("first")))
  await Effect.runPromise(Effect.scoped(put("second")))
  expect((await sluice(["mend", "--stream", stream])).stdout).toContain("Nothing in the stream is damaged")
  const [name = ""] = readdirSync(stream).filter((each) => each.endsWith(".log"))
  const path = join(stream, name)
  const bytes = readFileSync(path)
  bytes[bytes.indexOf("first")] = 0
  writeFileSync(path, bytes)
  const trial = await sluice(["mend", "--stream", stream, "--dry-run"])
  expect(trial.stdout).toContain(
    `bytes 32 to ${bytes.indexOf("second") - 40} of ${path} cannot be read; 1 record is lost: 1 to 1 of the stream`
  )
  expect(readFileSync(path)).toEqual(bytes)
  const done = await sluice(["mend", "--stream", stream, "--json"])
  expect([done.code, JSON.parse(done.stdout)]).toMatchObject([
    0,
    { dryRun: false, lost: [{ first: 1, last: 1 }], kept: [expect.any(String)] }
  ])
  expect((await sluice(["mend", "--stream", stream])).stdout).toContain("Nothing in the stream is damaged")
  const none = await sluice(["mend", "--stream", join(folder, "nowhere")])
  expect([none.code === 0, none.stderr]).toEqual([false, expect.stringContaining("There is no stream in this folder")])
})
