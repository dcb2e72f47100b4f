import { Redacted } from "effect"
import { shortPath } from "../contract/file-of-caller.ts"
import { millisOf, timestampMicros } from "../contract/timestamp.ts"
import type { InitialPosition } from "../stream/kinesis/api.ts"

/** One setting: a flag over an environment variable over a default. */
export interface Setting<A> {
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

/** A setting of a type, with what it is where nobody says it. */
export const setting = <A>(name: string, description: string, type: SettingType<A>, fallback: A): Setting<A> => ({
  name,
  description,
  ...type,
  default: fallback,
  secret: type.secret ?? false,
  global: type.global ?? false,
  standard: type.standard ?? null
})

/** How the values of a setting are said, and shown. */
export interface SettingType<A> {
  readonly accepts: string
  readonly parse: (text: string) => A | null
  readonly show: (value: A) => string
  readonly secret?: boolean
  readonly global?: boolean
  readonly standard?: string
}

export const text: SettingType<string> = { accepts: "text", parse: (s) => (s === "" ? null : s), show: (s) => s }
export const optionalText: SettingType<string | null> = {
  accepts: "text",
  parse: (s) => (s === "" ? null : s),
  show: (s) => s ?? "(not set)"
}

/** The parser has the flag for every command. */
export const projectFolder: SettingType<string> = {
  accepts: "a folder with a project.ts",
  parse: (s) => (s === "" ? null : s),
  show: shortPath,
  global: true
}

// Anything else that looks like a URL, or like a bucket with a slash too few, would become a folder of that name.
const isPlace = (s: string): boolean => s !== "" && (!/^(s3:|[a-z][a-z0-9+.-]+:\/\/)/i.test(s) || s3Place(s) !== null)

export const lakePlace: SettingType<string> = {
  accepts: "a folder, or s3://bucket/prefix",
  parse: (s) => (isPlace(s) ? s : null),
  show: (s) => s
}

export const inputPlace: SettingType<string | null> = {
  ...optionalText,
  accepts: "a folder, a file, s3://bucket/prefix, or - for standard input",
  parse: (s) => (isPlace(s) ? s : null)
}

export const optionalS3Place: SettingType<string | null> = {
  ...optionalText,
  accepts: "s3://bucket/prefix",
  parse: (s) => (s3Place(s) === null ? null : s)
}

/** Bucket and prefix of `s3://bucket/prefix`; null for other texts. */
export const s3Place = (text: string): { readonly bucket: string; readonly prefix: string } | null => {
  const [, bucket = "", prefix = ""] = /^s3:\/\/([^/]+)\/?(.*)$/.exec(text) ?? []
  return bucket === "" ? null : { bucket, prefix: prefix.replace(/\/+$/, "") }
}

export const optionalUrl: SettingType<string | null> = {
  accepts: "an http or https URL without user name and password",
  parse: (s) => {
    const url = URL.parse(s)
    return url !== null && /^https?:$/.test(url.protocol) && url.username === "" && url.password === "" ? s : null
  },
  show: (s) => s ?? "(not set)"
}

export const lineageTarget: SettingType<string> = {
  accepts: "`file`, `none`, or an http or https URL without user name and password",
  parse: (s) => (s === "file" || s === "none" ? s : optionalUrl.parse(s)),
  show: (s) => s
}

/** One of some words. */
export const oneOf = <const A extends string>(words: ReadonlyArray<A>): SettingType<A> => ({
  accepts: words.join(" or "),
  parse: (s) => words.find((word) => word === s) ?? null,
  show: (s) => s
})

/** `spark.…=value` each, with a comma between; there may be commas in values. */
export const sparkPairs: SettingType<ReadonlyArray<string>> = {
  accepts: "spark.key=value, and more of them with a comma between",
  parse: (s) => {
    const all = s.split(/,(?=spark\.)/).map((pair) => pair.trim())
    return all.every((pair) => /^spark\.[^=\s]+=/.test(pair)) ? all : null
  },
  // A value may be a password.
  show: (all) => (all.length === 0 ? "(not set)" : all.map((pair) => `${pair.slice(0, pair.indexOf("="))}=…`).join(","))
}

export const catalogTarget: SettingType<"glue" | "none"> = {
  accepts: "`glue` or `none`",
  parse: (s) => (s === "glue" || s === "none" ? s : null),
  show: (s) => s
}

export const databaseName: SettingType<string | null> = {
  ...optionalText,
  accepts: "at most 255 lower-case letters, digits, `_` and `-`, a letter or a digit first",
  parse: (s) => (/^[a-z0-9][a-z0-9_-]{0,254}$/.test(s) ? s : null)
}

const units: Readonly<Record<string, number>> = { "": 1, b: 1, kb: 1e3, mb: 1e6, gb: 1e9, kib: 1024, mib: 1024 ** 2, gib: 1024 ** 3 }
export const bytes: SettingType<number> = {
  accepts: "a size such as 128MiB, 500kB or 1000000",
  parse: (s) => {
    const match = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(s.trim())
    const unit = units[(match?.[2] ?? "?").toLowerCase()]
    const value = Math.round(Number(match?.[1]) * (unit ?? Number.NaN))
    return Number.isSafeInteger(value) && value > 0 ? value : null
  },
  show: (n) => (n % 1024 ** 2 === 0 ? `${n / 1024 ** 2}MiB` : String(n))
}

const orNothing = <A>(type: SettingType<A>): SettingType<A | null> => ({
  accepts: type.accepts,
  parse: type.parse,
  show: (value) => (value === null ? "(not set)" : type.show(value))
})

export const optionalBytes: SettingType<number | null> = orNothing(bytes)

/** Texts between commas. */
export const list: SettingType<ReadonlyArray<string>> = {
  accepts: "texts with commas between them",
  parse: (s) => {
    const all = s.split(",").map((each) => each.trim())
    return all.includes("") ? null : all
  },
  show: (all) => (all.length === 0 ? "(not set)" : all.join(","))
}

/** Names with values. */
export const tags: SettingType<Readonly<Record<string, string>>> = {
  accepts: "key=value with commas between them, each key once",
  parse: (s) => {
    const pairs = s.split(",").map((each) => /^\s*([^=]*[^=\s])\s*=\s*(.*?)\s*$/.exec(each)?.slice(1) ?? [])
    const keys = new Set(pairs.map(([key = ""]) => key))
    return keys.has("") || keys.size < pairs.length ? null : Object.fromEntries(pairs)
  },
  show: (all) => list.show(Object.entries(all).map(([key, value]) => `${key}=${value}`))
}

/** Cores and bytes of memory of a process. */
export const processSize: SettingType<{ readonly cores: number; readonly memory: number } | null> = {
  accepts: "cores x memory, such as 4x14GiB",
  parse: (s) => {
    const [, cores = "", memory = ""] = /^\s*([1-9]\d{0,2})\s*x\s*(.+)$/i.exec(s) ?? []
    const parsed = memory === "" ? null : bytes.parse(memory)
    return parsed === null || parsed < 1024 ** 2 ? null : { cores: Number(cores), memory: parsed }
  },
  show: (size) => (size === null ? "(not set)" : `${size.cores}x${bytes.show(size.memory)}`)
}

const times: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }
export const duration: SettingType<number> = {
  accepts: "a time such as 300s, 5m, 1h or 500ms",
  parse: (s) => {
    const match = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)$/.exec(s.trim())
    const value = Math.round(Number(match?.[1]) * (times[match?.[2] ?? ""] ?? Number.NaN))
    return Number.isSafeInteger(value) && value > 0 ? value : null
  },
  show: (millis) => (millis % 1000 === 0 ? `${millis / 1000}s` : `${millis}ms`)
}

export const optionalDuration: SettingType<number | null> = orNothing(duration)

export const interval: SettingType<number | "never"> = {
  accepts: `${duration.accepts}, or never`,
  parse: (s) => (s.trim() === "never" ? "never" : duration.parse(s)),
  show: (millis) => (millis === "never" ? millis : duration.show(millis))
}

export const count = (minimum: number): SettingType<number> => ({
  accepts: `a whole number from ${minimum} up`,
  parse: (s) => (/^\d+$/.test(s.trim()) && Number.isSafeInteger(Number(s)) && Number(s) >= minimum ? Number(s) : null),
  show: String
})

export const secret: SettingType<Redacted.Redacted<string> | null> = {
  accepts: "text",
  parse: (s) => (s === "" ? null : Redacted.make(s)),
  show: (value) => (value === null ? "(not set)" : "(set)"),
  secret: true
}

/** A key that is a word would be found from the hash of an e-mail that somebody knows. */
const leastKeyBytes = 16
export const longSecret: SettingType<Redacted.Redacted<string> | null> = {
  ...secret,
  accepts: `a text of ${leastKeyBytes} bytes or more, such as \`openssl rand -hex 32\` gives`,
  parse: (s) => (Buffer.byteLength(s) < leastKeyBytes ? null : Redacted.make(s))
}

export const instant: SettingType<number | null> = {
  accepts: "an instant of the years 1 to 9999 such as 2026-11-20T07:00:00Z",
  parse: (s) => {
    const micros = /T.*(Z|[+-]\d{2}:?\d{2})$/.test(s) ? timestampMicros(s) : null
    return micros === null ? null : millisOf(micros)
  },
  show: (millis) => (millis === null ? "(not set)" : new Date(millis).toISOString())
}

export const start: SettingType<InitialPosition> = {
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

/** Where a port is listened at. Host null: every address of the machine. */
interface Address {
  readonly host: string | null
  readonly port: number
}

const parseAddress = (s: string): Address | null => {
  const match = /^(?:(.+):)?(\d{1,5})$/.exec(s.trim())
  const port = Number(match?.[2])
  return match === null || port > 65_535 ? null : { host: match[1]?.replace(/^\[(.*)\]$/, "$1") ?? null, port }
}

const showAddress = ({ host, port }: Address): string => (host === null ? String(port) : authority(host, port))

/** Where hits are taken. */
export const listenAddress: SettingType<Address> = {
  accepts: "a port such as 8080, or host:port; 0 takes a port that is free",
  parse: parseAddress,
  show: showAddress
}

/** Where Prometheus scrapes. */
export const metricsAddress: SettingType<Address | null> = {
  accepts: "a port such as 9464, or host:port; 0 takes a port that is free",
  parse: parseAddress,
  show: (value) => (value === null ? "(not set)" : showAddress(value))
}

export const collector: SettingType<string | null> = { ...optionalUrl, standard: "OTEL_EXPORTER_OTLP_ENDPOINT" }

export const logFormat: SettingType<"text" | "json"> = {
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
export const logLevel: SettingType<(typeof levels)[keyof typeof levels]> = {
  accepts: Object.keys(levels).join(", "),
  parse: (s) => Object.entries(levels).find(([name]) => name === s.toLowerCase())?.[1] ?? null,
  show: (level) => level.toLowerCase(),
  global: true
}
