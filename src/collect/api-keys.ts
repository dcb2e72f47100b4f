import { createHmac, randomBytes, timingSafeEqual } from "node:crypto"

/** Tells a key that is known. How long it takes says nothing of the keys: digests under a key of this process are compared, with all of them. */
export const apiKeys = (keys: ReadonlyArray<string>): ((given: string) => boolean) => {
  const secret = randomBytes(32)
  const digest = (key: string): Buffer => createHmac("sha256", secret).update(key).digest()
  const digests = keys.map(digest)
  return (given) => {
    const wanted = digest(given)
    let isKnown = false
    for (const each of digests) if (timingSafeEqual(each, wanted)) isKnown = true
    return isKnown
  }
}

/** The key that a request gives: `X-Api-Key`, or `Authorization: Bearer …`. */
export const givenKey = (apiKey: string | undefined, authorization: string | undefined): string | undefined =>
  apiKey ?? /^Bearer +(\S+)$/i.exec(authorization ?? "")?.[1]
