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
