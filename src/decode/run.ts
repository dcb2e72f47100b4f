import { add, type DecodeCounts } from "../record/report.ts"
import { maxDriftPaths, namedPaths, otherPaths } from "./drift.ts"

/**
 * What is known about the record being decoded. Nothing of it reaches the counts before the record has become a row: a dead letter leaves
 * no other trace, and a document that has to be read a second time is counted once.
 */
export class Run {
  /** Text of the document being walked: the record, or a document that stood in it as text. */
  text = ""
  /** Was it read by `readJson`, which keeps numbers as written and keys in order? */
  exact = false
  /** Something was met that `JSON.parse` does not tell: read the document again, exactly. */
  needExact = false
  #integers: boolean | undefined
  #written: boolean | undefined

  /** Indexes of the lists above. */
  readonly indexes: Array<number> = []
  /** Number of the object being walked, to notice a field that comes twice. */
  objects = 0
  /** Path at which the depth limit was passed. */
  tooDeep: string | null = null
  /** Elements of all lists of the record, and the path at which they became too many. */
  elements = 0
  tooMany: string | null = null

  readonly drops: Array<string> = []
  readonly rescued: Array<string> = []
  readonly drift: Array<string> = []
  readonly masked: Array<string> = []
  /** Conventions of the contract that made a value null. */
  readonly conventions: Array<string> = []
  /** Does a field have its key in another case? */
  isRespelled = false
  /** Members of `_rescued`, each `"path":value`. */
  readonly kept: Array<string> = []

  begin(text: string): void {
    this.text = text
    this.exact = false
    this.needExact = false
    this.#integers = undefined
    this.#written = undefined
    shorten(this.indexes, 0)
    this.tooDeep = null
    this.tooMany = null
    this.undo(start)
  }

  /** Turns to a document inside of the one being walked. @returns what `leave` needs */
  enter(text: string): Document {
    const outer: Document = {
      text: this.text,
      exact: this.exact,
      needExact: this.needExact,
      integers: this.#integers,
      written: this.#written
    }
    this.text = text
    this.exact = false
    this.needExact = false
    this.#integers = undefined
    this.#written = undefined
    return outer
  }

  leave(outer: Document): void {
    this.text = outer.text
    this.exact = outer.exact
    this.needExact = outer.needExact
    this.#integers = outer.integers
    this.#written = outer.written
  }

  mark(): Mark {
    return {
      drops: this.drops.length,
      rescued: this.rescued.length,
      drift: this.drift.length,
      masked: this.masked.length,
      kept: this.kept.length,
      elements: this.elements,
      conventions: this.conventions.length,
      isRespelled: this.isRespelled
    }
  }

  /** Counts elements of a list. @returns whether they are still few enough for a row */
  addElements(count: number, path: string): boolean {
    this.elements += count
    if (this.elements > maxElements) this.tooMany ??= path
    return this.tooMany === null
  }

  /** The same, into an object that is used again. */
  markInto(mark: { -readonly [K in keyof Mark]: Mark[K] }): void {
    mark.drops = this.drops.length
    mark.rescued = this.rescued.length
    mark.drift = this.drift.length
    mark.masked = this.masked.length
    mark.kept = this.kept.length
    mark.elements = this.elements
    mark.conventions = this.conventions.length
    mark.isRespelled = this.isRespelled
  }

  undo(mark: Mark): void {
    shorten(this.drops, mark.drops)
    shorten(this.rescued, mark.rescued)
    shorten(this.drift, mark.drift)
    shorten(this.masked, mark.masked)
    shorten(this.kept, mark.kept)
    this.elements = mark.elements
    shorten(this.conventions, mark.conventions)
    this.isRespelled = mark.isRespelled
  }

  /** A number is about to become an integer: is it the one that was written? */
  needInteger(): void {
    if (this.exact) return
    this.#integers ??= longNumber.test(this.text)
    if (this.#integers) this.needExact = true
  }

  /** A number is about to become text or a decimal: is it the text that was written? */
  needText(): void {
    if (this.exact) return
    this.#written ??= oddNumber.test(this.text)
    if (this.#written) this.needExact = true
  }

  /**
   * The order of an object's keys is about to show. `JSON.parse` puts keys that look like integers first, in their own order.
   * @param first of the keys
   */
  needOrder(first: string | undefined): void {
    if (!this.exact && first !== undefined && indexKey.test(first)) this.needExact = true
  }

  /** `items[2].price` for the `items[].price` that is being walked. */
  here(path: string): string {
    let next = 0
    return this.indexes.length === 0 ? path : path.replaceAll("[]", () => `[${this.indexes[next++] ?? ""}]`)
  }

  /** Is there anything to tell of what was read, besides its values? */
  get hasMore(): boolean {
    const told = this.drops.length + this.rescued.length + this.drift.length + this.masked.length + this.conventions.length
    return told + this.kept.length > 0 || this.tooDeep !== null || this.tooMany !== null || this.isRespelled
  }

  /** Text of the column `_rescued`. */
  get rescuedText(): string | null {
    return this.kept.length === 0 ? null : `{${this.kept.join(",")}}`
  }

  /** Adds what became of the record, now a row, or of so many to which the same happened. */
  settle(counts: DecodeCounts, rows = 1): void {
    counts.rows += rows
    for (const rule of this.drops) add(counts.drops, rule, rows)
    for (const path of this.rescued) add(counts.rescued, path, rows)
    for (const column of this.masked) add(counts.masked, column, rows)
    for (const convention of this.conventions) add(counts.conventions, convention, rows)
    if (this.isRespelled) add(counts.conventions, "anyCase", rows)
    for (const path of this.drift) {
      const { drift } = counts
      const known = Object.hasOwn(drift, path)
      add(drift, known || this.#room(drift) ? path : otherPaths, rows)
    }
  }

  /** Somebody else has added paths. */
  forgetRoom(): void {
    this.#sized = null
  }

  #sized: object | null = null
  #size = 0

  /** Is there room for another path? Counts are somebody else's object: count its paths when it is a new one. */
  #room(drift: { readonly [path: string]: number }): boolean {
    if (this.#sized !== drift) {
      this.#sized = drift
      this.#size = namedPaths(drift)
    }
    if (this.#size >= maxDriftPaths) return false
    this.#size++
    return true
  }
}

interface Document {
  readonly text: string
  readonly exact: boolean
  readonly needExact: boolean
  readonly integers: boolean | undefined
  readonly written: boolean | undefined
}

interface Mark {
  readonly drops: number
  readonly rescued: number
  readonly drift: number
  readonly masked: number
  readonly kept: number
  readonly elements: number
  readonly conventions: number
  readonly isRespelled: boolean
}

/**
 * A row has an entry in each column below a list for every element, however little there is to it: a few bytes of a record can become
 * hundreds in memory. No order comes near this.
 */
export const maxElements = 200_000
/** Values that a record may hold in all, whatever becomes of them. Its bytes are bounded by the settings. */
export const maxValues = 1_000_000

/** A single key has no order. */
export const firstOfSeveral = (keys: ReadonlyArray<string>): string | undefined => (keys.length > 1 ? keys[0] : undefined)

/** Setting a length takes a call into the runtime, even when it stays as it is. */
export const shorten = (list: Array<unknown>, length: number): void => {
  if (list.length !== length) list.length = length
}

const start: Mark = { drops: 0, rescued: 0, drift: 0, masked: 0, kept: 0, elements: 0, conventions: 0, isRespelled: false }

// Both may also find digits inside of strings, which costs time and changes nothing. A number stands at the start or after one of `:,[` and
// blanks. 15 significant digits survive a float.
/** Numbers that may be integers as floats without being so as written, or other integers: 9007199254740993, 3.00000000000000001, 1e3. */
const longNumber = /(?:^|[:,[\s])-?(?:[0-9]{15}|(?=[0-9.]{16})[0-9]+\.(?:00|99)|[0-9.]+[eE])/
/** Numbers whose text JavaScript may write differently: 1.50, -0, 0.0000001, and all of more than 15 digits. */
const oddNumber = /(?:^|[:,[\s])(?:-?(?:[0-9.]{16}|[0-9.]+[eE]|[0-9]+\.[0-9]*0(?![0-9])|0\.0{6})|-0(?![0-9.]))/
const indexKey = /^(?:0|[1-9][0-9]*)$/
