import { Effect } from "effect"
import { localStore } from "../../src/store/local-store.ts"
import { openTable } from "../../src/table/table.ts"
import { append, tablePath } from "../input/history.ts"
import type { Prepared } from "./job.ts"

export const openOne = ({ lake }: { readonly lake: string }): Prepared => ({
  run: () =>
    Effect.runPromise(
      openTable(tablePath).pipe(
        Effect.flatMap((table) => table.snapshot),
        Effect.map(({ version }) => version),
        Effect.provide(localStore(lake))
      )
    )
})

/** Commits as ingest makes them: one file, the position of one shard. Whatever checkpoints fall due are in the laps. */
export const commitMany = async ({ lake, commits }: { readonly lake: string; readonly commits: number }): Promise<Prepared> => {
  const table = await Effect.runPromise(openTable(tablePath).pipe(Effect.provide(localStore(lake))))
  let snapshot = await Effect.runPromise(table.snapshot)
  let laps: Array<number> = []
  return {
    run: async () => {
      laps = []
      for (let i = 0; i < commits; i++) {
        const start = process.hrtime.bigint()
        snapshot = (await Effect.runPromise(table.commit(append(snapshot)))).snapshot
        laps.push(Number(process.hrtime.bigint() - start) / 1e9)
      }
      return commits
    },
    laps: () => laps
  }
}
