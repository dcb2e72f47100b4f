import { Effect } from "effect"
import type { ServicePlace } from "../../record/aws-call.ts"
import { EngineError } from "../engine.ts"
import type { SparkJob } from "../job-place.ts"

/** What both kinds of EMR are told of how jobs run. */
export interface EmrSettings extends ServicePlace {
  /** Most executors of a job, or most machines of a cluster beside its first. */
  readonly executors: number
  /** Cores and memory (bytes of the heap) of the driver and of each executor; null: what EMR chooses. */
  readonly size: { readonly cores: number; readonly memory: number } | null
  /** `s3://bucket/prefix` for the logs; null: where EMR puts them by itself. */
  readonly logs: string | null
  /** The user's own, beside those that find a job again. */
  readonly tags: Readonly<Record<string, string>>
  /** Id or ARN of the key that encrypts what is written; null: what the bucket is set to. */
  readonly kmsKey: string | null
  /** More for `spark-submit`, `key=value` each, over what stands here. */
  readonly conf: ReadonlyArray<string>
}

/** For people, and to find a job among others before its tags are looked at. */
export const nameOf = ({ dataset, id }: SparkJob): string => `sluice repartition ${dataset} ${id}`

const idTag = "sluice:job"

/** What a job is found by, whoever has started it. The user's own tags do not take the place of these. */
export const tagsOf = (job: SparkJob, own: Readonly<Record<string, string>>): Readonly<Record<string, string>> => ({
  ...own,
  [idTag]: job.id,
  "sluice:dataset": job.dataset,
  "sluice:stage-version": String(job.stageVersion)
})

export const isOf = (job: SparkJob, tags: Readonly<Record<string, string>> | undefined): boolean => tags?.[idTag] === job.id

/** Jobs on other machines see neither this one's folders nor its driver. */
export const refuseLocal = (engine: string, { driver, args }: SparkJob): Effect.Effect<void, EngineError> => {
  const local = [driver, ...args].find((text) => text.startsWith("file:"))
  return local === undefined
    ? Effect.void
    : Effect.fail(
        new EngineError({
          engine,
          problem: `it cannot reach ${local}`,
          isRefused: true,
          hint: "Keep the lake in S3 (--lake s3://bucket/prefix), or repartition with --engine spark or duckdb."
        })
      )
}

/** Major and minor of `emr-7.13.0`, `emr-spark-8.0.0`; null where that is not said so. */
const releaseOf = (label: string): readonly [number, number] | null => {
  const match = /^emr-(?:[a-z]+-)*(\d+)\.(\d+)/.exec(label)
  return match === null ? null : [Number(match[1]), Number(match[2])]
}

/** The first release whose Spark writes and reads what the driver needs, with Delta beside it. */
const oldest = 7
const deltaJars = ["delta-spark.jar", "delta-storage.jar"].map((name) => `/usr/share/aws/delta/lib/${name}`)

export const refuseOld = (engine: string, label: string): Effect.Effect<void, EngineError> => {
  const release = releaseOf(label)
  return release === null || release[0] >= oldest
    ? Effect.void
    : Effect.fail(
        new EngineError({
          engine,
          problem: `its release is ${label}, whose Spark is too old`,
          isRefused: true,
          hint: `Use release emr-${oldest}.0.0 or newer.`
        })
      )
}

/** Whether EMR Serverless of a release can run a failed run again by itself. */
export const retriesRuns = (label: string): boolean => {
  const [major, minor] = releaseOf(label) ?? [oldest, 0]
  return major > 7 || (major === 7 && minor >= 1)
}

const mebibyte = 1024 ** 2

/** What `spark-submit` is told on EMR, as `key=value`. @param own what only the place knows */
export const sparkConf = ({ size, kmsKey, conf }: EmrSettings, own: ReadonlyArray<string> = []): ReadonlyArray<string> => [
  `spark.jars=${deltaJars.join(",")}`,
  "spark.sql.extensions=io.delta.sql.DeltaSparkSessionExtension",
  "spark.sql.catalog.spark_catalog=org.apache.spark.sql.delta.catalog.DeltaCatalog",
  ...(size === null
    ? []
    : ["driver", "executor"].flatMap((who) => [
        `spark.${who}.cores=${size.cores}`,
        `spark.${who}.memory=${Math.floor(size.memory / mebibyte)}m`
      ])),
  // Which of its two S3 clients EMR takes depends on the release.
  ...(kmsKey === null
    ? []
    : [
        "spark.hadoop.fs.s3.enableServerSideEncryption=true",
        `spark.hadoop.fs.s3.serverSideEncryption.kms.keyId=${kmsKey}`,
        "spark.hadoop.fs.s3a.encryption.algorithm=SSE-KMS",
        `spark.hadoop.fs.s3a.encryption.key=${kmsKey}`
      ]),
  ...own,
  ...conf
]

/** A folder below a place, as a URL with a slash at its end. */
export const below = (place: string, ...path: ReadonlyArray<string>): string => `${[place.replace(/\/+$/, ""), ...path].join("/")}/`
