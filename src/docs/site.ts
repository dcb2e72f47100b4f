import { entriesOf, graphOf, type ProjectText, sensitiveNames } from "./entries.ts"
import { type EntryContext, entryPage } from "./entry-page.ts"
import { styleFile } from "./frame.ts"
import { indexPage } from "./index-page.ts"
import type { LakeFacts } from "./lake-facts.ts"
import { style } from "./style.ts"
import { type TestTotals, testEntries, totalsOf } from "./tests.ts"
import { testsPage } from "./tests-page.ts"

export interface Site {
  /** Text of each file by its name, all in one folder. */
  readonly files: ReadonlyMap<string, string>
  readonly tests: TestTotals
}

/**
 * The pages of a project: plain data to plain text. The same project and the same lake have the same bytes: what time it is is asked of nobody.
 *
 * @param lake null: what the project says alone
 */
export const siteOf = (project: ProjectText, lake: LakeFacts | null): Site => {
  const entries = entriesOf(project, lake)
  const tests = testEntries(project.models, lake, sensitiveNames(project))
  const frame = { project: project.name, lake: lake === null ? null : { asOf: lake.runs[0]?.endedAt ?? null } }
  const context: EntryContext = { frame, entries, graph: graphOf(entries, project.models), tests }
  return {
    files: new Map([
      ["index.html", indexPage(project, lake, context)],
      ["tests.html", testsPage(project, context)],
      ...entries.map((entry) => [entry.node.href, entryPage(entry, context)] as const),
      [styleFile, style]
    ]),
    tests: totalsOf(tests)
  }
}
