import { Effect, Redacted } from "effect"
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest"
import { withHashKey } from "../../src/app/hash-key-secret.ts"
import { readSettings } from "../../src/app/settings.ts"
import { type SecretsServer, secretsEnvironment, startSecrets } from "./secrets-server.ts"

const key = "a key of more than sixteen bytes"
const arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:sluice/hash-key-AbCdEf"

let server: SecretsServer
beforeAll(async () => {
  server = await startSecrets()
})
afterAll(() => server.stop())
beforeEach(() => {
  server.secrets.clear()
  server.asked.length = 0
  for (const [name, value] of Object.entries(secretsEnvironment(server))) vi.stubEnv(name, value)
})
afterEach(() => void vi.unstubAllEnvs())

const read = (secret: string) => {
  vi.stubEnv("SLUICE_HASH_KEY_SECRET", secret)
  return Effect.runPromise(Effect.flatMap(readSettings(["hashKey", "hashKeySecret", "region"]), withHashKey))
}

describe("the hash key of a secret", () => {
  it("is its text, whether it is named by ARN, which says the region, or by name", async () => {
    server.secrets.set(arn, { text: key }).set("sluice/hash-key", { text: `${key}\n` })
    const { hashKey, hashKeySecret } = await read(arn)
    expect([hashKey === null ? null : Redacted.value(hashKey), hashKeySecret]).toEqual([key, arn])
    const named = await read("sluice/hash-key")
    // To the byte, as ECS would give it in the environment.
    expect(named.hashKey === null ? null : Redacted.value(named.hashKey)).toBe(`${key}\n`)
    expect(server.asked).toEqual([
      { secret: arn, region: "eu-west-1" },
      { secret: "sluice/hash-key", region: "us-east-1" }
    ])
    expect(`${JSON.stringify(named)} ${String(named.hashKey)}`).not.toContain("sixteen")
  })

  it("is not asked for where no secret is named", async () => {
    vi.stubEnv("SLUICE_HASH_KEY", key)
    const { hashKey } = await read("")
    expect(hashKey === null ? null : Redacted.value(hashKey)).toBe(key)
    expect(server.asked).toEqual([])
  })

  it("is not taken beside another one", async () => {
    server.secrets.set(arn, { text: key })
    vi.stubEnv("SLUICE_HASH_KEY", key)
    await expect(read(arn)).rejects.toMatchObject({
      _tag: "BadConfig",
      message: expect.stringMatching(/SLUICE_HASH_KEY and .*SLUICE_HASH_KEY_SECRET.* are both given.*Leave one of them out/)
    })
    expect(server.asked).toEqual([])
  })

  it.each([
    ["is missing", null, /can't find the specified secret\. Set SLUICE_HASH_KEY_SECRET to the ARN/],
    ["holds bytes", { bytes: new Uint8Array(32) }, /holds bytes and no text\. Store the key in it as plain text.*16 bytes or more/],
    ["is empty", { text: "" }, /is empty\. Store the key/],
    ["is too short", { text: "swordfish" }, /holds too short a text\. Store the key/],
    ["holds names with values", { text: `{"key":"${key}"}` }, /holds JSON, of which all would be the key\. Store the key/],
    [
      "is denied",
      {
        status: 400,
        error: "AccessDeniedException",
        says: `User: arn:aws:sts::123456789012:assumed-role/f is not authorized to perform: secretsmanager:GetSecretValue on resource: ${arn} because no identity-based policy allows it`
      },
      /not authorized.*Allow secretsmanager:GetSecretValue on arn:aws:secretsmanager:\S+ to the role of this process/
    ],
    [
      "is encrypted with a key that is denied",
      { status: 400, error: "DecryptionFailure", says: "Secrets Manager can't decrypt the protected secret text" },
      /can't decrypt.*kms:Decrypt on its key/
    ],
    [
      "is marked for deletion",
      {
        status: 400,
        error: "InvalidRequestException",
        says: "You can't perform this operation on the secret because it was marked for deletion."
      },
      /marked for deletion\. Set SLUICE_HASH_KEY_SECRET/
    ]
  ] as const)("that %s is told by where it is and what to do, and nothing of it", async (_, secret, told) => {
    if (secret !== null) server.secrets.set(arn, secret)
    const error: unknown = await read(arn).catch((error: unknown) => error)
    expect(error).toMatchObject({ _tag: "BadConfig", message: expect.stringMatching(told) })
    expect(String(error)).toContain(arn)
    expect(String(error)).not.toMatch(/swordfish|sixteen/)
  })
})
