/** One thing that must hold of a lake, and what was seen. */
export interface Check {
  readonly table: string
  readonly check: string
  readonly ok: boolean
  readonly detail: string
  /** Holds, and is worth a look all the same. */
  readonly warning?: true
}

export const check = (table: string, name: string, ok: boolean, detail: string): Check => ({ table, check: name, ok, detail })

/** A check that holds, with something that people should know. */
export const warning = (table: string, name: string, detail: string): Check => ({ ...check(table, name, true, detail), warning: true })

/** The first few problems, and how many more there are. */
export const some = (problems: ReadonlyArray<string>): string =>
  problems.length <= 3 ? problems.join("; ") : `${problems.slice(0, 3).join("; ")}; and ${problems.length - 3} more`
