import { Effect } from "effect"
import { membersOf } from "../record/members.ts"
import { type Answer, problemAnswer } from "./answers.ts"
import { type Encoding, unpack } from "./body.ts"
import { type Collector, type CollectRequest, hitPaths, type Refused, type Taken } from "./collector.ts"
import type { HitRecord } from "./envelope.ts"

/** A request as an HTTP API of API Gateway hands it to a function, in the payload format 2.0. */
export interface GatewayRequest extends CollectRequest {
  readonly body: Buffer
}

/** What such a function answers. */
export interface GatewayAnswer {
  readonly statusCode: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly isBase64Encoded: boolean
}

/** A request of an HTTP API; null: an event is none. */
export const gatewayRequest = (event: unknown): GatewayRequest | null => {
  const { version, rawPath, rawQueryString, headers, requestContext, body, isBase64Encoded } = membersOf(event)
  const { http, stage } = membersOf(requestContext)
  const { method, sourceIp } = membersOf(http)
  if (version !== "2.0" || typeof rawPath !== "string" || typeof method !== "string") return null
  const all = membersOf(headers)
  // The path has the stage before it, but for the default one.
  const prefix = typeof stage === "string" && stage !== "$default" ? `/${stage}` : ""
  return {
    method,
    path: prefix !== "" && rawPath.startsWith(`${prefix}/`) ? rawPath.slice(prefix.length) : rawPath,
    query: textOf(rawQueryString),
    header: (name) => {
      const value = Object.hasOwn(all, name) ? all[name] : undefined
      return typeof value === "string" ? value : undefined
    },
    remote: textOf(sourceIp),
    body: Buffer.from(textOf(body), isBase64Encoded === true ? "base64" : "utf8")
  }
}

const textOf = (value: unknown): string => (typeof value === "string" ? value : "")

export const gatewayAnswer = ({ body, headers, isBinary = false, status }: Answer): GatewayAnswer => ({
  statusCode: status,
  headers,
  body: isBinary ? Buffer.from(body, "latin1").toString("base64") : body,
  isBase64Encoded: isBinary
})

/** Answers a request when its hits are put. @param put tells of each whether it is in the stream */
export const answerGateway = (
  collector: Collector,
  request: GatewayRequest,
  put: (hits: ReadonlyArray<HitRecord>) => Effect.Effect<ReadonlyArray<boolean>>
): Effect.Effect<GatewayAnswer> =>
  Effect.gen(function* () {
    if (!hitPaths.some((path) => path === request.path))
      return gatewayAnswer(problemAnswer(404, "there is nothing here", `Hits go to ${hitPaths.join(" and ")}.`))
    const taken = yield* takenOf(collector, request)
    const answer = taken.kind === "answer" ? taken.answer : taken.answer(yield* put(taken.records))
    return gatewayAnswer({ ...answer, headers: { ...answer.headers, ...collector.corsFor(request) } })
  })

const takenOf = (collector: Collector, request: GatewayRequest): Effect.Effect<Taken | Refused> => {
  const begun = collector.begin(request)
  if (begun.kind !== "reading") return Effect.succeed(begun)
  const { maxBodyBytes } = collector.options
  collector.counts.bytes += request.body.length
  if (request.body.length > maxBodyBytes) return Effect.succeed(begun.refuse("too-large"))
  if (begun.encoding === "identity") return Effect.succeed(begun.read(request.body))
  return Effect.map(unpacked(begun.encoding, request.body, maxBodyBytes), (result) =>
    typeof result === "string" ? begun.refuse(result) : begun.read(result)
  )
}

const unpacked = (encoding: Exclude<Encoding, "identity">, body: Buffer, most: number) =>
  Effect.callback<Buffer | "unreadable" | "too-large">((resume) => unpack(encoding, body, most, (result) => resume(Effect.succeed(result))))
