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
