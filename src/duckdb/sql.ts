import { type DataType, formerNames, type StructField, type StructType, typeText } from "../table/schema.ts"

/** A name in SQL: quoted, whatever it holds. */
export const identifier = (name: string): string => `"${name.replaceAll('"', '""')}"`

/** A text in SQL: quoted, whatever it holds. */
export const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`

/** Paths of files for DuckDB to read, as a list in SQL. It takes paths for patterns: what means something there is put in brackets. */
export const filesList = (paths: ReadonlyArray<string>): string => list(paths.map((path) => literal(path.replace(/[[*?]/g, "[$&]"))))

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
  const values = columns.fields.map((field) => `${memberSql(read, field, "", 0)} AS ${identifier(field.name)}`)
  return `(SELECT ${[...values, "file_index", "file_row_number", ...(fileNames ? ["filename"] : [])].join(", ")} FROM ${scan})`
}

const hasFormer = (type: DataType): boolean =>
  typeof type === "string" || type.type === "map"
    ? false
    : type.type === "array"
      ? hasFormer(type.elementType)
      : type.fields.some((field) => formerNames(field).length > 0 || hasFormer(field.type))

/** With the names that columns had before, under the type that they have now, as columns of their own. */
const withFormer = (schema: StructType): StructType => {
  const names = new Set(schema.fields.map(({ name }) => name))
  const deeper = (type: DataType): DataType =>
    typeof type === "string" || type.type === "map"
      ? type
      : type.type === "array"
        ? { ...type, elementType: deeper(type.elementType) }
        : withFormer(type)
  return {
    type: "struct",
    fields: schema.fields.flatMap((field) => {
      const now = { ...field, type: deeper(field.type) }
      // One that is still a column of the table is read as what it is.
      return [now, ...formerNames(field).flatMap((name) => (names.has(name) ? [] : [{ ...now, name }]))]
    })
  }
}

/** The value of a field, from the struct that has it, under its name or one that it had before. @param parent SQL of the struct and a dot; empty for columns */
const memberSql = (from: StructType, field: StructField, parent: string, level: number): string => {
  const values = [field.name, ...formerNames(field)].flatMap((name) => {
    const found = from.fields.find((each) => each.name === name)
    return found === undefined ? [] : [asTypeSql(found.type, field.type, parent + identifier(name), level)]
  })
  return values.length === 0
    ? `CAST(NULL AS ${sqlType(field.type)})`
    : values.length === 1
      ? values.join()
      : `coalesce(${values.join(", ")})`
}

/** A value of one type as one of another: structs by the names of their fields. @param level of lists around it */
const asTypeSql = (from: DataType, to: DataType, value: string, level: number): string => {
  if (typeText(from) === typeText(to) && !hasFormer(to)) return value
  if (typeof from !== "string" && typeof to !== "string") {
    if (from.type === "array" && to.type === "array") {
      const element = `e${level}`
      return `list_transform(${value}, lambda ${element}: ${asTypeSql(from.elementType, to.elementType, element, level + 1)})`
    }
    if (from.type === "struct" && to.type === "struct") {
      const fields = to.fields.map((field) => `${identifier(field.name)} := ${memberSql(from, field, `${value}.`, level)}`)
      return `CASE WHEN ${value} IS NULL THEN NULL ELSE struct_pack(${fields.join(", ")}) END`
    }
  }
  return `CAST(${value} AS ${sqlType(to)})`
}

/**
 * Options of `COPY … TO` for the files of a table. DuckDB keeps a dictionary page of 1 MiB for every text column while it writes: with
 * hundreds of them that alone is more than a small process has. Pages of 64 KiB compress as well.
 */
export const parquetOptions = (rowGroupRows: number): string =>
  `FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE ${rowGroupRows}, STRING_DICTIONARY_PAGE_SIZE_LIMIT 65536`
