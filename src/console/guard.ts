import { createHash, randomBytes, timingSafeEqual } from "node:crypto"

/** What of a request says who asks. */
export interface Asking {
  readonly method: string
  readonly path: string
  readonly header: (name: string) => string | undefined
}

export interface Refusal {
  readonly status: 400 | 401 | 403 | 415 | 421
  readonly problem: string
  readonly hint: string
}

export interface GuardSettings {
  /** Values of `Host` that are ours, in lower case: with another one somebody else's name leads here (DNS rebinding). */
  readonly hosts: ReadonlySet<string>
  /** Null: whoever reaches the port may ask. */
  readonly token: string | null
}

const cookieName = "sluice_console"

/** Bits of a token at the least, as characters of any alphabet that is worth the name. */
const leastCharacters = 22

/** Is a text good for a token: as long as 128 bits are in base64, and not one letter over and over? */
export const isStrongToken = (token: string): boolean => token.length >= leastCharacters && new Set(token).size >= 8

const digest = (text: string): Buffer => createHash("sha256").update(text).digest()

/** Takes as long, whatever is the same of both. */
const isSame = (a: string, b: string): boolean => timingSafeEqual(digest(a), digest(b))

/** Lets requests in, or says why not. Holds the one-time links and the sessions of browsers, which end with the process. */
export class Guard {
  readonly #settings: GuardSettings
  readonly #links = new Set<string>()
  readonly #sessions = new Set<string>()

  constructor(settings: GuardSettings) {
    this.#settings = settings
  }

  get needsToken(): boolean {
    return this.#settings.token !== null
  }

  /** A path that lets one browser in, once. */
  link(): string {
    const code = randomBytes(24).toString("base64url")
    this.#links.add(code)
    return `/login/${code}`
  }

  /** The cookie that a link is good for; null: it is none, or was used. */
  useLink(path: string): string | null {
    const code = /^\/login\/([\w-]{32})$/.exec(path)?.[1]
    if (code === undefined) return null
    const found = [...this.#links].find((link) => isSame(link, code))
    if (found === undefined) return null
    this.#links.delete(found)
    const session = randomBytes(32).toString("base64url")
    this.#sessions.add(session)
    return `${cookieName}=${session}; Path=/; HttpOnly; SameSite=Strict`
  }

  /** Null: it may come in. */
  refusal(asking: Asking): Refusal | null {
    return this.#wrongPlace(asking) ?? this.#unknown(asking)
  }

  /** Was it somebody else's name that led here? */
  wrongHost({ header }: Pick<Asking, "header">): Refusal | null {
    if (this.#settings.hosts.has(header("host")?.toLowerCase() ?? "")) return null
    const hint = "Open the address that the console told, or name this one with --hosts."
    return { status: 421, problem: "this is not the host that was asked for", hint }
  }

  /** Where a request comes from, whoever sent it. */
  #wrongPlace(asking: Asking): Refusal | null {
    const { header, method } = asking
    const wrong = this.wrongHost(asking)
    if (wrong !== null) return wrong
    const host = header("host")?.toLowerCase() ?? ""
    const origin = header("origin")?.toLowerCase()
    const isOurs = origin === undefined || origin === `http://${host}` || origin === `https://${host}`
    const site = header("sec-fetch-site")
    // A link on another page may lead here: what it opens, that page cannot read.
    const isLink = method === "GET" && header("sec-fetch-mode") === "navigate" && origin === undefined
    if (!isOurs || (site !== undefined && site !== "same-origin" && site !== "none" && !isLink))
      return { status: 403, problem: "another site's page asks", hint: "Only the console's own pages may." }
    if (method !== "POST") return null
    const type = header("content-type")?.split(";", 1)[0]?.trim().toLowerCase()
    return type === "application/json"
      ? null
      : { status: 415, problem: "the body is not said to be JSON", hint: "Send content-type: application/json." }
  }

  #unknown({ header }: Asking): Refusal | null {
    const { token } = this.#settings
    if (token === null) return null
    const [, bearer] = /^Bearer\s+(\S+)$/i.exec(header("authorization") ?? "") ?? []
    if (bearer !== undefined && isSame(bearer, token)) return null
    const [, cookie] = new RegExp(`(?:^|;\\s*)${cookieName}=([\\w-]+)`).exec(header("cookie") ?? "") ?? []
    if (cookie !== undefined && [...this.#sessions].some((session) => isSame(session, cookie))) return null
    return {
      status: 401,
      problem: "this console asks for a token",
      hint: "Open the one-time link that it told when it started, or send authorization: Bearer TOKEN."
    }
  }
}

/** Of every answer. Styles may be in the page: the charts' library writes them there. */
export const securityHeaders: Readonly<Record<string, string>> = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "permissions-policy": "camera=(), geolocation=(), microphone=()"
}
