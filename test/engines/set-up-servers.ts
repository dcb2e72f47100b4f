import { spawnSync } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setUpCheckov, setUpDbt, setUpMoto, setUpTerraform, setUpTflint, setUpVersitygw } from "./setup.ts"
import { functionsVariable } from "./terraform/tofu.ts"

/** What several files of tests need: they run at once, and would install it twice. */
export const setup = (): (() => void) | undefined => {
  setUpMoto()
  setUpDbt()
  setUpVersitygw()
  // This takes minutes on a new machine: not where other files are asked for.
  const asked = process.argv.filter((argument) => argument.endsWith(".test.ts"))
  if (asked.length > 0 && !asked.some((file) => /terraform|managed/.test(file))) return undefined
  setUpTerraform()
  if (asked.length === 0 || asked.some((file) => file.includes("house.test"))) {
    setUpTflint()
    setUpCheckov()
  }
  // Bundled once, for all files that deploy them.
  const folder = mkdtempSync(join(tmpdir(), "sluice-functions-"))
  const { status } = spawnSync(process.execPath, ["src/setup.mjs", "src/build/build.ts", "--out", folder], {
    stdio: ["ignore", "ignore", "inherit"]
  })
  if (status !== 0) throw new Error(`npm run build ended with ${status}`)
  process.env[functionsVariable] = folder
  return () => rmSync(folder, { recursive: true, force: true })
}
