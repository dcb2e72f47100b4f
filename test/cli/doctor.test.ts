import { readdirSync, readFileSync } from "node:fs"
import { mkdtemp, rm } from "node:fs/promises"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { unknownText, unknownVariables } from "../../src/app/variables.ts"
import { collectorProbe, lineageProbe } from "../../src/cli/doctor-probes.ts"
import { secretsEnvironment, startSecrets } from "../app/secrets-server.ts"
import { sluice } from "./sluice.ts"

/** A server that answers each path with a status. Gives its URL, and what it was asked. */
const server = (statuses: Readonly<Record<string, number>>) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.promise(async () => {
        const asked: Array<string> = []
        const running = createServer((request, response) => {
          const chunks: Array<Buffer> = []
          request.on("data", (chunk: Buffer) => chunks.push(chunk))
          request.on("end", () => {
            asked.push(`${request.method} ${request.url} ${request.headers.authorization ?? ""}${Buffer.concat(chunks)}`)
            response.writeHead(statuses[request.url ?? ""] ?? 404).end()
          })
        })
        await new Promise<void>((listening) => running.listen(0, "127.0.0.1", listening))
        return { running, asked, url: `http://127.0.0.1:${(running.address() as AddressInfo).port}` }
      }),
      ({ running }) => Effect.promise(() => new Promise((closed) => running.closeAllConnections() ?? running.close(closed)))
    ),
    ({ asked, url }) => ({ asked, url })
  )

const told = (probe: ReturnType<typeof lineageProbe>) =>
  probe === null
    ? Effect.succeed("not asked")
    : Effect.match(probe, { onSuccess: (text) => `✓ ${text}`, onFailure: ({ message }) => `✗ ${message}` })

describe("what doctor asks a lineage server", () => {
  const lineageKey = Redacted.make("a token")

  it.live("is whether it is there, without an event", () =>
    Effect.gen(function* () {
      for (const status of [200, 400, 405]) {
        const { asked, url } = yield* server({ "/api/v1/lineage": status })
        assert.include(yield* told(lineageProbe({ lineage: url, lineageKey })), `✓ ${url} answers (${status}`)
        assert.deepStrictEqual(asked, ["GET /api/v1/lineage Bearer a token"])
      }
    }).pipe(Effect.scoped)
  )

  it.live("fails where it refuses the token, is broken, or is not there", () =>
    Effect.gen(function* () {
      for (const [status, words] of [
        [401, "Check the token"],
        [503, "answered 503"]
      ] as const) {
        const { url } = yield* server({ "/api/v1/lineage": status })
        const text = yield* told(lineageProbe({ lineage: url, lineageKey }))
        assert.match(text, /^✗/)
        assert.include(text, words)
        assert.notInclude(text, "a token")
      }
      const { url } = yield* Effect.scoped(server({}))
      assert.match(yield* told(lineageProbe({ lineage: url, lineageKey: null })), /^✗.*Check the URL and that the server is up/)
      assert.strictEqual(yield* told(lineageProbe({ lineage: "file", lineageKey: null })), "not asked")
    }).pipe(Effect.scoped)
  )
})

describe("what doctor asks a collector", () => {
  it.live("is to take nothing, as metrics and as logs", () =>
    Effect.gen(function* () {
      const { asked, url } = yield* server({ "/v1/metrics": 200, "/v1/logs": 202 })
      assert.strictEqual(yield* told(collectorProbe({ otlp: `${url}/` })), `✓ ${url} takes metrics and logs`)
      assert.deepStrictEqual(asked, ['POST /v1/metrics {"resourceMetrics":[]}', 'POST /v1/logs {"resourceLogs":[]}'])
    }).pipe(Effect.scoped)
  )

  it.live("fails where it takes one of them only, or is not there", () =>
    Effect.gen(function* () {
      const { url } = yield* server({ "/v1/metrics": 200 })
      assert.include(yield* told(collectorProbe({ otlp: url })), `✗ ${url}/v1/logs answered 404: check the URL`)
      const gone = yield* Effect.scoped(server({}))
      assert.include(yield* told(collectorProbe({ otlp: gone.url })), `✗ ${gone.url}/v1/metrics cannot be reached`)
    }).pipe(Effect.scoped)
  )
})

describe("variables that are no settings", () => {
  const said = (environment: Readonly<Record<string, string>>) => unknownVariables(environment).map(unknownText)

  it("are told with the setting that was probably meant", () => {
    assert.deepStrictEqual(said({ SLUICE_LAEK: "x", SLUICE_HASHKEY: "secret", sluice_threads: "1", SLUICE_COLOUR: "red" }), [
      "SLUICE_COLOUR is no setting and does nothing: sluice doctor lists all that there are",
      "SLUICE_HASHKEY is no setting and does nothing: did you mean SLUICE_HASH_KEY?",
      "SLUICE_LAEK is no setting and does nothing: did you mean SLUICE_LAKE?",
      "sluice_threads is no setting and does nothing: did you mean SLUICE_THREADS?"
    ])
  })

  it("are none that a test reads, or .ci/run sets: commands that it starts would tell of it", () => {
    const repository = new URL("../../", import.meta.url)
    const files = readdirSync(new URL("test", repository), { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"))
    const texts = [".ci/run", ...files.map((name) => `test/${name}`)].map((name) => readFileSync(new URL(name, repository), "utf8"))
    const read = texts.flatMap((text) =>
      [...text.matchAll(/process\.env\["(SLUICE_\w+)"\]|\b(SLUICE_\w+)=\w+ /g)].map((found) => found[1] ?? found[2] ?? "")
    )
    assert.isAbove(read.length, 20)
    assert.deepStrictEqual(said(Object.fromEntries(read.map((name) => [name, "x"]))), [])
  })

  it("are not those that are set to nothing, of this project's tests, or of Kubernetes", () => {
    const kubernetes = { SLUICE_SERVICE_HOST: "10.0.0.1", SLUICE_PORT: "tcp://10.0.0.1:1", SLUICE_PORT_9464_TCP_ADDR: "10.0.0.1" }
    assert.deepStrictEqual(
      said({
        SLUICE_LAKE: "x",
        SLUICE_LOG_LEVEL: "warn",
        SLUICE_LAEK: "",
        SLUICE_TEST_DATA: "x",
        SLUICE_TEST_KILLS: "60",
        ...kubernetes,
        HOME: "x"
      }),
      []
    )
  })

  it("are told by every command once, and by doctor among its checks", async () => {
    const folder = await mkdtemp(join(tmpdir(), "sluice-doctor-"))
    try {
      const environment = { SLUICE_LAEK: "typo", SLUICE_HASH_KEY: "a key for the tests" }
      const line = "SLUICE_LAEK is no setting and does nothing: did you mean SLUICE_LAKE?"
      const [status, doctor] = await Promise.all([
        sluice(["status", "--lake", folder], environment),
        sluice(["doctor", "--lake", folder, "--json"], environment)
      ])
      assert.strictEqual(status.stderr.split(line).length, 2)
      assert.strictEqual(status.stdout, "")
      const { ok, checks } = JSON.parse(doctor.stdout)
      assert.isTrue(ok)
      assert.deepInclude(checks, { table: "", check: "variables", ok: true, detail: line, warning: true })
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })
})

describe("the hash key that doctor sees", () => {
  it("may be that of a secret, of which nothing is told but its name", async () => {
    const folder = await mkdtemp(join(tmpdir(), "sluice-doctor-"))
    const secrets = await startSecrets()
    try {
      const environment = secretsEnvironment(secrets)
      secrets.secrets.set("sluice/hash-key", { text: "the first of all keys" })
      const order = '{"orderId":"a","lastChange":"2026-11-20T07:00:00Z","clientProfileData":{"email":"p@e.example"}}\n'
      const secret = ["--hash-key-secret", "sluice/hash-key"]
      const ingest = ["ingest", "--input", "-", "--lake", folder, "--arrived-at", "2026-11-20T08:00:00Z"]
      const made = await sluice([...ingest, ...secret], environment, order)
      assert.deepInclude(made, { code: 0 })
      assert.lengthOf(secrets.asked, 1)
      const doctor = async (more: ReadonlyArray<string>, environment: Readonly<Record<string, string>>) => {
        const { stdout, stderr } = await sluice(["doctor", "--lake", folder, "--json", ...more], environment)
        assert.notInclude(stdout + stderr + made.stdout + made.stderr, "the first of all keys")
        const { checks, settings } = JSON.parse(stdout)
        const named =
          (name: string) =>
          ({ check }: { readonly check: string }) =>
            check === name
        return { key: checks.find(named("hash key")), settings }
      }
      const [bySecret, byKey, missing] = await Promise.all([
        doctor(secret, environment),
        doctor([], { SLUICE_HASH_KEY: "the first of all keys" }),
        doctor(["--hash-key-secret", "none"], environment)
      ])
      for (const { key } of [bySecret, byKey])
        assert.deepInclude(key, { ok: true, detail: "set: sensitive values are hashed, as the lake was filled" })
      assert.deepInclude(bySecret.settings, {
        setting: "hash-key-secret",
        value: "sluice/hash-key",
        origin: "flag",
        variable: "SLUICE_HASH_KEY_SECRET"
      })
      assert.isFalse(missing.key.ok)
      assert.include(missing.key.detail, "the hash key cannot be fetched from the secret none")
      const both = await sluice([...ingest, ...secret], { ...environment, SLUICE_HASH_KEY: "the first of all keys" }, order)
      assert.deepInclude(both, { code: 78, stdout: "" })
      assert.include(both.stderr, "are both given")
    } finally {
      await secrets.stop()
      await rm(folder, { recursive: true, force: true })
    }
  })

  it("is compared with the one that the lake was filled with", async () => {
    const folder = await mkdtemp(join(tmpdir(), "sluice-doctor-"))
    try {
      const order = '{"orderId":"a","lastChange":"2026-11-20T07:00:00Z","clientProfileData":{"email":"p@e.example"}}\n'
      const first = { SLUICE_HASH_KEY: "the first of all keys" }
      await sluice(["ingest", "--input", "-", "--lake", folder, "--arrived-at", "2026-11-20T08:00:00Z"], first, order)
      const hashKey = async (environment: Readonly<Record<string, string>>) => {
        const { stdout } = await sluice(["doctor", "--lake", folder, "--json"], environment)
        return JSON.parse(stdout).checks.find(({ check }: { readonly check: string }) => check === "hash key")
      }
      const [same, other, none] = await Promise.all([hashKey(first), hashKey({ SLUICE_HASH_KEY: "the second of all keys" }), hashKey({})])
      assert.deepInclude(same, { ok: true, detail: "set: sensitive values are hashed, as the lake was filled" })
      assert.isFalse(other.ok)
      assert.include(other.detail, "stage/checkout: its sensitive values were hashed with another key")
      assert.isFalse(none.ok)
      assert.include(none.detail, "neither SLUICE_HASH_KEY nor SLUICE_HASH_KEY_SECRET is set")
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })
})
