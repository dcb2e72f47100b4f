import type { DropState } from "../contract/drops.ts"
import { compactJson, isObject, jsonText, members, NumberText, readJson } from "../contract/json.ts"
import { fold } from "../contract/names.ts"
import type { Masker } from "./mask.ts"
import type { LeafNode, MaskPolicy, Plan } from "./plan.ts"
import { firstOfSeveral, type Run } from "./run.ts"

/** Folded keys whose values are masked. */
type SensitiveKeys = ReadonlyMap<string, MaskPolicy>

/**
 * Values that are kept as JSON text, in a column of JSON or in `_rescued`: drop rules apply inside of them, and values under sensitive keys
 * are masked, also in texts that hold JSON.
 */
export class Keeper {
  readonly #plan: Plan
  readonly #masker: Masker
  readonly #maxDepth: number

  constructor(plan: Plan, masker: Masker, maxDepth: number) {
    this.#plan = plan
    this.#masker = masker
    this.#maxDepth = maxDepth
  }

  /** Text of a value for a column of JSON. */
  column(run: Run, node: LeafNode, value: unknown): string {
    const before = this.#masks
    const sensitive = node.masksInside ? this.#plan.tellingKeys : undefined
    const text = this.#write(run, value, node.state, node.depth, node.path, sensitive)
    for (let i = before; i < this.#masks; i++) run.masked.push(node.column)
    return text
  }

  /** Text of a value for `_rescued`. @param mask set when the value is, or may be, sensitive @param depth how deep it stands, were it an object */
  rescued(run: Run, value: unknown, state: DropState, depth: number, path: string, mask: MaskPolicy | undefined): string {
    return mask === undefined
      ? this.#write(run, value, state, depth, path, this.#plan.sensitiveKeys)
      : this.#standIn(run, value, depth, path, mask)
  }

  /** Text stays as it is, unless it holds JSON of which something must be dropped or masked. @param depth how deep it stands, were it an object */
  #text(run: Run, text: string, state: DropState, depth: number, path: string, sensitive: SensitiveKeys): string {
    // Without a quotation mark there is no key.
    if (!text.includes('"')) return jsonText(text)
    const read = readJson(text, Math.max(0, this.#maxDepth - depth + 1))
    if (!("value" in read)) {
      if (read.fault === "deep") {
        run.tooDeep ??= path
        return "null"
      }
      // Damaged, or JSON among other words: a sensitive key in it tells enough.
      const folded = fold(text.replace(unicodeEscapes, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16))))
      for (const [key, policy] of sensitive) if (folded.includes(`"${key}`)) return this.#standIn(run, text, 1, path, policy)
      return jsonText(text)
    }
    const exact = run.exact
    run.exact = true
    const before = run.drops.length + this.#masks
    const written = this.#write(run, read.value, state, depth, path, sensitive)
    run.exact = exact
    return run.drops.length + this.#masks > before ? written : jsonText(text)
  }

  /** Values masked so far. */
  #masks = 0

  #standIn(run: Run, value: unknown, depth: number, path: string, policy: MaskPolicy): string {
    this.#masks++
    this.checkDepth(run, value, depth, path)
    // Nothing will come of the record; and what is too deep to be written must not be tried.
    if (run.tooDeep !== null) return "null"
    // The hash is of the text as it was written, so that it is the same from every form of a record.
    if (typeof value === "number") run.needText()
    else if (typeof value === "object" && !run.exact) run.needExact = true
    return this.#masker.standIn(value, policy)
  }

  #write(run: Run, value: unknown, state: DropState, depth: number, path: string, sensitive: SensitiveKeys | undefined): string {
    if (typeof value === "string" && sensitive !== undefined) return this.#text(run, value, state, depth, path, sensitive)
    if (typeof value === "number") run.needText()
    if (typeof value !== "object" || value === null || value instanceof NumberText) return compactJson(value)
    if (depth > this.#maxDepth) {
      run.tooDeep ??= path
      return "null"
    }
    if (Array.isArray(value)) {
      const below = this.#plan.drops.element(state)
      let out = "["
      for (let i = 0; i < value.length; i++) out += (i === 0 ? "" : ",") + this.#write(run, value[i], below, depth + 1, path, sensitive)
      return `${out}]`
    }
    if (!(value instanceof Map)) run.needOrder(firstOfSeveral(Object.keys(value)))
    let out = "{"
    for (const [key, member] of members(value)) {
      const rule = this.#plan.drops.ruleFor(state, key)
      if (rule !== null) {
        run.drops.push(rule)
        this.checkDepth(run, member, depth + 1, path)
        continue
      }
      const policy = member === null ? undefined : sensitive?.get(fold(key))
      const text =
        policy !== undefined
          ? this.#standIn(run, member, depth + 1, path, policy)
          : this.#write(run, member, this.#plan.drops.child(state, key), depth + 1, path, sensitive)
      out += `${out.length === 1 ? "" : ","}${jsonText(key)}:${text}`
    }
    return `${out}}`
  }

  /** The depth limit holds for what is left out, too. */
  checkDepth(run: Run, value: unknown, depth: number, path: string): void {
    if (typeof value === "object" && value !== null && deeper(value, depth, this.#maxDepth)) run.tooDeep ??= path
  }
}

const unicodeEscapes = /\\u([0-9a-f]{4})/gi

const deeper = (value: unknown, depth: number, limit: number): boolean => {
  if (Array.isArray(value)) return depth > limit || value.some((element) => deeper(element, depth + 1, limit))
  if (!isObject(value)) return false
  if (depth > limit) return true
  for (const [, member] of members(value)) if (deeper(member, depth + 1, limit)) return true
  return false
}
