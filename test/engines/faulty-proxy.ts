import { Agent, createServer, type IncomingHttpHeaders, type IncomingMessage, request, type ServerResponse } from "node:http"

/**
 * What happens to a request: it arrives or not, and what the client is told of it. `cut`: the connection ends without an answer; `hang`: there
 * is never one; a number: an answer with this status, and the code of S3 that goes with it.
 */
export interface Fault {
  readonly arrives: boolean
  readonly answer:
    | "cut"
    | "hang"
    | "half"
    | { readonly status: number; readonly code: string; readonly headers?: Readonly<Record<string, string>> }
}

/** A request, as a gate sees it. */
export interface Passing {
  readonly method: string
  /** With its query. */
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

/** Who is to be let through. Each gives what is answered instead, or null. */
export interface Gate {
  /** Asked before a request arrives. */
  readonly enter: (request: Passing) => DenialAnswer | null
  /** Asked where the server says that there is no such thing. */
  readonly absent?: (request: Passing) => DenialAnswer | null
}

export interface DenialAnswer {
  readonly status: number
  readonly type: string
  readonly body: string
}

interface Rule extends Fault {
  readonly when: (method: string, url: string) => boolean
  times: number
}

/** Of two requests, how many have come. */
interface Meeting {
  readonly when: Rule["when"]
  here: number
  /** Both are here. */
  readonly promise: Promise<void>
  readonly resolve: () => void
  /** The last one that was let go on has been answered. */
  turn: Promise<void>
}

/** An HTTP proxy in front of a server, which does what it is told to the next requests that fit. */
export interface FaultyProxy {
  readonly endpoint: string
  /** Every request, as "METHOD /path?query". */
  readonly seen: Array<string>
  readonly next: (when: Rule["when"], fault: Fault, times?: number) => void
  /** The next two requests that fit wait for each other; then they go on, one after the other. Tells how many have come. */
  readonly meet: (when: Rule["when"]) => () => number
  readonly stop: () => Promise<void>
}

/** @param gate denies requests; without it, all are let through */
export const startProxy = async (target: string, gate: Gate | null = null): Promise<FaultyProxy> => {
  const { hostname, port } = new URL(target)
  const agent = new Agent({ keepAlive: true })
  const rules: Array<Rule> = []
  const seen: Array<string> = []
  const meetings: Array<Meeting> = []

  /** Sends a request on. Gives the answer, whole. */
  const forward = (
    incoming: IncomingMessage,
    body: Buffer
  ): Promise<{ status: number; headers: IncomingMessage["headers"]; body: Buffer }> =>
    new Promise((done, fail) => {
      const { method, url: path, headers } = incoming
      const outgoing = request({ hostname, port, method, path, headers, agent }, (answer) => {
        const chunks: Array<Buffer> = []
        answer.on("data", (chunk: Buffer) => chunks.push(chunk))
        answer.on("end", () => done({ status: answer.statusCode ?? 500, headers: answer.headers, body: Buffer.concat(chunks) }))
        answer.on("error", fail)
      })
      outgoing.on("error", fail)
      outgoing.end(body)
    })

  /** Waits for those that a request is to meet, and then for its turn. Gives what ends the turn. */
  const enter = async (method: string, url: string): Promise<() => void> => {
    const meeting = meetings.find(({ when, here }) => here < 2 && when(method, url))
    if (meeting === undefined) return () => {}
    meeting.here += 1
    if (meeting.here === 2) meeting.resolve()
    await meeting.promise
    const before = meeting.turn
    const { promise, resolve } = Promise.withResolvers<void>()
    meeting.turn = promise
    await before
    return resolve
  }

  const handle = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const leave = await enter(incoming.method ?? "", incoming.url ?? "")
    try {
      await pass(incoming, response)
    } finally {
      leave()
    }
  }

  const pass = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method = "", url = "" } = incoming
    const chunks: Array<Buffer> = []
    for await (const chunk of incoming) chunks.push(chunk)
    seen.push(`${method} ${url}`)
    const body = Buffer.concat(chunks)
    const passing = { method, url, headers: incoming.headers, body }
    const denied = gate?.enter(passing) ?? null
    if (denied !== null) return deny(response, method, denied)
    const rule = rules.find((each) => each.times > 0 && each.when(method, url))
    if (rule !== undefined) rule.times--
    const real = rule === undefined || rule.arrives ? await forward(incoming, body) : null
    const hidden = real?.status === 404 ? (gate?.absent?.(passing) ?? null) : null
    if (hidden !== null) return deny(response, method, hidden)
    const answer = rule === undefined ? null : rule.answer
    if (answer === "cut") return void response.socket?.destroy()
    if (answer === "hang") return
    if (answer === "half" && real !== null) {
      response.writeHead(real.status, real.headers)
      response.write(real.body.subarray(0, real.body.byteLength >> 1), () => response.socket?.destroy())
      return
    }
    if (answer !== null && typeof answer === "object") {
      response.writeHead(answer.status, { "content-type": "application/xml", ...answer.headers })
      response.end(
        method === "HEAD" ? "" : `<?xml version="1.0"?><Error><Code>${answer.code}</Code><Message>A fault of the test.</Message></Error>`
      )
      return
    }
    if (real === null) throw new Error("a request that does not arrive needs an answer")
    response.writeHead(real.status, real.headers)
    response.end(real.body)
  }

  const server = createServer((incoming, response) => {
    handle(incoming, response).catch(() => response.socket?.destroy())
  })
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening))
  const address = server.address()
  if (address === null || typeof address === "string") throw new Error("no port")
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    seen,
    next: (when, fault, times = 1) => rules.push({ when, ...fault, times }),
    meet: (when) => {
      const meeting = { when, here: 0, ...Promise.withResolvers<void>(), turn: Promise.resolve() }
      meetings.push(meeting)
      return () => meeting.here
    },
    stop: () =>
      new Promise((stopped) => {
        agent.destroy()
        server.close(() => stopped())
        server.closeAllConnections()
      })
  }
}

const deny = (response: ServerResponse, method: string, { body, status, type }: DenialAnswer): void => {
  response.writeHead(status, { "content-type": type })
  response.end(method === "HEAD" ? "" : body)
}
