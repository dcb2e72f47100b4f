import { Effect, Schema } from "effect"

/** Why the disk did not do it, by what to do. `Locked`: somebody else has the lock. */
export const diskReasons = ["NotFound", "Denied", "Full", "Locked", "Failed"] as const
export type DiskReason = (typeof diskReasons)[number]

export class DiskError extends Schema.TaggedError<DiskError>()("DiskError", {
  operation: Schema.String,
  path: Schema.String,
  reason: Schema.Literals(diskReasons),
  /** As the system names it: `ENOSPC`, … */
  code: Schema.String,
  cause: Schema.optionalKey(Schema.Defect())
}) {
  override get message(): string {
    return `${this.operation} ${this.path}: ${this.code}`
  }
}

/**
 * What a stream asks of the disk beneath it, and no more: one implementation is the machine's (`real-disk.ts`), another a simulated one that loses at a
 * power loss what was not synced (`test/simulation/`).
 */
export interface Disk {
  /** Names of what is in a folder; none where there is no such folder. */
  readonly list: (folder: string) => Effect.Effect<ReadonlyArray<string>, DiskError>
  /** With those above it, durably. */
  readonly makeFolder: (folder: string) => Effect.Effect<void, DiskError>
  /**
   * `write` makes the file where it is not there; its name survives a power loss behind {@link syncFolder}. `log` is the same, and what is written has survived one when it is told to be written:
   * one request of the system, where writing and then syncing are two. To be closed.
   */
  readonly open: (path: string, mode: DiskMode) => Effect.Effect<DiskFile, DiskError>
  /** Replaces what has that name. */
  readonly rename: (from: string, to: string) => Effect.Effect<void, DiskError>
  readonly unlink: (path: string) => Effect.Effect<void, DiskError>
  /** Makes names in a folder survive a power loss. */
  readonly syncFolder: (folder: string) => Effect.Effect<void, DiskError>
  /** A lock that one holder of all processes has, and that ends with its process. Gives what lets go of it; fails with `Locked` at once. */
  readonly lock: (path: string) => Effect.Effect<Effect.Effect<void>, DiskError>
}

export type DiskMode = "read" | "write" | "log"

/** An open file. Use by one fiber at a time. */
export interface DiskFile {
  readonly size: Effect.Effect<number, DiskError>
  /** As many bytes as there are from there on, at most `length`. */
  readonly read: (position: number, length: number) => Effect.Effect<Buffer, DiskError>
  /** All of them, one behind the other. One that fails may have written a part. */
  readonly write: (buffers: ReadonlyArray<Uint8Array>, position: number) => Effect.Effect<void, DiskError>
  /** Makes what was written survive a power loss. */
  readonly sync: Effect.Effect<void, DiskError>
  readonly truncate: (length: number) => Effect.Effect<void, DiskError>
  readonly close: Effect.Effect<void>
}

/** Opens a file for as long as it is used. */
export const withFile = <A, E>(
  disk: Disk,
  path: string,
  mode: DiskMode,
  body: (file: DiskFile) => Effect.Effect<A, E>
): Effect.Effect<A, E | DiskError> => Effect.acquireUseRelease(disk.open(path, mode), body, (file) => file.close)
