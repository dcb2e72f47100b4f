import { type CompiledContract, compileContract } from "../../../src/contract/compile.ts"
import { defineContract, latest } from "../../../src/contract/contract.ts"
import { tables, withLines } from "../../repartition/engine-suite.ts"
import { randomHistory } from "../../repartition/histories.ts"
import { type Copy, winners } from "../../repartition/lake.ts"
import { newestTables, withChanges, withDeletes } from "../../repartition/newest-suite.ts"

/** A kind of table, and the fold in plain TypeScript. */
export interface Kind {
  readonly what: string
  readonly contract: CompiledContract
  /** Random histories, a seed each, side by side in one table: no two have a key in common, so that one run folds many. */
  readonly history: (seeds: ReadonlyArray<number>) => ReadonlyArray<ReadonlyArray<Copy>>
  /** The rows that there must be, of all copies so far, and how many keys are deleted. */
  readonly won: (seen: ReadonlyArray<Copy>) => { readonly rows: ReadonlyArray<Copy>; readonly deleted: number }
}

/** The commits of several histories, each with keys, shards and notes of its own. */
const sideBySide = (
  seeds: ReadonlyArray<number>,
  history: (seed: number) => ReadonlyArray<ReadonlyArray<Copy>>
): ReadonlyArray<ReadonlyArray<Copy>> => {
  const histories = seeds.map((seed) =>
    history(seed).map((copies) =>
      copies.map((copy): Copy => {
        const line = copy.values?.["line"]
        return {
          ...copy,
          order: `${seed}.${copy.order}`,
          shard: `${seed}.${copy.shard}`,
          note: `${seed}.${copy.note}`,
          values: { ...copy.values, ...(typeof line === "bigint" && { line: line + BigInt(seed) * 16n }) }
        }
      })
    )
  )
  const commits = Math.max(...histories.map(({ length }) => length))
  return Array.from({ length: commits }, (_, i) => histories.flatMap((commit) => commit[i] ?? []))
}

export const kinds: ReadonlyArray<Kind> = [
  ...tables.map(([what, table, same]) => ({
    what,
    contract: compileContract(defineContract({ ...withLines, table })),
    history: (seeds: ReadonlyArray<number>) =>
      sideBySide(seeds, (seed) =>
        randomHistory(seed, 4, 20).map((copies) =>
          copies.map((copy, i) => ({ ...copy, values: { line: BigInt(i % 3), revision: BigInt(i % 4) } }))
        )
      ),
    won: (seen: ReadonlyArray<Copy>) => ({ rows: winners(seen, same), deleted: 0 })
  })),
  ...newestTables.map(({ what, table, same, order }) => ({
    what: `the newest row of each key, ${what}`,
    contract: compileContract(defineContract({ ...withDeletes, table: latest(table) })),
    history: (seeds: ReadonlyArray<number>) => sideBySide(seeds, (seed) => withChanges(seed, randomHistory(seed, 4, 14))),
    won: (seen: ReadonlyArray<Copy>) => {
      const all = winners(seen, same, order)
      const isDeleted = ({ values }: Copy) => table.deleted !== undefined && values?.["removed"] === true
      return { rows: all.filter((copy) => !isDeleted(copy)), deleted: all.filter(isDeleted).length }
    }
  }))
]
