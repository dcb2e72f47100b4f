import { execFile } from "node:child_process"
import { readFileSync } from "node:fs"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { join } from "node:path"
import { afterAll, beforeAll, expect, it } from "vitest"
import { execForm, instructionsIn } from "../engines/dockerfile.ts"
import { root } from "./sluice.ts"

const check = instructionsIn(readFileSync(join(root, "Dockerfile"), "utf8")).find(({ name }) => name === "HEALTHCHECK")?.rest ?? ""
const [, ...args] = execForm(/CMD (.*)$/.exec(check)?.[1] ?? "")

const asked: Array<string> = []
const server = createServer(({ url = "", headers }, response) => {
  asked.push(`${headers.host}${url}`)
  response.end("{}")
})
let port = 0
beforeAll(async () => {
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done))
  const { port: given } = server.address() as AddressInfo
  port = given
})
afterAll(() => new Promise((done) => server.close(done)))

/** Ends with 0 where the container is healthy. */
const exitCode = (setting: string) =>
  new Promise<unknown>((done) => {
    execFile(process.execPath, args, { env: { SLUICE_METRICS_PORT: setting } }, (error) => done(error === null ? 0 : error.code))
  })

it("asks where the image's setting says, in each of its forms, and nothing where nothing is served", async () => {
  expect(await exitCode(`${port}`)).toBe(0)
  expect(await exitCode(`127.0.0.1:${port}`)).toBe(0)
  expect(asked).toEqual([`localhost:${port}/healthz`, `127.0.0.1:${port}/healthz`])
  for (const nobody of ["1", "127.0.0.1:1", "[::1]:1", "::1:1"]) expect([nobody, await exitCode(nobody)]).toEqual([nobody, 1])
  for (const none of ["", "0"]) expect([none, await exitCode(none)]).toEqual([none, 0])
})
