import type { CompiledContract } from "../contract/compile.ts"
import { type Decoder, type DecodeSettings, makeDecoder } from "../decode/decoder.ts"
import type { DeadLetter } from "../record/dead-letter.ts"
import type { RecordPage } from "../record/record.ts"
import { type DecodeCounts, emptyCounts } from "../record/report.ts"
import { stageColumns } from "../record/system-columns.ts"
import { byHour, PartitionedRows, type PartitionGroup } from "./partitioned-rows.ts"

/** What became of the records of a page that did not become rows, and how many did. */
export interface DecodedPage {
  readonly counts: DecodeCounts
  readonly letters: ReadonlyArray<DeadLetter>
}

/** From pages to row groups of stage, in one thread: decodes by contract, gathers by ingestion hour, encodes. Synchronous, no I/O. */
export class StageDecoder {
  readonly #source: string
  readonly #makeDecoder: () => Decoder
  /** Made for the first page: some sessions have none. */
  #decoder: Decoder | null = null
  readonly #rows: PartitionedRows

  /** @param bufferBytes columns held in memory before they are encoded */
  constructor(contract: CompiledContract, settings: DecodeSettings, source: string, bufferBytes: number) {
    this.#source = source
    this.#makeDecoder = () => makeDecoder(contract, settings)
    this.#rows = new PartitionedRows(stageColumns(contract.columns), byHour, bufferBytes)
  }

  decode(page: RecordPage): DecodedPage {
    const counts = emptyCounts()
    const letters: Array<DeadLetter> = []
    this.#decoder ??= this.#makeDecoder()
    this.#decoder.decodePage(this.#source, page, {
      columnsFor: (millis) => this.#rows.columnsFor(millis),
      deadLetter: (letter) => letters.push(letter),
      counts
    })
    return { counts, letters }
  }

  /** Row groups of what is too much to be held. */
  full(): Iterable<PartitionGroup> {
    return this.#rows.full()
  }

  /** Row groups of all that is held. */
  rest(): Iterable<PartitionGroup> {
    return this.#rows.rest()
  }
}
