import type { Entry } from "./entries.ts"
import { nothing, time } from "./frame.ts"
import { code, type Html, html, inline, joined, type NumberCell, named, type Piece, table } from "./html.ts"
import type { RunFacts, TableFacts } from "./lake-facts.ts"
import type { TestEntry, TestTotals } from "./tests.ts"

/** Parts that several pages have. */

export const linkTo = ({ node }: Pick<Entry, "node">): Html => html`<a href="${node.href}">${named(node.name)}</a>`

/** Names of models as links, where they have a page. */
export const modelLinks = (names: ReadonlyArray<string>, entries: ReadonlyArray<Entry>): Piece =>
  joined(
    names.map((name) => {
      const entry = entries.find(({ model }) => model?.name === name)
      return entry === undefined ? name : linkTo(entry)
    }),
    ", "
  )

/** What a test found, by a sign, a word and a colour. */
export const result = ({ last }: Pick<TestEntry, "last">): Html => {
  switch (last?.status) {
    case undefined:
      return html`<span class="status none">– not run yet</span>`
    case "pass":
      return html`<span class="status pass">✓ passed</span>`
    case "warn":
      return html`<span class="status warn">! warned</span>`
    case "fail":
      return html`<span class="status fail">✗ failed</span>`
  }
}

/** Tests, one a row. @param ofModel the model whose page it is, which need not be named in each row; null: none */
export const testTable = (caption: string, tests: ReadonlyArray<TestEntry>, entries: ReadonlyArray<Entry>, ofModel: string | null): Html =>
  tests.length === 0
    ? nothing("None.")
    : table(
        caption,
        ["Test", ...(ofModel === null ? ["Model"] : []), "Column", "What must hold", "Otherwise", "Last result", "Failing rows"],
        tests.map((test): readonly [Piece, ...ReadonlyArray<Piece | NumberCell>] => [
          html`${code(test.name)}<span class="where">${named(`${test.file}:${test.line}`)}</span>`,
          ...(ofModel === null ? [modelLinks(test.models, entries)] : []),
          test.column === null ? "" : code(test.column),
          inline(test.holds),
          test.severity === "warn" ? "a warning" : "the build fails",
          [result(test), test.last === null ? null : time(test.last.endedAt)],
          { number: test.last?.failures ?? null }
        ])
      )

/** Results in numbers: `31 passed, 2 warned, 1 failed, 4 not run yet`; what there is none of is left out. */
export const totalsText = ({ pass, warn, fail, notRun }: TestTotals): string => {
  const parts = [
    [pass, "passed"],
    [warn, "warned"],
    [fail, "failed"],
    [notRun, "not run yet"]
  ] as const
  const there = parts.filter(([n]) => n > 0).map(([n, words]) => `${n.toLocaleString("en-US")} ${words}`)
  return there.length === 0 ? "no tests" : there.join(", ")
}

const outcomes: { readonly [outcome: string]: readonly [style: string, words: string] } = {
  complete: ["pass", "✓ complete"],
  fail: ["fail", "✗ failed"],
  abort: ["warn", "! given up"]
}

export const runTable = (caption: string, runs: ReadonlyArray<RunFacts>, entries: ReadonlyArray<Entry> | null): Html =>
  table(
    caption,
    ["Run", ...(entries === null ? [] : ["Of"]), "Outcome", "Ended", "Took (s)", "Records", "Rows added", "Dead letters"],
    runs.map((run): readonly [Piece, ...ReadonlyArray<Piece | NumberCell>] => {
      const [style, words] = outcomes[run.outcome] ?? ["none", run.outcome]
      const of = entries?.find((entry) => entry.runs.includes(run))
      return [
        run.kind,
        ...(entries === null ? [] : [of === undefined ? run.dataset : linkTo(of)]),
        html`<span class="status ${style}">${words}</span>`,
        time(run.endedAt),
        { number: Math.round((Date.parse(run.endedAt) - Date.parse(run.begunAt)) / 100) / 10 },
        { number: run.records },
        { number: run.rows },
        { number: run.deadLetters }
      ]
    })
  )

/** Rows of a table; words where nobody knows. */
export const rowsCell = (facts: TableFacts | null, absent: string): Piece | NumberCell =>
  facts === null ? html`<span class="nothing">${absent}</span>` : facts.rows === null ? "not counted" : { number: facts.rows }

export const tablesTable = (caption: string, tables: Entry["tables"]): Html =>
  table(
    caption,
    ["Table", "Path in the lake", "Rows", "Version", "Files", "Bytes"],
    tables.map(({ what, path, facts, absent }): readonly [Piece, ...ReadonlyArray<Piece | NumberCell>] => [
      what,
      code(path),
      rowsCell(facts, absent),
      { number: facts?.version ?? null },
      { number: facts?.files ?? null },
      { number: facts?.bytes ?? null }
    ])
  )
