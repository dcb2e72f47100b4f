/** What requests to AWS ask for, in the words of IAM, so that what a role may not do is denied on the wire as AWS does it. */
import type { IncomingHttpHeaders } from "node:http"
import { membersOf } from "../../../src/record/members.ts"
import { roleMay, roleMayUse } from "./access.ts"
import type { Deployed } from "./model.ts"

export interface Request {
  readonly method: string
  /** With its query. */
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

/** Something that a request does, and needs a right for. */
interface Need {
  readonly action: string
  readonly resource: string
  readonly context?: { readonly [key: string]: string }
  /** What it does with the key of the bucket. */
  readonly key?: ReadonlyArray<"kms:Decrypt" | "kms:GenerateDataKey">
}

/** Says no to a request of a role. Null: it may. Else what it may not do, as a sentence. */
export type Guard = (request: Request) => string | null

const objectArn = (bucket: string, key: string): string => `arn:aws:s3:::${bucket}/${key}`

/** Of S3, in the style of paths. */
export const needsOfS3 = ({ body, headers, method, url }: Request): ReadonlyArray<Need> => {
  const { pathname, searchParams: query } = new URL(url, "http://s3")
  const [, bucket = "", ...parts] = pathname.split("/").map(decodeURIComponent)
  const key = parts.join("/")
  const onBucket = (action: string): ReadonlyArray<Need> => {
    const prefix = query.get("prefix")
    return [{ action, resource: `arn:aws:s3:::${bucket}`, context: prefix === null ? {} : { "s3:prefix": prefix } }]
  }
  const onObject = (action: string, more: Omit<Need, "action" | "resource"> = {}): ReadonlyArray<Need> => [
    { action, resource: objectArn(bucket, key), ...more }
  ]
  const condition = headers["if-none-match"]
  const creates = (isWhole: boolean, key: Need["key"] = ["kms:GenerateDataKey"]) =>
    onObject("s3:PutObject", {
      key,
      context: {
        "s3:ObjectCreationOperation": String(isWhole),
        ...(isWhole && typeof condition === "string" ? { "s3:if-none-match": condition } : {})
      }
    })
  if (key === "") {
    if (method === "POST" && query.has("delete"))
      return [...body.toString().matchAll(/<Key>([^<]*)<\/Key>/g)].map(([, each = ""]) => ({
        action: "s3:DeleteObject",
        resource: objectArn(bucket, unescaped(each))
      }))
    if (method === "GET" && query.has("uploads")) return onBucket("s3:ListBucketMultipartUploads")
    if (method === "GET" || method === "HEAD") return onBucket("s3:ListBucket")
  }
  // Parts are decrypted again when they become one object.
  if (method === "POST" && query.has("uploads")) return creates(false)
  if (method === "POST" && query.has("uploadId")) return creates(true, ["kms:GenerateDataKey", "kms:Decrypt"])
  if (method === "PUT" && query.has("uploadId")) return creates(false, ["kms:GenerateDataKey", "kms:Decrypt"])
  if (method === "PUT") return creates(true)
  if (method === "DELETE") return onObject(query.has("uploadId") ? "s3:AbortMultipartUpload" : "s3:DeleteObject")
  if (method === "GET" || method === "HEAD")
    return onObject(query.has("versionId") ? "s3:GetObjectVersion" : "s3:GetObject", { key: ["kms:Decrypt"] })
  throw new Error(`S3 is not asked for ${method} ${url} here`)
}

const unescaped = (xml: string): string =>
  xml.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&quot;", '"').replaceAll("&apos;", "'").replaceAll("&amp;", "&")

/** Of services that are called by operations, with JSON. */
export const needsOfJson = (deployed: Deployed, { body, headers }: Request): ReadonlyArray<Need> => {
  const [service = "", operation = ""] = String(headers["x-amz-target"] ?? "").split(".")
  const given = body.length === 0 ? {} : membersOf(JSON.parse(body.toString()))
  const text = (name: string) => (given[name] === undefined ? "" : String(given[name]))
  const here = (of: string, name: string) => `arn:aws:${of}:${deployed.region}:${deployed.account}:${name}`
  if (service.startsWith("Firehose_"))
    return [{ action: `firehose:${operation}`, resource: here("firehose", `deliverystream/${text("DeliveryStreamName")}`) }]
  if (service.startsWith("Kinesis_")) {
    // Some calls name an iterator alone, which is of the one stream.
    const stream = text("StreamARN") || here("kinesis", `stream/${text("StreamName")}`)
    const [only = stream] = deployed.streams.keys()
    return [{ action: `kinesis:${operation}`, resource: text("StreamARN") + text("StreamName") === "" ? only : stream }]
  }
  if (service === "AmazonSQS")
    return [
      {
        action: `sqs:${operation.replace(/Batch$/, "")}`,
        resource: here("sqs", new URL(text("QueueUrl")).pathname.split("/").at(-1) ?? "")
      }
    ]
  if (service === "secretsmanager") return [{ action: `secretsmanager:${operation}`, resource: text("SecretId") }]
  if (service === "AWSGlue") {
    const database = text("DatabaseName") || String(membersOf(given["DatabaseInput"])["Name"] ?? "")
    const table = text("Name") || String(membersOf(given["TableInput"])["Name"] ?? "")
    const on = ["catalog", `database/${database}`, ...(operation.includes("Table") ? [`table/${database}/${table || "x"}`] : [])]
    return on.map((each) => ({ action: `glue:${operation}`, resource: here("glue", each) }))
  }
  throw new Error(`${service} is not asked for ${operation} here`)
}

/** Of EMR Serverless. */
export const needsOfServerless = (deployed: Deployed, { body, method, url }: Request): ReadonlyArray<Need> => {
  const [, id = "", list, run] = /^\/applications\/([^/?]+)(\/jobruns)?(?:\/([^/?]+))?/.exec(url) ?? []
  const application = `arn:aws:emr-serverless:${deployed.region}:${deployed.account}:/applications/${id}`
  if (list === undefined) return [{ action: "emr-serverless:GetApplication", resource: application }]
  if (run !== undefined) return [{ action: "emr-serverless:GetJobRun", resource: `${application}/jobruns/${run}` }]
  if (method !== "POST") return [{ action: "emr-serverless:ListJobRuns", resource: application }]
  const { executionRoleArn, tags } = membersOf(JSON.parse(body.toString()))
  return [
    { action: "emr-serverless:StartJobRun", resource: application },
    { action: "iam:PassRole", resource: String(executionRoleArn), context: { "iam:PassedToService": "emr-serverless.amazonaws.com" } },
    ...(tags === undefined ? [] : [{ action: "emr-serverless:TagResource", resource: `${application}/jobruns/x` }])
  ]
}

/** Of EMR, which has clusters. */
const needsOfClusters = (deployed: Deployed, { body, headers }: Request): ReadonlyArray<Need> => {
  const [, operation = ""] = String(headers["x-amz-target"] ?? "").split(".")
  const given = body.length === 0 ? {} : membersOf(JSON.parse(body.toString()))
  const cluster = given["ClusterId"] ?? given["JobFlowId"]
  const here = `arn:aws:elasticmapreduce:${deployed.region}:${deployed.account}:cluster`
  const need = { action: `elasticmapreduce:${operation}`, resource: cluster === undefined ? "*" : `${here}/${cluster}` }
  if (operation !== "RunJobFlow") return [need]
  const passes = (role: unknown, to: string): Need => ({
    action: "iam:PassRole",
    resource: roleOfName(deployed, String(role)),
    context: { "iam:PassedToService": to }
  })
  return [
    need,
    ...(given["Tags"] === undefined ? [] : [{ action: "elasticmapreduce:AddTags", resource: `${here}/x` }]),
    passes(given["JobFlowRole"], "ec2.amazonaws.com"),
    passes(given["ServiceRole"], "elasticmapreduce.amazonaws.com")
  ]
}

/** The role of a name, or of a profile of machines, which is named as its role is. */
export const roleOfName = ({ account }: Deployed, name: string): string =>
  name.startsWith("arn:") ? name : `arn:aws:iam::${account}:role/${name}`

/** Of EMR Serverless, and of EMR. */
export const needsOfEmr = (deployed: Deployed, request: Request): ReadonlyArray<Need> =>
  request.headers["x-amz-target"] === undefined ? needsOfServerless(deployed, request) : needsOfClusters(deployed, request)

/** The guard of everything that a role asks for. @param needsOf what a request needs */
export const guardOf =
  (deployed: Deployed, role: string, needsOf: (request: Request) => ReadonlyArray<Need>): Guard =>
  (request) => {
    for (const { action, context = {}, key = [], resource } of needsOf(request)) {
      if (!roleMay(deployed, role, action, resource, context)) return `${role} may not ${action} on ${resource}`
      const bucket = deployed.buckets.get(resource.split("/")[0] ?? "")
      if (bucket === undefined) continue
      const encryption = { "kms:EncryptionContext:aws:s3:arn": bucket.arn }
      const missing = key.find((each) => !roleMayUse(deployed, role, bucket.key, each, "s3", encryption))
      if (missing !== undefined) return `${role} may not ${missing} with the key of ${bucket.name}, for ${action} on ${resource}`
    }
    return null
  }

/** What S3 says of an object that is not there to who may not list its bucket: that it is denied. Null: it says so. */
export const absentGuard =
  (deployed: Deployed, role: string): Guard =>
  ({ method, url }) => {
    const [, bucket = "", ...key] = new URL(url, "http://s3").pathname.split("/")
    if (key.join("") === "" || (method !== "GET" && method !== "HEAD")) return null
    return roleMay(deployed, role, "s3:ListBucket", `arn:aws:s3:::${bucket}`)
      ? null
      : `${role} may not s3:ListBucket on ${bucket}, so that what is not there is denied: ${url}`
  }
