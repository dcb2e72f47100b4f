import { dirname } from "node:path"
import { fileURLToPath } from "node:url"
import { defineConfig } from "vitest/config"
import { longFirst } from "../long-first.ts"

/** Tests that need a server from PyPI, Spark, or a browser; `run.ts` runs them with the others of this folder. */
export default defineConfig({
  root: dirname(dirname(dirname(fileURLToPath(import.meta.url)))),
  test: {
    include: ["test/engines/**/*.test.ts", "test/browser/**/*.test.ts"],
    pool: "forks",
    // For two cores: half of them mostly wait, for servers and for JVMs that begin.
    maxWorkers: 4,
    sequence: {
      sequencer: longFirst([
        "test/engines/spark/engine.test.ts",
        "test/engines/spark/other-engines.test.ts",
        "test/engines/terraform/house.test.ts",
        "test/engines/managed/managed.test.ts",
        "test/engines/terraform/applied.test.ts",
        "test/engines/s3-lake.test.ts",
        "test/engines/kinesis-s3.test.ts",
        "test/engines/sqs.test.ts",
        "test/engines/s3-input.test.ts",
        "test/engines/spark/kill.test.ts",
        "test/engines/hive-parquet.test.ts",
        "test/engines/managed/hand-over.test.ts",
        "test/engines/catalog.test.ts",
        "test/engines/metastore.test.ts",
        "test/engines/s3-store.test.ts",
        "test/engines/spark/s3a.test.ts",
        "test/engines/terraform/consumer-queue.test.ts",
        "test/engines/dbt/web.test.ts",
        "test/engines/dbt/olist.test.ts",
        "test/engines/lambda/jobs.test.ts",
        "test/browser/console.test.ts",
        "test/engines/terraform/consumer-stream.test.ts",
        "test/engines/spark/submit.test.ts",
        "test/browser/collect.test.ts",
        "test/engines/package.test.ts",
        "test/engines/terraform/all.test.ts",
        "test/engines/terraform/provider.test.ts",
        "test/engines/terraform/lambda.test.ts",
        "test/engines/emr-command.test.ts",
        "test/engines/dbt/kinds.test.ts",
        "test/engines/lambda/runtime.test.ts",
        "test/engines/image.test.ts"
      ])
    },
    // Installs what is missing first. Limits are for what hangs: how long anything takes is no failure.
    globalSetup: ["test/engines/set-up-servers.ts"],
    testTimeout: 30 * 60_000,
    hookTimeout: 30 * 60_000
  }
})
