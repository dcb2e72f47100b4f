import { closeSync, openSync, writeSync } from "node:fs"
import { Random } from "../../src/record/seeded.ts"

/** Days on which articles were listed. */
const days = 100

const time = (day: number, second: number): string => new Date(Date.UTC(2026, 0, 1 + day, 0, 0, second)).toISOString()

/** `all`: each article. `scattered`: one in a hundred, drawn from all. `recent`: as many of those that were listed on the last two days, since what is young is what changes most. */
export type StockRows = "all" | "scattered" | "recent"

/** Writes articles of a stock, one a line: all of them, or some as they are later. */
export const writeStock = (file: string, articles: number, which: StockRows, seed: number): void => {
  const random = new Random(seed)
  const out = openSync(file, "w")
  let rows = 0
  let lines: Array<string> = []
  const flush = () => {
    writeSync(out, lines.join(""))
    lines = []
  }
  for (let i = 0; i < articles; i++) {
    const day = Math.floor((i * days) / articles)
    if (which === "scattered" && random.below(100) > 0) continue
    if (which === "recent" && (day < days - 2 || random.below(2) === 0)) continue
    const article = { sku: `sku-${(i * 7919) % articles}`, listed: time(day, i % 86_400), seller: `seller ${i % 500}` }
    const changed = time(which === "all" ? day : days, random.below(86_400))
    lines.push(`${JSON.stringify({ ...article, quantity: random.below(1000), price: `${random.below(100_000)}.95`, changed })}\n`)
    if (++rows % 10_000 === 0) flush()
  }
  flush()
  closeSync(out)
}
