import { ColumnBuilders } from "../columns/builders.ts"
import type { Column } from "../record/column.ts"

/**
 * Builders of one table that are used again and again: growing their arrays anew for each batch costs more than what is done with them. What
 * is kept is bounded, since each keeps the memory of the most that it ever held.
 */
export class BuilderPool {
  readonly #columns: ReadonlyArray<Column>
  readonly #kept: Array<ColumnBuilders> = []

  constructor(columns: ReadonlyArray<Column>) {
    this.#columns = columns
  }

  /** Empty builders; the roomiest that there are. */
  take(): ColumnBuilders {
    const kept = this.#kept
    let best = kept.length - 1
    for (const [i, builders] of kept.entries()) if (capacity(builders) > capacity(kept[best])) best = i
    return kept.splice(best, 1)[0] ?? new ColumnBuilders(this.#columns)
  }

  /**
   * Takes builders back, which are cleared.
   * @param limit bytes of memory that builders which nobody uses may keep; alone, some may have written to twice as much
   */
  give(builders: ColumnBuilders, limit: number): void {
    builders.clear()
    const kept = this.#kept.reduce((total, each) => total + capacity(each), 0)
    if (kept === 0 ? builders.store.touched <= 2 * limit : kept + capacity(builders) <= limit) this.#kept.push(builders)
  }
}

/** Bytes that builders take, whatever they hold. */
const capacity = (builders: ColumnBuilders | undefined): number => builders?.store.bytes.length ?? 0
