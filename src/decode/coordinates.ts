import { addNulls, addSameLong, addSameText } from "../columns/add-run.ts"
import type { LeafStore } from "../columns/leaf-store.ts"
import { addText } from "../columns/shred.ts"
import { arrivedAt, microsOf, type RecordPage } from "../record/record.ts"

/** A text that all records of a page have in common, as `LeafStore.addBytes` takes it. */
interface Encoded {
  readonly bytes: Uint8Array
  readonly view: DataView
  readonly length: number
}

const encoded = (text: string): Encoded => {
  const bytes = new Uint8Array(Buffer.byteLength(text) + 4)
  bytes.set(Buffer.from(text))
  return { bytes, view: new DataView(bytes.buffer), length: bytes.length - 4 }
}

/** Adds `_source`, `_shard`, `_sequence_number`, `_sub_sequence_number`, `_arrived_at` and `_rescued` of the records of one page to open rows. */
export class Coordinates {
  readonly #page: RecordPage
  readonly #store: LeafStore
  readonly #first: number
  readonly #source: Encoded
  readonly #shard: Encoded

  /** @param first of their leaves */
  constructor(source: string, page: RecordPage, store: LeafStore, first: number) {
    this.#page = page
    this.#store = store
    this.#first = first
    this.#source = encoded(source)
    this.#shard = encoded(page.shard)
  }

  /** Those of record `i`. */
  add(i: number, rescued: string | null): void {
    const store = this.#store
    const first = this.#first
    const page = this.#page
    const [source, shard] = [this.#source, this.#shard]
    store.addBytes(first, 0, source.bytes, source.view, 0, source.length)
    store.addBytes(first + 1, 0, shard.bytes, shard.view, 0, shard.length)
    addText(store, first + 2, 0, page.sequenceNumbers[i] ?? "")
    store.addSafeLong(first + 3, 0, page.subSequenceNumbers?.[i] ?? 0)
    store.addSafeLong(first + 4, 0, microsOf(arrivedAt(page, i)))
    if (rescued === null) store.addNull(first + 5, 0, 0)
    else addText(store, first + 5, 0, rescued)
  }

  /** Those of the records `from` to before `end`, of which nothing was rescued. */
  addRun(from: number, end: number): void {
    const store = this.#store
    const first = this.#first
    const { sequenceNumbers, subSequenceNumbers, arrivedAt: arrived } = this.#page
    const rows = end - from
    addSameText(store, first, this.#source.bytes.subarray(0, this.#source.length), rows)
    addSameText(store, first + 1, this.#shard.bytes.subarray(0, this.#shard.length), rows)
    for (let i = from; i < end; i++) addText(store, first + 2, 0, sequenceNumbers[i] ?? "")
    if (subSequenceNumbers === undefined) addSameLong(store, first + 3, 0, rows)
    else for (let i = from; i < end; i++) store.addSafeLong(first + 3, 0, subSequenceNumbers[i] ?? 0)
    if (typeof arrived === "number") addSameLong(store, first + 4, microsOf(arrived), rows)
    else for (let i = from; i < end; i++) store.addSafeLong(first + 4, 0, microsOf(arrived[i] ?? 0))
    addNulls(store, first + 5, first + 6, rows)
  }
}
