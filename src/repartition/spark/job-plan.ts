import { createHash } from "node:crypto"
import { readFile } from "node:fs/promises"
import { Effect } from "effect"
import { jobOutput, jobsFolder, tombstoneFolder } from "../../lake/layout.ts"
import { bytesOf } from "../../lake/rows.ts"
import { skippable } from "../../lake/tables.ts"
import type { StoreError, StoreShape } from "../../store/store.ts"
import { EngineError, type EnginePlan, tombstoneColumns } from "../engine.ts"
import type { JobPlace, SparkJob } from "../job-place.ts"
import { rowsSql, type Step, stepsOf, tombstonesSql } from "./fold-sql.ts"
import { encoded, putScratchTable } from "./scratch.ts"

/** What the driver reads. All places are as Spark opens them. */
interface DriverPlan {
  readonly settings: { readonly [name: string]: string }
  /** Scratch tables, by the name of their view. */
  readonly tables: { readonly [name: string]: string }
  readonly steps: ReadonlyArray<Step>
  readonly outputs: {
    readonly [name: string]: {
      readonly sql: string
      /** The table, with a slash. */
      readonly root: string
      /** Begins the name of the folder below it: the driver adds what tells one attempt from another. */
      readonly folder: string
      readonly partitions: ReadonlyArray<string>
      readonly options: { readonly [name: string]: string }
      /** Made only where this step has found something; null: always. */
      readonly when: string | null
    }
  }
  /** The object to leave when all is written. */
  readonly result: string
}

/** What a driver leaves. */
export interface DriverResult {
  /** The rows of each step. */
  readonly found: { readonly [step: string]: ReadonlyArray<ReadonlyArray<unknown>> }
  /** The folder below the table that has each output, with a log of its own. */
  readonly folders: { readonly [output: string]: string }
}

/** The driver, as it comes with Sluice. */
export const driverFile = new URL("./driver.py", import.meta.url)

/**
 * Settings of a session: what is written is what every other engine of ours writes, and reads. Values that do not fit a type give null in Spark 3 and 4 alike; times before 1582
 * are what they are.
 */
const settingsOf = ({ inputs, existing, targetFileBytes }: EnginePlan): DriverPlan["settings"] => ({
  "spark.sql.session.timeZone": "UTC",
  "spark.sql.ansi.enabled": "false",
  "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
  "spark.sql.parquet.datetimeRebaseModeInRead": "CORRECTED",
  "spark.sql.parquet.datetimeRebaseModeInWrite": "CORRECTED",
  "spark.sql.parquet.int96RebaseModeInRead": "CORRECTED",
  "spark.sql.parquet.compression.codec": "zstd",
  "spark.sql.adaptive.enabled": "true",
  // Rows on their way between machines are less compressed than in files.
  "spark.sql.adaptive.advisoryPartitionSizeInBytes": String(2 * targetFileBytes),
  // Files are to have their size, before all cores have something to do.
  "spark.sql.adaptive.coalescePartitions.parallelismFirst": "false",
  "spark.sql.adaptive.coalescePartitions.minPartitionSize": String(Math.min(1024 * 1024, 2 * targetFileBytes)),
  // A task for about as much as it holds: of rows that go to others, four times what they take in files.
  "spark.sql.shuffle.partitions": String(Math.min(20_000, 4 + Math.ceil((4 * bytesOf([...inputs, ...existing])) / targetFileBytes))),
  // A task for each ten thousand files of a list, not fifty for three.
  "spark.databricks.delta.snapshotPartitions": String(1 + Math.floor(Math.max(inputs.length, existing.length) / 10_000))
})

/** The URI of a key as a place's Spark opens it: EMR has a file system of its own for `s3:`, and everybody else Hadoop's. */
export const uriOf = (store: Pick<StoreShape, "root" | "localPath">, place: JobPlace["name"], key: string): string => {
  const path = store.localPath(key)
  if (path !== null) return `file://${path}`
  return `${place === "spark" ? store.root.replace(/^s3:/, "s3a:") : store.root}/${key}`
}

/** Where a job's objects lie. */
export const jobFolder = (tablePath: string, id: string): string => `${tablePath}/${jobsFolder}/${id}`
export const resultKey = (tablePath: string, id: string): string => `${jobFolder(tablePath, id)}/result.json`

/**
 * Puts all that a job needs into the store: lists of files, its plan, and the driver. The same plan is the same job, whoever makes it.
 *
 * @param about what else the job rests on
 */
export const putJob = (
  store: StoreShape,
  place: JobPlace["name"],
  plan: EnginePlan,
  stageVersion: number,
  about: string
): Effect.Effect<SparkJob, StoreError | EngineError> =>
  Effect.gen(function* () {
    const driver = yield* Effect.tryPromise({
      try: () => readFile(driverFile),
      catch: (cause) =>
        new EngineError({
          engine: place,
          problem: `${driverFile.pathname}, which Spark is to run, cannot be read`,
          hint: "Install Sluice again.",
          cause
        })
    })
    const id = createHash("sha256")
      .update(JSON.stringify([plan, about]))
      .update(driver)
      .digest("hex")
      .slice(0, 32)
    const { dataset, tablePath, columns, identity, inputs, existing, tombstones } = plan
    const folder = jobFolder(tablePath, id)
    const uri = (key: string) => uriOf(store, place, key)
    const lists = { inputs: [columns, inputs], existing: [columns, existing], tombstones: [tombstoneColumns(plan), tombstones] } as const
    const read = Object.entries(lists).filter(([, [, files]]) => files.length > 0)
    const output = {
      root: `${uri(tablePath)}/`,
      folder: `${jobOutput}${id.slice(0, 12)}-`,
      partitions: identity.partition.columns.map(({ name }) => name),
      options: skippable(columns),
      when: null
    }
    const driverPlan: DriverPlan = {
      settings: settingsOf(plan),
      tables: Object.fromEntries(read.map(([name]) => [name, uri(`${folder}/${name}`)])),
      steps: stepsOf(plan),
      outputs: {
        rows: { ...output, sql: rowsSql(plan) },
        ...(identity.deleted === null
          ? {}
          : {
              tombstones: {
                ...output,
                sql: tombstonesSql(plan),
                folder: `${tombstoneFolder}/${output.folder}`,
                partitions: [],
                options: skippable(tombstoneColumns(plan)),
                when: "remembered"
              }
            })
      },
      result: uri(resultKey(tablePath, id))
    }
    for (const [name, [columns, files]] of read) yield* putScratchTable(store, `${folder}/${name}`, columns, files, uri)
    yield* store.put(`${folder}/driver.py`, driver)
    yield* store.put(`${folder}/plan.json`, new TextEncoder().encode(JSON.stringify(driverPlan)))
    return { id, dataset, stageVersion, driver: encoded(uri(`${folder}/driver.py`)), args: [uri(`${folder}/plan.json`)] }
  })
