/** The schema of the real provider: what core checks a configuration by. */
import { readFileSync } from "node:fs"
import { nestings, type WireBlock } from "./protocol.ts"

/** A type of Terraform's: a word, or a kind of collection with what it holds. */
export type Type = string | readonly [string, Type | Readonly<Record<string, Type>>]

export interface Attribute {
  readonly type: Type
  readonly required?: boolean
  readonly optional?: boolean
  readonly computed?: boolean
}

export interface Nested {
  readonly nesting_mode: keyof typeof nestings
  readonly block: Block
  readonly min_items?: number
  readonly max_items?: number
}

export interface Block {
  readonly attributes: Readonly<Record<string, Attribute>>
  readonly block_types: Readonly<Record<string, Nested>>
}

export interface ProviderSchema {
  readonly provider: Block
  readonly resource_schemas: Readonly<Record<string, Block>>
  readonly data_source_schemas: Readonly<Record<string, Block>>
}

export const awsSchema: ProviderSchema = JSON.parse(readFileSync(new URL("./aws-6.25-schema.json", import.meta.url), "utf8"))

/** A block as the protocol says it: attributes' types are JSON. */
export const wireBlock = ({ attributes, block_types }: Block): WireBlock => ({
  attributes: Object.entries(attributes).map(([name, { type, required = false, optional = false, computed = false }]) => ({
    name,
    type: Buffer.from(JSON.stringify(type)),
    required,
    optional,
    computed
  })),
  block_types: Object.entries(block_types).map(([type_name, { nesting_mode, block, min_items = 0, max_items = 0 }]) => ({
    type_name,
    block: wireBlock(block),
    nesting: nestings[nesting_mode],
    min_items,
    max_items
  }))
})
