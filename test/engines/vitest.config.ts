import { dirname } from "node:path"
import { fileURLToPath } from "node:url"
import { defineConfig } from "vitest/config"

/** Tests that need a server from PyPI; `run.ts` runs them with the others of this folder. */
export default defineConfig({
  root: dirname(dirname(dirname(fileURLToPath(import.meta.url)))),
  test: {
    include: ["test/engines/**/*.test.ts"],
    pool: "forks",
    maxWorkers: 2,
    // Installs what is missing before tests look at the clock.
    globalSetup: ["test/engines/set-up-moto.ts"],
    testTimeout: 180_000,
    hookTimeout: 120_000
  }
})
