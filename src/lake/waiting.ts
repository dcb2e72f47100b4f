import { count } from "../record/count.ts"
import type { Snapshot } from "../table/snapshot.ts"
import type { CommitEntry } from "./history.ts"
import { totalsOf } from "./rows.ts"

/** What of a stage its consumable has not taken yet. That is lag, not loss: the next repartition takes it. */
export interface Waiting {
  /** Stage versions with new rows, of those that are still in the log. */
  readonly versions: number
  /** Null where a file does not say how many it has. */
  readonly rows: number | null
  /** When the oldest of them was committed; null where nothing waits, or no commit says it. */
  readonly since: string | null
}

/** The same in words: `2 stage versions with 1,234 rows wait for the repartition, the first since 2026-11-20T08:00:00.000Z`. */
export const waitingText = ({ versions, rows, since }: Waiting): string => {
  const first = since === null ? "" : versions === 1 ? ` since ${since}` : `, the first since ${since}`
  return `${count(versions, "stage version")} with ${rows === null ? "an unknown number of rows" : count(rows, "row")} ${versions === 1 ? "waits" : "wait"} for the repartition${first}`
}

/** Folds the commits of a stage into what waits. */
export class WaitingFold {
  readonly #taken: number
  #versions = 0
  #rows: number | null = 0
  #since: number | null = null

  /** @param taken stage version that the consumable has come to; -1: nothing was taken as a whole */
  constructor(taken: number) {
    this.#taken = taken
  }

  add({ version, actions, timestamp }: CommitEntry): void {
    if (version <= this.#taken) return
    const added = actions.flatMap((action) => ("add" in action && action.add.dataChange ? [action.add] : []))
    if (added.length === 0) return
    this.#versions++
    const { rows } = totalsOf(added)
    this.#rows = rows === null || this.#rows === null ? null : this.#rows + rows
    if (timestamp !== null) this.#since = Math.min(this.#since ?? timestamp, timestamp)
  }

  /** @param stage the stage as of the last commit */
  waiting({ files }: Snapshot): Waiting {
    return {
      versions: this.#versions,
      // The log need not reach back to the first of them.
      rows: this.#taken < 0 ? totalsOf(files.values()).rows : this.#rows,
      since: this.#since === null ? null : new Date(this.#since).toISOString()
    }
  }
}
