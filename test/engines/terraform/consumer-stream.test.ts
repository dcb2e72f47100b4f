import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, it } from "vitest"
import { closeAll, closing, emulator, expected, expectOutcome, open, options, serve } from "./ways.ts"

afterEach(closeAll)

it("consumers of the stream, of which one is killed", async () => {
  const kinesis = await emulator()
  const { deployed, stand } = await open("consumer", { consumer: { workers: 2 } }, kinesis)
  const folder = mkdtempSync(join(tmpdir(), "sluice-orders-"))
  closing.push(async () => rmSync(folder, { recursive: true, force: true }))
  const [stream] = deployed.streams.values()
  if (stream === undefined) throw new Error("there is no stream")
  await kinesis.createStream(stream.name, 3)
  const { dirt, orders, seed } = options
  await stand.command("generate", ...["--orders", String(orders), "--seed", String(seed), "--dirt", String(dirt), "--out", folder])
  const { records } = await stand.command("put", "--stream", stream.name, "--input", folder)
  const read = async () => {
    const status = await stand.command("status", "--lake", stand.lake).catch(() => null)
    return Number(status?.datasets?.[0]?.records ?? 0) >= records
  }
  await serve(deployed, stand, "SIGKILL", read)
  await expectOutcome(stand, expected())
})
