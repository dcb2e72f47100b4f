import { Effect, Redacted } from "effect"
import type { CollectOptions } from "../collect/options.ts"
import type { collectNames } from "./collect-settings.ts"
import { BadConfig } from "./failures.ts"
import type { Values } from "./settings.ts"

/** How hits are taken, as the settings say. */
export const collectOptionsOf = (
  values: Values<(typeof collectNames)[number]>,
  { trustedProxies, hitsPerSecond }: Pick<CollectOptions, "trustedProxies" | "hitsPerSecond">
): Effect.Effect<CollectOptions, BadConfig> =>
  Effect.gen(function* () {
    const apiKeys =
      values.apiKeys === null
        ? []
        : Redacted.value(values.apiKeys)
            .split(",")
            .map((key) => key.trim())
    if (apiKeys.some((key) => key.length < leastKey))
      return yield* new BadConfig({
        problem: `SLUICE_API_KEYS has a key of fewer than ${leastKey} characters`,
        hint: "Make keys with: openssl rand -hex 32"
      })
    if (values.requireApiKey === "yes" && apiKeys.length === 0)
      return yield* new BadConfig({ problem: "--require-api-key is yes, and there are no keys", hint: "Set SLUICE_API_KEYS." })
    const { origins, privacy, clientIp, maxBatchHits, maxBodyBytes, maxHitBytes } = values
    const requireApiKey = values.requireApiKey === "yes"
    return { origins, privacy, clientIp, maxBatchHits, maxBodyBytes, maxHitBytes, apiKeys, requireApiKey, trustedProxies, hitsPerSecond }
  })

/** A key that is a word would be guessed. */
const leastKey = 16
