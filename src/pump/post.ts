import { Agent as HttpAgent, request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from "node:http"
import { Agent as HttpsAgent, request as httpsRequest } from "node:https"

/** What a server answers to a request. */
export interface Answer {
  readonly status: number
  /** Milliseconds after which it may be asked again, as it says; null: it does not say. */
  readonly retryAfter: number | null
  /** The beginning of what it says. */
  readonly body: string
}

export type Headers = Readonly<Record<string, string>>

/** Posts to one URL, over connections that are kept. */
export interface Poster {
  /** @returns the answer, or why there is none */
  readonly post: (headers: Headers, body: string, signal: AbortSignal) => Promise<Answer | string>
  readonly close: () => void
}

/** Characters of an answer that are looked at: that of a batch tells of each of its hits. */
const mostRead = 256 * 1024

/**
 * @param connections at most
 * @param timeout milliseconds after which a request without an answer is given up
 */
export const posterTo = (url: URL, connections: number, timeout: number): Poster => {
  const options = { keepAlive: true, maxSockets: connections, maxFreeSockets: connections }
  const isSafe = url.protocol === "https:"
  const agent = isSafe ? new HttpsAgent(options) : new HttpAgent(options)
  const request = isSafe ? httpsRequest : httpRequest
  return {
    post: (headers, body, signal) =>
      new Promise((resolve) => {
        const bytes = Buffer.from(body)
        const asked = request(
          url,
          { method: "POST", agent, timeout, signal, headers: { ...headers, "content-length": bytes.length } },
          (response) => read(response).then(resolve, (error: unknown) => resolve(reasonOf(error)))
        )
        asked.on("timeout", () => asked.destroy(new Error(`no answer within ${timeout / 1000} s`)))
        asked.on("error", (error) => resolve(reasonOf(error)))
        asked.end(bytes)
      }),
    close: () => agent.destroy()
  }
}

/** In few words, the same for what is the same. */
const reasonOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error)
  return "code" in error && typeof error.code === "string" ? error.code : error.message
}

const read = async (response: IncomingMessage): Promise<Answer> => {
  const chunks: Array<Buffer> = []
  let size = 0
  for await (const chunk of response) {
    if (size < mostRead && chunk instanceof Buffer) chunks.push(chunk)
    size += chunk.length
  }
  return {
    status: response.statusCode ?? 0,
    retryAfter: retryAfterOf(response.headers),
    body: Buffer.concat(chunks).toString("utf8")
  }
}

/** `Retry-After` is seconds, or a date by the server's own clock. */
const retryAfterOf = ({ "retry-after": after, date }: IncomingHttpHeaders): number | null => {
  if (after === undefined) return null
  if (/^\d{1,9}$/.test(after.trim())) return Number(after) * 1000
  const millis = Date.parse(after) - Date.parse(date ?? "")
  return Number.isNaN(millis) ? null : Math.max(0, millis)
}
