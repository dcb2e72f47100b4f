import type { Actions } from "../../../src/lambda/handler.ts"

/** What stands for S3 in requests: paths begin with a bucket, and the lake of a world lies below a prefix of its own. */
export interface Places {
  readonly lakeBucket: string
  /** With a slash at its end. */
  readonly prefix: string
  readonly rawBucket: string
}

/**
 * Which of the requests that a function has made it declares no action for, as sentences. It may ask for objects of a folder of the lake by the actions that have the folder's
 * name, and for lists of a bucket where any action on it is `s3:ListBucket`: so a role that allows what is declared, and no more, would have let all of them pass.
 *
 * @param seen each as "METHOD /path?query"
 */
export const undeclared = (seen: ReadonlyArray<string>, actions: Actions, places: Places): ReadonlyArray<string> => [
  ...new Set(
    seen.flatMap((request) => {
      const [method = "", target = ""] = request.split(" ")
      const { pathname, searchParams: query } = new URL(target, "http://s3")
      const [, bucket = "", key = ""] = /^\/([^/]+)\/?(.*)$/s.exec(decodeURIComponent(pathname)) ?? []
      const action = actionOf(method, key, query)
      const allowing = placesOf(bucket, key, places).filter((place) => actions[place]?.includes(action) === true)
      return allowing.length > 0 ? [] : [`${action} on ${bucket}/${key.replace(/[^/]*$/, "…")}`]
    })
  )
]

const actionOf = (method: string, key: string, query: URLSearchParams): string => {
  if (key === "") {
    if (method === "GET") return query.has("uploads") ? "s3:ListBucketMultipartUploads" : "s3:ListBucket"
    return method === "POST" && query.has("delete") ? "s3:DeleteObject" : `${method} of a bucket`
  }
  switch (method) {
    case "GET":
    case "HEAD":
      return query.has("versionId") ? "s3:GetObjectVersion" : "s3:GetObject"
    case "DELETE":
      return query.has("uploadId") ? "s3:AbortMultipartUpload" : "s3:DeleteObject"
    case "PUT":
    case "POST":
      return "s3:PutObject"
    default:
      return `${method} of an object`
  }
}

/** Names of what actions are on that an object, or a bucket, is of. */
const placesOf = (bucket: string, key: string, { lakeBucket, prefix, rawBucket }: Places): ReadonlyArray<string> => {
  if (bucket === rawBucket) return ["raw"]
  if (bucket !== lakeBucket) return []
  // Objects that are deleted together are named in the body.
  if (key === "") return [...folders, "probe"]
  if (!key.startsWith(prefix)) return []
  const below = key.slice(prefix.length)
  return [
    ...folders.filter((folder) => below.startsWith(`${folder}/`)),
    ...(below.includes("/_delta_log/") ? ["table_logs"] : []),
    ...(below.startsWith(".sluice-probe-") ? ["probe"] : [])
  ]
}

const folders = ["stage", "consumable", "dead_letters", "runs", "lineage", "structured_json", "errors"] as const
