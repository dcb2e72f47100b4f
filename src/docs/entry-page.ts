import type { CompiledContract } from "../contract/compile.ts"
import { droppedBy, leftOutOf, otherwise, sensitiveWords } from "../contract/described.ts"
import type { Entry } from "./entries.ts"
import { type Frame, nothing, page, section } from "./frame.ts"
import { around, drawing, type GraphNode } from "./graph.ts"
import { code, facts, html, inline, joined, type Piece, paragraphs, table } from "./html.ts"
import { runTable, tablesTable, testTable, totalsText } from "./parts.ts"
import { type TestEntry, totalsOf } from "./tests.ts"

/** What pages of entries are made with. */
export interface EntryContext {
  readonly frame: Frame
  readonly entries: ReadonlyArray<Entry>
  readonly graph: ReadonlyArray<GraphNode>
  readonly tests: ReadonlyArray<TestEntry>
}

/** The page of a dataset or a model. */
export const entryPage = (entry: Entry, { frame, entries, graph, tests }: EntryContext): string => {
  const { node, title, description, contract, model } = entry
  const own = model === null ? [] : tests.filter(({ models }) => models.includes(model.name))
  const said = entry.facts.map(([what, text]) => [what, inline(text)] as const)
  return page(frame, node.href, title, [
    html`<p class="kind">${node.kind === "dataset" ? "Dataset" : "Model"}</p>
<h1>${title}</h1>
`,
    description.trim() === "" ? nothing("Nobody has described it yet.") : paragraphs(description),
    facts(model === null ? said : [...said, ["Tests", totalsText(totalsOf(own))]]),
    frame.lake === null ? null : section("tables", "In the lake", tablesTable(`Tables of ${title}`, entry.tables)),
    section("columns", "Columns", columnsOf(entry)),
    contract === null ? section("tests", "Tests", testTable(`Tests of ${title}`, own, entries, model?.name ?? null)) : rulesOf(contract),
    section("lineage", "Lineage", lineageOf(entry, graph)),
    frame.lake === null
      ? null
      : section(
          "runs",
          "Last runs",
          entry.runs.length === 0 ? nothing("None is recorded.") : runTable(`Last run of each kind on ${title}`, entry.runs, null)
        ),
    model === null
      ? null
      : section(
          "sql",
          "SQL",
          html`<details><summary>${model.file}</summary>
<pre tabindex="0"><code>${model.source.replaceAll("\t", "    ")}</code></pre>
</details>
`
        )
  ])
}

const columnsOf = ({ columns, title, contract }: Entry): Piece => {
  if (columns.length === 0) return nothing("None is described.")
  const isTyped = columns.some(({ type }) => type !== "")
  const isNested = columns.some(({ path }) => path.includes("[]"))
  const notes = [
    ...(isNested ? ["`[]` stands for the elements of a list."] : []),
    ...(columns.some(({ inStageOnly }) => inStageOnly) ? ["Columns marked ¹ are in stage only."] : []),
    ...(contract !== null && columns.some(({ sensitive }) => sensitive !== "") ? [sensitiveWords] : [])
  ]
  return [
    table(
      `Columns of ${title}`,
      ["Column", ...(isTyped ? ["Type"] : []), "Description", "Sensitive"],
      columns.map(({ path, type, description, sensitive, inStageOnly }): readonly [Piece, ...ReadonlyArray<Piece>] => [
        [code(path), inStageOnly ? " ¹" : null],
        ...(isTyped ? [type] : []),
        inline(description),
        sensitive === "" ? "" : html`<span class="status sensitive">${sensitive}</span>`
      ])
    ),
    notes.length === 0 ? null : html`<p class="note">${inline(notes.join(" "))}</p>\n`
  ]
}

const rulesOf = ({ contract: { title, drops, expectations } }: CompiledContract): Piece => [
  section(
    "drops",
    "Left out",
    drops.length === 0
      ? nothing("Nothing.")
      : table(
          `What is left out of ${title}`,
          ["Rule", "What", "Left out of", "Why"],
          drops.map((rule) => [code(rule.name), inline(droppedBy(rule)), leftOutOf(rule), inline(rule.reason)])
        )
  ),
  section(
    "expectations",
    "Expectations",
    expectations.length === 0
      ? nothing("None.")
      : table(
          `What must hold of ${title}`,
          ["Expectation", "Column", "What must hold", "Otherwise"],
          expectations.map((each) => [
            code(each.name),
            each.column === undefined ? "" : code(each.column),
            inline(each.description),
            otherwise(each)
          ])
        )
  )
]

const lineageOf = ({ node, title }: Entry, graph: ReadonlyArray<GraphNode>): Piece => {
  const links = (nodes: ReadonlyArray<GraphNode>) =>
    joined(
      nodes.map(({ href, name }) => html`<a href="${href}">${name}</a>`),
      ", "
    )
  const madeOf = graph.filter(({ id }) => node.parents.includes(id))
  const readBy = graph.filter(({ parents }) => parents.includes(node.id))
  return [
    facts([
      ["Made of", node.kind === "dataset" ? "records as they arrive" : madeOf.length === 0 ? "nothing" : links(madeOf)],
      ["Read by", readBy.length === 0 ? "no model" : links(readBy)]
    ]),
    madeOf.length + readBy.length === 0
      ? null
      : drawing(around(graph, node.id), `What ${title} is made of, and what is made of it`, node.id)
  ]
}
