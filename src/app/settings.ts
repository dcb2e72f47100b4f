import { availableParallelism } from "node:os"
import { Effect, Option } from "effect"
import { collectSettings } from "./collect-settings.ts"
import { engineNames } from "./engine-names.ts"
import { BadConfig, UsageError } from "./failures.ts"
import { defaultProject } from "./project.ts"
import {
  bytes,
  catalogTarget,
  collector,
  count,
  databaseName,
  duration,
  inputPlace,
  instant,
  interval,
  lakePlace,
  lineageTarget,
  list,
  logFormat,
  logLevel,
  longSecret,
  oneOf,
  optionalAddress,
  optionalBytes,
  optionalDuration,
  optionalS3Place,
  optionalText,
  optionalUrl,
  processSize,
  projectFolder,
  type Setting,
  secret,
  setting,
  sparkPairs,
  start,
  tags,
  text
} from "./setting-types.ts"

/** Every setting that there is. `sluice doctor` prints them; a command takes those it names. */
export const settings = {
  project: setting("project", "Folder of the project: its datasets, as its project.ts says.", projectFolder, defaultProject),
  lake: setting("lake", "Folder of the lake, or s3://bucket/prefix.", lakePlace, "lake"),
  s3Endpoint: setting("s3-endpoint", "URL of a store that speaks S3, where it is not that of the region.", optionalUrl, null),
  kmsKey: setting("kms-key", "Id or ARN of the KMS key for objects in S3. Without it, what the bucket is set to.", optionalText, null),
  batchBytes: setting(
    "batch-bytes",
    "Raw bytes after which a batch is committed. Larger: fewer, larger files. Smaller: fresher data, more files and commits; less than a page, which is up to 4 MiB of a file or one answer of a stream, has no effect.",
    bytes,
    128 * 1024 * 1024
  ),
  batchAge: setting(
    "batch-age",
    "Age after which a batch is committed, however small. Bounds how long a record stays invisible.",
    duration,
    300_000
  ),
  arrivedAt: setting(
    "arrived-at",
    "Arrival time of records whose path does not say it (…/YYYY/MM/DD/HH/…, …_YYYYMMDDhhmmss.csv). Without it, when the file was last written.",
    instant,
    null
  ),
  maxRecordBytes: setting("max-record-bytes", "Largest record that is decoded; larger ones become dead letters.", bytes, 10 * 1024 * 1024),
  maxDepth: setting("max-depth", "Deepest nesting that is decoded; deeper records become dead letters.", count(1), 64),
  hashKey: setting("hash-key", "Key of the HMAC that replaces sensitive values. Without it they are dropped.", longSecret, null),
  hashKeySecret: setting(
    "hash-key-secret",
    "ARN or name of a secret of AWS Secrets Manager whose text is that key, in place of SLUICE_HASH_KEY.",
    optionalText,
    null
  ),
  memoryLimit: setting(
    "memory-limit",
    "Memory of the DuckDB engine. What does not fit goes to a temporary folder.",
    bytes,
    192 * 1024 * 1024
  ),
  queryMemory: setting(
    "query-memory",
    "Memory of `query`, which may ask for every column at once. What does not fit goes to a temporary folder.",
    bytes,
    1024 * 1024 * 1024
  ),
  threads: setting(
    "threads",
    "Threads that decode, and threads of the DuckDB engine. 1: nothing is started beside the main thread.",
    count(1),
    // More than four leave the thread that reads and commits behind.
    Math.min(availableParallelism(), 4)
  ),
  engine: setting(
    "engine",
    "What folds stage into the tables for users: `duckdb` in this process; `spark` with spark-submit, for what its memory and disk do not hold; `emr` and `emr-serverless` with Spark on AWS, for what one machine does not.",
    oneOf(engineNames),
    "duckdb"
  ),
  sparkSubmit: setting("spark-submit", "The command that starts Spark, which is 3.5 or 4.0.", text, "spark-submit"),
  sparkConf: setting(
    "spark-conf",
    "Settings for spark-submit: `spark.jars=…` or `spark.jars.packages=…` with Delta, where Spark has not got it; `spark.master`, `spark.driver.memory`, …",
    sparkPairs,
    []
  ),
  lineage: setting(
    "lineage",
    "Where OpenLineage events go: `file` (lineage/events.ndjson in the lake; in S3 an object for each), `none`, or the URL of a server such as Marquez.",
    lineageTarget,
    "file"
  ),
  lineageKey: setting("lineage-key", "Bearer token for the lineage server.", secret, null),
  lineageNamespace: setting("lineage-namespace", "OpenLineage namespace of the jobs.", text, "sluice"),
  catalog: setting(
    "catalog",
    "Catalog that is kept in step with the lake, whose tables are in S3: `glue`, that of AWS, or `none`. A table that was made or got columns is told to it behind the commit.",
    catalogTarget,
    "none"
  ),
  glueDatabase: setting(
    "glue-database",
    "Database of the lake's tables in AWS Glue. Without it, the name of the project's first dataset.",
    databaseName,
    null
  ),
  glueEndpoint: setting("glue-endpoint", "URL of the Glue service, where it is not that of the region.", optionalUrl, null),
  pollInterval: setting(
    "poll-interval",
    "How often a followed folder or bucket is looked at for new files (S3 charges for each thousand objects of a look), and a shard of a stream whose tip is reached for new records.",
    duration,
    1_000
  ),
  repartitionEvery: setting(
    "repartition-every",
    "How often `run` repartitions; `never`: something else does. Often: fresher tables for users, more work and more files.",
    interval,
    3_600_000
  ),
  queue: setting("queue", "URL of the queue of SQS to which buckets announce their objects.", optionalUrl, null),
  stream: setting("stream", "Name of the Kinesis stream; with --source stream, folder of a local one.", optionalText, null),
  streamShards: setting(
    "stream-shards",
    "Shards of a local stream, when it is made: as many processes can share the reading. One that is there keeps its own.",
    count(1),
    4
  ),
  streamRetention: setting(
    "stream-retention",
    "How long a local stream keeps records, read or not. Long: more disk, more time to mend what reads. Without it, what the stream was made with, at first 7d.",
    optionalDuration,
    null
  ),
  streamBytes: setting(
    "stream-bytes",
    "Size beyond which a local stream lets go of its oldest records, read or not, however young. Without it, it has none.",
    optionalBytes,
    null
  ),
  dataset: setting("dataset", "Dataset of what a function reads from a stream. Without it, the project's first.", optionalText, null),
  endpoint: setting("endpoint", "URL of the Kinesis service, where it is not that of the region.", optionalUrl, null),
  region: setting("region", "AWS region. Without it, what the environment says (AWS_REGION, the profile).", optionalText, null),
  emrApplication: setting("emr-application", "Id of the application of EMR Serverless that runs jobs.", optionalText, null),
  emrCluster: setting(
    "emr-cluster",
    "Id of a cluster of EMR that runs jobs as steps. Without it each job gets a cluster of its own, which ends with it.",
    optionalText,
    null
  ),
  emrRole: setting(
    "emr-role",
    "Role that jobs run as: its ARN on EMR Serverless and on --emr-cluster, the instance profile of a cluster of its own. Without it, the cluster's, or EMR_EC2_DefaultRole.",
    optionalText,
    null
  ),
  emrServiceRole: setting("emr-service-role", "Role of EMR itself, for a cluster of its own.", text, "EMR_DefaultRole"),
  emrRelease: setting("emr-release", "Release of a cluster of its own, emr-7.0.0 or newer.", text, "emr-7.13.0"),
  emrMachines: setting(
    "emr-machines",
    "Types of the machines of a cluster of its own, of which EMR takes what there is. Small ones spill to disk, large ones cost while a few tasks are left.",
    list,
    ["r5.xlarge"]
  ),
  emrExecutors: setting(
    "emr-executors",
    "Most executors of a job on EMR Serverless; most machines of a cluster beside its first, 0: the first does all. They come while there is work: many end a large job sooner, few bound what it costs.",
    count(0),
    10
  ),
  emrSize: setting(
    "emr-size",
    "Cores and memory of the driver and of each executor, such as 4x14GiB. Without it what EMR chooses, on EMR Serverless 4x14GiB. Small ones spill to disk, large ones cost while a few tasks are left.",
    processSize,
    null
  ),
  emrSubnets: setting(
    "emr-subnets",
    "Subnets for a cluster of its own, of which EMR takes one. Without it, the account's default network.",
    list,
    []
  ),
  emrLogs: setting(
    "emr-logs",
    "s3://bucket/prefix for the logs of jobs. Without it EMR Serverless keeps them for 30 days, and a cluster's end with it.",
    optionalS3Place,
    null
  ),
  emrTimeout: setting(
    "emr-timeout",
    "Time after which a run on EMR Serverless is cancelled, 5m to 7d. A short one ends work that would have come to its end, a long one lets cost what hangs.",
    duration,
    6 * 3_600_000
  ),
  emrTags: setting(
    "emr-tags",
    "Tags of jobs and clusters, as key=value,key=value, beside Sluice's own, by which jobs are found.",
    tags,
    {}
  ),
  emrEndpoint: setting("emr-endpoint", "URL of EMR, where it is not that of the region.", optionalUrl, null),
  deliveryStreams: setting(
    "delivery-streams",
    "Delivery streams of Firehose, as dataset=stream,dataset=stream: where functions send structured JSON, and of which dataset the records of a transformation are.",
    tags,
    {}
  ),
  firehoseEndpoint: setting("firehose-endpoint", "URL of Firehose, where it is not that of the region.", optionalUrl, null),
  start: setting("start", "Where a stream is begun that was never read. Its positions count, once there are some.", start, {
    type: "TRIM_HORIZON"
  }),
  workers: setting("workers", "Processes that share the shards of a stream. It may grow and shrink while they run.", count(1), 1),
  worker: setting("worker", "Which of the workers this process is, from 0.", count(0), 0),
  ...collectSettings,
  consoleToken: setting(
    "console-token",
    "Token that lets somebody ask the console, 128 bits or more, such as `openssl rand -hex 32` gives. The console wants one where it is reached from other machines.",
    secret,
    null
  ),
  metricsPort: setting(
    "metrics-port",
    "Port where Prometheus finds /metrics, and supervisors /healthz and /readyz; host:port binds one address.",
    optionalAddress,
    null
  ),
  otlp: setting(
    "otlp",
    "URL of an OpenTelemetry collector that takes metrics and logs over HTTP; OTEL_EXPORTER_OTLP_ENDPOINT says the same.",
    collector,
    null
  ),
  logFormat: setting("log-format", "Form of the log lines on standard error.", logFormat, "text"),
  logLevel: setting("log-level", "What is less severe is not logged.", logLevel, "Info"),
  input: setting(
    "input",
    "Folder or file to read, or s3://bucket/prefix; `-` is standard input, of which nothing is remembered: the same pipe run twice appends its rows twice.",
    inputPlace,
    null
  )
} as const

export type Settings = typeof settings
export type SettingName = keyof Settings
type ValueOf<S> = S extends Setting<infer A> ? A : never
export type Values<K extends SettingName> = { readonly [N in K]: ValueOf<Settings[N]> }

/** What says where the lake lies and how it is reached: every command that opens it takes these. */
export const lakeNames = ["lake", "region", "s3Endpoint", "kmsKey"] as const
export type LakeName = (typeof lakeNames)[number]

/** What says which key replaces sensitive values. */
export const hashKeyNames = ["hashKey", "hashKeySecret"] as const

/** What says how jobs run on EMR. */
export const jobSettings = [
  "sparkConf",
  "emrApplication",
  "emrCluster",
  "emrRole",
  "emrServiceRole",
  "emrRelease",
  "emrMachines",
  "emrExecutors",
  "emrSize",
  "emrSubnets",
  "emrLogs",
  "emrTimeout",
  "emrTags",
  "emrEndpoint"
] as const

/** What says which engine repartitions, and how. */
export const engineSettings = ["engine", "memoryLimit", "threads", "sparkSubmit", ...jobSettings] as const

/** What says where lineage goes. */
export const lineageNames = ["lineage", "lineageKey", "lineageNamespace"] as const

/** What says which catalog is kept in step with the lake, and how it is reached. */
export const catalogNames = ["catalog", "glueDatabase", "glueEndpoint"] as const
export type CatalogName = (typeof catalogNames)[number]

export const variableOf = (name: string): string => `SLUICE_${name.toUpperCase().replaceAll("-", "_")}`

export type Origin = "flag" | "environment" | "default"

interface Resolved<A> {
  readonly value: A
  readonly origin: Origin
  /** The variable that says it, where one does; else the one that could. */
  readonly variable: string
}

const resolve = <A>(it: Setting<A>, flag: Option.Option<string>): Effect.Effect<Resolved<A>, UsageError | BadConfig> =>
  Effect.suspend((): Effect.Effect<Resolved<A>, UsageError | BadConfig> => {
    const own = variableOf(it.name)
    const isSet = (variable: string) => (process.env[variable] ?? "") !== ""
    const variable = Option.isNone(flag) && it.standard !== null && !isSet(own) && isSet(it.standard) ? it.standard : own
    const origin: Origin = Option.isSome(flag) ? "flag" : isSet(variable) ? "environment" : "default"
    const given = Option.isSome(flag) ? flag.value : origin === "environment" ? process.env[variable] : undefined
    if (given === undefined) return Effect.succeed({ value: it.default, origin, variable })
    const value = it.parse(given)
    if (value !== null) return Effect.succeed({ value, origin, variable })
    // What stands before an @ may be a password.
    const shown = it.secret || given.includes("@") ? "the value" : JSON.stringify(given)
    return Effect.fail(
      origin === "flag"
        ? new UsageError({ problem: `--${it.name}: ${shown} cannot be used`, hint: `Give ${it.accepts}.` })
        : new BadConfig({ problem: `${variable}: ${shown} cannot be used`, hint: `Set it to ${it.accepts}, or unset it.` })
    )
  })

/** The texts of settings that were given beside the environment. */
export type Given<K extends SettingName = SettingName> = { readonly [N in K]?: Option.Option<string> }

/** The values of settings: what was given over the environment over the default. */
export const readSettings = <const K extends SettingName>(
  names: ReadonlyArray<K>,
  given: Given<K> = {}
): Effect.Effect<Values<K>, UsageError | BadConfig> =>
  Effect.gen(function* () {
    const values: Partial<Record<SettingName, unknown>> = {}
    for (const name of names) {
      const it = settings[name] as Setting<unknown> // widening: only name, text and default are used here
      values[name] = (yield* resolve(it, given[name] ?? Option.none())).value
    }
    return values as Values<K> // each value comes from the `parse` or the default of its own setting
  })

/** Every setting with its value's text and origin, as `doctor` prints it. */
export const describeSettings = (
  given: Given
): Effect.Effect<
  ReadonlyArray<{ readonly setting: string; readonly value: string; readonly origin: Origin; readonly variable: string }>,
  UsageError | BadConfig
> =>
  Effect.forEach(Object.entries(settings), ([key, it]) =>
    Effect.map(resolve(it as Setting<unknown>, given[key as SettingName] ?? Option.none()), ({ value, origin, variable }) => ({
      setting: it.name,
      value: (it as Setting<unknown>).show(value),
      origin,
      variable
    }))
  )

/** Every name that there is. */
export const settingNames = Object.keys(settings) as ReadonlyArray<SettingName> // the keys of `settings` are what SettingName means
