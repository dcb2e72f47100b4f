import { Effect } from "effect"
import { SourceError } from "../../record/source-error.ts"
import type { Failed } from "../../store/s3-client.ts"
import { causeOf, isOfCaller } from "../../store/s3-errors.ts"
import type { NamedObject, ObjectReader } from "../../store/s3-reader.ts"
import type { StoredBytes } from "../byte-reader.ts"
import type { FileEntry } from "../list-files.ts"
import { rangedBytes } from "../ranged-bytes.ts"
import type { AnnouncedObject } from "./envelope.ts"
import type { Wanted } from "./wanted.ts"

/** Runs an effect by the clock and the rules of whoever reads. */
export type Run = <A, E>(effect: Effect.Effect<A, E>, options?: { readonly signal: AbortSignal }) => Promise<A>

/** An object as a file, and its bytes. */
export interface OpenObject {
  readonly file: FileEntry
  readonly bytes: StoredBytes
}

/**
 * Opens an object as it was announced. Rejects with `SourceError`: `NotFound` where it is gone, or another content has taken its place; `Denied` where S3
 * does not give it; `Unavailable` where that may pass.
 */
export const openObject = async (
  reader: ObjectReader,
  run: Run,
  source: string,
  { shard, arrivedAt }: Wanted,
  object: AnnouncedObject,
  signal: AbortSignal
): Promise<OpenObject> => {
  const path = pathOf(object)
  const answer = async <A>(call: Effect.Effect<A, Failed>, stopped: AbortSignal): Promise<A> => {
    const result = await run(Effect.result(call), { signal: stopped })
    if (result._tag === "Success") return result.success
    throw problemOf(source, path, result.failure)
  }
  let { size } = object
  let named: NamedObject = object
  // Bytes of two contents must not mix.
  if (size === null || (object.versionId === null && object.etag === null)) {
    const found = await answer(reader.describe(named), signal)
    size = found.size
    named = { ...object, etag: object.etag ?? found.etag }
  }
  const fetch = (start: number, end: number, stopped: AbortSignal) => answer(reader.read(named, start, end), stopped)
  const tag = named.versionId ?? named.etag ?? undefined
  return {
    file: { kind: "file", path, shard, size, modifiedAt: arrivedAt, changedAt: arrivedAt, ...(tag === undefined ? {} : { tag }) },
    bytes: await rangedBytes(size, fetch, signal)
  }
}

export const pathOf = ({ bucket, key }: AnnouncedObject): string => `s3://${bucket}/${key}`

const problemOf = (source: string, location: string, { verdict, cause }: Failed): SourceError => {
  const { reason, hint, exists } = verdict
  const [why, detail] = exists
    ? (["NotFound", "Another content has taken the place of the object"] as const)
    : reason === "NotFound"
      ? (["NotFound", "The object is not there any more"] as const)
      : !isOfCaller(cause) && (reason === "Denied" || reason === "Invalid")
        ? (["Denied", "S3 does not give the object"] as const)
        : (["Unavailable", "S3 did not answer as it should"] as const)
  const original = causeOf(cause)
  return new SourceError({ source, location, reason: why, detail, hint, ...(original === undefined ? {} : { cause: original }) })
}
