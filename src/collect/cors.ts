import { type Answer, hitMethods } from "./answers.ts"

/** What pages may send beside what every page may. */
const allowedHeaders = "content-type, content-encoding, idempotency-key, x-api-key, authorization"
/** Seconds for which browsers remember: Chrome takes no more. */
const maxAge = "7200"

/** What an answer says to a page of another origin. */
export type Cors = (origin: string | undefined) => Readonly<Record<string, string>>

const anyone = { "access-control-allow-origin": "*", "access-control-expose-headers": "retry-after" }

/**
 * Of listed origins the one that asks is named, and may send credentials: `sendBeacon` always does. With `*` there are none, since nobody may allow everybody both.
 */
export const corsOf = (origins: ReadonlyArray<string>): Cors => {
  if (origins.includes("*")) return () => anyone
  const listed = new Map(
    origins.map((origin) => [
      origin.toLowerCase().replace(/\/$/, ""),
      {
        "access-control-allow-origin": origin.replace(/\/$/, ""),
        "access-control-allow-credentials": "true",
        "access-control-expose-headers": "retry-after",
        vary: "origin"
      }
    ])
  )
  const others = { vary: "origin" }
  return (origin) => (origin === undefined ? others : (listed.get(origin.toLowerCase()) ?? others))
}

/** The answer to OPTIONS, preflight or not. */
export const preflight = (isAllowed: boolean): Answer => ({
  status: 204,
  headers: {
    allow: hitMethods,
    ...(isAllowed
      ? {
          "access-control-allow-methods": hitMethods,
          "access-control-allow-headers": allowedHeaders,
          "access-control-max-age": maxAge
        }
      : {})
  },
  body: ""
})
