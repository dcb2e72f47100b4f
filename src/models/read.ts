import { existsSync, readdirSync, readFileSync, statSync } from "node:fs"
import { basename, join } from "node:path"
import type { Problem } from "./model.ts"
import { dbtFolder, defaultProjectFile, readProjectFile } from "./project-file.ts"
import { modelsOf, type ProjectText, type ReadModels, type ReadOptions } from "./put-together.ts"

/**
 * Reads what a project's folder has of models: `dbt_project.yml`, where there is one, `models/` and `tests/`. A project without them has none.
 * Never throws: a file that cannot be read is a problem as all others are.
 */
export const readModels = (folder: string, options: ReadOptions): ReadModels => {
  const problems: Array<Problem> = []
  const name = basename(folder)
    .toLowerCase()
    .replaceAll(/[^a-z0-9_]/g, "_")
  const text = existsSync(join(folder, "dbt_project.yml")) ? textOf(folder, "dbt_project.yml", problems) : null
  const project = text === null ? defaultProjectFile(name) : readProjectFile(text, name, problems)
  const load = (paths: ReadonlyArray<string>, ends: RegExp): ReadonlyArray<ProjectText> =>
    paths
      .flatMap((path) => filesBelow(folder, path, problems))
      .flatMap((file) => {
        const found = ends.test(file) ? textOf(folder, file, problems) : null
        return found === null ? [] : [{ file, text: found }]
      })
  const files = load(project.modelPaths, /\.(?:sql|ya?ml)$/).filter(({ file }) => !file.startsWith(`${dbtFolder}/`))
  // `tests/generic/` has what dbt needs to know of tests that are built in here.
  const tests = load(project.testPaths, /\.sql$/).filter(({ file }) => !file.split("/").slice(1, -1).includes("generic"))
  return modelsOf(project, files, tests, options, problems)
}

const filesBelow = (folder: string, path: string, problems: Array<Problem>): ReadonlyArray<string> => {
  try {
    const root = join(folder, path)
    if (statSync(root, { throwIfNoEntry: false }) === undefined) return []
    return readdirSync(root, { recursive: true, withFileTypes: true })
      .flatMap((entry) =>
        entry.isFile() ? [join(entry.parentPath, entry.name).slice(folder.length).replaceAll("\\", "/").replace(/^\/+/, "")] : []
      )
      .sort()
  } catch (cause) {
    problems.push({
      file: path,
      line: 1,
      problem: `the folder cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`,
      hint: "Check who may read it."
    })
    return []
  }
}

const textOf = (folder: string, file: string, problems: Array<Problem>): string | null => {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(readFileSync(join(folder, file)))
    if (text.startsWith("\ufeff"))
      problems.push({ file, line: 1, problem: "the file begins with a byte order mark", hint: "Save it as UTF-8 without one." })
    // As Jinja2 has them: a file is the same one on each system.
    return text.replaceAll(/\r\n?/g, "\n")
  } catch (cause) {
    const isEncoding = cause instanceof TypeError
    problems.push({
      file,
      line: 1,
      problem: isEncoding ? "the file is not UTF-8" : `the file cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`,
      hint: isEncoding ? "Save it as UTF-8." : "Check who may read it."
    })
    return null
  }
}
