import { spawn } from "node:child_process"
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { Effect } from "effect"
import { setUpDbt } from "../setup.ts"

/** dbt with DuckDB, in projects that are derived. */

/** Where the marts of a project are, once dbt has built them. */
export const databaseOf = (project: string): string => join(project, "dbt", "dbt.duckdb")

/** Writes files below a folder. */
export const writeFiles = (folder: string, files: ReadonlyArray<{ readonly path: string; readonly text: string }>): void => {
  for (const { path, text } of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
}

/** Runs dbt in a project's folder, and fails with all that it said where it does not end well. */
export const dbt = (project: string, ...args: ReadonlyArray<string>): Effect.Effect<void> =>
  Effect.promise(async () => {
    const child = spawn(setUpDbt(), [...args, "--profiles-dir", "dbt", "--no-use-colors"], {
      cwd: project,
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, DBT_SEND_ANONYMOUS_USAGE_STATS: "false" }
    })
    let said = ""
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text: string) => {
        said += text
      })
    const code = await new Promise((resolve, reject) => child.on("error", reject).on("close", resolve))
    if (code !== 0) throw new Error(`dbt ${args.join(" ")} ended with ${code}:\n${said}`)
  })

/** What dbt made of a node of a project: of a `model`, a `test`, a `unit_test`. */
export interface Result {
  readonly kind: string
  readonly name: string
  readonly status: string
  /** Rows that a test's SELECT gives; null of what is no test. */
  readonly failures: number | null
}

/** What came of the last run in a project's folder. */
export const resultsIn = (project: string): ReadonlyArray<Result> => {
  const noted: { readonly results: ReadonlyArray<Omit<Result, "kind" | "name"> & { readonly unique_id: string }> } = JSON.parse(
    readFileSync(join(project, "target", "run_results.json"), "utf8")
  )
  return noted.results.map(({ unique_id, status, failures }) => {
    // Of a unit test its model stands before its name, and behind a test's what tells tests of one name apart.
    const [kind = "", , ...names] = unique_id.split(".")
    return { kind, name: names[kind === "unit_test" ? 1 : 0] ?? "", status, failures }
  })
}

/** What tests have found, a line each. */
export const linesOf = (tests: ReadonlyArray<Omit<Result, "kind">>): ReadonlyArray<string> =>
  tests.map(({ name, status, failures }) => `${name}: ${status}, ${failures}`).sort()
