import type { Exposure } from "../models/model.ts"
import { type Entry, exposureAnchor, lakeAnchor, lakeTables, noTable, type ProjectText } from "./entries.ts"
import type { EntryContext } from "./entry-page.ts"
import { nothing, page, section } from "./frame.ts"
import { drawing } from "./graph.ts"
import { code, facts, html, inline, joined, type NumberCell, type Piece, paragraphs, table } from "./html.ts"
import type { LakeFacts } from "./lake-facts.ts"
import { linkTo, rowsCell, runTable, totalsText } from "./parts.ts"
import { totalsOf } from "./tests.ts"

/** The page of the whole project. */
export const indexPage = (project: ProjectText, lake: LakeFacts | null, { frame, entries, graph, tests }: EntryContext): string => {
  const datasets = entries.filter(({ contract }) => contract !== null)
  const models = entries.filter(({ model }) => model !== null)
  const { exposures } = project.models
  const number = (n: number) => n.toLocaleString("en-US")
  const testsOf = (entry: Entry) => totalsText(totalsOf(tests.filter(({ models }) => models.includes(entry.node.name))))
  const rows = ({ tables }: Entry): ReadonlyArray<Piece | NumberCell> =>
    lake === null ? [] : tables.slice(-1).map(({ facts, absent }) => rowsCell(facts, absent))
  const title = ({ title, node, description }: Entry) => (title === node.name ? inline(firstSentence(description)) : title)
  return page(frame, "index.html", project.name, [
    html`<h1>${project.name}</h1>
`,
    facts([
      ["Datasets", number(datasets.length)],
      ["Models", number(models.length)],
      ["Columns", number(entries.reduce((sum, { columns }) => sum + columns.length, 0))],
      ["Tests", html`<a href="tests.html">${tests.length === 0 ? "none" : totalsText(totalsOf(tests))}</a>`],
      ...(lake === null ? [] : [["Rows for users", number(rowsForUsers(entries))] as const])
    ]),
    section("lineage", "Lineage", drawing(graph, `What of ${project.name} is made of what`, null)),
    section(
      "datasets",
      "Datasets",
      table(
        "Datasets",
        ["Dataset", "What", "Owner", "Sensitivity", ...(lake === null ? [] : ["Rows"])],
        datasets.map((entry): readonly [Piece, ...ReadonlyArray<Piece | NumberCell>] => [
          linkTo(entry),
          title(entry),
          owner(entry),
          entry.sensitivity,
          ...rows(entry)
        ])
      )
    ),
    section(
      "models",
      "Models",
      models.length === 0
        ? nothing("The project has none.")
        : table(
            "Models",
            ["Model", "What", "Owner", "Sensitivity", "Tests", ...(lake === null ? [] : ["Rows"])],
            models.map((entry): readonly [Piece, ...ReadonlyArray<Piece | NumberCell>] => [
              linkTo(entry),
              title(entry),
              owner(entry),
              entry.sensitivity,
              testsOf(entry),
              ...rows(entry)
            ])
          )
    ),
    exposures.length === 0 ? null : section("exposures", "Where models are looked at", exposureList(exposures)),
    section("owners", "Owners", ownerTable(entries)),
    section("lake", "Tables of the lake", lakeTable(lake)),
    lake === null
      ? null
      : section(
          "runs",
          "Last runs",
          lake.runs.length === 0 ? nothing("None is recorded.") : runTable("Last run of each kind", lake.runs, entries)
        )
  ])
}

const firstSentence = (text: string): string => /^.*?[.!?](?=\s|$)/s.exec(text)?.[0] ?? text

const owner = ({ owners }: Entry): string => owners.map(({ name, as }) => (as === "owner" ? name : `${name} (${as})`)).join(", ")

const rowsForUsers = (entries: ReadonlyArray<Entry>): number =>
  entries.reduce((sum, { tables }) => sum + (tables.at(-1)?.facts?.rows ?? 0), 0)

const ownerTable = (entries: ReadonlyArray<Entry>): Piece => {
  const owned = new Map<string, { readonly name: string; readonly as: string; readonly of: Array<Entry> }>()
  for (const entry of entries)
    for (const { name, as } of entry.owners) {
      const key = JSON.stringify([name, as])
      const found = owned.get(key) ?? { name, as, of: [] }
      owned.set(key, found)
      found.of.push(entry)
    }
  const sorted = [...owned].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, each]) => each)
  const nobodys = entries.filter(({ owners }) => owners.length === 0)
  return [
    sorted.length === 0
      ? null
      : table(
          "Who answers for what",
          ["Who", "As", "Of"],
          sorted.map(({ name, as, of }) => [name, as, joined(of.map(linkTo), ", ")])
        ),
    nobodys.length === 0 ? null : html`<p class="note">Nobody is named for ${joined(nobodys.map(linkTo), ", ")}.</p>\n`
  ]
}

const exposureList = (exposures: ReadonlyArray<Exposure>): Piece =>
  exposures.map(
    (exposure) => html`<article id="${exposureAnchor(exposures, exposure)}">
<h3>${exposure.name}</h3>
${paragraphs(exposure.description)}${facts([
  ["Kind", exposure.type],
  ...(exposure.owner === null ? [] : [["Owner", exposure.owner] as const]),
  ...(exposure.url === null ? [] : [["Address", address(exposure.url)] as const])
])}</article>
`
  )

/** A link where the address is one of the web: another one might be a script. */
const address = (url: string): Piece => (/^https?:\/\//i.test(url) ? html`<a href="${url}" rel="noreferrer">${url}</a>` : code(url))

const lakeTable = (lake: LakeFacts | null): Piece =>
  table(
    "Tables that are of no dataset",
    ["Table", "What", ...(lake === null ? [] : ["Rows", "Version"])],
    lakeTables.map(([path, what]): readonly [Piece, ...ReadonlyArray<Piece | NumberCell>] => {
      const found = lake?.tables.get(path) ?? null
      return [
        html`<code id="${lakeAnchor(path)}">${path}</code>`,
        what,
        ...(lake === null ? [] : [rowsCell(found, noTable), { number: found?.version ?? null }])
      ]
    })
  )
