import { type Column, type LeafType, leaf, type Value } from "../../src/record/column.ts"

/** Numbers in [0, 1) that a seed decides (mulberry32). */
export const seeded = (seed: number): (() => number) => {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

const simple = ["text", "json", "integer", "long", "double", "boolean", "timestamp", "date", "binary"] as const

/** A column of any shape, at most `depth` levels deep. */
export const randomColumn = (next: () => number, name: string, depth: number): Column => {
  const kind = depth === 0 ? 0 : next()
  if (kind < 0.6) {
    const pick = Math.floor(next() * (simple.length + 3))
    const precision = [9, 18, 38][pick - simple.length]
    const type: LeafType =
      precision === undefined
        ? { type: simple[pick] ?? "text" }
        : { type: "decimal", precision, scale: Math.floor(next() * (precision + 1)) }
    return leaf(name, type, "", next() < 0.1 ? "hash" : undefined)
  }
  if (kind < 0.8) return { kind: "list", name, description: "", element: randomColumn(next, "element", depth - 1) }
  const fields = Array.from({ length: 1 + Math.floor(next() * 4) }, (_, i) => randomColumn(next, `f${i}`, depth - 1))
  return { kind: "struct", name, description: "", fields }
}

const texts = [
  "",
  "a",
  "ação",
  "\u{1f600}",
  "\uffff",
  "\u{10ffff}",
  "0",
  "'quoted' \"text\"\n",
  "x".repeat(40),
  `${"y".repeat(31)}\u{1f680}z`,
  "\u0000"
]

/** A value of a column, null one time in six. */
export const randomValue = (next: () => number, column: Column): Value => {
  if (next() < 1 / 6) return null
  if (column.kind === "list") return Array.from({ length: Math.floor(next() * 4) }, () => randomValue(next, column.element))
  if (column.kind === "struct") {
    const fields: Record<string, Value> = {}
    for (const field of column.fields) if (next() < 0.9) fields[field.name] = randomValue(next, field)
    return fields
  }
  const sign = next() < 0.5 ? -1n : 1n
  switch (column.leaf.type) {
    case "text":
      return next() < 0.5 ? (texts[Math.floor(next() * texts.length)] ?? "") : `value ${Math.floor(next() * 1000)}`
    case "json":
      return JSON.stringify({ n: Math.floor(next() * 10) })
    case "integer":
      return next() < 0.2 ? -(2 ** 31) : next() < 0.2 ? 2 ** 31 - 1 : Math.floor(next() * 1000)
    case "long":
      return next() < 0.2 ? sign * 9007199254740993n : next() < 0.1 ? -(2n ** 63n) : BigInt(Math.floor(next() * 1e6))
    case "double":
      return [0, -0, 1.5, -1e300, 5e-324, 0.1][Math.floor(next() * 12)] ?? next()
    case "boolean":
      return next() < 0.5
    case "timestamp":
      return BigInt(Math.floor((next() - 0.5) * 4e15)) + BigInt(Math.floor(next() * 1000))
    case "date":
      return Math.floor((next() - 0.5) * 60_000)
    case "binary":
      return Uint8Array.from({ length: Math.floor(next() * 5) }, () => Math.floor(next() * 256))
    case "decimal": {
      const limit = 10n ** BigInt(column.leaf.precision)
      return next() < 0.2 ? sign * (limit - 1n) : (sign * (BigInt(Math.floor(next() * 2 ** 52)) * 10n ** 25n)) % limit
    }
  }
}
