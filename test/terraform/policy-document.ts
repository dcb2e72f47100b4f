/** `aws_iam_policy_document`: the JSON of a policy, as the real provider writes it. */
import { type Fields, isFields, type Value } from "./wire/msgpack.ts"

type Json = string | boolean | number | ReadonlyArray<Json> | { readonly [name: string]: Json }
type Statement = Readonly<Record<string, Json>>
interface Document {
  readonly Version?: string
  readonly Id?: string
  readonly Statement?: Statement | ReadonlyArray<Statement>
}

/** What a block of configuration has under a name: blocks, texts, or one text. */
const blocksOf = (value: Value | undefined): ReadonlyArray<Fields> => (Array.isArray(value) ? value.filter(isFields) : [])
const textsOf = (value: Value | undefined): ReadonlyArray<string> => (Array.isArray(value) ? value.map(String) : [])
const textOf = (value: Value | undefined): string | undefined => (typeof value === "string" && value !== "" ? value : undefined)

/** Lists of one are no lists. Sets come without an order; the provider writes them from the last to the first. */
const oneOrMany = (values: ReadonlyArray<string>): Json => {
  const [first] = values
  return first !== undefined && values.length === 1 ? first : values
}
const setOf = (values: ReadonlyArray<string>): Json => oneOrMany([...values].sort().reverse())

const list = (name: string, values: ReadonlyArray<string>): Statement => (values.length === 0 ? {} : { [name]: setOf(values) })

const principals = (name: string, blocks: ReadonlyArray<Fields>): Statement => {
  if (blocks.length === 0) return {}
  const byType: Record<string, ReadonlyArray<string>> = {}
  for (const { type, identifiers } of blocks) byType[String(type)] = [...(byType[String(type)] ?? []), ...textsOf(identifiers)]
  const all = byType["*"]
  // Everybody is said so only where it is said alone.
  if (all !== undefined && Object.keys(byType).length === 1 && all.join() === "*") return { [name]: "*" }
  return { [name]: Object.fromEntries(Object.entries(byType).map(([type, identifiers]) => [type, setOf(identifiers)])) }
}

const conditions = (blocks: ReadonlyArray<Fields>): Statement => {
  const byTest: Record<string, Record<string, ReadonlyArray<string>>> = {}
  for (const { test, variable, values } of blocks) {
    const variables = byTest[String(test)] ?? {}
    variables[String(variable)] = [...(variables[String(variable)] ?? []), ...textsOf(values)]
    byTest[String(test)] = variables
  }
  if (blocks.length === 0) return {}
  const written = Object.entries(byTest).map(([test, variables]) => [
    test,
    Object.fromEntries(Object.entries(variables).map(([variable, values]) => [variable, oneOrMany(values)]))
  ])
  return { Condition: Object.fromEntries(written) }
}

const statementOf = (block: Fields): Statement => {
  const sid = textOf(block["sid"])
  return {
    ...(sid === undefined ? {} : { Sid: sid }),
    Effect: textOf(block["effect"]) ?? "Allow",
    ...list("Action", textsOf(block["actions"])),
    ...list("NotAction", textsOf(block["not_actions"])),
    ...list("Resource", textsOf(block["resources"])),
    ...list("NotResource", textsOf(block["not_resources"])),
    ...principals("Principal", blocksOf(block["principals"])),
    ...principals("NotPrincipal", blocksOf(block["not_principals"])),
    ...conditions(blocksOf(block["condition"]))
  }
}

const read = (json: string): { readonly document: Document; readonly statements: ReadonlyArray<Statement> } => {
  const document: Document = JSON.parse(json)
  const { Statement: statements = [] } = document
  return { document, statements: [statements].flat() }
}

/**
 * The data source with its JSON. Statements of sources come first, then its own, then overriding ones; of one `sid` the later one counts, except
 * that a source's must not be said again among its own.
 *
 * @throws where a document that it is given is no JSON, or where a `sid` is said twice
 */
export const policyDocument = (config: Fields): Fields => {
  const sources = [textOf(config["source_json"]) ?? [], ...textsOf(config["source_policy_documents"])].flat().map(read)
  const overrides = [textOf(config["override_json"]) ?? [], ...textsOf(config["override_policy_documents"])].flat().map(read)
  const own = blocksOf(config["statement"]).map(statementOf)
  const statements = sources.flatMap((source) => source.statements)
  for (const group of [statements, own]) {
    const sids = group.flatMap(({ Sid }) => (Sid === undefined ? [] : [Sid]))
    const twice = sids.find((sid, i) => sids.indexOf(sid) !== i)
    if (twice !== undefined) throw new Error(`two statements have the sid ${twice}; of one document each must have its own`)
  }
  let all: ReadonlyArray<Statement> = statements
  for (const group of [own, ...overrides.map((override) => override.statements)]) all = merge(all, group)
  const versions = [...sources, ...overrides].flatMap(({ document }) => document.Version ?? [])
  const ids = [...sources, ...overrides].flatMap(({ document }) => document.Id ?? [])
  const id = textOf(config["policy_id"]) ?? ids.at(-1)
  const document = {
    Version: textOf(config["version"]) ?? versions.at(-1) ?? "2012-10-17",
    ...(id === undefined ? {} : { Id: id }),
    ...(all.length === 0 ? {} : { Statement: all })
  }
  const minified = JSON.stringify(document)
  return { ...config, version: document.Version, id: hash(minified), json: JSON.stringify(document, null, 2), minified_json: minified }
}

const merge = (before: ReadonlyArray<Statement>, after: ReadonlyArray<Statement>): ReadonlyArray<Statement> => {
  const merged = [...before]
  for (const statement of after) {
    const at = statement["Sid"] === undefined ? -1 : merged.findIndex(({ Sid }) => Sid === statement["Sid"])
    if (at < 0) merged.push(statement)
    else merged[at] = statement
  }
  return merged
}

/** The provider's identifier is a short number of the text. */
const hash = (text: string): string => {
  let value = 0
  for (const letter of text) value = (Math.imul(value, 31) + (letter.codePointAt(0) ?? 0)) >>> 0
  return String(value)
}
