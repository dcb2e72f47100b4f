import { Effect, type Redacted } from "effect"
import { type CallFailed, openCaller } from "../record/aws-call.ts"
import type { AwsReason } from "../record/aws-errors.ts"
import { hintOfClient, hintOfDenied } from "../record/aws-hints.ts"
import { membersOf } from "../record/members.ts"
import { BadConfig, Unreachable } from "./failures.ts"
import { longSecret } from "./setting-types.ts"
import type { SettingName, Values } from "./settings.ts"

/** The hash key where the settings name a secret of AWS Secrets Manager that holds it. */

/**
 * The same values, with the hash key that the secret holds which they name. Nothing is asked, or loaded, where they name none. For who begins to work: the key is
 * fetched each time.
 */
export const withHashKey = <K extends SettingName>(values: Values<K>): Effect.Effect<Values<K>, BadConfig | Unreachable> => {
  const given: Partial<Values<"hashKey" | "hashKeySecret" | "region">> = values
  const { hashKey = null, hashKeySecret: secret = null, region = null } = given
  if (secret === null) return Effect.succeed(values)
  if (hashKey !== null)
    return Effect.fail(
      new BadConfig({
        problem: "SLUICE_HASH_KEY and the setting hash-key-secret (SLUICE_HASH_KEY_SECRET) are both given, and a lake has one hash key",
        hint: "Leave one of them out."
      })
    )
  return Effect.map(fetchKey(secret, region), (key) => ({ ...values, hashKey: key }))
}

const fetchKey = (secret: string, region: string | null): Effect.Effect<Redacted.Redacted<string>, BadConfig | Unreachable> =>
  Effect.gen(function* () {
    const sdk = yield* Effect.promise(() => import("./secrets-sdk.ts"))
    // An ARN says where the secret is; a name is looked for where the process is.
    const place = { region: /^arn:[^:]+:secretsmanager:([^:]+):/.exec(secret)?.[1] ?? region, endpoint: null }
    const secrets = yield* openCaller(place, async (config) => new sdk.SecretsManagerClient(config), own)
    return yield* secrets.call("GetSecretValue", (client, abort) => client.send(new sdk.GetSecretValueCommand({ SecretId: secret }), abort))
  }).pipe(
    Effect.scoped,
    Effect.mapError((error) => failureOf(secret, error)),
    Effect.flatMap(({ SecretString }) => keyIn(secret, SecretString))
  )

/** What Secrets Manager has beside the common errors of AWS, by name. */
const own: { readonly [name: string]: AwsReason } = {
  InternalServiceError: "Unavailable",
  DecryptionFailure: "Denied"
}

const hints: Readonly<Record<AwsReason, string>> = {
  Throttled: "Secrets Manager asks for fewer calls: start again, a little later.",
  Unavailable: "Check the region, and the route to Secrets Manager (VPC endpoint, proxy, firewall), and start again.",
  NotFound: "Set SLUICE_HASH_KEY_SECRET to the ARN of the secret, or to its name where it lies in the account and region of this process.",
  Denied:
    "Allow secretsmanager:GetSecretValue on the secret to the role of this process, and kms:Decrypt on its key where that is one of yours.",
  Invalid: "Set SLUICE_HASH_KEY_SECRET to the ARN or the name of a secret that is not marked for deletion."
}

const failureOf = (secret: string, { name, reason, detail }: CallFailed): BadConfig | Unreachable => {
  const problem = `the hash key cannot be fetched from the secret ${secret}: ${detail}`
  const said = name === "DecryptionFailure" ? null : (hintOfClient(detail) ?? (reason === "Denied" ? hintOfDenied(detail) : null))
  const hint = said ?? hints[reason]
  return reason === "Throttled" || reason === "Unavailable" ? new Unreachable({ problem, hint }) : new BadConfig({ problem, hint })
}

/** @param text null: it holds bytes */
const keyIn = (secret: string, text: string | undefined): Effect.Effect<Redacted.Redacted<string>, BadConfig> => {
  const key = text === undefined || isObject(text) ? null : longSecret.parse(text)
  if (key !== null) return Effect.succeed(key)
  // Nothing of what it holds may be told.
  const held =
    text === undefined
      ? "holds bytes and no text"
      : text === ""
        ? "is empty"
        : isObject(text)
          ? "holds JSON, of which all would be the key"
          : "holds too short a text"
  return Effect.fail(
    new BadConfig({
      problem: `the secret ${secret} ${held}`,
      hint: `Store the key in it as plain text, and nothing else: ${longSecret.accepts}.`
    })
  )
}

/** As the console of AWS makes a secret unless told otherwise: names with values. */
const isObject = (text: string): boolean => {
  if (!/^\s*\{/.test(text)) return false
  try {
    return Object.keys(membersOf(JSON.parse(text))).length > 0
  } catch {
    return false
  }
}
