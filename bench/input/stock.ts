import { closeSync, openSync, writeSync } from "node:fs"
import { Random } from "../../src/generate/random.ts"

/** Articles of a stock, one line each. @param everyone takes one of so many articles, by chance; 1: all */
export const writeStock = (file: string, articles: number, oneOf: number, day: number, seed: number): number => {
  const random = new Random(seed)
  const out = openSync(file, "w")
  let rows = 0
  let lines: Array<string> = []
  const write = () => {
    writeSync(out, lines.join(""))
    lines = []
  }
  for (let i = 0; i < articles; i++) {
    if (oneOf > 1 && random.below(oneOf) !== 0) continue
    const changed = new Date(Date.UTC(2026, 0, day, 0, 0, random.below(86_400))).toISOString()
    const row = {
      sku: `sku-${i * 7919}`,
      seller: `seller ${i % 500}`,
      quantity: random.below(1000),
      price: `${random.below(100_000)}.95`,
      changed
    }
    lines.push(`${JSON.stringify(row)}\n`)
    if (++rows % 10_000 === 0) write()
  }
  write()
  closeSync(out)
  return rows
}
