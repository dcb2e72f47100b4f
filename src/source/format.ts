import type { ByteReader } from "./byte-reader.ts"

const newline = 10

/** Blank as JSON has it: space, tab, line feed, carriage return. */
const isBlank = (byte: number | undefined): boolean => byte === 32 || byte === 9 || byte === newline || byte === 13

/**
 * Tells newline-delimited JSON from one document by looking: lines, when the first line that is not blank is a complete JSON value and more
 * that is not blank follows; else one document. A first line beyond `maxRecordBytes` counts as a line, so that the others are not lost.
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
  for (;;) {
    if (used === buffer.length) {
      const larger = Buffer.allocUnsafeSlow(used * 2)
      larger.set(buffer)
      buffer = larger
    }
    const read = reader.ended() ? 0 : await reader.read(buffer.subarray(used))
    used += read
    const head = buffer.subarray(0, used)
    const verdict = judge(head)
    if (verdict !== undefined) return { format: verdict, head }
    if (read === 0) return { format: "document", head }
    if (used > maxRecordBytes) return { format: "line", head }
  }
}

/** Undefined: more must be seen. */
const judge = (head: Buffer): "line" | "document" | undefined => {
  const first = nextOther(head, 0)
  const end = head.indexOf(newline, first)
  if (end < 0) return undefined
  if (!isJson(head.toString("utf8", first, end))) return "document"
  return nextOther(head, end) < head.length ? "line" : undefined
}

/** Index of the next byte that is neither blank nor part of a byte order mark in front. */
const nextOther = (bytes: Buffer, from: number): number => {
  let at = from === 0 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : from
  while (at < bytes.length && isBlank(bytes[at])) at++
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
