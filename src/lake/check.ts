/** One thing that must hold of a lake, and what was seen. */
export interface Check {
  readonly table: string
  readonly check: string
  readonly ok: boolean
  readonly detail: string
}

export const check = (table: string, name: string, ok: boolean, detail: string): Check => ({ table, check: name, ok, detail })

/** The first few problems, and how many more there are. */
export const some = (problems: ReadonlyArray<string>): string =>
  problems.length <= 3 ? problems.join("; ") : `${problems.slice(0, 3).join("; ")}; and ${problems.length - 3} more`
