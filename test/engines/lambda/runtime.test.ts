import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync } from "node:fs"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { buildFunction } from "../../../src/build/functions.ts"
import { root } from "../../cli/sluice.ts"
import { functionEnvironment } from "../../lambda/runtime-api.ts"
import { runtimeSuite } from "../../lambda/runtime-suite.ts"
import { unpack } from "../../lambda/unzip.ts"
import { eventually } from "../../passing-time.ts"
import { setUpLambdaClient, setUpLambdaEmulator } from "../setup.ts"

/** AWS's own client of the runtime API. */
const awsClient = () => ["--import", fileURLToPath(new URL("./ric-client.ts", import.meta.url)), setUpLambdaClient(), "index.handler"]

describe("under the client that AWS has,", () => runtimeSuite({ args: awsClient() }))

const emulator = setUpLambdaEmulator()

describe.skipIf(emulator === null)("under the emulator that AWS has, a function", () => {
  const folder = mkdtempSync(join(tmpdir(), "sluice-rie-"))
  let child: ChildProcess
  let url = ""
  const ports = async (): Promise<ReadonlyArray<number>> => {
    const servers = [createServer(), createServer()]
    const found = []
    for (const server of servers) {
      await new Promise<void>((done) => server.listen(0, "127.0.0.1", done))
      found.push((server.address() as AddressInfo).port)
    }
    for (const server of servers) await new Promise((done) => server.close(done))
    return found
  }
  /** Accepts, and never answers. */
  const silent = createServer(() => {})
  beforeAll(async () => {
    unpack((await buildFunction(root, "submitPartitionRoutineCluster", join(root, "schemas/vtex/project.ts"))).zip, folder)
    await new Promise<void>((done) => silent.listen(0, "127.0.0.1", done))
    const [door = 0, api = 0] = await ports()
    url = `http://127.0.0.1:${door}/2015-03-31/functions/function/invocations`
    const addresses = ["--runtime-interface-emulator-address", `127.0.0.1:${door}`, "--runtime-api-address", `127.0.0.1:${api}`]
    child = spawn(emulator ?? "", [...addresses, process.execPath, ...awsClient()], {
      cwd: folder,
      stdio: "ignore",
      env: {
        ...functionEnvironment(folder),
        AWS_LAMBDA_FUNCTION_TIMEOUT: "8",
        SLUICE_LAKE: "s3://lake/shop",
        SLUICE_S3_ENDPOINT: `http://127.0.0.1:${(silent.address() as AddressInfo).port}`,
        SLUICE_ENGINE: "emr"
      }
    })
    await eventually(() =>
      fetch(url, { method: "POST", body: "{}" }).then(
        () => true,
        () => false
      )
    )
  })
  afterAll(async () => {
    const closed = once(child, "close")
    child.kill("SIGKILL")
    await closed
    silent.closeAllConnections()
    await new Promise((done) => silent.close(done))
    rmSync(folder, { recursive: true, force: true })
  })

  const invoke = async (event: unknown): Promise<unknown> => (await fetch(url, { method: "POST", body: JSON.stringify(event) })).json()

  it("refuses what is no event of its, answers before its time is up, and is used again", async () => {
    const refused = { errorType: "EventRefused", errorMessage: expect.stringContaining("scheduled event") }
    expect(await invoke({})).toMatchObject(refused)
    expect(await invoke({ "detail-type": "Scheduled Event", source: "aws.events" })).toMatchObject({
      errorType: "OutOfTime",
      errorMessage: expect.stringContaining("longer timeout")
    })
    expect(await invoke({ Records: [] })).toMatchObject(refused)
  })
})
