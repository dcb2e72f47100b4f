/**
 * The code of a WebAssembly module that takes the MD5 (RFC 1321) of eight messages at the same time, one in each lane of two 128-bit vectors.
 * MD5 is a chain in which each step waits for the one before it: one message cannot go faster, eight take little longer than one.
 *
 * It is put together here, and not compiled from a source, since it is one loop of 64 steps that differ in four numbers.
 *
 * The module imports a memory, `js.memory`, and exports `blocks(at0, …, at7, n)`: takes `n` (at least 1) blocks of 64 bytes in for each lane,
 * which begin at these addresses. The state stands in front of the memory: for each group of four lanes the words A, B, C, D, each a vector.
 */
export const lanes = 8
/** Bytes of the state. */
export const stateBytes = lanes * 16
/** Byte at which word `i` (A is 0) of a lane's state stands. */
export const stateAt = (lane: number, i: number): number => (lane >> 2) * 64 + i * 16 + (lane & 3) * 4
/** What the words of the state are at the beginning of a message. */
export const initialState = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476] as const

type Code = ReadonlyArray<number>

/** Unsigned and signed LEB128. */
const unsigned = (n: number): Code => (n < 128 ? [n] : [(n & 127) | 128, ...unsigned(n >>> 7)])
const signed = (n: number): Code => (n >= -64 && n < 64 ? [n & 127] : [(n & 127) | 128, ...signed(n >> 7)])

const vector = (instruction: number): Code => [0xfd, ...unsigned(instruction)]
const [and, andNot, or, xor, not] = [vector(0x4e), vector(0x4f), vector(0x50), vector(0x51), vector(0x4d)]
const [shiftLeft, shiftRight, add] = [vector(0xab), vector(0xad), vector(0xae)]
const [addInteger, subtractInteger] = [[0x6a], [0x6b]]
const get = (local: number): Code => [0x20, ...unsigned(local)]
const set = (local: number): Code => [0x21, ...unsigned(local)]
const tee = (local: number): Code => [0x22, ...unsigned(local)]
const integer = (n: number): Code => [0x41, ...signed(n)]
/** Behind an address; blocks may stand anywhere, the state is aligned. */
const load = (offset: number): Code => [...vector(0x00), 0, ...unsigned(offset)]
const store = (offset: number): Code => [...vector(0x0b), 4, ...unsigned(offset)]
/** Words of two vectors, 0 to 3 of the first and 4 to 7 of the second. */
const pick = (...words: Code): Code => [...vector(0x0d), ...words.flatMap((word) => [0, 1, 2, 3].map((byte) => 4 * word + byte))]
const constant = (n: number): Code => {
  const bytes = [n & 255, (n >>> 8) & 255, (n >>> 16) & 255, n >>> 24]
  return [...vector(0x0c), ...bytes, ...bytes, ...bytes, ...bytes]
}

/** Of the four rounds: how far steps rotate, which word of the block step `i` takes, and its function of B, C and D, added to what is there. */
const rounds: ReadonlyArray<{
  readonly by: Code
  readonly word: (i: number) => number
  readonly mix: (b: Code, c: Code, d: Code) => Code
}> = [
  { by: [7, 12, 17, 22], word: (i) => i, mix: (b, c, d) => [...c, ...d, ...xor, ...b, ...and, ...d, ...xor, ...add] },
  { by: [5, 9, 14, 20], word: (i) => 5 * i + 1, mix: (b, c, d) => [...c, ...d, ...andNot, ...add, ...b, ...d, ...and, ...add] },
  { by: [4, 11, 16, 23], word: (i) => 3 * i + 5, mix: (b, c, d) => [...c, ...d, ...xor, ...b, ...xor, ...add] },
  { by: [6, 10, 15, 21], word: (i) => 7 * i, mix: (b, c, d) => [...b, ...d, ...not, ...or, ...c, ...xor, ...add] }
]

/** One of the 64 steps: A becomes B + rotate(A + mix(B, C, D) + word + constant). */
const step = (i: number, [a, b, c, d]: Words, block: Code, scratch: number): Code => {
  const round = rounds[i >> 4]
  if (round === undefined) throw new RangeError(`MD5 has no step ${i}`)
  const by = round.by[i & 3] ?? 0
  const before = [
    ...get(a),
    ...get(block[round.word(i) & 15] ?? 0),
    ...add,
    ...constant(Math.floor(Math.abs(Math.sin(i + 1)) * 2 ** 32)),
    ...add
  ]
  const rotated = [...tee(scratch), ...integer(by), ...shiftLeft, ...get(scratch), ...integer(32 - by), ...shiftRight, ...or]
  return [...before, ...round.mix(get(b), get(c), get(d)), ...rotated, ...get(b), ...add, ...set(a)]
}

type Words = readonly [a: number, b: number, c: number, d: number]

/** Four vectors of one lane's words each become four of one word of all lanes each, in their places. */
const transpose = ([a, b, c, d]: Words, [s, t, u, v]: Words): Code => [
  ...[...get(a), ...get(b), ...pick(0, 4, 1, 5), ...set(s)],
  ...[...get(c), ...get(d), ...pick(0, 4, 1, 5), ...set(t)],
  ...[...get(a), ...get(b), ...pick(2, 6, 3, 7), ...set(u)],
  ...[...get(c), ...get(d), ...pick(2, 6, 3, 7), ...set(v)],
  ...[...get(s), ...get(t), ...pick(0, 1, 4, 5), ...set(a)],
  ...[...get(s), ...get(t), ...pick(2, 3, 6, 7), ...set(b)],
  ...[...get(u), ...get(v), ...pick(0, 1, 4, 5), ...set(c)],
  ...[...get(u), ...get(v), ...pick(2, 3, 6, 7), ...set(d)]
]

/** The locals of four lanes, and where their state stands. */
interface Group {
  readonly at: Words
  readonly state: Words
  readonly before: Words
  readonly block: readonly [Words, Words, Words, Words]
  readonly scratch: Words
  readonly stateAt: number
}

const four = (first: number): Words => [first, first + 1, first + 2, first + 3]

const groups: ReadonlyArray<Group> = [0, 1].map((g) => {
  const first = lanes + 1 + 32 * g
  return {
    at: four(4 * g),
    state: four(first),
    before: four(first + 4),
    block: [four(first + 8), four(first + 12), four(first + 16), four(first + 20)],
    scratch: four(first + 24),
    stateAt: stateAt(4 * g, 0)
  }
})

const forAll = (code: (group: Group) => Code): Code => groups.flatMap(code)

const loop = (): Code => {
  const count = lanes
  const read = forAll(({ at, block, scratch }) =>
    block.flatMap((words, i) => [
      ...words.flatMap((word, lane) => [...get(at[lane] ?? 0), ...load(16 * i), ...set(word)]),
      ...transpose(words, scratch)
    ])
  )
  const advance = forAll(({ at }) => at.flatMap((lane) => [...get(lane), ...integer(64), ...addInteger, ...set(lane)]))
  const keep = forAll(({ state, before }) => state.flatMap((word, i) => [...get(word), ...set(before[i] ?? 0)]))
  // Step by step through both groups: while one waits for its last step, the other goes on. A, B, C and D move on by one place with each.
  const steps = Array.from({ length: 64 }, (_, i) =>
    forAll(({ state: [a, b, c, d], block, scratch }) => {
      const turned: ReadonlyArray<Words> = [
        [a, b, c, d],
        [d, a, b, c],
        [c, d, a, b],
        [b, c, d, a]
      ]
      return step(i, turned[i & 3] ?? [a, b, c, d], block.flat(), scratch[0])
    })
  ).flat()
  const finish = forAll(({ state, before }) => state.flatMap((word, i) => [...get(word), ...get(before[i] ?? 0), ...add, ...set(word)]))
  const again = [...get(count), ...integer(1), ...subtractInteger, ...tee(count), 0x0d, 0]
  return [0x03, 0x40, ...read, ...advance, ...keep, ...steps, ...finish, ...again, 0x0b]
}

const body = (): Code => {
  const begin = forAll(({ state, stateAt }) => state.flatMap((word, i) => [...integer(0), ...load(stateAt + 16 * i), ...set(word)]))
  const end = forAll(({ state, stateAt }) => state.flatMap((word, i) => [...integer(0), ...get(word), ...store(stateAt + 16 * i)]))
  const locals = [1, ...unsigned(32 * groups.length), 0x7b]
  return [...locals, ...begin, ...loop(), ...end, 0x0b]
}

const text = (name: string): Code => [name.length, ...Buffer.from(name)]
const sized = (code: Code): Code => [...unsigned(code.length), ...code]
const section = (id: number, code: Code): Code => [id, ...sized(code)]

/** The module. */
export const md5Code = (): Uint8Array =>
  Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    // One type: integers, nothing.
    ...section(1, [1, 0x60, lanes + 1, ...Array.from({ length: lanes + 1 }, () => 0x7f), 0]),
    ...section(2, [1, ...text("js"), ...text("memory"), 2, 0, 1]),
    ...section(3, [1, 0]),
    ...section(7, [1, ...text("blocks"), 0, 0]),
    ...section(10, [1, ...sized(body())])
  ])
