import { giveUp } from "./scan.ts"

/**
 * The memory in which records are walked: the page, what is known of the plan, and the rows that come of it. With the kernel it is one
 * WebAssembly memory, else plain bytes; laid out alike, so that both walks work on the same. It never grows: growing would detach its buffer,
 * and from the first detached buffer on V8 checks for one at every access to any typed array.
 */
export const layout = {
  /** The page, and zeros behind it. */
  page: 0,
  pageSize: 0x600000,
  /** Bitmaps of the page. */
  special: 0x600000,
  outer: 0x6c0000,
  /** Numbers that both walks use, see {@link cell}. */
  cells: 0x780000,
  /** Nodes of which a value was masked or left out in the record at hand. */
  tallies: 0x780100,
  talliesEnd: 0x788000,
  /** Powers of ten as floats, 10⁰ to 10²². */
  powers: 0x788000,
  /** Room that the kernel works in. */
  scratch: 0x790000,
  /** Keys that it has met, by where. */
  known: 0x7e0000,
  /** 1 for each byte that the first letter of a drop rule's text may be. */
  ruleLetters: 0x7f1000,
  /** Keys, see `KeyStore`. */
  entries: 0x800000,
  entriesEnd: 0x900000,
  wide: 0x900000,
  wideEnd: 0xa00000,
  narrow: 0xa00000,
  narrowEnd: 0xa40000,
  /** Nodes, see `Nodes`. */
  nodes: 0xa40000,
  nodesEnd: 0xb40000,
  seen: 0xb40000,
  seenEnd: 0xb60000,
  declared: 0xb60000,
  declaredEnd: 0xb80000,
  /** Leaves, see `LeafStore`. */
  state: 0xb80000,
  stateEnd: 0xc00000,
  arena: 0xc00000,
  arenaEnd: 0x2e00000,
  /** Keyed hashes in hex, see `HashMemo`. */
  digests: 0x2e00000,
  /** Only what is used of it takes memory. */
  size: 0x3000000
} as const

/** Indexes of the numbers in `cells`. */
export const cell = {
  /** Position behind the key that was looked for last. */
  after: 0,
  /** Number of the last object. */
  objects: 1,
  /** Number of tallies. */
  tallied: 2,
  maxDepth: 3,
  /** 1: unknown members are tallied like those that are left out. */
  talliesDrift: 4,
  /** 1: sensitive texts are hashed; 0: there is no key, and they become null. */
  hashes: 5,
  /** Elements of all lists of the record. */
  elements: 6,
  /** How many lists are open, and then the index reached in each. */
  openLists: 7,
  indexes: 8,
  /** Has a bit, {@link respelled}, where a field of the record has its key in another case; others say nothing. */
  keys: 40
} as const

/** The bit of what is known of a key, see `keyField.about`, that says: it is a field's in another case. */
export const respelled = 512

/** Zeros behind the page, a stop for every scan and room to read a few bytes at a time. */
const padding = 128

export class WalkMemory {
  readonly buffer: ArrayBuffer
  readonly bytes: Buffer
  readonly cells: Int32Array
  readonly tallies: Int32Array

  /** Nodes that have a total, in the order in which they got one. */
  readonly #counted: Array<number> = []
  readonly #totals = new Int32Array((layout.nodesEnd - layout.nodes) / 64)

  constructor(buffer: ArrayBuffer = new ArrayBuffer(layout.size)) {
    this.buffer = buffer
    this.bytes = Buffer.from(buffer)
    this.cells = this.ints(layout.cells, layout.tallies)
    this.tallies = this.ints(layout.tallies, layout.talliesEnd)
    new Float64Array(buffer, layout.powers, 23).set(Array.from({ length: 23 }, (_, i) => 10 ** i))
  }

  /** Longest page that fits, in bytes. */
  static readonly capacity: number = layout.pageSize - padding

  /** Remembers that a value of a node was masked, or left out. */
  tally(node: number): void {
    const count = this.cells[cell.tallied] ?? 0
    if (count >= this.tallies.length) throw giveUp
    this.tallies[count] = node
    this.cells[cell.tallied] = count + 1
  }

  /** Forgets the tallies of a record that did not become a row. */
  forget(): void {
    this.cells[cell.tallied] = 0
    this.cells[cell.openLists] = 0
    this.cells[cell.elements] = 0
    this.cells[cell.keys] = 0
  }

  /** Takes the tallies of a record, now a row, into the totals. */
  settle(): void {
    const count = this.cells[cell.tallied] ?? 0
    const totals = this.#totals
    for (let i = 0; i < count; i++) {
      const node = this.tallies[i] ?? 0
      const before = totals[node] ?? 0
      if (before === 0) this.#counted.push(node)
      totals[node] = before + 1
    }
  }

  /** Tells how often a value of each node was, and forgets it. */
  takeTotals(tell: (node: number, total: number) => void): void {
    const totals = this.#totals
    for (const node of this.#counted) {
      tell(node, totals[node] ?? 0)
      totals[node] = 0
    }
    this.#counted.length = 0
  }

  ints(from: number, to: number): Int32Array<ArrayBuffer> {
    return new Int32Array(this.buffer, from, (to - from) / 4)
  }

  /**
   * Takes the part `[from, to)` of a page in as a copy, zeros behind it. A part, since Node copies whole arrays by `set`, and V8 copies what threads
   * share byte by byte then, which takes ten times as long. @returns how far it reaches, in whole blocks of 64 bytes
   */
  load(page: Buffer, from: number, to: number): number {
    const end = (to - from + padding) & ~63
    page.copy(this.bytes, layout.page, from, to)
    this.bytes.fill(0, to - from, end)
    return end
  }
}
