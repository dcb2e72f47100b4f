import { Effect } from "effect"
import { count } from "../record/count.ts"
import { Store, type StoreError } from "../store/store.ts"
import type { Snapshot } from "../table/snapshot.ts"
import type { Table } from "../table/table.ts"
import { type Check, check, some } from "./check.ts"
import { totalsOf } from "./rows.ts"

/** Every data file that a table's log names is there, of the size that it says. */
export const fileCheck = ({
  table,
  snapshot
}: {
  readonly table: Pick<Table, "path">
  readonly snapshot: Pick<Snapshot, "files">
}): Effect.Effect<Check, StoreError, Store> =>
  Effect.gen(function* () {
    const store = yield* Store
    const wrong: Array<string> = []
    yield* Effect.forEach(
      snapshot.files.values(),
      (file) =>
        store.head(`${table.path}/${file.path}`).pipe(
          Effect.map(({ size }) => (size === file.size ? null : `${file.path} has ${size} bytes, the log says ${file.size}`)),
          Effect.catchIf(
            (error) => error.reason === "NotFound",
            () => Effect.succeed(`${file.path} is missing`)
          ),
          Effect.map((problem) => {
            if (problem !== null) wrong.push(problem)
          })
        ),
      { concurrency: 8, discard: true }
    )
    const { files } = totalsOf(snapshot.files.values())
    return check(table.path, "files are there", wrong.length === 0, wrong.length === 0 ? count(files, "file") : some(wrong))
  })
