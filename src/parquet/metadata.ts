/** What a footer says, in the words of the library that reads it: nobody above this folder imports that. */
export type { AsyncBuffer, ColumnChunk, CompressionCodec, FileMetaData, RowGroup as StoredRows, SchemaElement, SchemaTree } from "hyparquet"
export { parquetSchema as schemaTree } from "hyparquet"
