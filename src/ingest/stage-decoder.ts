import type { CompiledContract } from "../contract/compile.ts"
import { type Decoder, type DecodeSettings, makeDecoder } from "../decode/decoder.ts"
import type { DeadLetter } from "../record/dead-letter.ts"
import type { RecordPage } from "../record/record.ts"
import { type DecodeCounts, emptyCounts } from "../record/report.ts"
import { stageColumns } from "../record/system-columns.ts"
import { BuilderPool } from "./builder-pool.ts"
import { byHour, PartitionedRows, type PartitionGroup } from "./partitioned-rows.ts"

/** What became of the records of a page that did not become rows, and how many did. */
export interface DecodedPage {
  readonly counts: DecodeCounts
  readonly letters: ReadonlyArray<DeadLetter>
}

/**
 * What is made once in this thread for a contract. A page is decoded without a pause and leaves no rows behind, so all sessions share the decoder
 * of their contract and settings: its memory is large, and the next session would begin before that of the last one is collected. What stays are
 * keys and hashes that were met, which make it faster. The same holds of builders that nobody uses: memory that was written to before takes
 * rows twice as fast.
 */
interface Shared {
  readonly decoders: WeakMap<DecodeSettings, Decoder>
  readonly builders: BuilderPool
}

const shared = new WeakMap<CompiledContract, Shared>()

const sharedBy = (contract: CompiledContract): Shared => {
  const known = shared.get(contract)
  if (known !== undefined) return known
  const made: Shared = { decoders: new WeakMap(), builders: new BuilderPool(stageColumns(contract.columns)) }
  shared.set(contract, made)
  return made
}

/** Lets go of what was made for a contract, once nobody decodes by it: it is made anew for who does. */
export const forgetDecoders = (contract: CompiledContract): void => {
  shared.delete(contract)
}

/** Rows of usual pages need no more. */
const leastRowBytes = 4 << 20

/** Has something done by the shared decoder. One that fails in the middle of a page has rows left, and is not used again. */
const withDecoder = <A>(contract: CompiledContract, settings: DecodeSettings, bufferBytes: number, use: (decoder: Decoder) => A): A => {
  const { decoders } = sharedBy(contract)
  const decoder = decoders.get(settings) ?? makeDecoder(contract, settings, { rowBytes: Math.max(leastRowBytes, 2 * bufferBytes) })
  decoders.delete(settings)
  const result = use(decoder)
  decoders.set(settings, decoder)
  return result
}

/** From pages to row groups of stage, in one thread: decodes by contract, gathers by ingestion hour, encodes. Synchronous, no I/O. */
export class StageDecoder {
  readonly #contract: CompiledContract
  readonly #settings: DecodeSettings
  readonly #source: string
  readonly #bufferBytes: number
  readonly #rows: PartitionedRows
  /** Row groups of what was too much to be held. */
  readonly #ready: Array<PartitionGroup> = []

  /** @param bufferBytes columns held in memory before they are encoded */
  constructor(contract: CompiledContract, settings: DecodeSettings, source: string, bufferBytes: number) {
    this.#contract = contract
    this.#settings = settings
    this.#source = source
    this.#bufferBytes = bufferBytes
    this.#rows = new PartitionedRows(sharedBy(contract).builders, byHour, bufferBytes)
  }

  decode(page: RecordPage): DecodedPage {
    const counts = emptyCounts()
    const letters: Array<DeadLetter> = []
    withDecoder(this.#contract, this.#settings, this.#bufferBytes, (decoder) =>
      decoder.decodePage(this.#source, page, {
        columnsFor: (millis) => this.#rows.columnsFor(millis),
        deadLetter: (letter) => letters.push(letter),
        counts,
        relieve: () => this.#ready.push(...this.#rows.full())
      })
    )
    // At once: while whoever takes them waits for the store, other datasets decode, and none must hold more than its share then.
    this.#ready.push(...this.#rows.full())
    return { counts, letters }
  }

  /** Bytes of columns that stay in memory between two pages. */
  get held(): number {
    return this.#rows.bytes
  }

  /** Row groups of what is too much to be held. */
  *full(): Iterable<PartitionGroup> {
    yield* this.#ready.splice(0)
  }

  /** Row groups of all that is held. */
  *rest(): Iterable<PartitionGroup> {
    yield* this.#ready.splice(0)
    yield* this.#rows.rest()
  }
}
