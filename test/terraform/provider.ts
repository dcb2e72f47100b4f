/**
 * A stand-in for the AWS provider of Terraform: it has the real one's schema, plans by it, and says what AWS would say. Terraform's core speaks to it
 * as to any provider. With an endpoint it also makes there what can be made.
 */

import { readData } from "./data-sources.ts"
import { type Configured, fillIn, planResource } from "./plan.ts"
import { calls, type Diagnostic, type DynamicValue, type Handlers, severities } from "./protocol.ts"
import { complaints } from "./rules.ts"
import { awsSchema, type Block, wireBlock } from "./schema.ts"
import { type Call, serveGrpc } from "./wire/grpc.ts"
import { decodeValue, encodeValue, type Fields, isFields, type Value } from "./wire/msgpack.ts"
import type { Message } from "./wire/protobuf.ts"

/** Where resources are made, besides in the state. */
export interface World {
  /** Makes a resource, or changes it; gives values that only the world knows. */
  readonly put: (type: string, state: Fields, prior: Fields | null) => Promise<Fields>
  readonly remove: (type: string, state: Fields) => Promise<void>
  /** Is it there? */
  readonly has: (type: string, state: Fields) => Promise<boolean>
}

export interface StandIn {
  /** What a program needs in its environment to speak to this provider instead of installing one. */
  readonly environment: Readonly<Record<"TF_REATTACH_PROVIDERS", string>>
  readonly stop: () => Promise<void>
}

export const accountId = "123456789012"

/** Where providers are said to come from, by each program that there is. */
const addresses = ["registry.opentofu.org/hashicorp/aws", "registry.terraform.io/hashicorp/aws"]

/** `refuses: false` is for values that are of no form, as `mock_provider` makes them up: nothing is refused then. */
export const startProvider = async (worldAt: ((region: string) => World) | null = null, refuses = true): Promise<StandIn> => {
  const server = await serveGrpc(grpcCalls(handlersOf(worldAt, refuses)))
  const address = { Network: "tcp", String: `127.0.0.1:${server.port}` }
  const reattach = { Protocol: "grpc", ProtocolVersion: 6, Pid: process.pid, Test: true, Addr: address }
  return {
    environment: { TF_REATTACH_PROVIDERS: JSON.stringify(Object.fromEntries(addresses.map((name) => [name, reattach]))) },
    stop: server.stop
  }
}

/** What answers core's calls; apart from the wire, so that tests may ask directly. */
export const handlersOf = (worldAt: ((region: string) => World) | null = null, refuses = true): Handlers => {
  let configured: Configured = { region: "us-east-1", account: accountId, defaultTags: {} }
  let world: World | null = null
  return {
    GetProviderSchema: () => ({
      provider: { version: 0, block: wireBlock(awsSchema.provider) },
      resource_schemas: wireSchemas(awsSchema.resource_schemas),
      data_source_schemas: wireSchemas(awsSchema.data_source_schemas),
      server_capabilities: { get_provider_schema_optional: true }
    }),
    GetResourceIdentitySchemas: () => ({}),
    ValidateProviderConfig: () => ({}),
    ValidateDataResourceConfig: () => ({}),
    ValidateResourceConfig: ({ type_name: type = "", config }) => ({ diagnostics: refuses ? diagnose(type, fieldsOf(config)) : [] }),
    ConfigureProvider: ({ config }) => {
      const { region = null, default_tags: blocks = null } = fieldsOf(config)
      const [block] = Array.isArray(blocks) ? blocks : []
      const tags = isFields(block) ? (block["tags"] ?? null) : null
      if (typeof region === "string") configured = { ...configured, region }
      configured = { ...configured, defaultTags: isFields(tags) ? tags : {} }
      world = worldAt === null ? null : worldAt(configured.region)
      return {}
    },
    UpgradeResourceState: ({ raw_state: raw }) => ({ upgraded_state: written(JSON.parse(Buffer.from(raw?.json ?? []).toString())) }),
    ReadResource: async ({ type_name: type = "", current_state: state }) => {
      const isThere = world === null || (await world.has(type, fieldsOf(state)))
      return { new_state: isThere ? given(state) : written(null) }
    },
    PlanResourceChange: ({ type_name: type = "", prior_state, proposed_new_state, config }) => {
      if (read(proposed_new_state) === null) return { planned_state: written(null) }
      const prior = read(prior_state)
      const { state, replaces } = planResource(type, resource(type), fieldsOf(config), isFields(prior) ? prior : null, configured)
      return {
        planned_state: written(state),
        requires_replace: replaces.map((attribute_name) => ({ steps: [{ attribute_name }] })),
        // Core is strict about nulls else, which the real provider is not.
        legacy_type_system: true
      }
    },
    ApplyResourceChange: async ({ type_name: type = "", prior_state, planned_state, config }) => {
      const [prior, planned] = [read(prior_state), read(planned_state)]
      try {
        if (!isFields(planned)) {
          if (isFields(prior)) await world?.remove(type, prior)
          return { new_state: written(null) }
        }
        // What was not known when it was planned may be wrong.
        const wrong = refuses ? diagnose(type, fieldsOf(config)) : []
        if (wrong.length > 0) return { new_state: written(prior), diagnostics: wrong }
        const state = fillIn(type, resource(type), planned, configured)
        const told = await world?.put(type, state, isFields(prior) ? prior : null)
        return { new_state: written({ ...state, ...told }), legacy_type_system: true }
      } catch (error) {
        return { new_state: written(prior), diagnostics: [failure(`${type}: ${messageOf(error)}`)], legacy_type_system: true }
      }
    },
    ImportResourceState: ({ type_name: type = "", id = "" }) => ({
      imported_resources: [{ type_name: type, state: written(importedState(type, id)) }]
    }),
    ReadDataSource: ({ type_name: type = "", config }) => {
      try {
        const state = readData(type, awsSchema.data_source_schemas[type] ?? noBlock, fieldsOf(config), configured)
        return { state: written(state) }
      } catch (error) {
        return { state: written(fieldsOf(config)), diagnostics: [failure(`data.${type}: ${messageOf(error)}`)] }
      }
    },
    GetFunctions: () => ({}),
    StopProvider: () => ({})
  }
}

const noBlock: Block = { attributes: {}, block_types: {} }
const resource = (type: string): Block => awsSchema.resource_schemas[type] ?? noBlock
const wireSchemas = (blocks: Readonly<Record<string, Block>>) =>
  Object.fromEntries(Object.entries(blocks).map(([name, block]) => [name, { version: 0, block: wireBlock(block) }]))

/** Of what exists already core knows the identifier alone; what names it is the same text. */
const importedState = (type: string, id: string): Fields => {
  const { attributes, block_types: blocks } = resource(type)
  const naming = ["bucket", "name", "function_name"].find((name) => name in attributes)
  const nothing = Object.fromEntries(Object.keys(attributes).map((name) => [name, null]))
  const noBlocks = Object.fromEntries(
    Object.entries(blocks).map(([name, { nesting_mode }]) => [name, nesting_mode === "single" ? null : []])
  )
  return { ...nothing, ...noBlocks, id, ...(naming === undefined ? {} : { [naming]: id }) }
}

const given = (value: DynamicValue | undefined): DynamicValue => value ?? written(null)
const written = (value: Value): DynamicValue => ({ msgpack: encodeValue(value) })
const read = (value: DynamicValue | undefined): Value => {
  if (value?.msgpack !== undefined && value.msgpack.length > 0) return decodeValue(value.msgpack)
  return value?.json !== undefined && value.json.length > 0 ? JSON.parse(Buffer.from(value.json).toString()) : null
}
const fieldsOf = (value: DynamicValue | undefined): Fields => {
  const fields = read(value)
  return isFields(fields) ? fields : {}
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
const failure = (summary: string): Diagnostic => ({ severity: severities.error, summary, detail: "" })

const diagnose = (type: string, config: Fields): ReadonlyArray<Diagnostic> =>
  complaints(type, config).map(({ path, problem }) => ({
    severity: severities.error,
    summary: `${type}: ${path.filter((name) => typeof name === "string").join(".")} ${problem}`,
    detail: "AWS or its provider would refuse this value.",
    attribute: { steps: path.map((name) => (typeof name === "string" ? { attribute_name: name } : { element_key_int: name })) }
  }))

const grpcCalls = (handlers: Handlers): ReadonlyMap<string, Call> => {
  const all = new Map<string, Call>()
  const add = (name: keyof Handlers): void => {
    // Each name's message goes with its handler, as the type of Handlers says; of all names at once the compiler cannot say it.
    const { request, response } = calls[name] as { request: Message<unknown>; response: Message<unknown> }
    const handle = handlers[name] as (asked: unknown) => unknown
    all.set(`/tfplugin6.Provider/${name}`, async (bytes) => response.encode((await handle(request.decode(bytes))) as object))
  }
  for (const name of Object.keys(calls)) add(name as keyof Handlers)
  // The same each time, and core asks for it again for each module and each run of its tests.
  let schema: Promise<Uint8Array> | undefined
  const path = "/tfplugin6.Provider/GetProviderSchema"
  const encode = all.get(path)
  if (encode !== undefined)
    all.set(path, (bytes) => {
      schema ??= encode(bytes)
      return schema
    })
  return all
}
