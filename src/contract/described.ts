import type { Column } from "../record/column.ts"
import type { CompiledContract } from "./compile.ts"
import type { Expectation } from "./definition.ts"
import type { DropRule } from "./drops.ts"
import { type Governance, governance } from "./governance.ts"
import { type Identity, orderWords, partitionWords } from "./identity.ts"
import { snakeCase } from "./names.ts"
import type { Loads } from "./table.ts"

/** What a contract says of its dataset, in words: for the pages that document it, of whatever form. Names in texts stand between backticks. */

export type Fact = readonly [what: string, text: string]

/** What a dataset is: who answers for it, what makes its rows the same, where they lie. */
export const contractFacts = ({ contract, identity }: CompiledContract): ReadonlyArray<Fact> => {
  const tags = Object.entries(contract.tags ?? {}).map(([tag, value]) => `${tag}: ${value}`)
  const { nullText = false, anyCase = false } = contract.conventions ?? {}
  const conventions = [...(nullText ? ["the text `null` is null"] : []), ...(anyCase ? ["keys in any case"] : [])]
  return [
    ["Dataset", code(contract.name)],
    ["Owner", contract.owner],
    ...governanceFacts(governance(contract)),
    ["Key", identity.key.map(code).join(", ")],
    ...optional("Version", identity.version.slice(0, 1).map(code).join()),
    ...optional("Newest by", contract.table.kind === "latest" ? orderWords(identity.order, code) || "arrival" : ""),
    ...optional(
      "A key is gone where",
      identity.deleted === null ? "" : `${code(identity.deleted.column)} is ${identity.deleted.says ?? "true"} in its newest row`
    ),
    ...optional(
      "A key is gone, too, that is not in",
      contract.table.kind === "latest" && contract.table.loads !== undefined ? loadWords(contract.table.loads) : ""
    ),
    ...optional("Event time", identity.eventTime.map(code).join(", else ")),
    ["Table for users", `${rowWords[identity.kind]}, ${partitionWords(identity.partition)}`],
    ...optional("Conventions of its records", conventions.join("; ")),
    ...optional(
      "Fields that other messages have too",
      contract.commonFields === undefined ? "" : contract.commonFields.map((key) => code(snakeCase(key))).join(", ")
    ),
    ["Fields that the contract does not know", contract.keepUnknown ? "kept in `_rescued` and counted" : "counted"],
    ...optional("Columns that nothing fills any more", (contract.retired ?? []).map(code).join(", ")),
    ...optional("Tags", tags.join(", "))
  ]
}

/** What is said of a table as a whole, as lines of its page, whose head is the title. */
export const governanceFacts = (said: Governance): ReadonlyArray<Fact> =>
  Object.entries(said).flatMap(([what, text]): ReadonlyArray<Fact> => (what === "title" ? [] : [[sentence(what), text]]))

const loadWords = ({ files }: Loads): string => `the newest load (${files.map(code).join(", ")}), and did not change since`

const optional = (what: string, text: string): ReadonlyArray<Fact> => (text === "" ? [] : [[what, text]])

const rowWords: { readonly [kind in Identity["kind"]]: string } = {
  versions: "one row per version",
  events: "one row per key",
  latest: "the newest row per key"
}

const sentence = (words: string) => words.charAt(0).toUpperCase() + words.slice(1).replaceAll("_", " ")

const code = (text: string) => `\`${text}\``

/** Where a value that is dropped is missing. */
export const leftOutOf = ({ from }: DropRule): string => (from === "stage" ? "every table" : "the table for users")

/** What a rule drops. */
export const droppedBy = ({ path, keyContains = "" }: DropRule): string =>
  path === undefined ? `any key that contains ${code(keyContains)}` : code(path)

/** What becomes of a record that an expectation does not hold for. */
export const otherwise = ({ severity }: Expectation): string => outcomes[severity]

const outcomes: { readonly [severity in Expectation["severity"]]: string } = {
  warn: "counted",
  reject: "the record becomes a dead letter",
  stop: "the run stops before anything of the batch is committed"
}

export interface DescribedColumn {
  /** `items[].price`: `[]` stands for the elements of a list. */
  readonly path: string
  readonly type: string
  readonly description: string
  /** What becomes of its values where they are sensitive; empty: they are not. */
  readonly sensitive: string
  /** Is it left out of the table for users? */
  readonly inStageOnly: boolean
}

/** The columns of a dataset at any depth, each behind the one that it is in. */
export const contractColumns = ({ columns, consumableColumns }: CompiledContract): ReadonlyArray<DescribedColumn> => {
  const inConsumable = new Set(rows(consumableColumns).map(({ path }) => path))
  return rows(columns).map((row) => ({ ...row, inStageOnly: !inConsumable.has(row.path) }))
}

/** The sensitive columns of a dataset and what becomes of their values: `email: hash, street: drop`. */
export const sensitiveText = (compiled: CompiledContract): string =>
  contractColumns(compiled)
    .flatMap(({ path, sensitive }) => (sensitive === "" ? [] : [`${path}: ${sensitive}`]))
    .join(", ")

type Line = Omit<DescribedColumn, "inStageOnly">

const rows = (columns: ReadonlyArray<Column>, path = ""): ReadonlyArray<Line> =>
  columns.flatMap((column) => lines(column, path === "" ? column.name : `${path}.${column.name}`))

const lines = (column: Column, path: string): ReadonlyArray<Line> => {
  const before = column.formerly ?? []
  const description = [column.description, ...(before.length === 0 ? [] : [`Formerly ${before.map(code).join(", ")}.`])].join(" ")
  switch (column.kind) {
    case "leaf": {
      const type = column.leaf.type === "decimal" ? `decimal(${column.leaf.precision},${column.leaf.scale})` : column.leaf.type
      return [{ path, type, description, sensitive: column.sensitive ?? "" }]
    }
    case "struct":
      return [{ path, type: "document", description, sensitive: "" }, ...rows(column.fields, path)]
    case "list": {
      const [element, ...below] = lines(column.element, `${path}[]`)
      return [{ path, type: `list of ${element?.type ?? ""}`, description, sensitive: element?.sensitive ?? "" }, ...below]
    }
  }
}

/** What becomes of sensitive values. */
export const sensitiveWords =
  "Sensitive values: `hash` is replaced by a keyed hash (HMAC-SHA-256 of the normalised value), `drop` is left out, `keep` is stored as it is."
