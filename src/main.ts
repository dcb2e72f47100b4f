import { enableCompileCache } from "node:module"
import { dirname, join } from "node:path"

/**
 * The `sluice` command. Compiled code is kept beside the dependencies, which takes a third off the time to start; where nothing can be written
 * there, as in an image that is read-only, it is compiled each time. By the environment, so that other threads have it, too.
 */
if (process.env["NODE_COMPILE_CACHE"] === undefined) {
  const folder = join(dirname(import.meta.dirname), "node_modules", ".cache", "compile")
  process.env["NODE_COMPILE_CACHE"] = folder
  enableCompileCache(folder)
}

await import("./cli/program.ts")
