import type { Effect } from "effect"
import { withFormer } from "../../duckdb/former-names.ts"
import type { Column } from "../../record/column.ts"
import type { StoreError, StoreShape } from "../../store/store.ts"
import { commitName, logFolder } from "../../table/paths.ts"
import { asWritten, deltaSchema } from "../../table/schema.ts"
import type { EngineFile, ExistingFile } from "../engine.ts"

/**
 * A list of files as a Delta table, so that Spark reads just these without listing a folder or asking for a file's size, however many there are. It has a log
 * of one commit and no file of its own: those in the log are named by their URIs.
 */

/** Columns by which Spark reads only some of the files: the number of a file in the list, and its partition as text. No column of a contract begins so. */
export const fileColumn = "__file"
export const partitionColumn = "__partition"

/** Begins the text of each partition there, since a log cannot tell an empty one from none. */
export const partitionMark = "="

/** A URI whose names are as they are, as a log names a file, and as spark-submit takes its program. */
export const encoded = (uri: string): string => encodeURI(uri).replace(/[?#]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)

/**
 * Writes such a table.
 *
 * @param folder key of the table
 * @param columns of the rows to be read of the files, which may lack some
 * @param uriOf the URI of a key as Spark opens it
 */
export const putScratchTable = (
  store: StoreShape,
  folder: string,
  columns: ReadonlyArray<Column>,
  files: ReadonlyArray<EngineFile & Partial<Pick<ExistingFile, "partition">>>,
  uriOf: (key: string) => string
): Effect.Effect<void, StoreError> => {
  const { fields } = asWritten(withFormer(deltaSchema(columns)))
  const nullable = { nullable: true, metadata: {} }
  const schema = {
    type: "struct",
    fields: [...fields, { name: fileColumn, type: "integer", ...nullable }, { name: partitionColumn, type: "string", ...nullable }]
  }
  const lines = [
    { protocol: { minReaderVersion: 1, minWriterVersion: 2 } },
    {
      metaData: {
        id: folder,
        format: { provider: "parquet", options: {} },
        schemaString: JSON.stringify(schema),
        partitionColumns: [fileColumn, partitionColumn],
        configuration: {},
        createdTime: 0
      }
    },
    ...files.map(({ key, size, partition = "" }, i) => ({
      add: {
        path: encoded(uriOf(key)),
        partitionValues: { [fileColumn]: String(i), [partitionColumn]: partitionMark + partition },
        size,
        modificationTime: 0,
        dataChange: true
      }
    }))
  ]
  const text = lines.map((line) => `${JSON.stringify(line)}\n`).join("")
  return store.put(`${folder}/${logFolder}${commitName(0)}`, new TextEncoder().encode(text))
}
