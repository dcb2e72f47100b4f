import type { DataType, StructType } from "../table/schema.ts"
import { columnsSql, type Dialect, hasFormer, withFormer } from "./former-names.ts"

/** A name in SQL: quoted, whatever it holds. */
export const identifier = (name: string): string => `"${name.replaceAll('"', '""')}"`

/** A text in SQL: quoted, whatever it holds. */
export const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`

/** A path as DuckDB, which takes paths for patterns, reads it as itself: what means something there is put in brackets. */
export const asPattern = (path: string): string => path.replace(/[[*?]/g, "[$&]")

/** Paths of files for DuckDB to read, as a list in SQL. */
export const filesList = (paths: ReadonlyArray<string>): string => list(paths.map((path) => literal(asPattern(path))))

/** A list in SQL. */
export const list = (items: ReadonlyArray<string>): string => `[${items.join(", ")}]`

/** DuckDB's type of a type of a Delta schema. Throws for what DuckDB has no type for. */
export const sqlType = (type: DataType): string => {
  if (typeof type === "string") return leafType(type)
  switch (type.type) {
    case "struct":
      return `STRUCT(${type.fields.map((field) => `${identifier(field.name)} ${sqlType(field.type)}`).join(", ")})`
    case "array":
      return `${sqlType(type.elementType)}[]`
    case "map":
      return `MAP(${sqlType(type.keyType)}, ${sqlType(type.valueType)})`
  }
}

const leafTypes: { readonly [type: string]: string } = {
  string: "VARCHAR",
  long: "BIGINT",
  integer: "INTEGER",
  short: "SMALLINT",
  byte: "TINYINT",
  float: "FLOAT",
  double: "DOUBLE",
  boolean: "BOOLEAN",
  binary: "BLOB",
  date: "DATE",
  timestamp: "TIMESTAMP WITH TIME ZONE",
  timestamp_ntz: "TIMESTAMP"
}

const leafType = (type: string): string => {
  const found = leafTypes[type] ?? (/^decimal\(\d+,\s*\d+\)$/.test(type) ? type.toUpperCase() : undefined)
  if (found === undefined) throw new RangeError(`DuckDB has no type for ${JSON.stringify(type)}`)
  return found
}

/** Option of {@link parquetFiles}: a further column `filename`, the path that was given. */
export const filenameColumn = "filename = true"

/**
 * Reads Parquet files as they are. All reading goes through here: no folder that a file happens to lie in (`status=raw`) may become a column,
 * which is what DuckDB makes of such names unless it is told not to. What a partition is, the table's log says.
 *
 * @param files local paths, at least one
 * @param options further ones of `read_parquet`, each `name = value`
 */
export const parquetFiles = (files: ReadonlyArray<string>, ...options: ReadonlyArray<string>): string =>
  `read_parquet(${[filesList(files), "hive_partitioning = false", ...options].join(", ")})`

/**
 * Reads Parquet files as rows of the given columns, in their order. Columns and nested fields that a file lacks are null, those it has
 * beyond are passed over, types are widened, and what stands under a name that a column had before is taken where the column itself has nothing:
 * the schema comes from the table's log and no file's footer is read to plan. Beside them stand the virtual columns `file_index` (place in
 * `files`, from 0) and `file_row_number`.
 *
 * @param files local paths, at least one
 * @param fileNames whether the path of the file is a further column, `filename`. Files are pruned by what is asked of it, under this name alone.
 */
export const readParquet = (files: ReadonlyArray<string>, columns: StructType, fileNames = false): string => {
  const read = withFormer(columns)
  const schema = read.fields.map(
    ({ name, type }) => `${literal(name)}: {name: ${literal(name)}, type: ${literal(sqlType(type))}, default_value: NULL}`
  )
  const scan = parquetFiles(files, `schema = MAP {${schema.join(", ")}}`, ...(fileNames ? [filenameColumn] : []))
  if (!hasFormer(columns)) return scan
  return `(SELECT ${[...columnsSql(columns, dialect), "file_index", "file_row_number", ...(fileNames ? ["filename"] : [])].join(", ")} FROM ${scan})`
}

const dialect: Dialect = {
  identifier,
  type: sqlType,
  list: (value, element, each) => `list_transform(${value}, lambda ${element}: ${each})`,
  struct: (fields) => `struct_pack(${fields.map(([name, value]) => `${identifier(name)} := ${value}`).join(", ")})`
}

/**
 * Options of `COPY … TO` for the files of a table. DuckDB keeps a dictionary page of 1 MiB for every text column while it writes: with
 * hundreds of them that alone is more than a small process has. Pages of 64 KiB compress as well.
 */
export const parquetOptions = (rowGroupRows: number): string =>
  `FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE ${rowGroupRows}, STRING_DICTIONARY_PAGE_SIZE_LIMIT 65536`
