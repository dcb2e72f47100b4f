/** splitmix32: turns any integers into well-mixed state words. */
const mix = (state: number): number => {
  let z = (state + 0x9e3779b9) | 0
  z = Math.imul(z ^ (z >>> 16), 0x21f0aaad)
  z = Math.imul(z ^ (z >>> 15), 0x735a2d97)
  return (z ^ (z >>> 15)) >>> 0
}

const hexPairs = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, "0"))

/**
 * A seeded stream of random numbers (sfc32). The same seed and stream numbers give the same values on every machine; streams are
 * independent, so that an order can be made again without making those before it.
 */
export class Random {
  #a: number
  #b: number
  #c: number
  #counter = 1

  constructor(seed: number, ...stream: ReadonlyArray<number>) {
    let state = mix(mix(seed | 0) ^ (Math.floor(seed / 0x1_0000_0000) | 0))
    for (const part of stream) state = mix(state ^ mix(part | 0))
    this.#a = mix(state)
    this.#b = mix(this.#a ^ state)
    this.#c = mix(this.#b ^ 0x5bd1e995)
    for (let i = 0; i < 8; i++) this.uint32()
  }

  uint32(): number {
    const sum = (this.#a + this.#b + this.#counter++) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0
    return sum >>> 0
  }

  /** From 0 up to and without 1, in steps of 2^-32. */
  unit(): number {
    return this.uint32() / 0x1_0000_0000
  }

  /** An integer from 0 up to and without `end`. */
  below(end: number): number {
    return Math.floor(this.unit() * end)
  }

  /** An integer from `first` to `last`, both included. */
  between(first: number, last: number): number {
    return first + this.below(last - first + 1)
  }

  chance(probability: number): boolean {
    return this.unit() < probability
  }

  pick<A>(from: readonly [A, ...Array<A>]): A {
    return from[this.below(from.length)] ?? from[0]
  }

  /** @param bytes a multiple of 4 */
  hex(bytes: number): string {
    let out = ""
    for (let i = 0; i < bytes; i += 4) {
      const word = this.uint32()
      out += `${hexPairs[word >>> 24]}${hexPairs[(word >>> 16) & 255]}${hexPairs[(word >>> 8) & 255]}${hexPairs[word & 255]}`
    }
    return out
  }

  uuid(): string {
    const h = this.hex(16)
    return `${h.slice(0, 8)}-${h.slice(8, 12)}-4${h.slice(13, 16)}-a${h.slice(17, 20)}-${h.slice(20)}`
  }

  digits(count: number): string {
    let out = ""
    for (let i = 0; i < count; i++) out += this.below(10)
    return out
  }
}

/** Draws indexes of which few are drawn often and most are drawn seldom: index `i` with weight 1 / (i + 1)^exponent. */
export const zipf = (size: number, exponent: number): ((random: Random) => number) => {
  const cumulative = new Float64Array(size)
  let sum = 0
  for (let i = 0; i < size; i++) cumulative[i] = sum += (i + 1) ** -exponent
  return (random) => {
    const wanted = random.unit() * sum
    let low = 0
    let high = size - 1
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((cumulative[middle] ?? 0) > wanted) high = middle
      else low = middle + 1
    }
    return low
  }
}

/** Draws one of several things with the weights given. */
export const weighted = <A>(choices: readonly [readonly [A, number], ...Array<readonly [A, number]>]): ((random: Random) => A) => {
  const sum = choices.reduce((total, [, weight]) => total + weight, 0)
  return (random) => {
    let left = random.unit() * sum
    for (const [choice, weight] of choices) {
      left -= weight
      if (left < 0) return choice
    }
    return choices[0][0]
  }
}
