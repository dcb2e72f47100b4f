import { dirname } from "node:path"
import { fileURLToPath } from "node:url"
import { defineConfig } from "vitest/config"
import { longFirst } from "./long-first.ts"

const elsewhere = ["test/engines/**", "test/browser/**"]
const alone = ["acceptance", "cli", "collect", "lambda", "wire"].map((folder) => `test/${folder}/**/*.test.ts`)

export default defineConfig({
  root: dirname(dirname(fileURLToPath(import.meta.url))),
  test: {
    // A process is begun for each file of those that start or kill others, stand for the machine's clock or environment, or measure themselves; the others' processes go on with the
    // next file, and have read Effect and DuckDB already: a fifth of a second of processor time each, and more where much is imported.
    projects: [
      { extends: true, test: { name: "alone", include: alone, exclude: elsewhere } },
      { extends: true, test: { name: "together", include: ["test/**/*.test.ts"], exclude: [...elsewhere, ...alone], isolate: false } }
    ],
    // Processes, not threads: DuckDB and killed children must not share an address space. Three for two cores: one of them mostly waits.
    pool: "forks",
    maxWorkers: 3,
    sequence: {
      sequencer: longFirst([
        "test/acceptance/olist.test.ts",
        "test/cli/kill.test.ts",
        "test/cli/signals.test.ts",
        "test/acceptance/olist-project.test.ts",
        "test/repartition/duckdb-engine.test.ts",
        "test/simulation/simulation.test.ts",
        "test/cli/commands.test.ts",
        "test/decode/equality.test.ts",
        "test/schemas/web-models.test.ts",
        "test/cli/kill-marts.test.ts",
        "test/models/incremental.test.ts",
        "test/cli/memory.test.ts",
        "test/lambda/runtime.test.ts",
        "test/repartition/backfill.test.ts",
        "test/lambda/build.test.ts",
        "test/duckdb/move/divide.test.ts",
        "test/lake/compact.test.ts",
        "test/wire/kills.test.ts",
        "test/models/olist.test.ts",
        "test/ingest/threads.test.ts",
        "test/repartition/latest.test.ts",
        "test/generate/generate.test.ts",
        "test/cli/start-up.test.ts",
        "test/simulation/plain-engine.test.ts",
        "test/cli/projects.test.ts",
        "test/decode/fields-equality.test.ts",
        "test/acceptance/dirt.test.ts",
        "test/simulation/announced/world.test.ts",
        "test/simulation/files-world.test.ts",
        "test/simulation/mapped-world.test.ts",
        "test/schemas/olist-extracts.test.ts",
        "test/cli/setup.test.ts",
        "test/wire/kinesis-local.test.ts",
        "test/cli/npm-start.test.ts"
      ])
    },
    // For what hangs, and for nothing else: a test fails for what is wrong, never for how long it took. A machine may be busy.
    testTimeout: 1_800_000,
    hookTimeout: 1_800_000
  }
})
