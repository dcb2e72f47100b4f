/** What a resource will be: what is configured, what is known of it already, and what only AWS will say. */
import { defaultOf, fixedOf } from "./defaults.ts"
import { identify, identities, type Place, templatesOf } from "./identities.ts"
import type { Attribute, Block, Type } from "./schema.ts"
import { type Fields, isFields, isKnown, unknown, type Value } from "./wire/msgpack.ts"

/** How the provider was configured. */
export interface Configured extends Place {
  readonly defaultTags: Fields
}

export interface Planned {
  readonly state: Fields
  /** Attributes that cannot be changed in place, and would be. */
  readonly replaces: ReadonlyArray<string>
}

/** Plans a resource: a new one where there is none before. */
export const planResource = (type: string, block: Block, config: Fields, prior: Fields | null, configured: Configured): Planned => {
  const state: Record<string, Value> = { ...config }
  for (const [name, attribute] of Object.entries(block.attributes)) {
    if (config[name] !== null && config[name] !== undefined) continue
    if (name === "tags_all") state[name] = allTags(config["tags"] ?? null, configured.defaultTags)
    else if (name === "region") state[name] = configured.region
    else if (isMadeByAws(type, name, attribute)) state[name] = prior === null ? unknown : (prior[name] ?? null)
    else state[name] = defaultOf(type, name)
  }
  const replaces = prior === null ? [] : fixedOf(type).filter((name) => name in block.attributes && differs(prior[name], state[name]))
  return { state, replaces }
}

const isMadeByAws = (type: string, name: string, { computed = false, optional = false }: Attribute): boolean =>
  (computed && !optional) || name in templatesOf(type)

const allTags = (tags: Value, defaults: Fields): Value => {
  if (tags !== null && !isFields(tags)) return unknown
  return { ...defaults, ...tags }
}

const differs = (before: Value | undefined, after: Value | undefined): boolean =>
  before !== undefined && before !== null && after !== undefined && (!isKnown(after) || JSON.stringify(before) !== JSON.stringify(after))

/**
 * The state after the apply: what was left to AWS gets a value.
 *
 * @throws of a type of which it is not known how AWS identifies it: what refers to it would be given nonsense
 */
export const fillIn = (type: string, block: Block, planned: Fields, place: Place): Fields => {
  if (!(type in identities)) throw new Error("the stand-in does not know its identifiers; say them in test/terraform/identities.ts")
  const state: Record<string, Value> = { ...planned }
  const known = new Map(Object.entries(planned).flatMap(([name, value]) => (typeof value === "string" ? [[name, value] as const] : [])))
  for (const [name, { type: kind }] of Object.entries(block.attributes)) {
    if (state[name] !== unknown) continue
    if (!(name in templatesOf(type))) state[name] = emptyOf(kind)
    else {
      const text = identify(type, name, known, place)
      state[name] = kind === "number" ? Number(text) : text
    }
  }
  return state
}

export const emptyOf = (type: Type): Value => {
  if (type === "string") return ""
  if (type === "number") return 0
  if (type === "bool") return false
  return type[0] === "map" ? {} : []
}
