import { setUpCheckov, setUpMoto, setUpTerraform, setUpTflint, setUpVersitygw } from "./setup.ts"

/** What several files of tests need: they run at once, and would install it twice. */
export const setup = (): void => {
  setUpMoto()
  setUpVersitygw()
  // This takes minutes on a new machine: not where other files are asked for.
  const asked = process.argv.filter((argument) => argument.endsWith(".test.ts"))
  if (asked.length > 0 && !asked.some((file) => file.includes("terraform"))) return
  setUpTerraform()
  setUpTflint()
  setUpCheckov()
}
