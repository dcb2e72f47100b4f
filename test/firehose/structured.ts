import { glueColumns } from "../../src/catalog/glue-table.ts"
import type { CompiledContract } from "../../src/contract/compile.ts"
import { makeStructurer } from "../../src/firehose/structurer.ts"
import type { RecordPage } from "../../src/record/record.ts"
import { emptyCounts } from "../../src/record/report.ts"
import { stageColumns } from "../../src/record/system-columns.ts"
import { deltaSchema } from "../../src/table/schema.ts"
import { settings } from "../decode/support.ts"

/** Columns of the table by whose types Firehose converts. */
export const glueOf = ({ columns }: CompiledContract) => glueColumns(deltaSchema(stageColumns(columns)), []).columns

/** Records of a page as they are sent to Firehose: those that are rows. */
export const linesOf = (contract: CompiledContract, page: RecordPage): ReadonlyArray<string> =>
  makeStructurer(contract, settings)
    .structure(page, emptyCounts())
    .flatMap((each) => (each.kind === "line" ? [each.line] : []))
