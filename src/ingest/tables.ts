import type { Snapshot } from "../table/snapshot.ts"
import type { Table } from "../table/table.ts"
import type { View } from "./second-owner.ts"

/** The two tables that a batch goes to, each with the snapshot that its positions were read from. */
export interface Tables {
  readonly stage: { readonly table: Table; readonly created: boolean; snapshot: Snapshot }
  readonly deadLetters: { readonly table: Table; readonly created: boolean; snapshot: Snapshot }
}

/** Both tables as this process knows them. */
export const viewOf = ({ stage, deadLetters }: Tables): View => ({ stage: stage.snapshot, deadLetters: deadLetters.snapshot })
