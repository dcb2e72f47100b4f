import type { CompiledContract } from "../contract/compile.ts"
import { consumablePath, deadLettersPath, runsPath, stagePath } from "../lake/layout.ts"
import { runColumns } from "../lake/runs.ts"
import type { Column } from "../record/column.ts"
import { deadLetterColumns } from "../record/dead-letter.ts"
import { deadLetterPartitions, stageColumns, stagePartitions } from "../record/system-columns.ts"

/** Columns of the tables of a lake that models may read, by the table's path: as the contracts say, be the table there or not. */
export const sourceColumns = (contracts: ReadonlyArray<CompiledContract>): ReadonlyMap<string, ReadonlyArray<Column>> =>
  new Map([
    ...contracts.flatMap(
      ({ contract, columns, consumableColumns, identity }): ReadonlyArray<[string, ReadonlyArray<Column>]> => [
        [consumablePath(contract.name), [...stageColumns(consumableColumns), ...identity.partition.columns]],
        [stagePath(contract.name), [...stageColumns(columns), ...stagePartitions]]
      ]
    ),
    [runsPath, runColumns],
    [deadLettersPath, [...deadLetterColumns, ...deadLetterPartitions]]
  ])

/** A list of documents of a table, whose elements models may read as rows. */
export interface ListOfDocuments {
  /** Dotted where it is in a document. */
  readonly list: string
  readonly description: string
  /** Columns of an element. */
  readonly columns: ReadonlyArray<Column>
}

/** Lists of documents among columns, and in documents among them. Those in other lists are no source. */
export const listsOf = (columns: ReadonlyArray<Column>): ReadonlyArray<ListOfDocuments> =>
  columns.flatMap((column): ReadonlyArray<ListOfDocuments> => {
    if (column.kind === "struct") return listsOf(column.fields).map((of) => ({ ...of, list: `${column.name}.${of.list}` }))
    return column.kind === "list" && column.element.kind === "struct"
      ? [{ list: column.name, description: column.description, columns: column.element.fields }]
      : []
  })
