import { availableParallelism } from "node:os"
import { Effect, Option, Redacted } from "effect"
import { Flag } from "effect/cli"
import { millisOf, timestampMicros } from "../contract/timestamp.ts"
import type { InitialPosition } from "../stream/kinesis/api.ts"
import { BadConfig, UsageError } from "./failures.ts"

/** One setting: a flag over an environment variable over a default. */
interface Setting<A> {
  /** Flag name; the variable is `SLUICE_` and the name in capitals. */
  readonly name: string
  /** What it does, and what small and large values cost. */
  readonly description: string
  /** Null where the text cannot be used. */
  readonly parse: (text: string) => A | null
  /** What `parse` accepts, for people. */
  readonly accepts: string
  readonly default: A
  /** Text for `doctor`. Secrets say only that they are set. */
  readonly show: (value: A) => string
  /** Secrets come from the environment only: a flag is visible in the list of processes. */
  readonly secret: boolean
  /** The parser has the flag for every command, so that no command declares it. */
  readonly global: boolean
  /** Name of the variable in a standard that other programs keep too; asked after `SLUICE_…`. */
  readonly standard: string | null
}

const setting = <A>(name: string, description: string, type: SettingType<A>, fallback: A): Setting<A> => ({
  name,
  description,
  ...type,
  default: fallback,
  secret: type.secret ?? false,
  global: type.global ?? false,
  standard: type.standard ?? null
})

interface SettingType<A> {
  readonly accepts: string
  readonly parse: (text: string) => A | null
  readonly show: (value: A) => string
  readonly secret?: boolean
  readonly global?: boolean
  readonly standard?: string
}

const text: SettingType<string> = { accepts: "text", parse: (s) => (s === "" ? null : s), show: (s) => s }
const optionalText: SettingType<string | null> = { accepts: "text", parse: (s) => (s === "" ? null : s), show: (s) => s ?? "(not set)" }

const lakePlace: SettingType<string> = {
  accepts: "a folder, or s3://bucket/prefix",
  // Anything else that looks like a URL, or like a bucket with a slash too few, would become a folder of that name.
  parse: (s) => (s === "" || (/^(s3:|[a-z][a-z0-9+.-]+:\/\/)/i.test(s) && s3Place(s) === null) ? null : s),
  show: (s) => s
}

/** Bucket and prefix of `s3://bucket/prefix`; null for other texts. */
export const s3Place = (lake: string): { readonly bucket: string; readonly prefix: string } | null => {
  const [, bucket = "", prefix = ""] = /^s3:\/\/([^/]+)\/?(.*)$/.exec(lake) ?? []
  return bucket === "" ? null : { bucket, prefix: prefix.replace(/\/+$/, "") }
}

const optionalUrl: SettingType<string | null> = {
  accepts: "an http or https URL without user name and password",
  parse: (s) => {
    const url = URL.parse(s)
    return url !== null && /^https?:$/.test(url.protocol) && url.username === "" && url.password === "" ? s : null
  },
  show: (s) => s ?? "(not set)"
}

const lineageTarget: SettingType<string> = {
  accepts: "`file`, `none`, or an http or https URL without user name and password",
  parse: (s) => {
    if (s === "file" || s === "none") return s
    const url = URL.parse(s)
    return url !== null && /^https?:$/.test(url.protocol) && url.username === "" && url.password === "" ? s : null
  },
  show: (s) => s
}

const units: Readonly<Record<string, number>> = { "": 1, b: 1, kb: 1e3, mb: 1e6, gb: 1e9, kib: 1024, mib: 1024 ** 2, gib: 1024 ** 3 }
const bytes: SettingType<number> = {
  accepts: "a size such as 128MiB, 500kB or 1000000",
  parse: (s) => {
    const match = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(s.trim())
    const unit = units[(match?.[2] ?? "?").toLowerCase()]
    const value = Math.round(Number(match?.[1]) * (unit ?? Number.NaN))
    return Number.isSafeInteger(value) && value > 0 ? value : null
  },
  show: (n) => (n % 1024 ** 2 === 0 ? `${n / 1024 ** 2}MiB` : String(n))
}

const times: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const duration: SettingType<number> = {
  accepts: "a time such as 300s, 5m, 1h or 500ms",
  parse: (s) => {
    const match = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)$/.exec(s.trim())
    const value = Math.round(Number(match?.[1]) * (times[match?.[2] ?? ""] ?? Number.NaN))
    return Number.isSafeInteger(value) && value > 0 ? value : null
  },
  show: (millis) => (millis % 1000 === 0 ? `${millis / 1000}s` : `${millis}ms`)
}

const count = (minimum: number): SettingType<number> => ({
  accepts: `a whole number from ${minimum} up`,
  parse: (s) => (/^\d+$/.test(s.trim()) && Number.isSafeInteger(Number(s)) && Number(s) >= minimum ? Number(s) : null),
  show: String
})

const secret: SettingType<Redacted.Redacted<string> | null> = {
  accepts: "text",
  parse: (s) => (s === "" ? null : Redacted.make(s)),
  show: (value) => (value === null ? "(not set)" : "(set)"),
  secret: true
}

/** A key that is a word would be found from the hash of an e-mail that somebody knows. */
const leastKeyBytes = 16
const longSecret: SettingType<Redacted.Redacted<string> | null> = {
  ...secret,
  accepts: `a text of ${leastKeyBytes} bytes or more, such as \`openssl rand -hex 32\` gives`,
  parse: (s) => (Buffer.byteLength(s) < leastKeyBytes ? null : Redacted.make(s))
}

const instant: SettingType<number | null> = {
  accepts: "an instant of the years 1 to 9999 such as 2026-11-20T07:00:00Z",
  parse: (s) => {
    const micros = /T.*(Z|[+-]\d{2}:?\d{2})$/.test(s) ? timestampMicros(s) : null
    return micros === null ? null : millisOf(micros)
  },
  show: (millis) => (millis === null ? "(not set)" : new Date(millis).toISOString())
}

const start: SettingType<InitialPosition> = {
  accepts: "`trim-horizon`, `latest`, or an instant of the years 1 to 9999 such as 2026-11-20T07:00:00Z",
  parse: (s) => {
    if (s === "trim-horizon") return { type: "TRIM_HORIZON" }
    if (s === "latest") return { type: "LATEST" }
    const timestamp = instant.parse(s)
    return timestamp === null ? null : { type: "AT_TIMESTAMP", timestamp }
  },
  show: (position) =>
    position.type === "AT_TIMESTAMP" ? new Date(position.timestamp).toISOString() : position.type.toLowerCase().replace("_", "-")
}

/** Host and port as a URL has them. */
export const authority = (host: string, port: number): string => `${host.includes(":") ? `[${host}]` : host}:${port}`

/** Where Prometheus scrapes. Host null: every address of the machine. */
const metricsAddress: SettingType<{ readonly host: string | null; readonly port: number } | null> = {
  accepts: "a port such as 9464, or host:port; 0 takes a port that is free",
  parse: (s) => {
    const match = /^(?:(.+):)?(\d{1,5})$/.exec(s.trim())
    const port = Number(match?.[2])
    return match === null || port > 65_535 ? null : { host: match[1]?.replace(/^\[(.*)\]$/, "$1") ?? null, port }
  },
  show: (value) => (value === null ? "(not set)" : value.host === null ? String(value.port) : authority(value.host, value.port))
}

const collector: SettingType<string | null> = { ...optionalUrl, standard: "OTEL_EXPORTER_OTLP_ENDPOINT" }

const logFormat: SettingType<"text" | "json"> = {
  accepts: "text or json",
  parse: (s) => (s === "text" || s === "json" ? s : null),
  show: (s) => s,
  global: true
}

const levels = {
  all: "All",
  trace: "Trace",
  debug: "Debug",
  info: "Info",
  warn: "Warn",
  error: "Error",
  fatal: "Fatal",
  none: "None"
} as const
const logLevel: SettingType<(typeof levels)[keyof typeof levels]> = {
  accepts: Object.keys(levels).join(", "),
  parse: (s) => Object.entries(levels).find(([name]) => name === s.toLowerCase())?.[1] ?? null,
  show: (level) => level.toLowerCase(),
  global: true
}

/** Every setting that there is. `sluice doctor` prints them; a command takes those it names. */
export const settings = {
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
    "Arrival time of records whose path does not say it (…/YYYY/MM/DD/HH/…). Without it, the file's modification time.",
    instant,
    null
  ),
  maxRecordBytes: setting("max-record-bytes", "Largest record that is decoded; larger ones become dead letters.", bytes, 10 * 1024 * 1024),
  maxDepth: setting("max-depth", "Deepest nesting that is decoded; deeper records become dead letters.", count(1), 64),
  hashKey: setting("hash-key", "Key of the HMAC that replaces sensitive values. Without it they are dropped.", longSecret, null),
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
  lineage: setting(
    "lineage",
    "Where OpenLineage events go: `file` (lineage/events.ndjson in the lake; in S3 an object for each), `none`, or the URL of a server such as Marquez.",
    lineageTarget,
    "file"
  ),
  lineageKey: setting("lineage-key", "Bearer token for the lineage server.", secret, null),
  lineageNamespace: setting("lineage-namespace", "OpenLineage namespace of the jobs.", text, "sluice"),
  pollInterval: setting(
    "poll-interval",
    "How often a followed folder is looked at for new files, and a shard of a stream whose tip is reached for new records.",
    duration,
    1_000
  ),
  repartitionEvery: setting("repartition-every", "How often `run` repartitions.", duration, 3_600_000),
  stream: setting("stream", "Name of the Kinesis stream.", optionalText, null),
  endpoint: setting("endpoint", "URL of the Kinesis service, where it is not that of the region.", optionalUrl, null),
  region: setting("region", "AWS region. Without it, what the environment says (AWS_REGION, the profile).", optionalText, null),
  start: setting("start", "Where a stream is begun that was never read. Its positions count, once there are some.", start, {
    type: "TRIM_HORIZON"
  }),
  workers: setting("workers", "Processes that share the shards of a stream. It may grow and shrink while they run.", count(1), 1),
  worker: setting("worker", "Which of the workers this process is, from 0.", count(0), 0),
  metricsPort: setting(
    "metrics-port",
    "Port where Prometheus finds /metrics, and supervisors /healthz and /readyz; host:port binds one address.",
    metricsAddress,
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
    "Folder or file to read; `-` is standard input, of which nothing is remembered: the same pipe run twice appends its rows twice.",
    { ...optionalText, accepts: "a folder, a file, or - for standard input" },
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

/** The settings that a command takes: flags for its definition, and how to read them. */
export const use = <const K extends SettingName>(...names: ReadonlyArray<K>) => {
  const flags: Partial<Record<SettingName, Flag.Flag<Option.Option<string>>>> = {}
  for (const name of names) {
    const it: Setting<unknown> = settings[name] as Setting<unknown> // widening: only name, text and default are used here
    if (it.secret || it.global) continue
    const fallback = it.default === null ? "" : ` Default: ${it.show(it.default)}.`
    flags[name] = Flag.String(it.name).pipe(
      Flag.withDescription(`${it.description}${fallback} [${variableOf(it.name)}]`),
      Flag.withMetavar("VALUE"),
      Flag.optional
    )
  }
  return {
    flags: flags as { readonly [N in K]: Flag.Flag<Option.Option<string>> }, // secrets and what is global have none, and `read` does not look for one
    read: (given: { readonly [N in K]?: Option.Option<string> }): Effect.Effect<Values<K>, UsageError | BadConfig> =>
      Effect.gen(function* () {
        const values: Partial<Record<SettingName, unknown>> = {}
        for (const name of names) {
          const it = settings[name] as Setting<unknown>
          values[name] = (yield* resolve(it, given[name] ?? Option.none())).value
        }
        return values as Values<K> // each value comes from the `parse` or the default of its own setting
      })
  }
}

/** Every setting with its value's text and origin, as `doctor` prints it. */
export const describeSettings = (
  given: { readonly [N in SettingName]?: Option.Option<string> }
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

/** All settings, for `doctor`. */
export const allSettings = use(...(Object.keys(settings) as ReadonlyArray<SettingName>)) // the keys of `settings` are what SettingName means
