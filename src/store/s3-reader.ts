import { Effect } from "effect"
import { type Failed, openClient, type S3Settings } from "./s3-client.ts"
import { type ListedObject, type ListedPage, type ListOptions, listPage } from "./s3-listing.ts"

/**
 * The objects of a bucket that somebody else has written: by whole keys, which may be any that S3 has, and only to be read. `Store` is for what is
 * ours: its keys are paths.
 */
export interface S3Reader {
  readonly bucket: string
  readonly list: (prefix: string, token: string | null, options?: ListOptions) => Effect.Effect<ListedPage, Failed>
  /**
   * Bytes `start` to before `endExclusive` of an object as it was listed. Where another one has taken its place since, the failure is `replaced`: bytes of
   * two contents never mix.
   */
  readonly read: (object: Pick<ListedObject, "key" | "tag">, start: number, endExclusive: number) => Effect.Effect<Uint8Array, Failed>
}

/** Opens a bucket for reading, with the scope. Asks S3 nothing yet. */
export const openReader = (settings: Omit<S3Settings, "prefix" | "kmsKey">) =>
  Effect.map(openClient({ ...settings, prefix: "", readsOnly: true }), (client): S3Reader => {
    const { bucket, call } = client
    return {
      bucket,
      list: (prefix, token, options) => listPage(client, prefix, token, options),
      // The body is read within the attempt: connections break there too.
      read: ({ key, tag }, start, endExclusive) =>
        call(async (s3, options) => {
          const request = {
            Bucket: bucket,
            Key: key,
            Range: `bytes=${start}-${endExclusive - 1}`,
            ...(tag === undefined ? {} : { IfMatch: tag })
          }
          const { Body } = await s3.getObject(request, options)
          return Body === undefined ? new Uint8Array(0) : Body.transformToByteArray()
        })
    }
  })

/** An object of some bucket, as somebody else has named it. */
export interface NamedObject {
  readonly bucket: string
  readonly key: string
  /** Which version of it; null: what lies there. */
  readonly versionId: string | null
  /** What its content is known by, without quotes; null: it is not known. */
  readonly etag: string | null
}

/**
 * Objects of any bucket, only to be read. Where an object is not there, the verdict of the failure is `NotFound`, and `exists` where another content has
 * taken its place.
 */
export interface ObjectReader {
  readonly describe: (object: NamedObject) => Effect.Effect<{ readonly size: number; readonly etag: string | null }, Failed>
  /** Bytes `start` to before `endExclusive`; fewer where it ends before. */
  readonly read: (object: NamedObject, start: number, endExclusive: number) => Effect.Effect<Uint8Array, Failed>
}

/** Opens what reads them, with the scope. Asks S3 nothing yet. */
export const openObjectReader = (settings: Pick<S3Settings, "region" | "endpoint" | "idleMillis">) =>
  Effect.gen(function* () {
    const open = (bucket: string) => openClient({ ...settings, bucket, prefix: "", readsOnly: true })
    // How a bucket is addressed goes by whether its name has dots, and by nothing else of it.
    const [plain, dotted] = [yield* open("bucket"), yield* open("bucket.name")]
    const clientOf = ({ bucket }: NamedObject) => (bucket.includes(".") ? dotted : plain)
    const request = ({ bucket, key, versionId, etag }: NamedObject) => ({
      Bucket: bucket,
      Key: key,
      ...(versionId === null ? {} : { VersionId: versionId }),
      ...(etag === null ? {} : { IfMatch: `"${etag}"` })
    })
    const reader: ObjectReader = {
      describe: (object) =>
        Effect.map(
          clientOf(object).call((s3, options) => s3.headObject(request(object), options)),
          ({ ContentLength = 0, ETag }) => ({ size: ContentLength, etag: ETag?.replaceAll('"', "") ?? null })
        ),
      // The body is read within the attempt: connections break there too.
      read: (object, start, endExclusive) =>
        clientOf(object).call(async (s3, options) => {
          const { Body } = await s3.getObject({ ...request(object), Range: `bytes=${start}-${endExclusive - 1}` }, options)
          return Body === undefined ? new Uint8Array(0) : Body.transformToByteArray()
        })
    }
    return reader
  })
