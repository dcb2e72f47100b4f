import type { Column } from "../record/column.ts"
import { compileContract } from "./compile.ts"
import type { Contract } from "./contract.ts"
import { governance } from "./governance.ts"
import { type Identity, partitionWords } from "./identity.ts"
import { snakeCase } from "./names.ts"

/** The page that documents a dataset: what it is, its columns, what is left out and why, what must hold. */
export const contractMarkdown = (contract: Contract): string => {
  const { columns, consumableColumns, identity } = compileContract(contract)
  const inConsumable = new Set(rows(consumableColumns).map(({ path }) => path))
  const tags = Object.entries(contract.tags ?? {}).map(([tag, value]) => `${tag}: ${value}`)
  const { nullText = false, anyCase = false } = contract.conventions ?? {}
  const conventions = [...(nullText ? ["the text `null` is null"] : []), ...(anyCase ? ["keys in any case"] : [])]
  return `${[
    `# ${contract.title}`,
    contract.description,
    table(
      ["", ""],
      [
        ["Dataset", code(contract.name)],
        ["Owner", contract.owner],
        ...Object.entries(governance(contract)).map(([what, value]) => [sentence(what), value]),
        ["Key", identity.key.map(code).join(", ")],
        ...(identity.version.length === 0 ? [] : [["Version", identity.version.slice(0, 1).map(code).join()]]),
        ...(contract.table.kind === "latest" ? [["Newest by", identity.order.map(code).join(", else ") || "arrival"]] : []),
        ...(identity.deleted === null ? [] : [["A key is gone where", `${code(identity.deleted)} is true in its newest row`]]),
        ...(identity.eventTime.length === 0 ? [] : [["Event time", identity.eventTime.map(code).join(", else ")]]),
        ["Table for users", `${rowWords[identity.kind]}, ${partitionWords(identity.partition)}`],
        ...(conventions.length === 0 ? [] : [["Conventions of its records", conventions.join("; ")]]),
        ...(contract.commonFields === undefined
          ? []
          : [["Fields that other messages have too", contract.commonFields.map((key) => code(snakeCase(key))).join(", ")]]),
        ["Fields that the contract does not know", contract.keepUnknown ? "kept in `_rescued` and counted" : "counted"],
        ...(contract.retired === undefined ? [] : [["Columns that nothing fills any more", contract.retired.map(code).join(", ")]]),
        ...(tags.length === 0 ? [] : [["Tags", tags.join(", ")]])
      ]
    ),
    "## Columns",
    "`[]` stands for the elements of a list. Columns marked ¹ are in stage only.",
    table(
      ["Column", "Type", "Description", "Sensitive"],
      rows(columns).map(({ path, type, description, sensitive }) => [
        code(path) + (inConsumable.has(path) ? "" : " ¹"),
        type,
        description,
        sensitive
      ])
    ),
    "Sensitive values: `hash` is replaced by a keyed hash (HMAC-SHA-256 of the normalised value), `drop` is left out, `keep` is stored as it is.",
    "## Left out",
    contract.drops.length === 0
      ? "Nothing."
      : table(
          ["Rule", "What", "Left out of", "Why"],
          contract.drops.map((rule) => [
            code(rule.name),
            rule.path === undefined ? `any key that contains ${code(rule.keyContains ?? "")}` : code(rule.path),
            rule.from === "stage" ? "every table" : "the table for users",
            rule.reason
          ])
        ),
    "## Expectations",
    contract.expectations.length === 0
      ? "None."
      : table(
          ["Expectation", "Column", "What must hold", "Otherwise"],
          contract.expectations.map((e) => [
            code(e.name),
            e.column === undefined ? "" : code(e.column),
            e.description,
            e.severity === "warn" ? "counted" : "the record becomes a dead letter"
          ])
        )
  ].join("\n\n")}\n`
}

const rowWords: { readonly [kind in Identity["kind"]]: string } = {
  versions: "one row per version",
  events: "one row per key",
  latest: "the newest row per key"
}

const sentence = (words: string) => words.charAt(0).toUpperCase() + words.slice(1).replaceAll("_", " ")

const code = (text: string) => `\`${text}\``

const table = (head: ReadonlyArray<string>, lines: ReadonlyArray<ReadonlyArray<string>>): string =>
  [head, head.map(() => "---"), ...lines].map((cells) => `| ${cells.map(cell).join(" | ")} |`).join("\n")

const cell = (text: string) => text.replace(/\s+/g, " ").replaceAll("|", "\\|")

interface Line {
  readonly path: string
  readonly type: string
  readonly description: string
  readonly sensitive: string
}

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
