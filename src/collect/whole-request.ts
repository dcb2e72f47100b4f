/** A request that came in one piece, and in the plain form that browsers and programs send. */
export interface WholeRequest {
  readonly method: "GET" | "POST"
  readonly target: string
  /** By name in lower case. */
  readonly headers: ReadonlyMap<string, string>
  readonly body: Buffer
  /** Bytes of all of it. */
  readonly length: number
}

const startLine = /(GET|POST) (\/(?:collect|batch)(?:\?[!-~]*)?) HTTP\/1\.1\r\n/y
const headerLine = /([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[\t ]*([\t -~\x80-\xff]*)\r\n/y
const blankLine = "\r\n\r\n"
/** A larger head is for who counts such things. */
const mostHead = 8_192

/** What says how a message goes on, or what its connection becomes. */
const special: ReadonlySet<string> = new Set([
  "transfer-encoding",
  "content-encoding",
  "expect",
  "upgrade",
  "trailer",
  "te",
  "http2-settings",
  "proxy-connection"
])

/** Without spaces and tabs at its end, and nothing else: what JavaScript trims may be a byte of a character. */
const withoutBlanks = (value: string): string => {
  let end = value.length
  for (let last = value.charCodeAt(end - 1); last === 32 || last === 9; last = value.charCodeAt(end - 1)) end--
  return end === value.length ? value : value.slice(0, end)
}

/**
 * The request for hits that bytes begin with; null: they do not, or not yet, or it is anything but plain. It reads what is beyond doubt and nothing else, so that it never reads what another
 * reader would read in another way: each header once, a length of digits, no coding, no line but as it is written.
 */
export const wholeRequest = (bytes: Buffer): WholeRequest | null => {
  const begin = bytes.toString("latin1", 0, mostHead)
  const headEnd = begin.indexOf(blankLine)
  if (headEnd < 0) return null
  // With the end of the last line.
  const head = begin.slice(0, headEnd + 2)
  startLine.lastIndex = 0
  const [line = "", method, target = ""] = startLine.exec(head) ?? []
  if (method !== "GET" && method !== "POST") return null
  const headers = new Map<string, string>()
  for (let at = line.length; at < head.length; at = headerLine.lastIndex) {
    headerLine.lastIndex = at
    const found = headerLine.exec(head)
    if (found === null) return null
    const [, written = "", value = ""] = found
    const name = written.toLowerCase()
    if (headers.has(name) || special.has(name)) return null
    headers.set(name, withoutBlanks(value))
  }
  const connection = headers.get("connection")
  if (!headers.get("host") || (connection !== undefined && connection.toLowerCase() !== "keep-alive")) return null
  const bodyAt = headEnd + blankLine.length
  const said = headers.get("content-length")
  if (said === undefined) return method === "GET" ? { method, target, headers, body: bytes.subarray(0, 0), length: bodyAt } : null
  const length = bodyAt + Number(said)
  if (method === "GET" || !/^\d{1,7}$/.test(said) || length > bytes.length) return null
  return { method, target, headers, body: bytes.subarray(bodyAt, length), length }
}
