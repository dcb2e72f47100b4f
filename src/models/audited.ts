import { createHash } from "node:crypto"
import { Effect, Option } from "effect"
import { martPath } from "../lake/layout.ts"
import { auditedProperty } from "../lake/log-keys.ts"
import type { InputVersion } from "../lake/marts.ts"
import type { LakeTable } from "../lake/views.ts"
import { membersOf } from "../record/members.ts"
import type { Store } from "../store/store.ts"
import { testsOf } from "./audit.ts"
import type { TestResult } from "./audit-result.ts"
import type { Builder } from "./builder.ts"
import { isOfRow } from "./clock.ts"
import type { DataTest, Input, Model } from "./model.ts"
import { sourcePath } from "./relations.ts"
import type { ReadError, Sources } from "./sources.ts"

/**
 * Rows that a test found nothing in are not looked at again, where that cannot find anything else: a build says in its mart's log which tests found nothing, and in which
 * files. As long as these are the mart's files, each of these tests passes on any part of their rows, and all that is left to look at is what is new.
 *
 * That is so of tests that judge each row by itself, by its values alone; of `relationships`, as long as the other table has lost no file; and of `unique` on the only
 * column of a merge's key, since rows that stay have no key of the new ones. Of all others nothing is said.
 */
export const passedBefore = (
  { models, sources }: Pick<Builder, "models" | "sources">,
  model: Model,
  { snapshot }: LakeTable
): Effect.Effect<ReadonlySet<DataTest>, ReadError, Store> =>
  Effect.gen(function* () {
    const passed = new Set<DataTest>()
    const audited = membersOf(parse(snapshot.metaData.configuration[auditedProperty]))
    if (audited["files"] !== filesText(snapshot.files.keys())) return passed
    const known = membersOf(audited["tests"])
    for (const test of testsOf(models, model)) {
      const repeated = yield* repeatedOf(sources, test, model)
      if (repeated === null || !Object.hasOwn(known, repeated.text)) continue
      if (repeated.other === null || (yield* hasKept(repeated.other, known[repeated.text]))) passed.add(test)
    }
    return passed
  })

/**
 * What a mart's log says of the tests of a build.
 *
 * @param results of all tests of the model, in their order, on all of its rows
 * @param files of the mart, once the build is committed
 */
export const auditedText = (
  { models, sources }: Pick<Builder, "models" | "sources">,
  model: Model,
  results: ReadonlyArray<TestResult>
): Effect.Effect<(files: Iterable<string>) => string, ReadError, Store> =>
  Effect.gen(function* () {
    const tests: { [text: string]: InputVersion | null } = {}
    for (const [i, test] of testsOf(models, model).entries()) {
      if (results[i]?.failures !== 0) continue
      const repeated = yield* repeatedOf(sources, test, model)
      if (repeated !== null) tests[repeated.text] = repeated.other === null ? null : versionOf(repeated.other)
    }
    return (files) => JSON.stringify({ files: filesText(files), tests })
  })

/** A test that need not be repeated on rows that it passed on. */
interface Repeated {
  /** Tells it from tests that look for something else. */
  readonly text: string
  /** The table that it looks at beside the mart; null: none. */
  readonly other: LakeTable | null
}

/** Changes when what a test of the same text finds does. */
const format = 1

/** Null: such a test is always repeated. */
const repeatedOf = (sources: Sources, test: DataTest, model: Model): Effect.Effect<Repeated | null, ReadError, Store> =>
  Effect.gen(function* () {
    const { check, column, where } = test
    if (test.model !== model.name || !isOfRow(column ?? "") || !isOfRow(where ?? "")) return null
    const text = createHash("sha256")
      .update(JSON.stringify([format, check, column, where]))
      .digest("hex")
      .slice(0, 32)
    switch (check.kind) {
      case "not_null":
      case "range":
        return { text, other: null }
      case "accepted_values":
        return check.quote || check.values.every((value) => typeof value !== "string" || isOfRow(value)) ? { text, other: null } : null
      case "expression":
        return isOfRow(check.expression) ? { text, other: null } : null
      case "unique": {
        const { materialization } = model
        const [key, ...more] = materialization.kind === "incremental" ? materialization.uniqueKey : []
        return key !== undefined && more.length === 0 && key.toLowerCase() === column?.toLowerCase() ? { text, other: null } : null
      }
      case "relationships": {
        const other = yield* tableOf(sources, check.to, model)
        return other === null ? null : { text, other }
      }
      case "singular":
        return null
    }
  })

/** The table that is compared with, where its rows are those of its files. */
const tableOf = (sources: Sources, to: Input, model: Model): Effect.Effect<LakeTable | null, ReadError, Store> =>
  Effect.gen(function* () {
    if (to.kind === "model") {
      const mart = to.name === model.name ? null : yield* sources.mart(to.name)
      return mart?.kind === "table" ? yield* sources.table(martPath(to.name)) : null
    }
    // The table of runs is not shown as its files are, and changes are no table.
    return to.source === "consumable" || to.source === "stage" ? yield* sources.table(sourcePath(to.source, to.table)) : null
  })

const versionOf = ({ snapshot: { metaData, version } }: LakeTable): InputVersion => ({ id: metaData.id, version })

/** Does a table have every file that it had at a version? */
const hasKept = ({ table, snapshot }: LakeTable, was: unknown): Effect.Effect<boolean, never, Store> =>
  Effect.gen(function* () {
    const { id, version } = membersOf(was)
    if (id !== snapshot.metaData.id || typeof version !== "number") return false
    if (version === snapshot.version) return true
    const before = Option.getOrNull(yield* Effect.option(table.at(version)))
    return before !== null && [...before.files.keys()].every((path) => snapshot.files.has(path))
  })

/** Tells files of a table from others: each has a name that no other ever had. */
const filesText = (paths: Iterable<string>): string =>
  createHash("sha256")
    .update([...paths].sort().join("\n"))
    .digest("hex")

const parse = (text: string | undefined): unknown => {
  try {
    return text === undefined ? null : JSON.parse(text)
  } catch {
    return null
  }
}
