import { Effect } from "effect"
import type { CompiledContract } from "../../src/contract/compile.ts"
import { openDuckDB } from "../../src/duckdb/open.ts"
import { verify } from "../../src/lake/verify.ts"
import type { Copy } from "./lake.ts"

const day = 86_400_000
const hour = 3_600_000
export const start = Date.UTC(2026, 10, 20)

/** A seeded generator (mulberry32): the same history on every run. */
export const random = (seed: number) => () => {
  seed = (seed + 0x6d2b79f5) | 0
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed)
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296
}

/** Commits of copies: several versions of each order, doubled, late, out of order, some without their last change. */
export const randomHistory = (seed: number, commits: number, rows: number): ReadonlyArray<ReadonlyArray<Copy>> => {
  const next = random(seed)
  const below = (n: number) => Math.floor(next() * n)
  let sequence = 8n
  return Array.from({ length: commits }, (_, commit) =>
    Array.from({ length: 1 + below(rows) }, (_, i): Copy => {
      sequence += BigInt(1 + below(3))
      const made = start + below(4) * day + below(6) * 4 * hour
      const late = next() < 0.2
      return {
        order: `order-${below(12)}`,
        lastChange: next() < 0.1 ? null : made,
        creationDate: made,
        // Few different times, so that positions have to decide.
        arrivedAt: start + (late ? 0 : 4 * day) + below(3) * hour,
        sequence: String(sequence),
        sub: below(2),
        shard: `shard-${below(2)}`,
        note: `${commit}.${i}`
      }
    })
  )
}

/** What verify finds wrong with the consumable. Stage was written without positions. */
export const unlikeStage = (contract: CompiledContract) =>
  Effect.map(Effect.scoped(Effect.flatMap(openDuckDB({ threads: 1 }), (db) => verify([contract], db))), (checks) =>
    checks.filter(({ ok, table }) => !ok && table === "consumable/order").map(({ check, detail }) => [check, detail])
  )
