/**
 * Installs and builds all that the tests of this folder need, and has nothing to do where that was done before. `.ci/run` has it done beside steps that
 * do without: most of it waits for the network. What fails is told; the tests that need it try again, and fail then.
 */
import * as parts from "./setup.ts"

for (const [name, part] of Object.entries(parts)) {
  if (!name.startsWith("setUp")) continue
  try {
    // Those that are named so ask for nothing.
    ;(part as () => unknown)()
  } catch (error) {
    console.error(`${name}: ${error instanceof Error ? error.message : error}`)
    process.exitCode = 1
  }
}
