/** The JSON of an applied state, as `tofu show -json` gives it, as a plain list of what there is. */
import { membersOf } from "../../../src/record/members.ts"

export interface Resource {
  /** `module.lake.aws_s3_bucket.raw[0]` */
  readonly address: string
  readonly type: string
  readonly values: Fields
}

export interface Fields {
  readonly [name: string]: unknown
}

const listOf = (value: unknown): ReadonlyArray<unknown> =>
  Array.isArray(value) ? value : value === undefined || value === null ? [] : [value]

const ofModule = (module: unknown): ReadonlyArray<Resource> => {
  const { resources, child_modules } = membersOf(module)
  return [
    ...listOf(resources).flatMap((resource) => {
      const { address, mode, type, values } = membersOf(resource)
      return mode === "managed" ? [{ address: String(address), type: String(type), values: membersOf(values) }] : []
    }),
    ...listOf(child_modules).flatMap(ofModule)
  ]
}

/** Every resource of a state, or of what is planned, those of modules too; without what was only looked up. */
export const resourcesOf = (shown: unknown): ReadonlyArray<Resource> => {
  const { planned_values, values } = membersOf(shown)
  return ofModule(membersOf(planned_values ?? values)["root_module"])
}

/** A text of a resource; null: it says none. */
export const text = (fields: Fields, name: string): string | null => {
  const value = fields[name]
  return value === undefined || value === null || value === "" ? null : String(value)
}

export const number = (fields: Fields, name: string): number | null => {
  const value = text(fields, name)
  return value === null ? null : Number(value)
}

export const texts = (fields: Fields, name: string): ReadonlyArray<string> => listOf(fields[name]).map(String)

/** Blocks of a resource, of which there may be several or none. */
export const blocks = (fields: Fields, name: string): ReadonlyArray<Fields> => listOf(fields[name]).map(membersOf)

/** A block of which there is one; one without fields, where there is none. */
export const block = (fields: Fields, name: string): Fields => blocks(fields, name)[0] ?? {}

/** A map of texts. */
export const pairs = (fields: Fields, name: string): { readonly [key: string]: string } =>
  Object.fromEntries(Object.entries(membersOf(fields[name])).map(([key, value]) => [key, String(value)]))
