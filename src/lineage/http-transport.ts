import { gzipSync } from "node:zlib"
import { Effect, Redacted, Schedule } from "effect"
import { LineageError, type Transport } from "./transport.ts"

export interface HttpSettings {
  /** Of the server (Marquez: `http://host:5000`); a path in it is kept. */
  readonly url: string
  /** Path of the endpoint below `url`. */
  readonly endpoint?: string
  /** Sent as `Authorization: Bearer …`. */
  readonly token?: Redacted.Redacted<string>
  /** Compresses bodies. An event with the lineage of some hundred columns shrinks to a tenth; not every server accepts it. */
  readonly gzip?: boolean
  /** Milliseconds per attempt. Small values lose events to a busy server, large ones let the queue fill behind one that hangs. */
  readonly timeout?: number
  /** Attempts after the first. */
  readonly retries?: number
  /** Milliseconds before the first of them; doubles each time. */
  readonly backoff?: number
}

/** Answers that another attempt may change, as OpenLineage's own clients see it. */
const transient = new Set([500, 502, 503, 504])

const isRetryable = (error: LineageError): boolean => error.reason === "Unreachable" || error.reason === "Unavailable"

/**
 * Posts each event to an OpenLineage endpoint. Any 2xx is success (Marquez answers 201, the specification says 200). Connection errors and
 * 500, 502, 503, 504 are tried again; an attempt that times out is not, because a server that hangs would hold the queue up longer still.
 * Fails with `Invalid` when the URL is none.
 */
export const httpTransport = (settings: HttpSettings): Effect.Effect<Transport, LineageError> =>
  Effect.gen(function* () {
    const { endpoint = lineageEndpoint, gzip = false, timeout = 5000, retries = 5, backoff = 300 } = settings
    const target = yield* endpointUrl(settings.url, endpoint)
    const name = nameOf(target)
    const failure = (reason: LineageError["reason"], hint: string): LineageError => new LineageError({ transport: name, reason, hint })

    const headers: Record<string, string> = { "content-type": "application/json", ...authorization(settings) }
    if (gzip) headers["content-encoding"] = "gzip"

    const attempt = (body: string | Uint8Array<ArrayBuffer>): Effect.Effect<void, LineageError> =>
      answerTo(target, { method: "POST", headers, body }, timeout).pipe(
        Effect.flatMap((status) => {
          if (status >= 200 && status < 300) return Effect.void
          return Effect.fail(
            transient.has(status)
              ? failure("Unavailable", `The server answered ${status}.`)
              : failure("Rejected", `The server answered ${status}. Check the URL, the token and what the server accepts.`)
          )
        })
      )

    const schedule = Schedule.jittered(Schedule.exponential(backoff))
    return {
      name,
      send: (event) =>
        Effect.suspend(() => attempt(gzip ? new Uint8Array(gzipSync(event, { level: 3 })) : event)).pipe(
          Effect.retry({ schedule, times: retries, while: isRetryable })
        )
    }
  })

/**
 * Asks an endpoint whether it is there, without an event: a server that is up answers such a question somehow. Gives the status of the answer.
 * Fails with `Rejected` where the token is not taken, and as sending does where nobody answers.
 */
export const reachEndpoint = (settings: HttpSettings): Effect.Effect<number, LineageError> =>
  Effect.gen(function* () {
    const { endpoint = lineageEndpoint, timeout = 5000 } = settings
    const target = yield* endpointUrl(settings.url, endpoint)
    const status = yield* answerTo(target, { method: "GET", headers: authorization(settings) }, timeout)
    const failure = (reason: LineageError["reason"], hint: string) =>
      Effect.fail(new LineageError({ transport: nameOf(target), reason, hint }))
    if (status === 401 || status === 403) return yield* failure("Rejected", `The server answered ${status}. Check the token.`)
    return status >= 500 ? yield* failure("Unavailable", `The server answered ${status}.`) : status
  })

const lineageEndpoint = "api/v1/lineage"

/** For logs and counters. */
const nameOf = ({ origin, pathname }: URL): string => `${origin}${pathname}`

const authorization = ({ token }: HttpSettings): Record<string, string> =>
  token === undefined ? {} : { authorization: `Bearer ${Redacted.value(token)}` }

/** The status that a server answers with. */
const answerTo = (target: URL, request: RequestInit, timeout: number): Effect.Effect<number, LineageError> =>
  Effect.tryPromise({
    try: async (signal) => {
      // A redirect would turn a POST into a GET: it is an answer to report, not to follow.
      const response = await fetch(target, { ...request, signal, redirect: "manual" })
      // What the server says is not read: it may quote the event. Cancelling frees the connection.
      await response.body?.cancel()
      return response.status
    },
    catch: (cause) =>
      new LineageError({ transport: nameOf(target), reason: "Unreachable", hint: "Check the URL and that the server is up.", cause })
  }).pipe(
    Effect.timeoutOrElse({
      duration: timeout,
      orElse: () =>
        Effect.fail(
          new LineageError({
            transport: nameOf(target),
            reason: "TimedOut",
            hint: `No answer within ${timeout} ms. Check the server's load.`
          })
        )
    })
  )

/** The endpoint below the server's URL, without credentials, which belong into the token. */
const endpointUrl = (url: string, endpoint: string): Effect.Effect<URL, LineageError> =>
  Effect.suspend(() => {
    const base = URL.parse(url)
    const invalid = (hint: string) => Effect.fail(new LineageError({ transport: "http", reason: "Invalid", hint }))
    if (base === null || (base.protocol !== "http:" && base.protocol !== "https:"))
      return invalid("The URL must begin with http:// or https://.")
    if (base.username !== "" || base.password !== "") return invalid("The URL must not hold a user name or password; set the token.")
    base.pathname = `${base.pathname.replace(/\/+$/, "")}/${endpoint.replace(/^\/+/, "")}`
    return Effect.succeed(base)
  })
