/** A JSON value as it stands in `commitInfo`. */
export type Json = null | string | number | boolean | ReadonlyArray<Json> | { readonly [key: string]: Json }

/** Values of the partition columns as text (PROTOCOL.md, "Partition Value Serialization"); null is null. Every partition column is there. */
export type PartitionValues = Readonly<Record<string, string | null>>

export interface AddFile {
  /** Key relative to the table, decoded: `ingest_date=2026-11-20/part-….parquet`. */
  readonly path: string
  readonly partitionValues: PartitionValues
  /** Bytes. */
  readonly size: number
  /** Milliseconds since 1970. */
  readonly modificationTime: number
  /** JSON text; null where the writer gave none. Of files that came with a checkpoint it is decoded when asked for, a page of neighbours at a time. */
  readonly stats: string | null
  /** False where the file only rearranges rows that were there before (compaction). */
  readonly dataChange: boolean
  readonly tags?: Readonly<Record<string, string | null>>
  /** The path as another writer encoded it, where that is not how this one does: a `remove` must repeat it. */
  readonly encodedPath?: string
}

export interface RemoveFile {
  readonly path: string
  /** Milliseconds since 1970. */
  readonly deletionTimestamp: number
  readonly dataChange: boolean
  readonly partitionValues: PartitionValues | null
  readonly size: number | null
  readonly encodedPath?: string
}

/** How far an application got: `version` only grows. */
export interface AppTransaction {
  readonly appId: string
  readonly version: number
  readonly lastUpdated?: number
}

export interface DomainMetadata {
  readonly domain: string
  readonly configuration: string
  readonly removed: boolean
}

export interface Metadata {
  readonly id: string
  readonly name: string | null
  readonly description: string | null
  readonly format: { readonly provider: string; readonly options: Readonly<Record<string, string>> }
  readonly schemaString: string
  readonly partitionColumns: ReadonlyArray<string>
  readonly configuration: Readonly<Record<string, string>>
  readonly createdTime: number | null
}

export interface Protocol {
  readonly minReaderVersion: number
  readonly minWriterVersion: number
  readonly readerFeatures?: ReadonlyArray<string>
  readonly writerFeatures?: ReadonlyArray<string>
}

/** Free-form; what this module relies on is named. */
export interface CommitInfo {
  readonly timestamp?: number
  readonly operation?: string
  readonly isBlindAppend?: boolean
  readonly txnId?: string
  readonly [key: string]: Json | undefined
}

export type WriteAction =
  | { readonly add: AddFile }
  | { readonly remove: RemoveFile }
  | { readonly txn: AppTransaction }
  | { readonly domainMetadata: DomainMetadata }
  | { readonly metaData: Metadata }
  | { readonly protocol: Protocol }

/** One line of a commit. */
export type Action = WriteAction | { readonly commitInfo: CommitInfo }
