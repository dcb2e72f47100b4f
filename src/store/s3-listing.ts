import type { ListMultipartUploadsCommandOutput } from "@aws-sdk/client-s3"
import { Effect, Option, Stream } from "effect"
import { keyProblem } from "./keys.ts"
import { type Failed, failure, isNamed, type S3Client } from "./s3-client.ts"
import type { ObjectInfo, StoreError } from "./store.ts"

/** An object as a listing tells of it. */
export interface ListedObject extends ObjectInfo {
  /** What S3 knows its content by: another one has another; undefined where a server says none. */
  readonly tag: string | undefined
}

/** Up to 1,000 objects of a bucket, by their whole keys, in the order of the keys' UTF-8 bytes. */
export interface ListedPage {
  readonly objects: ReadonlyArray<ListedObject>
  /** With a delimiter: what stands for the keys that have it behind the prefix. */
  readonly folders: ReadonlyArray<string>
  /** Asks for the page behind this one; none: there is nothing more. */
  readonly next: Option.Option<string>
}

export interface ListOptions {
  readonly startAfter?: string | undefined
  readonly delimiter?: string
  /** As many objects are enough. */
  readonly most?: number
}

/** @param prefix of whole keys, whatever the prefix of the client is */
export const listPage = (
  { bucket, call }: Pick<S3Client, "bucket" | "call">,
  prefix: string,
  token: string | null,
  { startAfter, delimiter, most }: ListOptions = {}
): Effect.Effect<ListedPage, Failed> =>
  Effect.map(
    call((s3, options) =>
      s3.listObjectsV2(
        {
          Bucket: bucket,
          Prefix: prefix,
          // XML cannot carry every character of a key.
          EncodingType: "url",
          ...(startAfter === undefined ? {} : { StartAfter: startAfter }),
          ...(delimiter === undefined ? {} : { Delimiter: delimiter }),
          ...(most === undefined ? {} : { MaxKeys: most }),
          ...(token === null ? {} : { ContinuationToken: token })
        },
        options
      )
    ),
    ({ Contents = [], CommonPrefixes = [], NextContinuationToken, EncodingType }) => {
      const keyOf = (text: string) => (EncodingType === "url" ? decodeKey(text) : text)
      return {
        objects: Contents.map(({ Key = "", Size = 0, LastModified, ETag }) => ({
          key: keyOf(Key),
          size: Size,
          modifiedAt: LastModified?.getTime() ?? 0,
          tag: ETag
        })),
        folders: CommonPrefixes.flatMap(({ Prefix }) => (Prefix === undefined ? [] : [keyOf(Prefix)])),
        next: Option.fromNullishOr(NextContinuationToken)
      }
    }
  )

/**
 * Objects of a store, page by page as they are needed. Those that no key can name are passed over: the markers that the console makes for folders,
 * keys with two slashes in a row.
 */
export const listObjects = (client: S3Client, prefix: string, startAfter: string | undefined): Stream.Stream<ObjectInfo, StoreError> =>
  Stream.paginate<string | null, ObjectInfo, StoreError>(null, (token) =>
    listPage(client, client.prefix + prefix, token, { startAfter: startAfter && client.prefix + startAfter }).pipe(
      Effect.map(({ objects, next }) => {
        const infos = objects.flatMap(({ key: whole, size, modifiedAt }): ReadonlyArray<ObjectInfo> => {
          const key = whole.slice(client.prefix.length)
          return keyProblem(key) === null ? [{ key, size, modifiedAt }] : []
        })
        return [infos, next] as const
      }),
      Effect.mapError(failure("list", prefix, false))
    )
  )

/** Listings say a space as `+`, as forms do. */
const decodeKey = (text: string): string => decodeURIComponent(text.replaceAll("+", " "))

/** Keys that one request deletes. */
const deleteBatch = 1000

/** Control characters, and others that the XML of a request cannot name; a path can. */
const beyondXml = /[\p{Cc}\ufffe\uffff]/u

/** Deletes objects, present or not. Fails with the first key that could not be deleted, when the others of its batch were. */
export const deleteObjects = (client: S3Client, keys: ReadonlyArray<string>): Effect.Effect<void, StoreError> =>
  Effect.gen(function* () {
    const names = keys.filter((key) => !beyondXml.test(key))
    const batches = Array.from({ length: Math.ceil(names.length / deleteBatch) }, (_, i) =>
      names.slice(i * deleteBatch, (i + 1) * deleteBatch)
    )
    for (const batch of batches) {
      let failedKey = batch[0] ?? ""
      yield* client
        .call(async (s3, options) => {
          const Objects = batch.map((key) => ({ Key: client.prefix + key }))
          const { Errors = [] } = await s3.deleteObjects({ Bucket: client.bucket, Delete: { Objects, Quiet: true } }, options)
          const [first] = Errors
          if (first === undefined) return
          failedKey = (first.Key ?? "").slice(client.prefix.length)
          // Named like the errors of whole requests, so that it is sorted like them.
          throw Object.assign(new Error(first.Message ?? ""), {
            name: first.Code ?? "",
            $metadata: { httpStatusCode: statusOf(first.Code) }
          })
        })
        .pipe(Effect.mapError((failed) => failure("delete", failedKey, true)(failed)))
    }
    yield* Effect.forEach(
      keys.filter((key) => beyondXml.test(key)),
      (key) =>
        client
          .call((s3, options) => s3.deleteObject({ Bucket: client.bucket, Key: client.prefix + key }, options))
          .pipe(Effect.mapError(failure("delete", key, true))),
      { discard: true }
    )
  })

const statusOf = (code: string | undefined): number => (code === "AccessDenied" ? 403 : code === "InternalError" ? 500 : 400)

/** Aborts multipart uploads below `prefix` that began before `olderThan` (milliseconds since 1970). @returns how many */
export const sweepUploads = (client: S3Client, prefix: string, olderThan: number): Effect.Effect<number, StoreError> =>
  Effect.gen(function* () {
    let swept = 0
    let marker: Pick<ListMultipartUploadsCommandOutput, "NextKeyMarker" | "NextUploadIdMarker"> | null = {}
    while (marker !== null) {
      const { NextKeyMarker, NextUploadIdMarker } = marker
      const page: ListMultipartUploadsCommandOutput = yield* client
        .call((s3, options) =>
          s3.listMultipartUploads(
            {
              Bucket: client.bucket,
              Prefix: client.prefix + prefix,
              EncodingType: "url",
              KeyMarker: NextKeyMarker,
              UploadIdMarker: NextUploadIdMarker
            },
            options
          )
        )
        .pipe(Effect.mapError(failure("sweep", prefix, false)))
      for (const { Key = "", UploadId, Initiated } of page.Uploads ?? []) {
        if (Initiated === undefined || Initiated.getTime() >= olderThan) continue
        const key = page.EncodingType === "url" ? decodeKey(Key) : Key
        const aborted = yield* client
          .call((s3, options) => s3.abortMultipartUpload({ Bucket: client.bucket, Key: key, UploadId }, options))
          .pipe(
            Effect.as(1),
            // Finished or removed by another meanwhile.
            Effect.catchIf(
              (failed) => isNamed(failed, "NoSuchUpload"),
              () => Effect.succeed(0)
            ),
            Effect.mapError(failure("sweep", key.slice(client.prefix.length), false))
          )
        swept += aborted
      }
      const next = page.NextKeyMarker ?? ""
      marker =
        page.IsTruncated === true
          ? { NextKeyMarker: page.EncodingType === "url" ? decodeKey(next) : next, NextUploadIdMarker: page.NextUploadIdMarker }
          : null
    }
    return swept
  })
