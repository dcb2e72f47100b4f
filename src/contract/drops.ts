import { fold } from "./names.ts"

/** A value that the contract orders to leave out: a key that contains a text, at any depth, or the value at a path. */
export interface DropRule {
  /** Under which drops are counted. */
  readonly name: string
  readonly reason: string
  /** Any key at any depth that contains this, in any case. */
  readonly keyContains?: string
  /** `itemMetadata.items[].assemblyOptions`, `customApps[].fields["cart-extra-context"]`; keys in any case, `*` is any key. */
  readonly path?: string
  /** `stage`: never stored. `consumable`: in stage, but left out of the table for users. */
  readonly from: "stage" | "consumable"
}

/** A step of a path: into a key, into any key, or into the elements of a list. */
export type PathStep = { readonly key: string } | "any" | "element"

const stepPattern = /\.?([^.[\]"]+)|\[\]|\["((?:[^"\\]|\\.)*)"\]/y

/** The steps of a drop rule's path, keys folded; null when it is not a path. */
export const parsePath = (path: string): ReadonlyArray<PathStep> | null => {
  const steps: Array<PathStep> = []
  stepPattern.lastIndex = 0
  while (stepPattern.lastIndex < path.length) {
    const start = stepPattern.lastIndex
    const m = stepPattern.exec(path)
    if (m === null || (start === 0 && path.startsWith("."))) return null
    if (start > 0 && m[1] !== undefined && !m[0].startsWith(".")) return null
    if (m[1] !== undefined) steps.push(m[1] === "*" ? "any" : { key: fold(m[1]) })
    else if (m[2] !== undefined) steps.push({ key: fold(m[2].replace(/\\(.)/g, "$1")) })
    else steps.push("element")
  }
  return steps.length === 0 || steps[0] === "element" || steps.at(-1) === "element" ? null : steps
}

interface DropNode {
  readonly children: Map<string, DropNode>
  any: DropNode | undefined
  element: DropNode | undefined
  rule: string | undefined
}

const emptyNode = (): DropNode => ({ children: new Map(), any: undefined, element: undefined, rule: undefined })

/** Where a walk stands among the path rules: the nodes that can still match. */
export type DropState = ReadonlyArray<DropNode>

/** The rules of a contract, ready to be asked along a walk. */
export class Drops {
  /** Where a walk begins, at the record itself. */
  readonly root: DropState
  readonly #keys: ReadonlyArray<{ readonly text: string; readonly rule: string }>
  readonly #byKey = new Map<string, string | null>()

  constructor(rules: ReadonlyArray<DropRule>) {
    const root = emptyNode()
    for (const { name, path } of rules) {
      if (path === undefined) continue
      let node = root
      for (const step of parsePath(path) ?? []) {
        if (step === "any") node = node.any ??= emptyNode()
        else if (step === "element") node = node.element ??= emptyNode()
        else {
          const next: DropNode = node.children.get(step.key) ?? emptyNode()
          node.children.set(step.key, next)
          node = next
        }
      }
      node.rule ??= name
    }
    this.root = root.children.size === 0 && root.any === undefined ? nothing : [root]
    this.#keys = rules.flatMap(({ name, keyContains }) => (keyContains === undefined ? [] : [{ text: fold(keyContains), rule: name }]))
  }

  /** Can anything below this state be dropped? */
  reaches(state: DropState): boolean {
    return state.length > 0 || this.#keys.length > 0
  }

  /**
   * 1 for every byte of UTF-8 that the first letter of a rule's `keyContains` may be, in either case: a key without any of them needs no
   * further look, as far as those rules go.
   */
  get firstLetters(): Uint8Array {
    // Letters beyond ASCII may have ASCII ones in the other case.
    const letters = new Uint8Array(256).fill(1, 128)
    for (const { text } of this.#keys)
      for (const letter of [text.charAt(0), text.charAt(0).toUpperCase()]) letters[Buffer.from(letter)[0] ?? 0] = 1
    return letters
  }

  /** The rule under which a member is left out, or null. */
  ruleFor(state: DropState, key: string): string | null {
    return this.#ruleOfKey(key) ?? this.child(state, key).find((node) => node.rule !== undefined)?.rule ?? null
  }

  child(state: DropState, key: string): DropState {
    if (state.length === 0) return state
    const folded = fold(key)
    const next = state.flatMap((node) => [node.children.get(folded) ?? [], node.any ?? []].flat())
    return next.length === 0 ? nothing : next
  }

  element(state: DropState): DropState {
    if (state.length === 0) return state
    const next = state.flatMap((node) => node.element ?? [])
    return next.length === 0 ? nothing : next
  }

  #ruleOfKey(key: string): string | null {
    if (this.#keys.length === 0) return null
    const known = this.#byKey.get(key)
    if (known !== undefined) return known
    const folded = fold(key)
    const rule = this.#keys.find(({ text }) => folded.includes(text))?.rule ?? null
    // Keys can be data: remember a bounded number of them.
    if (this.#byKey.size < 10_000 && key.length <= 200) this.#byKey.set(key, rule)
    return rule
  }
}

const nothing: DropState = []
