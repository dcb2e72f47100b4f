import { createHash } from "node:crypto"
import { Effect, type Scope } from "effect"
import { compareKeys } from "../../src/store/keys.ts"
import { type Answer, type Asked, s3Endpoint, s3Error } from "./s3-endpoint.ts"

/** Objects that are listed and read as those of S3 are: pages in the order of keys, tags, ranges, conditions. Whole seconds, as S3 keeps time. */
export interface Bucket {
  readonly endpoint: string
  /** What was asked for, in order. */
  readonly asked: Array<Asked>
  /** @param tag by default made of the content; another one is what an upload in parts gives the same content */
  readonly put: (key: string, content: string | Uint8Array, writtenAt?: number, tag?: string) => void
  readonly delete: (key: string) => void
  /** Answers in place of the bucket, where it gives an answer. */
  before: (asked: Asked) => Answer | undefined
}

interface Kept {
  readonly content: Buffer
  readonly tag: string
  readonly writtenAt: number
}

/** A bucket named `b` with these objects, on a server of this process. @param pageSize objects of a page of its listing */
export const bucketWith = (
  objects: Readonly<Record<string, string | Uint8Array>> = {},
  pageSize = 1000
): Effect.Effect<Bucket, never, Scope.Scope> =>
  Effect.gen(function* () {
    const kept = new Map<string, Kept>()
    const put: Bucket["put"] = (key, content, writtenAt = Date.UTC(2026, 0, 1), tag) => {
      const bytes = Buffer.from(content)
      kept.set(key, { content: bytes, tag: `"${tag ?? createHash("md5").update(bytes).digest("hex")}"`, writtenAt })
    }
    const { endpoint, asked } = yield* s3Endpoint((one) => bucket.before(one) ?? answer(kept, one, pageSize))
    const bucket: Bucket = { endpoint, asked, put, delete: (key) => kept.delete(key), before: () => undefined }
    for (const [key, content] of Object.entries(objects)) put(key, content)
    return bucket
  })

const answer = (kept: ReadonlyMap<string, Kept>, { method, path, query, headers }: Asked, pageSize: number): Answer => {
  if (method !== "GET") return s3Error(405, "MethodNotAllowed")
  const key = path.slice("/b/".length)
  if (!path.startsWith("/b/") && path !== "/b") return s3Error(404, "NoSuchBucket")
  if (key === "") return listing(kept, query, pageSize)
  const object = kept.get(key)
  if (object === undefined) return s3Error(404, "NoSuchKey")
  if (headers["if-match"] !== undefined && headers["if-match"] !== object.tag) return s3Error(412, "PreconditionFailed")
  const [, start, end] = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? "") ?? []
  if (start === undefined || end === undefined) return { body: object.content }
  if (Number(start) >= object.content.length) return s3Error(416, "InvalidRange")
  return { status: 206, body: object.content.subarray(Number(start), Number(end) + 1) }
}

/** As forms do, which is how S3 encodes what XML cannot carry. */
const encoded = (text: string): string => encodeURIComponent(text).replaceAll("%20", "+").replaceAll("%2F", "/")

const listing = (kept: ReadonlyMap<string, Kept>, query: URLSearchParams, pageSize: number): Answer => {
  const prefix = query.get("prefix") ?? ""
  const after = Buffer.from(query.get("continuation-token") ?? "", "base64").toString()
  const delimiter = query.get("delimiter")
  const most = Math.min(Number(query.get("max-keys") ?? pageSize), pageSize)
  const found = [...kept.keys()].filter((key) => key.startsWith(prefix) && compareKeys(key, after) > 0).sort(compareKeys)
  const folderOf = (key: string) => {
    const end = delimiter === null ? -1 : key.indexOf(delimiter, prefix.length)
    return end < 0 ? undefined : key.slice(0, end + 1)
  }
  const shown = found.slice(0, most)
  const folders = [...new Set(shown.flatMap((key) => folderOf(key) ?? []))]
  const objects = shown.filter((key) => folderOf(key) === undefined)
  const last = shown.at(-1)
  const body = [
    "<ListBucketResult><EncodingType>url</EncodingType>",
    ...objects.map((key) => {
      const { content, tag, writtenAt } = kept.get(key) ?? { content: "", tag: "", writtenAt: 0 }
      const time = new Date(Math.floor(writtenAt / 1000) * 1000).toISOString()
      return `<Contents><Key>${encoded(key)}</Key><LastModified>${time}</LastModified><ETag>${tag.replaceAll('"', "&quot;")}</ETag><Size>${content.length}</Size></Contents>`
    }),
    ...folders.map((folder) => `<CommonPrefixes><Prefix>${encoded(folder)}</Prefix></CommonPrefixes>`),
    ...(found.length > shown.length && last !== undefined
      ? [`<IsTruncated>true</IsTruncated><NextContinuationToken>${Buffer.from(last).toString("base64")}</NextContinuationToken>`]
      : []),
    "</ListBucketResult>"
  ].join("")
  return { body }
}
