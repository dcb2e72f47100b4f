/** A top-level column, and how wide it is. */
export interface Width {
  readonly name: string
  /** Leaves below it: each costs vectors, and a writer's buffers. */
  readonly leaves: number
  /** Values that a row has in all of its leaves: each costs memory while rows are sorted. */
  readonly values: number
}

export interface ColumnGroup {
  readonly names: ReadonlyArray<string>
  readonly leaves: number
}

/**
 * Puts neighbouring columns together while they have no more values a row than the widest column has, and at most `mostLeaves` leaves. DuckDB's
 * memory goes by columns: tables of hundreds are worked on a group at a time.
 */
export const groupColumns = (widths: ReadonlyArray<Width>, mostLeaves: number): ReadonlyArray<ColumnGroup> => {
  const mostValues = Math.max(...widths.map(({ values }) => values))
  const groups: Array<{ readonly names: Array<string>; leaves: number; values: number }> = []
  for (const { name, leaves, values } of widths) {
    const group = groups.at(-1)
    if (group === undefined || group.leaves + leaves > mostLeaves || group.values + values > mostValues) {
      groups.push({ names: [name], leaves, values })
    } else {
      group.names.push(name)
      group.leaves += leaves
      group.values += values
    }
  }
  return groups
}
