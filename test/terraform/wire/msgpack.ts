/**
 * MessagePack as far as Terraform's core and its providers use it between them: values as of JSON, and values that are not known yet, which are
 * extensions (type 0, or 12 with what is known of them).
 */

/** A value that is known only after the apply. */
class Unknown {
  toString(): string {
    return "(known after apply)"
  }
}
export const unknown = new Unknown()

export type Value = null | boolean | number | string | Unknown | ReadonlyArray<Value> | Fields
export interface Fields {
  readonly [name: string]: Value
}

export const isFields = (value: Value | undefined): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value) && value !== unknown
/** Is every part of a value known? */
export const isKnown = (value: Value): boolean => {
  if (value === unknown) return false
  if (Array.isArray(value)) return value.every(isKnown)
  return isFields(value) ? Object.values(value).every(isKnown) : true
}

export const encodeValue = (value: Value): Buffer => {
  const parts: Array<Buffer> = []
  write(value, parts)
  return Buffer.concat(parts)
}

const write = (value: Value, parts: Array<Buffer>): void => {
  if (value === null) parts.push(Buffer.of(0xc0))
  else if (value instanceof Unknown) parts.push(Buffer.of(0xd4, 0, 0))
  else if (typeof value === "boolean") parts.push(Buffer.of(value ? 0xc3 : 0xc2))
  else if (typeof value === "number") parts.push(numberOf(value))
  else if (typeof value === "string") {
    const text = Buffer.from(value)
    parts.push(head(text.length, 0xa0, 31, 0xdb), text)
  } else if (Array.isArray(value)) {
    parts.push(head(value.length, 0x90, 15, 0xdd))
    for (const item of value) write(item, parts)
  } else {
    const entries = Object.entries(value)
    parts.push(head(entries.length, 0x80, 15, 0xdf))
    for (const [name, field] of entries) {
      write(name, parts)
      write(field, parts)
    }
  }
}

const numberOf = (value: number): Buffer => {
  if (Number.isInteger(value) && value >= 0 && value < 128) return Buffer.of(value)
  const out = Buffer.alloc(9)
  if (Number.isSafeInteger(value)) {
    out[0] = 0xd3
    out.writeBigInt64BE(BigInt(value), 1)
  } else {
    out[0] = 0xcb
    out.writeDoubleBE(value, 1)
  }
  return out
}

/** The head of what has a length: up to `most` in one byte, else in four behind the code of the longest form. */
const head = (length: number, short: number, most: number, long: number): Buffer => {
  if (length <= most) return Buffer.of(short | length)
  const out = Buffer.alloc(5)
  out[0] = long
  out.writeUInt32BE(length, 1)
  return out
}

export const decodeValue = (bytes: Uint8Array): Value => {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let at = 0
  const unsigned = (size: number): number => {
    const value = size === 8 ? Number(buffer.readBigUInt64BE(at)) : buffer.readUIntBE(at, size)
    at += size
    return value
  }
  const signed = (size: number): number => {
    const value = size === 8 ? Number(buffer.readBigInt64BE(at)) : buffer.readIntBE(at, size)
    at += size
    return value
  }
  const text = (length: number): string => {
    const value = buffer.toString("utf8", at, at + length)
    at += length
    return value
  }
  const list = (length: number): Value => Array.from({ length }, () => read())
  const map = (length: number): Value => Object.fromEntries(Array.from({ length }, () => [String(read()), read()]))
  const extension = (length: number): Value => {
    const type = signed(1)
    at += length
    if (type !== 0 && type !== 12) throw new Error(`MessagePack: an extension of type ${type}, which Terraform does not use`)
    return unknown
  }
  const read = (): Value => {
    const code = unsigned(1)
    if (code < 0x80) return code
    if (code < 0x90) return map(code & 15)
    if (code < 0xa0) return list(code & 15)
    if (code < 0xc0) return text(code & 31)
    if (code >= 0xe0) return code - 256
    const rest = others[code]
    if (rest === undefined) throw new Error(`MessagePack: byte 0x${code.toString(16)} at ${at - 1} begins no value`)
    return rest()
  }
  const others: Readonly<Record<number, () => Value>> = {
    192: () => null,
    194: () => false,
    195: () => true,
    196: () => text(unsigned(1)),
    197: () => text(unsigned(2)),
    198: () => text(unsigned(4)),
    199: () => extension(unsigned(1)),
    200: () => extension(unsigned(2)),
    201: () => extension(unsigned(4)),
    202: () => {
      at += 4
      return buffer.readFloatBE(at - 4)
    },
    203: () => {
      at += 8
      return buffer.readDoubleBE(at - 8)
    },
    204: () => unsigned(1),
    205: () => unsigned(2),
    206: () => unsigned(4),
    207: () => unsigned(8),
    208: () => signed(1),
    209: () => signed(2),
    210: () => signed(4),
    211: () => signed(8),
    212: () => extension(1),
    213: () => extension(2),
    214: () => extension(4),
    215: () => extension(8),
    216: () => extension(16),
    217: () => text(unsigned(1)),
    218: () => text(unsigned(2)),
    219: () => text(unsigned(4)),
    220: () => list(unsigned(2)),
    221: () => list(unsigned(4)),
    222: () => map(unsigned(2)),
    223: () => map(unsigned(4))
  }
  const value = read()
  if (at !== buffer.length) throw new Error(`MessagePack: ${buffer.length - at} bytes behind the value`)
  return value
}
