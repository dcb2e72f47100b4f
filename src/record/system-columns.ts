import { type Column, leaf } from "./column.ts"

/** Every row of stage and dead letters carries these, so that it can be traced to the record it came from. */
export const coordinateColumns: ReadonlyArray<Column> = [
  leaf("_source", "text", "Name of the source that the record was read from."),
  leaf("_shard", "text", "Shard of the source: a Kinesis shard, or the file."),
  leaf("_sequence_number", "text", "Position in the shard, an integer as text: longer is larger, then compare as text."),
  leaf("_sub_sequence_number", "long", "Index inside an aggregated record, else 0."),
  leaf("_arrived_at", "timestamp", "When the record arrived, as its source recorded it.")
]

/** Last column of stage: what did not fit its column. */
export const rescuedColumn: Column = leaf(
  "_rescued",
  "json",
  "JSON object from path to value: values of the record that did not fit their column. Null when everything fitted."
)

export const ingestDateColumn: Column = leaf("ingest_date", "date", "UTC date on which the record arrived. Partition column.")
export const ingestHourColumn: Column = leaf("ingest_hour", "integer", "UTC hour in which the record arrived, 0 to 23. Partition column.")

/** Columns of stage in file order; the partition columns are in the table's schema but not in its files. */
export const stageColumns = (data: ReadonlyArray<Column>): ReadonlyArray<Column> => [...data, ...coordinateColumns, rescuedColumn]
export const stagePartitions: ReadonlyArray<Column> = [ingestDateColumn, ingestHourColumn]
export const deadLetterPartitions: ReadonlyArray<Column> = [ingestDateColumn]
