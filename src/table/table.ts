/** The face of this folder: opening, making and reading a Delta table. The log itself is in `log.ts`, committing in `commit.ts`. */

export type { Committed, ReadSet, Transaction } from "./commit.ts"
export { type CreatedTable, createTable, type TableDefinition } from "./create.ts"
export { openTable, type Table } from "./open.ts"
export type { ReadValue } from "./partition-values.ts"
export { addPath } from "./paths.ts"
export { type ReadOptions, type Row, readTable } from "./read.ts"
