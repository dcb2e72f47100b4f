/** Protocol Buffers as far as the plugin protocol needs them: messages by field number, of text, bytes, booleans, integers, messages, lists and maps. */

/** How a field's value is written, and read. */
interface Codec<A> {
  /** Integers are of variable length (0), all else says how long it is (2). */
  readonly wire: 0 | 2
  readonly encode: (value: A) => Uint8Array
  readonly decode: (bytes: Uint8Array) => A
}

export interface Field<A> {
  readonly number: number
  readonly wire: 0 | 2
  /** What a field is when nothing was sent. */
  readonly empty: A
  /** Each item that is sent; nothing for what is not set. */
  readonly items: (value: A) => ReadonlyArray<Uint8Array>
  /** The value with one more item that was received. */
  readonly add: (before: A, item: Uint8Array) => A
}

/** What a field holds when it is read; what may be left out when it is written. */
type ValueOf<F> = F extends Field<infer A> ? A : never
export type Read<Fields> = { readonly [Name in keyof Fields]: ValueOf<Fields[Name]> }
export type Written<Fields> = Partial<Read<Fields>>

export interface Message<Fields> {
  readonly encode: (value: Written<Fields>) => Uint8Array
  readonly decode: (bytes: Uint8Array) => Read<Fields>
}

const text: Codec<string> = { wire: 2, encode: (value) => Buffer.from(value), decode: (bytes) => Buffer.from(bytes).toString() }
const raw: Codec<Uint8Array> = { wire: 2, encode: (value) => value, decode: (bytes) => bytes }
const integer: Codec<number> = { wire: 0, encode: (value) => varint(value), decode: (bytes) => readVarint(bytes, 0).value }
const boolean: Codec<boolean> = { wire: 0, encode: (value) => varint(value ? 1 : 0), decode: (bytes) => bytes[0] === 1 }
const nested = <Fields>(message: () => Message<Fields>): Codec<Written<Fields>> => ({
  wire: 2,
  encode: (value) => message().encode(value),
  decode: (bytes) => message().decode(bytes)
})

const one = <A>(number: number, { wire, encode, decode }: Codec<A>): Field<A | undefined> => ({
  number,
  wire,
  empty: undefined,
  items: (value) => (value === undefined ? [] : [encode(value)]),
  add: (_, item) => decode(item)
})
const many = <A>(number: number, { wire, encode, decode }: Codec<A>): Field<ReadonlyArray<A>> => ({
  number,
  wire,
  empty: [],
  items: (values) => values.map(encode),
  add: (before, item) => [...before, decode(item)]
})

export const string = (number: number) => one(number, text)
export const bytes = (number: number) => one(number, raw)
export const int = (number: number) => one(number, integer)
export const bool = (number: number) => one(number, boolean)
/** A message within; a function, since messages hold such of their own kind. */
export const inner = <Fields>(number: number, message: () => Message<Fields>) => one(number, nested(message))
export const list = <Fields>(number: number, message: () => Message<Fields>) => many(number, nested(message))
/** From text to message. */
export const map = <Fields>(number: number, message: () => Message<Fields>): Field<Readonly<Record<string, Written<Fields>>>> => {
  const entry = fields({ key: string(1), value: inner(2, message) })
  return {
    number,
    wire: 2,
    empty: {},
    items: (values) => Object.entries(values).map(([key, value]) => entry.encode({ key, value })),
    add: (before, item) => {
      const { key = "", value = {} } = entry.decode(item)
      return { ...before, [key]: value }
    }
  }
}

// biome-ignore lint/suspicious/noExplicitAny: fields of all kinds; what each holds is kept by the type of the message.
export const fields = <Fields extends Readonly<Record<string, Field<any>>>>(all: Fields): Message<Fields> => ({
  encode: (value) => {
    const parts: Array<Uint8Array> = []
    for (const [name, field] of Object.entries(all)) {
      const set = value[name]
      if (set === undefined) continue
      for (const item of field.items(set)) {
        parts.push(varint((field.number << 3) | field.wire))
        if (field.wire === 2) parts.push(varint(item.length))
        parts.push(item)
      }
    }
    return Buffer.concat(parts)
  },
  decode: (bytes) => {
    const read = Object.fromEntries(Object.entries(all).map(([name, { empty }]) => [name, empty]))
    const byNumber = new Map(Object.entries(all).map(([name, field]) => [field.number, { name, field }]))
    for (const { number, item } of itemsOf(bytes)) {
      const known = byNumber.get(number)
      // What we have no name for is of newer cores, or no business of ours.
      if (known !== undefined) read[known.name] = known.field.add(read[known.name], item)
    }
    return read as Read<Fields>
  }
})

const varint = (value: number): Uint8Array => {
  const out: Array<number> = []
  let rest = BigInt.asUintN(64, BigInt(value))
  while (rest > 127n) {
    out.push(Number(rest & 127n) | 128)
    rest >>= 7n
  }
  out.push(Number(rest))
  return Uint8Array.from(out)
}

const readVarint = (bytes: Uint8Array, from: number): { readonly value: number; readonly end: number } => {
  let value = 0n
  for (let at = from, shift = 0n; at < bytes.length; at++, shift += 7n) {
    const byte = bytes[at] ?? 0
    value |= BigInt(byte & 127) << shift
    if (byte < 128) return { value: Number(BigInt.asIntN(64, value)), end: at + 1 }
  }
  throw new Error("Protocol Buffers: an integer ends before its last byte")
}

function* itemsOf(bytes: Uint8Array): Generator<{ readonly number: number; readonly item: Uint8Array }> {
  let at = 0
  while (at < bytes.length) {
    const tag = readVarint(bytes, at)
    const [number, wire] = [tag.value >> 3, tag.value & 7]
    at = tag.end
    if (wire === 0) {
      const { end } = readVarint(bytes, at)
      yield { number, item: bytes.subarray(at, end) }
      at = end
      continue
    }
    if (wire !== 2) throw new Error(`Protocol Buffers: field ${number} is of wire type ${wire}, which the plugin protocol does not use`)
    const length = readVarint(bytes, at)
    at = length.end + length.value
    if (at > bytes.length) throw new Error(`Protocol Buffers: field ${number} ends behind the message`)
    yield { number, item: bytes.subarray(length.end, at) }
  }
}
