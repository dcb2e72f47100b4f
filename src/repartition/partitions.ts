import type { Partition } from "../contract/identity.ts"
import type { PartitionValues } from "../table/actions.ts"

/** A partition of the consumable as text: `2026-11-20`, `2026-11-20/7`, the number of a bucket. */

/** The partition of rows without a time, or one outside of the years 1 to 9999: its values are null. Where all rows lie together, theirs. */
export const noPartition = ""

/** The text of a file's partition, as the log says it. */
export const partitionText = ({ columns }: Partition, values: PartitionValues): string =>
  columns.flatMap(({ name }) => values[name] ?? []).join("/")

/** The same for the log. */
export const partitionValues = ({ columns }: Partition, text: string): PartitionValues => {
  const values = text === noPartition ? [] : text.split("/")
  return Object.fromEntries(columns.map(({ name }, i) => [name, values[i] ?? null]))
}

/** The days of partitions, each once, in order; none where they are not by time. */
export const daysOf = ({ by }: Partition, texts: Iterable<string>): ReadonlyArray<string> =>
  by === "day" || by === "hour" ? [...new Set([...texts].map(dayOf))].sort() : []

/** The day of a partition by time. */
export const dayOf = (text: string): string => text.slice(0, "2026-11-20".length)
