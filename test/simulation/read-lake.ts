import { zstdDecompressSync } from "node:zlib"
import { parquetReadObjects } from "hyparquet"
import type { Bucket } from "./simulated-store.ts"

/**
 * Reads a lake with nothing of the program that wrote it: commits as lines of JSON, files with hyparquet. Checkpoints are not looked at, so that a
 * log must still be whole.
 */
export interface ReadTable {
  readonly version: number
  readonly rows: ReadonlyArray<ReadRow>
  /** The values of each domain from commit to commit, oldest first. */
  readonly domains: ReadonlyMap<string, ReadonlyArray<CommittedPosition>>
  readonly transactions: ReadonlyMap<string, number>
  /** What does not belong into a log. */
  readonly problems: ReadonlyArray<string>
}

export interface ReadRow {
  readonly [column: string]: unknown
  /** Version of the commit that added the row's file. */
  readonly $version: number
  readonly $partition: { readonly [column: string]: string | null }
}

/** A position as it stands in a commit. */
export interface StoredPosition {
  readonly sequenceNumber: string
  readonly subSequenceNumber: number
  readonly records: number
  readonly rows: number
  readonly deadLetters: number
  readonly empty: number
  readonly source?: { readonly [key: string]: string | number | boolean }
}

export interface CommittedPosition {
  readonly version: number
  /** Milliseconds since 1970. */
  readonly committedAt: number
  readonly value: StoredPosition
}

interface Line {
  readonly add?: {
    readonly path: string
    readonly size: number
    readonly stats?: string
    readonly partitionValues: { readonly [column: string]: string | null }
  }
  readonly remove?: { readonly path: string }
  readonly domainMetadata?: { readonly domain: string; readonly configuration: string }
  readonly commitInfo?: { readonly sluice?: { readonly runId: string } }
  readonly txn?: { readonly appId: string; readonly version: number }
}

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

/** The commits of a table, oldest first. */
function* commitsOf(bucket: Bucket, table: string) {
  for (let version = 0; ; version++) {
    const commit = bucket.remembered(`${table}/_delta_log/${String(version).padStart(20, "0")}.json`)
    if (commit === undefined) return
    const lines = text(commit.bytes)
      .trimEnd()
      .split("\n")
      .map((line): Line => JSON.parse(line))
    yield { version, committedAt: commit.modifiedAt, lines }
  }
}

/** Of the runs that made the versions of a table, where commits tell it. */
export const runIdsOf = (bucket: Bucket, table: string): ReadonlyMap<number, string> => {
  const runIds = new Map<number, string>()
  for (const { version, lines } of commitsOf(bucket, table))
    for (const { commitInfo } of lines) if (commitInfo?.sluice !== undefined) runIds.set(version, commitInfo.sluice.runId)
  return runIds
}

/** Null where there is no table. */
export const readTable = async (bucket: Bucket, table: string): Promise<ReadTable | null> => {
  const files = new Map<string, { readonly version: number; readonly add: NonNullable<Line["add"]> }>()
  const domains = new Map<string, Array<CommittedPosition>>()
  const transactions = new Map<string, number>()
  const problems: Array<string> = []
  let latest = -1
  for (const { version, committedAt, lines } of commitsOf(bucket, table)) {
    latest = version
    for (const { add, remove, domainMetadata, txn } of lines) {
      if (add !== undefined) {
        if (files.has(add.path)) problems.push(`${table} version ${version} adds ${add.path} again`)
        files.set(add.path, { version, add })
      }
      if (remove !== undefined && !files.delete(remove.path))
        problems.push(`${table} version ${version} removes ${remove.path}, which it has not`)
      if (domainMetadata !== undefined) {
        const { domain, configuration } = domainMetadata
        const known = domains.get(domain) ?? []
        domains.set(domain, known)
        known.push({ version, committedAt, value: JSON.parse(configuration) })
      }
      if (txn !== undefined) transactions.set(txn.appId, txn.version)
    }
  }
  if (latest < 0) return null
  const rows: Array<ReadRow> = []
  for (const [path, { version, add }] of files) {
    const stored = bucket.get(`${table}/${decodeURIComponent(path)}`)
    if (stored === undefined || stored.bytes.length !== add.size) {
      problems.push(`${table}: ${path} is ${stored === undefined ? "not there" : `${stored.bytes.length} bytes, not ${add.size}`}`)
      continue
    }
    const file = new ArrayBuffer(stored.bytes.length)
    new Uint8Array(file).set(stored.bytes)
    const found = await parquetReadObjects({ file, compressors: { ZSTD: (input) => zstdDecompressSync(input) }, utf8: false })
    for (const row of found) rows.push({ ...row, $version: version, $partition: add.partitionValues })
    if (Number(JSON.parse(add.stats ?? "{}").numRecords) !== found.length)
      problems.push(`${table}: ${path} has ${found.length} rows, not as its statistics say`)
  }
  return { version: latest, rows, domains, transactions, problems }
}
