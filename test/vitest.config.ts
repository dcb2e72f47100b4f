import { dirname } from "node:path"
import { fileURLToPath } from "node:url"
import { defineConfig } from "vitest/config"

export default defineConfig({
  root: dirname(dirname(fileURLToPath(import.meta.url))),
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["test/engines/**"],
    // Processes, not threads: DuckDB and killed children must not share an address space. Two, since machines are small.
    pool: "forks",
    maxWorkers: 2,
    // For what hangs, and for nothing else: a test fails for what is wrong, never for how long it took. A machine may be busy.
    testTimeout: 1_800_000,
    hookTimeout: 1_800_000
  }
})
