/** The plugin protocol, version 6, as far as the stand-in speaks it. The numbers are the protocol's; what it does not use is left out. */
import { bool, bytes, type Field, fields, inner, int, list, type Message, map, string, type Written } from "./wire/protobuf.ts"

const value = fields({ msgpack: bytes(1), json: bytes(2) })
const dynamic = (number: number) => inner(number, () => value)

const step = fields({ attribute_name: string(1), element_key_string: string(2), element_key_int: int(3) })
const path = fields({ steps: list(1, () => step) })

export const severities = { error: 1, warning: 2 } as const
const diagnostic = fields({ severity: int(1), summary: string(2), detail: string(3), attribute: inner(4, () => path) })
const diagnostics = (number: number) => list(number, () => diagnostic)

export const nestings = { single: 1, list: 2, set: 3, map: 4 } as const
const attribute = fields({ name: string(1), type: bytes(2), required: bool(4), optional: bool(5), computed: bool(6) })
type NumberField = ReturnType<typeof int>
/** Blocks hold blocks, so that their types need names. */
interface BlockFields {
  readonly attributes: Field<ReadonlyArray<Written<FieldsOf<typeof attribute>>>>
  readonly block_types: Field<ReadonlyArray<Written<NestedFields>>>
}
interface NestedFields {
  readonly type_name: ReturnType<typeof string>
  readonly block: Field<Written<BlockFields> | undefined>
  readonly nesting: NumberField
  readonly min_items: NumberField
  readonly max_items: NumberField
}
type FieldsOf<M> = M extends Message<infer F> ? F : never
const block: Message<BlockFields> = fields({ attributes: list(2, () => attribute), block_types: list(3, () => nestedBlock) })
const nestedBlock: Message<NestedFields> = fields({
  type_name: string(1),
  block: inner(2, () => block),
  nesting: int(3),
  min_items: int(4),
  max_items: int(5)
})
const schema = fields({ version: int(1), block: inner(2, () => block) })
export type WireBlock = Written<BlockFields>

const nothing = fields({})
const capabilities = fields({ plan_destroy: bool(1), get_provider_schema_optional: bool(2), move_resource_state: bool(3) })
const rawState = fields({ json: bytes(1) })
const imported = fields({ type_name: string(1), state: dynamic(2) })
const typeAndConfig = fields({ type_name: string(1), config: dynamic(2) })
const onlyDiagnostics = fields({ diagnostics: diagnostics(1) })

/** The calls that core makes: what it asks, and what it wants to hear. */
export const calls = {
  GetProviderSchema: {
    request: nothing,
    response: fields({
      provider: inner(1, () => schema),
      resource_schemas: map(2, () => schema),
      data_source_schemas: map(3, () => schema),
      diagnostics: diagnostics(4),
      server_capabilities: inner(6, () => capabilities)
    })
  },
  GetResourceIdentitySchemas: { request: nothing, response: fields({ diagnostics: diagnostics(2) }) },
  ValidateProviderConfig: { request: fields({ config: dynamic(1) }), response: onlyDiagnostics },
  ValidateResourceConfig: { request: typeAndConfig, response: onlyDiagnostics },
  ValidateDataResourceConfig: { request: typeAndConfig, response: onlyDiagnostics },
  ConfigureProvider: { request: fields({ terraform_version: string(1), config: dynamic(2) }), response: onlyDiagnostics },
  UpgradeResourceState: {
    request: fields({ type_name: string(1), version: int(2), raw_state: inner(3, () => rawState) }),
    response: fields({ upgraded_state: dynamic(1), diagnostics: diagnostics(2) })
  },
  ReadResource: {
    request: fields({ type_name: string(1), current_state: dynamic(2) }),
    response: fields({ new_state: dynamic(1), diagnostics: diagnostics(2) })
  },
  PlanResourceChange: {
    request: fields({ type_name: string(1), prior_state: dynamic(2), proposed_new_state: dynamic(3), config: dynamic(4) }),
    response: fields({
      planned_state: dynamic(1),
      requires_replace: list(2, () => path),
      diagnostics: diagnostics(4),
      legacy_type_system: bool(5)
    })
  },
  ApplyResourceChange: {
    request: fields({ type_name: string(1), prior_state: dynamic(2), planned_state: dynamic(3), config: dynamic(4) }),
    response: fields({ new_state: dynamic(1), diagnostics: diagnostics(3), legacy_type_system: bool(4) })
  },
  ImportResourceState: {
    request: fields({ type_name: string(1), id: string(2) }),
    response: fields({ imported_resources: list(1, () => imported), diagnostics: diagnostics(2) })
  },
  ReadDataSource: { request: typeAndConfig, response: fields({ state: dynamic(1), diagnostics: diagnostics(2) }) },
  GetFunctions: { request: nothing, response: fields({ diagnostics: diagnostics(2) }) },
  StopProvider: { request: nothing, response: fields({ error: string(1) }) }
} as const

type Calls = typeof calls
type WrittenBy<M> = M extends Message<infer F> ? Written<F> : never
/** What answers each call. */
export type Handlers = {
  readonly [Name in keyof Calls]: (
    request: ReturnType<Calls[Name]["request"]["decode"]>
  ) => WrittenBy<Calls[Name]["response"]> | Promise<WrittenBy<Calls[Name]["response"]>>
}
export type Diagnostic = WrittenBy<typeof diagnostic>
export type DynamicValue = WrittenBy<typeof value>
