import { isUtf8 } from "node:buffer"
import { open, stat } from "node:fs/promises"
import { resolve } from "node:path"
import { Effect, Stream } from "effect"
import type { Fields } from "../../contract/field.ts"
import { text } from "../../contract/field.ts"
import { compactJson, isObject, Members, readJson } from "../../contract/json.ts"
import { fieldsOf } from "../../decode/formats.ts"
import { markAt } from "../../record/byte-order-mark.ts"
import type { SourceError } from "../../record/source-error.ts"
import { openContent } from "../../source/content.ts"
import { filesSource } from "../../source/files.ts"
import { framingOf, takesName } from "../../source/framing.ts"
import { ioError } from "../../source/io-error.ts"
import { isParquet } from "../../source/parquet-reader.ts"
import { UsageError } from "../failures.ts"
import { formatOfSample, parquetFormat, type SampleFormat } from "./sample-format.ts"

/** Records of a file, as a contract without a field sees them. */
export interface Sample extends SampleFormat {
  /** Is a file of this name read where it lies in a folder? */
  readonly isTaken: boolean
  /** Is it all that the file has? */
  readonly isWhole: boolean
  /** Records that are none: not of the format, or no objects. */
  readonly faults: number
}

/** So much of a file is read. */
const mostRecords = 20_000
const mostBytes = 32 * 1024 * 1024
const headBytes = 256 * 1024

const source = "files"
const maxDepth = 64
const nothing = { get: () => undefined, keys: () => [] }

const accessLogNames = [
  "datetime",
  "host",
  "ident",
  "authuser",
  "request",
  "method",
  "path",
  "query",
  "protocol",
  "response",
  "bytes",
  "referer",
  "agent"
]

/** Reads records of a file. @param take is given each that is one */
export const readSample = Effect.fnUntraced(function* (
  path: string,
  take: (record: Members) => void
): Effect.fn.Return<Sample, UsageError | SourceError> {
  const wrong = (problem: string, hint: string) => new UsageError({ problem, hint })
  if (path === "-") return yield* wrong("a sample is read twice, and standard input once", "Give a file.")
  const {
    head,
    isWhole: isAll,
    isFile
  } = yield* Effect.tryPromise({ try: () => beginningOf(path), catch: (cause) => ioError(source, path, cause) })
  if (!isFile) return yield* wrong(`${path} is no file`, "Give one file of records, such as the first of a folder.")
  if (isAll && head.subarray(markAt(head)).toString("latin1").trim() === "")
    return yield* wrong(`${path} is empty`, "Give a file with records: the more of them, the better the proposal.")
  const found = isParquet(head) ? parquetFormat : formatOfSample(head, isAll, path)
  if (typeof found === "string")
    return yield* wrong(`of ${path} no contract can be proposed: ${found}`, "See the formats that a contract may have: docs/contracts.md.")

  const framing = framingOf(found.format)
  const read = readerOf(found)
  let [records, bytes, faults] = [0, 0, 0]
  const files = yield* filesSource({ input: path, format: framing, pageBytes: 1024 * 1024 })
  let isWhole = true
  yield* files.pages(nothing).pipe(
    Stream.takeUntil((page) => {
      bytes += page.bytes.length
      for (let i = 0; i < page.count; i++) {
        if (records >= mostRecords) {
          isWhole = false
          break
        }
        const record = read(Buffer.from(page.bytes.subarray(page.starts[i], page.ends[i])), page.header)
        if (record === null) continue
        records++
        if (record instanceof Members) take(record)
        else faults++
      }
      if (bytes >= mostBytes || records >= mostRecords) isWhole = false
      return !isWhole
    }),
    Stream.runDrain
  )
  if (records === faults)
    return yield* wrong(
      records === 0 ? `${path} has no record` : `of ${path} no record can be read: ${faults} are not of its format, or no objects`,
      "Give a file with records: the more of them, the better the proposal."
    )
  return { ...found, isTaken: takesName(framing, resolve(path)), isWhole, faults }
})

/** The first bytes of a file, unpacked. */
const beginningOf = async (path: string): Promise<{ readonly head: Buffer; readonly isWhole: boolean; readonly isFile: boolean }> => {
  const stats = await stat(path)
  if (!stats.isFile()) return { head: Buffer.alloc(0), isWhole: true, isFile: false }
  const file = await open(path)
  const magic = Buffer.alloc(4)
  await file.read(magic, 0, 4, 0).finally(() => file.close())
  if (isParquet(magic)) return { head: magic, isWhole: false, isFile: true }
  const content = await openContent({ source, path }, stats.size)
  try {
    const reader = await content.from(0)
    const head = Buffer.alloc(headBytes)
    let used = 0
    try {
      while (used < head.length && !reader.ended()) {
        const read = await reader.read(head.subarray(used))
        if (read === 0) break
        used += read
      }
      return { head: head.subarray(0, used), isWhole: used < head.length, isFile: true }
    } finally {
      await reader.close()
    }
  } finally {
    await content.close()
  }
}

/** A record by its bytes; null: there is nothing, `false`: it is none. */
type Read = (raw: Buffer, header: Uint8Array | undefined) => Members | null | false

const readerOf = ({ format }: SampleFormat): Read => {
  const fields: Fields =
    format.kind === "accessLog"
      ? Object.fromEntries((format.layout === "common" ? accessLogNames.slice(0, -2) : accessLogNames).map((name) => [name, text("")]))
      : {}
  const byFields = fieldsOf({ format, fields })
  if (byFields === null) return readObject
  return (raw, header) => {
    const read = byFields.read(raw, header)
    return read === null || read instanceof Members ? read : false
  }
}

const readObject: Read = (raw) => {
  if (!isUtf8(raw)) return false
  const text = raw.toString("utf8", markAt(raw))
  if (text.trim() === "") return null
  const read = readJson(text, maxDepth)
  if (!("value" in read) || !isObject(read.value) || !(read.value instanceof Members)) return false
  return read.value.size === 0 ? null : read.value
}

/** Text of a record's value, by which it is told from another. */
export const valueText = (value: unknown): string => (typeof value === "string" ? value : compactJson(value))
