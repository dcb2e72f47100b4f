import { Data } from "effect"
import { duckdbText, type LakeError } from "../duckdb/errors.ts"
import { count } from "../record/count.ts"
import type { TestResult } from "./audit-result.ts"

/** Why a model was not built. Its mart is as it was. */
export class BuildError extends Data.TaggedError("BuildError")<{
  readonly model: string
  /** What happened, as a sentence without its full stop. Quotes no row. */
  readonly problem: string
  readonly hint: string
  /** All that was found, where tests held it back. */
  readonly tests: ReadonlyArray<TestResult>
}> {
  /** The message without the keys of failing rows. */
  get recorded(): string {
    return heldBackText(this.tests, (test) => toldOf({ ...test, keys: [] })) ?? this.message
  }

  override get message(): string {
    return `${this.problem}. ${this.hint}`
  }
}

/** What a test found that did not pass, in a line. */
export const toldOf = ({ name, check, failures, keys, file, line }: TestResult): string => {
  const found = check === "freshness" ? "" : count(failures, "row fails", "rows fail")
  const shown = keys.join("; ") + (check !== "freshness" && failures > keys.length && keys.length > 0 ? "; …" : "")
  return `${name} (${file}:${line}): ${[found, shown].filter((text) => text !== "").join(", ")}`
}

const heldBackText = (tests: ReadonlyArray<TestResult>, tell: (test: TestResult) => string): string | null => {
  const failed = tests.filter(({ status }) => status === "fail")
  return failed.length === 0 ? null : `${count(failed.length, "test holds", "tests hold")} its rows back: ${failed.map(tell).join(". ")}`
}

/** For a model that tests hold back: what failed, and where the test stands. */
export const heldBack = (model: string, tests: ReadonlyArray<TestResult>): BuildError =>
  new BuildError({
    model,
    problem: heldBackText(tests, toldOf) ?? "nothing holds its rows back",
    hint: "Correct the model or what it is made of; or say severity: warn, if such rows may be seen.",
    tests
  })

/** What DuckDB says of SQL that somebody wrote, as far as it may be told. */
export interface SqlProblem {
  /** The kind of what went wrong, with what and where, if that is from the text alone. */
  readonly said: string
  /** Is it the text that is wrong, and not a row? */
  readonly isOfText: boolean
}

/**
 * Of a statement that is wrong DuckDB says what and where, which is all from the project's files. What goes wrong on the way through the
 * rows it tells by the value, which may be anybody's: of that only the kind is passed on.
 */
export const sqlProblem = (error: LakeError): SqlProblem => {
  const [said = ""] = duckdbText(error.cause ?? error.problem).split("\n")
  const isOfText = /^(Parser|Binder|Catalog|Syntax) Error/.test(said)
  // What it would have opened may have been made of rows.
  const kind =
    error.reason === "ReadOnly" ? "it opens a file that is not the lake's" : (/^[A-Z][\w -]* Error/i.exec(said)?.[0] ?? error.reason)
  return { said: isOfText ? said.trim().replace(/[.!]$/, "") : kind, isOfText }
}

/** For a statement of a model that did not run. */
export const cannotRun =
  (model: string, file: string) =>
  (error: LakeError): BuildError => {
    const { said, isOfText } = sqlProblem(error)
    const hint = isOfText
      ? `See its SQL with: sluice models ${model}`
      : error.reason === "Invalid"
        ? "A value does not fit what the SELECT does with it: use try_cast, or leave such rows out."
        : error.hint
    return new BuildError({ model, problem: `${file}: ${said}`, hint, tests: [] })
  }
