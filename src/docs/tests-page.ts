import { otherwise } from "../contract/described.ts"
import type { Freshness } from "../models/model.ts"
import { inputKey } from "../models/references.ts"
import type { ProjectText } from "./entries.ts"
import type { EntryContext } from "./entry-page.ts"
import { nothing, page, section } from "./frame.ts"
import { code, facts, html, inline, type NumberCell, type Piece, table } from "./html.ts"
import { linkTo, testTable } from "./parts.ts"
import { totalsOf } from "./tests.ts"

/** The page of all that is tested. */
export const testsPage = ({ models, contracts }: ProjectText, { frame, entries, tests }: EntryContext): string => {
  const { pass, warn, fail, notRun } = totalsOf(tests)
  // What asks for somebody's care stands first; else as the project has them.
  const rank = { fail: 0, warn: 1, pass: 3 } as const
  const sorted = tests.toSorted((a, b) => (a.last === null ? 2 : rank[a.last.status]) - (b.last === null ? 2 : rank[b.last.status]))
  const [unitTests, ofRows] = [sorted.filter(({ isUnit }) => isUnit), sorted.filter(({ isUnit }) => !isUnit)]
  const expectations = contracts.flatMap((compiled) => {
    const entry = entries.find(({ contract }) => contract === compiled)
    return compiled.contract.expectations.map((each) => ({ each, of: entry === undefined ? compiled.contract.name : linkTo(entry) }))
  })
  return page(frame, "tests.html", "Tests", [
    html`<h1>Tests</h1>
`,
    facts([
      ["✓ Passed", pass.toLocaleString("en-US")],
      ["! Warned", warn.toLocaleString("en-US")],
      ["✗ Failed", fail.toLocaleString("en-US")],
      ["– Not run yet", notRun.toLocaleString("en-US")]
    ]),
    section("models", "Of rows of models", testTable("Tests of rows of models", ofRows, entries, null)),
    section("unit", "Of models on given rows", testTable("Unit tests", unitTests, entries, null)),
    models.freshness.length === 0 ? null : section("freshness", "How fresh", freshnessTable(models.freshness)),
    section(
      "expectations",
      "Of records, by contract",
      expectations.length === 0
        ? nothing("None.")
        : table(
            "Expectations of contracts",
            ["Expectation", "Dataset", "Column", "What must hold", "Otherwise"],
            expectations.map(({ each, of }) => [
              code(each.name),
              of,
              each.column === undefined ? "" : code(each.column),
              inline(each.description),
              otherwise(each)
            ])
          )
    )
  ])
}

const freshnessTable = (freshness: ReadonlyArray<Freshness>): Piece => {
  const hours = (millis: number | null): NumberCell => ({ number: millis === null ? null : millis / 3_600_000 })
  return table(
    "How old the newest row may be",
    ["Table", "Its time", "Warns after (hours)", "Fails after (hours)", "Where"],
    freshness.map(({ input, loadedAt, warnAfterMillis, errorAfterMillis, file, line }) => [
      code(inputKey(input)),
      code(loadedAt),
      hours(warnAfterMillis),
      hours(errorAfterMillis),
      code(`${file}:${line}`)
    ])
  )
}
