import type { Conventions } from "../../contract/definition.ts"
import type { Options, Proposed } from "./fields.ts"
import type { Table } from "./identity.ts"
import type { Sample } from "./sample.ts"

export interface Proposal {
  readonly name: string
  /** Pattern of files' names. */
  readonly arrives: string
  readonly sample: Sample
  readonly fields: ReadonlyMap<string, Proposed>
  readonly table: Table
  readonly conventions: ReadonlyArray<keyof Conventions>
  /** What it was made of, then what is to be known of that. */
  readonly told: ReadonlyArray<string>
}

/** The module of a contract that is proposed, TypeScript to be saved as it is. */
export const contractText = ({ name, arrives, sample, fields, table, conventions, told }: Proposal): string => {
  const calls = new Set<string>(["defineContract", table.kind])
  if (table.key === null) calls.add("coordinates")
  if (sample.call !== null) calls.add(sample.call.name)
  const lines = fieldLines(fields, "    ", calls)
  const isPersonal = [...fields.values()].some(holdsPersonal)
  const clash = table.kind === "versions" ? ["change_date"] : ["event_date"]
  const columns = new Set([...fields.keys()].map((key) => key.replace(/([a-z0-9])([A-Z])/g, "$1_$2").toLowerCase()))
  const hasClash = clash.some((column) => columns.has(column))
  const by = table.day === null || hasClash ? `"none"` : `{ day: ${JSON.stringify(table.day)} }`
  const key = table.key === null ? "coordinates" : `[${table.key.map((each) => JSON.stringify(each)).join(", ")}]`
  const version = table.version === null ? "" : `version: ${JSON.stringify(table.version)}, `
  const [made, ...more] = told
  const title = name.charAt(0).toUpperCase() + name.slice(1).replaceAll("_", " ")
  return `${[
    `import { ${[...calls].sort((a, b) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1)).join(", ")} } from "sluice/contract"`,
    "",
    `// Proposed by sluice contracts --infer, from ${safe(made ?? "")}. What its comments say is to be looked at, and then to be taken out.`,
    ...more.map((each) => `// ${safe(each)}`),
    `export const ${identifierOf(name)} = defineContract({`,
    `  name: ${JSON.stringify(name)},`,
    `  title: ${JSON.stringify(title)},`,
    "  // Who answers for it?",
    `  owner: "unknown",`,
    `  sensitivity: "${isPersonal ? "personal" : "internal"}",`,
    "  // What is a record, and when does one come?",
    `  description: ${JSON.stringify(`${title}, one row a record.`)},`,
    ...(sample.isTaken
      ? [`  arrives: [${JSON.stringify(arrives)}],`]
      : [
          "  // Files of such a name are read when they are named alone: in a folder, names say of which format they are.",
          `  arrives: [${JSON.stringify(arrives)}],`
        ]),
    ...sample.why.map((each) => `  // ${safe(each)}`),
    ...(sample.call === null ? [] : [`  format: ${sample.call.text},`]),
    "  fields: {",
    lines.join(",\n"),
    "  },",
    ...table.why.map((each) => `  // ${safe(each)}`),
    ...(hasClash ? [`  // Not by day: it has a column ${clash[0]} of its own, which is what that of the day is called.`] : []),
    `  table: ${table.kind}({ key: ${key}, ${version}by: ${by} }),`,
    ...(table.eventTime === null
      ? []
      : ["  // In every record. Is it when it happened?", `  eventTime: { field: ${JSON.stringify(table.eventTime)} },`]),
    ...(conventions.includes("nullText") ? ['  // Several fields are the text "null" in places.'] : []),
    ...(conventions.includes("anyCase") ? ["  // Keys come in several cases; of two in one record the last counts."] : []),
    ...(conventions.length === 0 ? [] : [`  conventions: { ${conventions.map((each) => `${each}: true`).join(", ")} },`]),
    "  drops: [],",
    "  expectations: [],",
    "  keepUnknown: true",
    "})"
  ].join("\n")}\n`
}

/** Fields as lines of an object, each with its comments in front, without the comma behind. */
const fieldLines = (fields: ReadonlyMap<string, Proposed>, indent: string, calls: Set<string>): ReadonlyArray<string> =>
  [...fields].map(([key, field]) =>
    [...field.why.map((each) => `${indent}// ${safe(each)}`), `${indent}${propertyOf(key)}: ${callText(field, indent, calls)}`].join("\n")
  )

const callText = ({ description, shape, formerly }: Proposed, indent: string, calls: Set<string>): string => {
  const said = JSON.stringify(description)
  const behind = (options: Options = {}) => {
    const all = { ...options, ...(formerly === undefined ? {} : { formerly: [formerly] }) }
    const entries = Object.entries(all).map(([key, value]) => `${key}: ${optionText(value)}`)
    return entries.length === 0 ? "" : `, { ${entries.join(", ")} }`
  }
  switch (shape.kind) {
    case "leaf": {
      calls.add(shape.call)
      return `${shape.call}(${(shape.digits ?? []).map((digit) => `${digit}, `).join("")}${said}${behind(shape.options)})`
    }
    case "document": {
      calls.add("document")
      return `document(${said}, {\n${fieldLines(shape.fields, `${indent}  `, calls).join(",\n")}\n${indent}}${behind()})`
    }
    case "list": {
      calls.add("list")
      return `list(${said}, ${callText(shape.element, indent, calls)}${behind()})`
    }
  }
}

const optionText = (value: unknown): string =>
  typeof value === "object" && value !== null && "pattern" in value
    ? `{ pattern: ${JSON.stringify(value.pattern)} }`
    : JSON.stringify(value)

const holdsPersonal = ({ shape }: Proposed): boolean => {
  switch (shape.kind) {
    case "leaf":
      return shape.options.sensitive !== undefined
    case "document":
      return [...shape.fields.values()].some(holdsPersonal)
    case "list":
      return holdsPersonal(shape.element)
  }
}

const propertyOf = (key: string): string => (/^[A-Za-z_$][\w$]*$/.test(key) ? key : JSON.stringify(key))

/** A name for what a module exports: keywords have none of their own. */
const identifierOf = (name: string): string => {
  const camel = name.replace(/_+([a-z0-9])/g, (_, letter: string) => letter.toUpperCase()).replace(/_+$/, "")
  return /^(break|case|catch|class|const|continue|debugger|default|delete|do|else|enum|export|extends|false|finally|for|function|if|implements|import|in|instanceof|interface|let|new|null|package|private|protected|public|return|static|super|switch|this|throw|true|try|typeof|var|void|while|with|yield|await|events|versions|text|list|document|date|json|csv|form|parquet|coordinates|decimal|double|integer|long|boolean|timestamp|accessLog|defineContract)$/.test(
    camel
  )
    ? `${camel}Contract`
    : camel
}

/** A comment stays on its line. */
const safe = (text: string): string => text.replace(/[\p{Cc}\u2028\u2029]/gu, " ")
