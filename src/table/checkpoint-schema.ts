import type { SchemaElement } from "../parquet/metadata.ts"

/** Checkpoints of the classic kind (PROTOCOL.md, "Checkpoint Schema"): one row per action, one column per kind of action. */

const optional = (name: string, type: SchemaElement["type"]): SchemaElement => ({
  name,
  repetition_type: "OPTIONAL",
  ...(type === undefined ? {} : { type })
})
const utf8 = (name: string): SchemaElement => ({
  ...optional(name, "BYTE_ARRAY"),
  converted_type: "UTF8",
  logical_type: { type: "STRING" }
})
const group = (name: string, ...children: ReadonlyArray<ReadonlyArray<SchemaElement>>): Array<SchemaElement> => [
  { ...optional(name, undefined), num_children: children.length },
  ...children.flat()
]
const long = (name: string) => [optional(name, "INT64")]
const integer = (name: string) => [optional(name, "INT32")]
const flag = (name: string) => [optional(name, "BOOLEAN")]
const text = (name: string) => [utf8(name)]
const textMap = (name: string): Array<SchemaElement> => [
  { ...optional(name, undefined), num_children: 1, converted_type: "MAP", logical_type: { type: "MAP" } },
  { name: "key_value", repetition_type: "REPEATED", num_children: 2 },
  { ...utf8("key"), repetition_type: "REQUIRED" },
  utf8("value")
]
const textList = (name: string): Array<SchemaElement> => [
  { ...optional(name, undefined), num_children: 1, converted_type: "LIST", logical_type: { type: "LIST" } },
  { name: "list", repetition_type: "REPEATED", num_children: 1 },
  utf8("element")
]

/** The kinds of action of a checkpoint: each is a top-level column, and each row has exactly one of them. */
export const kinds = ["txn", "add", "remove", "metaData", "protocol", "domainMetadata"] as const
export type Kind = (typeof kinds)[number]

/** The schema of the checkpoints written here, the same that Spark writes. */
export const checkpointSchema: Array<SchemaElement> = [
  { name: "spark_schema", num_children: kinds.length },
  ...group("txn", text("appId"), long("version"), long("lastUpdated")),
  ...group(
    "add",
    text("path"),
    textMap("partitionValues"),
    long("size"),
    long("modificationTime"),
    flag("dataChange"),
    textMap("tags"),
    text("stats")
  ),
  ...group(
    "remove",
    text("path"),
    long("deletionTimestamp"),
    flag("dataChange"),
    flag("extendedFileMetadata"),
    textMap("partitionValues"),
    long("size")
  ),
  ...group(
    "metaData",
    text("id"),
    text("name"),
    text("description"),
    group("format", text("provider"), textMap("options")),
    text("schemaString"),
    textList("partitionColumns"),
    textMap("configuration"),
    long("createdTime")
  ),
  ...group("protocol", integer("minReaderVersion"), integer("minWriterVersion"), textList("readerFeatures"), textList("writerFeatures")),
  ...group("domainMetadata", text("domain"), text("configuration"), flag("removed"))
]

const shape = (schema: ReadonlyArray<SchemaElement>): string =>
  JSON.stringify(
    schema.map((element) => [element.name, element.type, element.repetition_type, element.num_children, element.converted_type])
  )
const ownShape = shape(checkpointSchema)

/** Is this the schema of the checkpoints written here? Then row groups of the file can stand in another one as they are. */
export const isOwnSchema = (schema: ReadonlyArray<SchemaElement>): boolean => shape(schema) === ownShape
