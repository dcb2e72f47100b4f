import { documentOf, unfit } from "../../contract/convert.ts"
import { isObject, members, NumberText } from "../../contract/json.ts"
import { fold } from "../../contract/names.ts"
import { Scalars } from "./scalars.ts"

/** Deeper documents are kept as JSON. */
const maxDepth = 12
/** An object with more keys has such as are data. */
const maxMembers = 500

/** What was seen at one place of the records: of a field, of the elements of a list. It keeps keys and counts, and no value. */
export class Seen {
  readonly scalars = new Scalars()
  objects = 0
  lists = 0
  readonly #members = new Map<string, Member>()
  /** Members beyond those that are kept. */
  surplus = 0
  /** Of lists: what their elements hold. */
  element: Seen | null = null
  readonly #depth: number

  constructor(depth = 0) {
    this.#depth = depth
  }

  /** Values that are not null. */
  get values(): number {
    return this.scalars.count + this.objects + this.lists
  }

  /** @param value as `readJson` gives it */
  add(value: unknown): void {
    if (value === null || value === undefined) return
    if (typeof value === "string") {
      const found = /^\s*[{[]/.test(value) ? documentOf(value) : unfit
      if (found !== unfit && typeof found === "object" && found !== null) this.#addNested(found)
      else this.scalars.add(value)
    } else if (typeof value === "boolean" || value instanceof NumberText) this.scalars.add(value)
    else if (typeof value === "object") this.#addNested(value)
  }

  #addNested(value: object): void {
    if (Array.isArray(value)) {
      this.lists++
      if (this.#depth >= maxDepth) return
      this.element ??= new Seen(this.#depth + 1)
      for (const each of value) this.element.add(each)
    } else if (isObject(value)) this.addMembers(members(value))
  }

  addMembers(list: Iterable<readonly [string, unknown]>): void {
    this.objects++
    if (this.#depth >= maxDepth) return
    for (const [key, value] of list) {
      const folded = fold(key)
      let member = this.#members.get(folded)
      if (member === undefined) {
        if (this.#members.size >= maxMembers) {
          this.surplus++
          continue
        }
        member = { key, seen: new Seen(this.#depth + 1), isRespelled: false }
        this.#members.set(folded, member)
      } else if (member.key !== key) {
        member.isRespelled = true
        if (isUsual(key) && !isUsual(member.key)) member.key = key
      }
      member.seen.add(value)
    }
  }

  /** Of objects: what their members hold, by key. Keys that differ by case alone are one, as it is usually spelt. */
  get members(): ReadonlyMap<string, Seen> {
    return new Map(Array.from(this.#members.values(), ({ key, seen }) => [key, seen]))
  }

  /** Does a key come in several cases, at any depth? */
  get isRespelled(): boolean {
    return (
      (this.element?.isRespelled ?? false) || [...this.#members.values()].some(({ isRespelled, seen }) => isRespelled || seen.isRespelled)
    )
  }
}

interface Member {
  key: string
  isRespelled: boolean
  readonly seen: Seen
}

const isUsual = (key: string): boolean => /^[a-z]/.test(key)
