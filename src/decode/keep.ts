import type { DropState } from "../contract/drops.ts"
import { compactJson, isObject, jsonText, members, NumberText, readJson } from "../contract/json.ts"
import { fold } from "../contract/names.ts"
import type { Masker } from "./mask.ts"
import type { MaskPolicy, Plan } from "./plan.ts"
import type { Run } from "./run.ts"

/**
 * Values that are kept as JSON text, in a column of JSON or in `_rescued`: drop rules apply inside of them, and in `_rescued` sensitive
 * values are masked.
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

  /** Text of a value for a column of JSON. @param depth how deep the value stands, were it an object */
  column(run: Run, value: unknown, state: DropState, depth: number, path: string): string {
    return this.#write(run, value, state, depth, path, false)
  }

  /** Text of a value for `_rescued`. @param mask set when the value is, or may be, sensitive */
  rescued(run: Run, value: unknown, state: DropState, depth: number, path: string, mask: MaskPolicy | undefined): string {
    if (mask !== undefined) {
      this.checkDepth(run, value, depth, path)
      return this.#masker.standIn(value, mask)
    }
    return this.#write(run, value, state, depth, path, true)
  }

  /** Text stays as it is, unless it is a document that holds what must be dropped or masked. */
  #rescuedText(run: Run, text: string, state: DropState, path: string): string {
    const body = text.trimStart()
    if (!body.startsWith("{") && !body.startsWith("[")) return jsonText(text)
    const read = readJson(text, this.#maxDepth)
    if (!("value" in read)) {
      const folded = fold(text)
      for (const [key, policy] of this.#plan.sensitiveKeys) if (folded.includes(`"${key}`)) return this.#masker.standIn(text, policy)
      return jsonText(text)
    }
    const exact = run.exact
    run.exact = true
    const before = run.drops.length + this.#masks
    // `readJson` has measured it: as a text, it stands for itself.
    const written = this.#write(run, read.value, state, 1, path, true)
    run.exact = exact
    return run.drops.length + this.#masks > before ? written : jsonText(text)
  }

  /** Values masked inside of others, so far. */
  #masks = 0

  #write(run: Run, value: unknown, state: DropState, depth: number, path: string, masking: boolean): string {
    if (typeof value === "string" && masking) return this.#rescuedText(run, value, state, path)
    if (typeof value === "number") run.needText()
    if (typeof value !== "object" || value === null || value instanceof NumberText) return compactJson(value)
    if (depth > this.#maxDepth) {
      run.tooDeep ??= path
      return "null"
    }
    if (Array.isArray(value)) {
      const below = this.#plan.drops.element(state)
      let out = "["
      for (let i = 0; i < value.length; i++) out += (i === 0 ? "" : ",") + this.#write(run, value[i], below, depth + 1, path, masking)
      return `${out}]`
    }
    if (!(value instanceof Map)) run.needOrder(Object.keys(value))
    let out = "{"
    for (const [key, member] of members(value)) {
      const rule = this.#plan.drops.ruleFor(state, key)
      if (rule !== null) {
        run.drops.push(rule)
        this.checkDepth(run, member, depth + 1, path)
        continue
      }
      const policy = masking && member !== null ? this.#plan.sensitiveKeys.get(fold(key)) : undefined
      if (policy !== undefined) {
        this.#masks++
        this.checkDepth(run, member, depth + 1, path)
      }
      const text =
        policy !== undefined
          ? this.#masker.standIn(member, policy)
          : this.#write(run, member, this.#plan.drops.child(state, key), depth + 1, path, masking)
      out += `${out.length === 1 ? "" : ","}${jsonText(key)}:${text}`
    }
    return `${out}}`
  }

  /** The depth limit holds for what is left out, too. */
  checkDepth(run: Run, value: unknown, depth: number, path: string): void {
    if (typeof value === "object" && value !== null && deeper(value, depth, this.#maxDepth)) run.tooDeep ??= path
  }
}

const deeper = (value: unknown, depth: number, limit: number): boolean => {
  if (Array.isArray(value)) return depth > limit || value.some((element) => deeper(element, depth + 1, limit))
  if (!isObject(value)) return false
  if (depth > limit) return true
  for (const [, member] of members(value)) if (deeper(member, depth + 1, limit)) return true
  return false
}
