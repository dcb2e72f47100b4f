import { type ContractDefinition, csv, type Fields, type Latest, text, timestamp } from "../../src/contract/index.ts"
import { about } from "./about.ts"

/**
 * What DMS says of each row beside its table: in the settings of the endpoint, `TimestampColumnName=commit_time`, and a rule of the mapping that
 * adds `$AR_H_CHANGE_SEQ` as `change_sequence`. Any of them may be missing.
 */
const change: Fields = {
  op: text("What was done to the row: `I`, `U` or `D`; of a full load it may be missing."),
  commitTime: timestamp("When that was committed; of a row of a full load, when the load began, or the row was copied.", {
    from: { pattern: "yyyy-MM-dd HH:mm:ss.SSSSSS" }
  }),
  changeSequence: text("Place of the change among all of its database: 35 digits, the only order that is certain. A full load has none.")
}

/**
 * What tables that DMS replicates have in common. Their files have headers, which name the columns, or say nothing but values: then those stand in this
 * order, and of a full load the operation may be missing. They come once a day, as the owners of the databases want it.
 *
 * @param fields of the table, in its order
 */
export const replicated = (fields: Fields) =>
  ({
    ...about,
    format: csv({
      columns: ["op", "commitTime", ...Object.keys(fields), "changeSequence"],
      header: "some",
      mayLack: ["op"],
      nullText: "NULL",
      // The target of one task writes CSV, and that of another Parquet; a table may have been moved from one to the other.
      parquet: true
    }),
    systemOwner: "database-team",
    sourceType: "replication",
    loadFrequency: "1 day",
    refreshEvery: "1 day",
    fields: { ...change, ...fields }
  }) as const satisfies Partial<ContractDefinition>

/**
 * Which row of a key is the newest, and which keys are gone. Of a load all rows are as old as its beginning
 * (`UseTaskStartTimeForFullLoadTimestamp=true`), so that what was changed meanwhile is newer; what a new load does not have is gone.
 */
export const replica = {
  order: ["changeSequence", "commitTime"],
  deleted: { op: "D" },
  loads: { files: ["*LOAD????????.*"], begin: ["*LOAD00000001.*"], at: "commitTime" }
} as const satisfies Partial<Omit<Latest, "kind">>

/** Files of a table: below a folder that is called like it, in that of its schema. */
export const filesOf = (table: string): ReadonlyArray<string> => [`**/${table}/**`]
