import { compileContract } from "./compile.ts"
import type { Contract } from "./contract.ts"
import { contractColumns, contractFacts, droppedBy, leftOutOf, otherwise, sensitiveWords } from "./described.ts"

/** The page that documents a dataset: what it is, its columns, what is left out and why, what must hold. */
export const contractMarkdown = (contract: Contract): string => {
  const compiled = compileContract(contract)
  return `${[
    `# ${contract.title}`,
    contract.description,
    table(["", ""], contractFacts(compiled)),
    "## Columns",
    "`[]` stands for the elements of a list. Columns marked ¹ are in stage only.",
    table(
      ["Column", "Type", "Description", "Sensitive"],
      contractColumns(compiled).map(({ path, type, description, sensitive, inStageOnly }) => [
        code(path) + (inStageOnly ? " ¹" : ""),
        type,
        description,
        sensitive
      ])
    ),
    sensitiveWords,
    "## Left out",
    contract.drops.length === 0
      ? "Nothing."
      : table(
          ["Rule", "What", "Left out of", "Why"],
          contract.drops.map((rule) => [code(rule.name), droppedBy(rule), leftOutOf(rule), rule.reason])
        ),
    "## Expectations",
    contract.expectations.length === 0
      ? "None."
      : table(
          ["Expectation", "Column", "What must hold", "Otherwise"],
          contract.expectations.map((each) => [
            code(each.name),
            each.column === undefined ? "" : code(each.column),
            each.description,
            otherwise(each)
          ])
        )
  ].join("\n\n")}\n`
}

const code = (text: string) => `\`${text}\``

const table = (head: ReadonlyArray<string>, lines: ReadonlyArray<ReadonlyArray<string>>): string =>
  [head, head.map(() => "---"), ...lines].map((cells) => `| ${cells.map(cell).join(" | ")} |`).join("\n")

const cell = (text: string) => text.replace(/\s+/g, " ").replaceAll("|", "\\|")
