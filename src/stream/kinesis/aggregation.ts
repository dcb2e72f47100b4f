import { hash } from "node:crypto"
import type { PutRecord } from "./api.ts"
import { md5All } from "./md5.ts"

/**
 * Records that the Kinesis Producer Library packed into one: the magic number, a protobuf message (proto2), and the MD5 of the message.
 *
 *     message AggregatedRecord { repeated string partition_key_table = 1; repeated string explicit_hash_key_table = 2; repeated Record records = 3; }
 *     message Record { required uint64 partition_key_index = 1; optional uint64 explicit_hash_key_index = 2; required bytes data = 3; repeated Tag tags = 4; }
 *
 * Source: `aggregation-format.md` of awslabs/amazon-kinesis-producer.
 */
export interface Aggregate {
  /** At least 1. */
  readonly count: number
  /** Sub-record `i` is `data.subarray(starts[i], ends[i])` of the record that was given; `i` is its sub-sequence number. */
  readonly starts: Uint32Array
  readonly ends: Uint32Array
  readonly partitionKeys: ReadonlyArray<string>
  /** Of sub-record `i`, into `partitionKeys`. */
  readonly partitionKeyIndexes: Uint32Array
  readonly explicitHashKeys: ReadonlyArray<string>
  /** Of sub-record `i`, into `explicitHashKeys`; -1 where it has none. */
  readonly explicitHashKeyIndexes: Int32Array
}

const magic = [0xf3, 0x89, 0x9a, 0xc2] as const
const digestBytes = 16

/**
 * Takes an aggregated record apart, without copying it. Every sub-record is given, whichever shard its hash key belongs to.
 *
 * @returns null where the record is a plain one, which is no error: no magic number, too short, a digest that does not fit, a message that is
 * no whole `AggregatedRecord`, or one without records, which would vanish otherwise. It never throws.
 */
export const deaggregate = (data: Uint8Array): Aggregate | null => deaggregateAll([data])[0] ?? null

/** The same for many records, at a fraction of the cost: most of it is digests, which are faster taken together. */
export const deaggregateAll = (records: ReadonlyArray<Uint8Array>): ReadonlyArray<Aggregate | null> => {
  // What costs little goes first: the digest is taken of whole messages only.
  const found = records.map((data) => (isFramed(data) ? readAggregate(data, data.length - digestBytes) : null))
  const framed: Array<number> = []
  for (const [i, aggregate] of found.entries()) if (aggregate !== null) framed.push(i)
  const digests = md5All(framed.map((i) => records[i]?.subarray(magic.length, -digestBytes) ?? nothing))
  for (const [at, i] of framed.entries()) if (!endsWith(records[i] ?? nothing, digests[at] ?? nothing)) found[i] = null
  return found
}

const nothing = new Uint8Array(0)

const isFramed = (data: Uint8Array): boolean =>
  data.length > magic.length + digestBytes && data[0] === magic[0] && data[1] === magic[1] && data[2] === magic[2] && data[3] === magic[3]

const endsWith = (data: Uint8Array, digest: Uint8Array): boolean => {
  for (let i = 0, at = data.length - digestBytes; i < digestBytes; i++, at++) if (digest[i] !== data[at]) return false
  return true
}

const readAggregate = (data: Uint8Array, end: number): Aggregate | null => {
  const reader = new Reader(data, magic.length, end)
  const partitionKeys: Array<string> = []
  const explicitHashKeys: Array<string> = []
  const starts: Array<number> = []
  const ends: Array<number> = []
  const partitionKeyIndexes: Array<number> = []
  const explicitHashKeyIndexes: Array<number> = []
  let highest = -1
  let highestExplicit = -1
  while (reader.at < end) {
    const tag = reader.varint()
    if (tag === field(1, lengthDelimited)) partitionKeys.push(reader.text())
    else if (tag === field(2, lengthDelimited)) explicitHashKeys.push(reader.text())
    else if (tag === field(3, lengthDelimited)) {
      const recordEnd = reader.lengthEnd()
      if (reader.broken) return null
      const record = new Reader(data, reader.at, recordEnd)
      let key = -1
      let explicit = -1
      let start = -1
      let stop = -1
      while (record.at < recordEnd) {
        const inner = record.varint()
        if (inner === field(1, varint)) key = record.varint()
        else if (inner === field(2, varint)) explicit = record.varint()
        else if (inner === field(3, lengthDelimited)) {
          stop = record.lengthEnd()
          start = record.at
          record.at = stop
        } else record.skip(inner)
        if (record.broken) return null
      }
      if (key < 0 || start < 0) return null
      highest = Math.max(highest, key)
      highestExplicit = Math.max(highestExplicit, explicit)
      starts.push(start)
      ends.push(stop)
      partitionKeyIndexes.push(key)
      explicitHashKeyIndexes.push(explicit)
      reader.at = recordEnd
    } else reader.skip(tag)
    if (reader.broken) return null
  }
  // The tables may stand behind the records that point into them.
  if (starts.length === 0 || highest >= partitionKeys.length || highestExplicit >= explicitHashKeys.length) return null
  return {
    count: starts.length,
    starts: Uint32Array.from(starts),
    ends: Uint32Array.from(ends),
    partitionKeys,
    partitionKeyIndexes: Uint32Array.from(partitionKeyIndexes),
    explicitHashKeys,
    explicitHashKeyIndexes: Int32Array.from(explicitHashKeyIndexes)
  }
}

const varint = 0
const fixed64 = 1
const lengthDelimited = 2
const startGroup = 3
const endGroup = 4
const fixed32 = 5
const field = (number: number, wireType: number): number => number * 8 + wireType
/** Deepest nesting of groups that is skipped, as protobuf's own readers have it. */
const maximumGroups = 100

/** Reads fields one after the other. What does not fit sets `broken`, after which every value is meaningless and nothing moves on. */
class Reader {
  at: number
  broken = false
  readonly #data: Uint8Array
  readonly #end: number

  constructor(data: Uint8Array, at: number, end: number) {
    this.#data = data
    this.at = at
    this.#end = end
  }

  /** Above 2^53 no longer exact, and larger than anything that it is compared with. */
  varint(): number {
    let value = 0
    for (let shift = 1, i = 0; i < 10; i++, shift *= 128) {
      const byte = this.at < this.#end ? (this.#data[this.at] ?? 0) : -1
      if (byte < 0) break
      this.at++
      value += (byte & 0x7f) * shift
      if (byte < 0x80) return value
    }
    this.#fail()
    return 0
  }

  /** Where a length-delimited value ends, which begins `at` now. */
  lengthEnd(): number {
    const end = this.varint() + this.at
    if (end <= this.#end) return end
    this.#fail()
    return this.at
  }

  text(): string {
    const end = this.lengthEnd()
    const text = utf8.decode(this.#data.subarray(this.at, end))
    this.at = end
    return text
  }

  /** Passes over the value of a field that is not known. */
  skip(tag: number): void {
    this.#skip(tag, 0)
  }

  #skip(tag: number, depth: number): void {
    const wireType = tag % 8
    const number = (tag - wireType) / 8
    if (number < 1 || number >= 2 ** 29 || depth > maximumGroups) this.#fail()
    else if (wireType === varint) this.varint()
    else if (wireType === fixed64) this.#move(8)
    else if (wireType === lengthDelimited) this.at = this.lengthEnd()
    else if (wireType === fixed32) this.#move(4)
    else if (wireType === startGroup) {
      for (let inner = this.varint(); inner !== field(number, endGroup) && !this.broken; inner = this.varint()) this.#skip(inner, depth + 1)
    } else this.#fail()
  }

  #move(bytes: number): void {
    if (this.at + bytes > this.#end) this.#fail()
    else this.at += bytes
  }

  #fail(): void {
    this.broken = true
    this.at = this.#end
  }
}

const utf8 = new TextDecoder()
const encoder = new TextEncoder()

/** Packs records into one. Equal keys are written once. @param records at least one */
export const aggregate = (records: ReadonlyArray<PutRecord>): Uint8Array => {
  const keys = new Table()
  const explicit = new Table()
  const places = records.map(
    ({ partitionKey, explicitHashKey }) =>
      [keys.place(partitionKey), explicitHashKey === undefined ? null : explicit.place(explicitHashKey)] as const
  )
  const sizes = records.map(({ data }, i) => {
    const [key, hashKey] = places[i] ?? [0, null]
    return 1 + varintSize(key) + (hashKey === null ? 0 : 1 + varintSize(hashKey)) + lengthDelimitedSize(data.length)
  })
  const size = keys.size + explicit.size + sizes.reduce((sum, bytes) => sum + lengthDelimitedSize(bytes), 0)
  const out = new Writer(magic.length + size + digestBytes)
  out.bytes(magic)
  for (const text of keys.texts) out.lengthDelimited(1, text)
  for (const text of explicit.texts) out.lengthDelimited(2, text)
  for (const [i, { data }] of records.entries()) {
    const [key, hashKey] = places[i] ?? [0, null]
    out.varint(field(3, lengthDelimited))
    out.varint(sizes[i] ?? 0)
    out.varint(field(1, varint))
    out.varint(key)
    if (hashKey !== null) {
      out.varint(field(2, varint))
      out.varint(hashKey)
    }
    out.lengthDelimited(3, data)
  }
  out.bytes(hash("md5", out.data.subarray(magic.length, out.at), "buffer"))
  return out.data
}

/** Most bytes by which an aggregated record grows with one more of up to 10 MiB. */
export const aggregatedSize = ({ partitionKey, explicitHashKey, data }: PutRecord): number =>
  data.length + Buffer.byteLength(partitionKey) + (explicitHashKey?.length ?? 0) + 32

/** Bytes of an aggregated record beside its records. */
export const aggregateOverhead = magic.length + digestBytes

const varintSize = (value: number): number => {
  let size = 1
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) size++
  return size
}

/** With a tag of one byte. */
const lengthDelimitedSize = (bytes: number): number => 1 + varintSize(bytes) + bytes

/** Texts, each once, in the order of their first use. */
class Table {
  readonly texts: Array<Uint8Array> = []
  size = 0
  readonly #places = new Map<string, number>()

  place(text: string): number {
    const known = this.#places.get(text)
    if (known !== undefined) return known
    const bytes = encoder.encode(text)
    this.size += lengthDelimitedSize(bytes.length)
    this.#places.set(text, this.texts.length)
    return this.texts.push(bytes) - 1
  }
}

class Writer {
  at = 0
  readonly data: Uint8Array

  constructor(size: number) {
    this.data = new Uint8Array(size)
  }

  bytes(bytes: ArrayLike<number>): void {
    this.data.set(bytes, this.at)
    this.at += bytes.length
  }

  varint(value: number): void {
    let rest = value
    for (; rest >= 128; rest = Math.floor(rest / 128)) this.data[this.at++] = (rest % 128) + 128
    this.data[this.at++] = rest
  }

  lengthDelimited(number: number, bytes: Uint8Array): void {
    this.varint(field(number, lengthDelimited))
    this.varint(bytes.length)
    this.bytes(bytes)
  }
}

/** What Kinesis places a record by: its explicit hash key, else the MD5 of its partition key, as an unsigned number of 128 bits. */
export const hashKeyOf = (partitionKey: string, explicitHashKey?: string): bigint =>
  // Nobody has checked the explicit key of a sub-record.
  explicitHashKey !== undefined && /^\d+$/.test(explicitHashKey) ? BigInt(explicitHashKey) : BigInt(`0x${hash("md5", partitionKey, "hex")}`)
