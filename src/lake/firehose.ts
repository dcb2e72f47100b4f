import type { PartitionValues } from "../table/actions.ts"
import { stageDomain } from "./log-keys.ts"
import { retiredPages } from "./retired.ts"

/**
 * What is different about files of stage that Firehose wrote. It cannot commit, so its objects lie unseen until they are registered; it delivers at least once, so
 * a record may be a row twice, under the same coordinates; and it files an object under the hour of its oldest record, so later rows lie beside those of that hour.
 */

/** Part of the coordinates of every row that came by Firehose, and the source whose shards are the files that it wrote. */
export const firehoseSource = "firehose"

/** Does the stage hold files that Firehose wrote? */
export const hasFirehoseFiles = (domains: ReadonlyMap<string, string>): boolean => {
  const prefix = stageDomain(firehoseSource, "")
  for (const domain of domains.keys()) if (domain.startsWith(prefix)) return true
  return retiredPages(domains).some(({ source }) => source === firehoseSource)
}

/** Condition of SQL for rows that came by Firehose. */
export const isFirehoseSql = `_source = '${firehoseSource}'`

/** The delivery stream that wrote an object, by its path; null: none did. Firehose names an object by its stream, a time, an id, and the extension that it is told. */
export const deliveryStreamOf = (path: string): string | null =>
  /(?:^|\/)([^/]+)-\d+-\d{4}(?:-\d\d){5}-[0-9a-f-]{36}(?:\.[0-9a-z!_.*'()-]+)?$/.exec(path)?.[1] ?? null

const hourFolders: ReadonlyArray<RegExp> = [
  /(?:^|\/)ingest_date=(\d{4})-(\d\d)-(\d\d)\/ingest_hour=(\d\d?)\//,
  /(?:^|\/)ingestion_year=(\d{4})\/ingestion_month=(\d\d?)\/ingestion_day=(\d\d?)\/ingestion_hour=(\d\d?)\//,
  /(?:^|\/)year=(\d{4})\/month=(\d\d?)\/day=(\d\d?)\/hour=(\d\d?)\//,
  /(?:^|\/)(\d{4})\/(\d\d)\/(\d\d)\/(\d\d)\//
]

/** The partition of stage that the folders of an object name, in one of the ways in which Firehose is told to name them; null: they name no hour. */
export const partitionOfFolders = (path: string): PartitionValues | null => {
  for (const folders of hourFolders) {
    const [, year, month, day, hour] = folders.exec(path) ?? []
    if (year === undefined || month === undefined || day === undefined || hour === undefined) continue
    const date = `${year}-${month.padStart(2, "0")}-${day.padStart(2, "0")}`
    const time = new Date(`${date}T00:00:00Z`)
    const isDate = !Number.isNaN(time.getTime()) && time.toISOString().startsWith(date)
    return isDate && Number(hour) < 24 ? { ingest_date: date, ingest_hour: String(Number(hour)) } : null
  }
  return null
}
