import type { CompiledContract } from "../contract/compile.ts"
import { sensitiveText } from "../contract/described.ts"
import { governance, stageGovernance } from "../contract/governance.ts"
import type { StructField, StructType } from "../table/schema.ts"
import { hiveType } from "./hive-type.ts"

/** A column as AWS Glue and Terraform (`aws_glue_catalog_table`) take it. */
export interface GlueColumn {
  readonly Name: string
  /** Hive type: `bigint`, `struct<id:string,name:string>`, `array<…>`. */
  readonly Type: string
  readonly Comment: string
}

/** What a table is, its columns and, apart from them, its partition keys. */
export interface GlueTable {
  readonly description: string
  /** Absent: nobody is named. */
  readonly owner?: string | undefined
  /** Who answers for it, and how it is to be treated, by name. */
  readonly parameters: { readonly [name: string]: string }
  readonly columns: ReadonlyArray<GlueColumn>
  readonly partitionKeys: ReadonlyArray<GlueColumn>
}

/** What a table of a dataset is. @param partitions names of its partition columns, which are among those of the schema */
export const glueTable = (
  compiled: CompiledContract,
  zone: "stage" | "consumable",
  schema: StructType,
  partitions: ReadonlyArray<string>
): GlueTable => {
  const { contract } = compiled
  const sensitive = sensitiveText(compiled)
  return {
    description: contract.description,
    owner: contract.owner,
    parameters: {
      ...contract.tags,
      ...(zone === "stage" ? stageGovernance : governance)(contract),
      ...(sensitive === "" ? {} : { sensitive_columns: sensitive }),
      zone
    },
    ...glueColumns(schema, partitions)
  }
}

/** Columns of a table, in the order of its schema, and apart from them those by which it is partitioned. */
export const glueColumns = (
  { fields }: StructType,
  partitions: ReadonlyArray<string>
): { readonly columns: ReadonlyArray<GlueColumn>; readonly partitionKeys: ReadonlyArray<GlueColumn> } => ({
  columns: fields.filter(({ name }) => !partitions.includes(name)).map(glueColumn),
  partitionKeys: partitions.flatMap((partition) => fields.filter(({ name }) => name === partition).map(glueColumn))
})

const glueColumn = ({ name, type, metadata: { comment } }: StructField): GlueColumn => ({
  Name: name,
  Type: hiveType(type),
  Comment: oneLine(typeof comment === "string" ? comment : "", 255)
})

/** Glue takes comments of one line, and of so many characters (its `CommentString`). */
export const oneLine = (text: string, most: number): string => {
  const line = text.replace(/[\s\p{Cc}]+/gu, " ").trim()
  // Half a character is none, and refused.
  return line.length <= most
    ? line
    : `${line
        .slice(0, most - 1)
        .replace(/[\uD800-\uDBFF]$/, "")
        .trimEnd()}…`
}
