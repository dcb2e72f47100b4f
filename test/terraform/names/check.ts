/**
 * Holds a configuration against the provider's schema and against itself: every type, argument and block by name, what is required, and that all
 * that is referred to is declared. What a value is, is not looked at.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join, relative, resolve } from "node:path"
import { awsSchema, type Block } from "../schema.ts"
import { type Argument, type Body, type HclBlock, parseHcl, type Reference } from "./hcl.ts"

/** A block, and the file that it is in. */
interface Placed {
  readonly block: HclBlock
  readonly file: string
}

/** A module: what its files declare, by address. */
interface Module {
  readonly folder: string
  readonly blocks: ReadonlyArray<Placed>
  readonly locals: ReadonlySet<string>
}

const everywhere = new Set(["count", "for_each", "provider", "depends_on", "lifecycle", "provisioner", "connection", "dynamic"])
const ofModules = new Set(["source", "version", "providers", "count", "for_each", "depends_on"])

/** Says what is wrong with the configuration in a folder, and in the modules that it calls. Paths are told from `root`. */
export const checkNames = (folder: string, root: string = folder): ReadonlyArray<string> => {
  const found = new Set<string>()
  const modules = new Map<string, Module>()
  const load = (path: string): Module => {
    const known = modules.get(path)
    if (known !== undefined) return known
    const blocks: Array<Placed> = []
    for (const name of readdirSync(path).sort()) {
      if (!name.endsWith(".tf")) continue
      const file = relative(root, join(path, name))
      try {
        for (const block of parseHcl(readFileSync(join(path, name), "utf8")).blocks) blocks.push({ block, file })
      } catch (error) {
        found.add(`${file}: ${error instanceof Error ? error.message : String(error)}`)
      }
    }
    const locals = new Set(blocks.flatMap(({ block }) => (block.type === "locals" ? block.body.arguments.map(({ name }) => name) : [])))
    const module = { folder: path, blocks, locals }
    modules.set(path, module)
    if (blocks.length === 0) found.add(`${relative(root, path) || "."}: there are no Terraform files`)
    checkModule(module)
    return module
  }
  const checkModule = (module: Module): void => {
    const addresses = new Set<string>()
    for (const { block, file } of module.blocks) {
      const say = (line: number, problem: string) => found.add(`${file}:${line}: ${problem}`)
      const address = [block.type, ...block.labels].join(".")
      if (block.labels.length > 0 && block.type !== "provider") {
        if (addresses.has(address)) say(block.line, `${address} is declared twice`)
        addresses.add(address)
      }
      const [type = ""] = block.labels
      const schemas = { resource: awsSchema.resource_schemas, data: awsSchema.data_source_schemas }
      if (block.type === "resource" || block.type === "data") {
        const schema = schemas[block.type][type]
        if (schema === undefined) say(block.line, `there is no ${block.type} ${type}`)
        else checkBody(block.body, schema, address, block.line, say)
      }
      if (block.type === "provider" && type === "aws")
        checkBody(block.body, awsSchema.provider, address, block.line, say, new Set(["alias"]))
      if (block.type === "module") checkCall(module, block, say)
      for (const reference of referencesOf(block.body)) {
        const problem = problemOf(module, reference)
        if (problem !== null) say(reference.line, `${reference.parts.join(".")}: ${problem}`)
      }
    }
  }
  const calledBy = (module: Module, call: HclBlock): Module | null => {
    const source = call.body.arguments.find(({ name }) => name === "source")?.text ?? ""
    const path = resolve(module.folder, source)
    return /^\.\.?\//.test(source) && existsSync(path) ? load(path) : null
  }
  const checkCall = (module: Module, block: HclBlock, say: (line: number, problem: string) => void): void => {
    const called = calledBy(module, block)
    if (called === null) return void say(block.line, `module.${block.labels[0]} has no source that is here`)
    const variables = called.blocks.filter((placed) => placed.block.type === "variable")
    for (const { name, line } of block.body.arguments) {
      if (!ofModules.has(name) && !variables.some((placed) => placed.block.labels[0] === name)) {
        say(line, `module.${block.labels[0]} has no variable ${name}`)
      }
    }
    for (const { block: variable } of variables) {
      const [name = ""] = variable.labels
      const isGiven = variable.body.arguments.some((argument) => argument.name === "default")
      if (!isGiven && !block.body.arguments.some((argument) => argument.name === name)) {
        say(block.line, `module.${block.labels[0]} is not given ${name}`)
      }
    }
  }
  const problemOf = (module: Module, { parts }: Reference): string | null => {
    const [head = "", first = "", second, third] = parts
    const declared = (type: string, ...labels: ReadonlyArray<string>) =>
      module.blocks.find(({ block }) => block.type === type && labels.every((label, i) => block.labels[i] === label))?.block
    if (head === "var") return declared("variable", first) === undefined ? "is not declared" : null
    if (head === "local") return module.locals.has(first) ? null : "is not declared"
    if (head === "module") {
      const call = declared("module", first)
      if (call === undefined) return "is not declared"
      const called = calledBy(module, call)
      const isOutput = called?.blocks.some(({ block }) => block.type === "output" && block.labels[0] === second) ?? true
      return second === undefined || isOutput ? null : `module.${first} has no output ${second}`
    }
    if (head === "data") {
      if (second === undefined || declared("data", first, second) === undefined) return "is not declared"
      return attributeProblem(awsSchema.data_source_schemas[first], third)
    }
    if (!head.startsWith("aws_")) return null
    if (declared("resource", head, first) === undefined) return "is not declared"
    return attributeProblem(awsSchema.resource_schemas[head], second)
  }
  load(resolve(folder))
  return [...found]
}

const attributeProblem = (schema: Block | undefined, name: string | undefined): string | null =>
  schema === undefined || name === undefined || name in schema.attributes || name in schema.block_types
    ? null
    : `there is no attribute ${name}`

const referencesOf = (body: Body): ReadonlyArray<Reference> => [
  ...body.arguments.flatMap(({ name, references }: Argument) => (name === "ignore_changes" ? [] : references)),
  ...body.blocks.flatMap((block) => referencesOf(block.body))
]

/** Holds a body against its schema, and the bodies within. */
const checkBody = (
  body: Body,
  schema: Block,
  where: string,
  line: number,
  say: (line: number, problem: string) => void,
  also: ReadonlySet<string> = everywhere
): void => {
  for (const { name, line: at } of body.arguments) {
    // Some blocks may be given as attributes: core takes them, and so does the check.
    if (!(name in schema.attributes) && !(name in schema.block_types) && !also.has(name)) say(at, `${where} has no argument ${name}`)
  }
  const given = new Set(body.arguments.map(({ name }) => name))
  for (const block of body.blocks) {
    const isDynamic = block.type === "dynamic"
    const name = isDynamic ? (block.labels[0] ?? "") : block.type
    given.add(name)
    const nested = schema.block_types[name]
    if (nested === undefined) {
      if (!also.has(name)) say(block.line, `${where} has no block ${name}`)
      continue
    }
    const content = isDynamic ? block.body.blocks.find(({ type }) => type === "content") : block
    if (content === undefined) say(block.line, `${where}: dynamic ${name} has no content`)
    else checkBody(content.body, nested.block, `${where}.${name}`, content.line, say, new Set(["dynamic"]))
  }
  for (const [name, { required = false }] of Object.entries(schema.attributes)) {
    if (required && !given.has(name)) say(line, `${where} lacks the argument ${name}`)
  }
  for (const [name, { min_items: least = 0 }] of Object.entries(schema.block_types)) {
    if (least > 0 && !given.has(name)) say(line, `${where} lacks the block ${name}`)
  }
}
