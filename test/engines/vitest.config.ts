import { dirname } from "node:path"
import { fileURLToPath } from "node:url"
import { defineConfig } from "vitest/config"

/** Tests that need a server from PyPI, or Spark; `run.ts` runs them with the others of this folder. */
export default defineConfig({
  root: dirname(dirname(dirname(fileURLToPath(import.meta.url)))),
  test: {
    include: ["test/engines/**/*.test.ts"],
    pool: "forks",
    maxWorkers: 2,
    // Installs what is missing first. Limits are for what hangs: how long anything takes is no failure.
    globalSetup: ["test/engines/set-up-servers.ts"],
    testTimeout: 30 * 60_000,
    hookTimeout: 30 * 60_000
  }
})
