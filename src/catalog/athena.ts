import { catalogName } from "./names.ts"

/**
 * What makes tables of a lake known to Athena, as statements for it. Athena takes a Delta table's columns and partitions from its log, and refuses a
 * statement that names any.
 *
 * @param lake URL of the lake: `s3://bucket/prefix`
 * @param paths of tables below it
 */
export const athenaDdl = (database: string, lake: string, paths: ReadonlyArray<string>): string =>
  [
    `CREATE DATABASE IF NOT EXISTS ${identifier(database)} LOCATION ${literal(`${lake}/`)};`,
    ...paths.map(
      (path) =>
        `CREATE EXTERNAL TABLE IF NOT EXISTS ${identifier(database)}.${identifier(catalogName(path))}\n  LOCATION ${literal(`${lake}/${path}/`)}\n  TBLPROPERTIES ('table_type' = 'DELTA');`
    )
  ].join("\n\n")

/** As statements of definition have it: those of Hive. */
const identifier = (name: string): string => `\`${name.replaceAll("`", "``")}\``
const literal = (text: string): string => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`
