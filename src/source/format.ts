import { markAt } from "../record/byte-order-mark.ts"
import type { ByteReader } from "./byte-reader.ts"

const newline = 10

/** Blank as JSON has it: space, tab, line feed, carriage return. */
const isBlank = (byte: number | undefined): boolean => byte === 32 || byte === 9 || byte === newline || byte === 13

/**
 * Tells newline-delimited JSON from one document by looking: lines, when the first line that is not blank is a complete JSON value and more
 * that is not blank follows, or when any other line is a record of its own (see `isRecord`): one broken line in front must not make one
 * broken document of all the records behind it. Else one document. Looks no further than `maxRecordBytes`, which bounds memory: a first line
 * beyond it counts as a line, so that the others are not lost.
 *
 * @returns the format, and all bytes read so far: they precede what `reader` gives next
 */
export const detectFormat = async (
  reader: ByteReader,
  expectedBytes: number,
  maxRecordBytes: number
): Promise<{ readonly format: "line" | "document"; readonly head: Uint8Array }> => {
  let buffer = Buffer.allocUnsafeSlow(Math.max(1, Math.min(expectedBytes, 64 * 1024)))
  let used = 0
  const judge = new Judge()
  for (;;) {
    if (used === buffer.length) {
      const larger = Buffer.allocUnsafeSlow(used * 2)
      larger.set(buffer)
      buffer = larger
    }
    const read = reader.ended() ? 0 : await reader.read(buffer.subarray(used))
    used += read
    const head = buffer.subarray(0, used)
    const verdict = judge.look(head, read === 0)
    if (verdict !== undefined) return { format: verdict, head }
    if (read === 0) return { format: "document", head }
    if (used > maxRecordBytes) return { format: judge.firstIsBroken ? "document" : "line", head }
  }
}

/** Is shown more and more of one content, and looks at every line once. */
class Judge {
  /** Is the first line that is not blank no JSON value by itself? */
  firstIsBroken = false
  /** Where the line to look at next begins, once the first is found broken. */
  #next = 0

  /** @returns undefined when more must be seen to tell lines */
  look(head: Buffer, ended: boolean): "line" | undefined {
    if (!this.firstIsBroken) {
      const first = nextOther(head, 0)
      const end = head.indexOf(newline, first)
      if (end < 0) return undefined
      if (isJson(head.toString("utf8", first, end))) return nextOther(head, end) < head.length ? "line" : undefined
      this.firstIsBroken = true
      this.#next = end + 1
    }
    while (this.#next < head.length) {
      const found = head.indexOf(newline, this.#next)
      if (found < 0 && !ended) return undefined
      const end = found < 0 ? head.length : found
      const isLine = isRecord(head, this.#next, end, ended)
      if (isLine === undefined) return undefined
      if (isLine) return "line"
      this.#next = end + 1
    }
    return undefined
  }
}

/**
 * Is this line a record? It is a whole JSON object from its first byte on, and no member of a document around it: there `[`, `,` or `:` would
 * precede it, and `,`, `]` or `}` follow. (A document that ends behind a member is not whole: as lines, less of it is lost.) Undefined: what
 * follows must be seen.
 */
const isRecord = (head: Buffer, start: number, end: number, ended: boolean): boolean | undefined => {
  if (head[start] !== 123 || head[lastOther(head, end)] !== 125) return false
  if ("[,:".includes(String.fromCharCode(head[lastOther(head, start)] ?? 0))) {
    const after = nextOther(head, end)
    if (after === head.length && !ended) return undefined
    if (",]}".includes(String.fromCharCode(head[after] ?? 0))) return false
  }
  return isJson(head.toString("utf8", start, end))
}

/** Index of the next byte that is neither blank nor part of a byte order mark in front. */
const nextOther = (bytes: Buffer, from: number): number => {
  let at = from === 0 ? markAt(bytes) : from
  while (at < bytes.length && isBlank(bytes[at])) at++
  return at
}

/** Index of the last byte before `end` that is not blank; -1 when there is none. */
const lastOther = (bytes: Buffer, end: number): number => {
  let at = end - 1
  while (at >= 0 && isBlank(bytes[at])) at--
  return at
}

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
