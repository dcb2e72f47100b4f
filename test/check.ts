/**
 * `npm run check`: types, lint and format, floors, generated files, names in Terraform files. Runs everything even after a failure, so that one run shows all there is to
 * mend. The last line is `N passed, N failed`.
 */
import { spawnSync } from "node:child_process"
import { readdirSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const bin = (...path: ReadonlyArray<string>) => join(root, "node_modules", ...path)

const steps: ReadonlyArray<{ readonly name: string; readonly args: ReadonlyArray<string> }> = [
  { name: "types", args: [bin("typescript", "bin", "tsc"), "-p", "."] },
  { name: "types of the console's pages", args: [bin("typescript", "bin", "tsc"), "-p", "src/console/web-src"] },
  { name: "lint and format", args: [bin("@biomejs", "biome", "bin", "biome"), "check", "--error-on-warnings"] },
  {
    name: "floors and repository rules",
    args: [bin("vitest", "vitest.mjs"), "run", "--config", "test/vitest.config.ts", "test/floors.test.ts", "test/repository.test.ts"]
  },
  ...readdirSync(join(root, "schemas")).map((project) => ({
    name: `generated files of ${project} are fresh`,
    args: [join(root, "src", "main.ts"), "contracts", "--check", "--project", join(root, "schemas", project)]
  })),
  { name: "names in Terraform files are known", args: [join(root, "test", "terraform", "check-names.ts")] },
  { name: "the kernel is fresh", args: [join(root, "test", "build-kernel.ts"), "--check"] }
]

let failed = 0
for (const { name, args } of steps) {
  console.log(`— ${name}`)
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: "inherit" })
  if (status !== 0) {
    failed++
    console.log(`  ${name}: failed`)
  }
}
console.log(`${steps.length - failed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1
