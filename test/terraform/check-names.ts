/** Checks names, requirements and references of all Terraform files, with Node alone. A part of `npm run check`; `[FOLDER…]` are others than the repository's. */
import { existsSync, readdirSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { checkNames } from "./names/check.ts"

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

/** The configuration and its examples. */
const ours = (): ReadonlyArray<string> => {
  const examples = join(root, "infra-terraform/examples")
  return [
    root,
    ...(existsSync(examples) ? readdirSync(examples).map((name) => join(examples, name)) : []),
    join(root, "test/terraform/fixture")
  ]
}

const asked = process.argv.slice(2)
const folders = asked.length > 0 ? asked : ours()
const problems = folders.flatMap((folder) => checkNames(folder, asked.length > 0 ? folder : root))
for (const problem of new Set(problems)) console.log(problem)
console.log(`${folders.length} configurations: ${problems.length === 0 ? "every name is known" : `${problems.length} names are wrong`}`)
process.exitCode = problems.length === 0 ? 0 : 1
