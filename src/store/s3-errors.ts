import { neverConnected } from "../record/aws-errors.ts"
import { hintOfClient } from "../record/aws-hints.ts"
import type { StoreReason } from "./store.ts"

/** What an error of the S3 client means. */
export interface Verdict {
  readonly reason: StoreReason
  readonly hint: string
  /** Certainly nothing was written. False: a write may have happened, and the answer got lost. */
  readonly certain: boolean
  /** May pass by itself: worth another attempt where doing it twice does no harm. */
  readonly again: boolean
  /** Only the answer to a conditional put: the object was there. */
  readonly exists: boolean
}

type Kind = readonly [StoreReason, string, Partial<Omit<Verdict, "reason" | "hint">>?]

const credentials = "Set AWS credentials (environment, profile, or a role of the task or instance), and look whether they have expired."
const transient = "It usually passes; if not, look at the AWS health dashboard."
const slower = "S3 asks for fewer requests on this prefix: let fewer processes work, or let each commit less often."
const clock = "The clock of this machine is wrong: synchronize it (NTP)."
const noBucket = "There is no such bucket: check its name and the account."
const region = "The bucket lies in another region: set the region to the bucket's."
const unreachable = "Check the endpoint and region, name resolution, and the route to S3 (VPC endpoint, proxy, firewall)."
const kmsRights =
  "Grant kms:GenerateDataKey and kms:Decrypt on the key that encrypts the bucket's objects, in the key's policy if it lies in another account."
const rights =
  "Grant s3:GetObject, s3:PutObject, s3:DeleteObject and s3:AbortMultipartUpload on the prefix, and s3:ListBucket and s3:ListBucketMultipartUploads on the bucket: without s3:ListBucket, S3 answers so for objects that are not there."
const archived = "The object was moved to an archive class: restore it, and take the lake out of that lifecycle rule."
const noS3 = "There is no such bucket, or no S3 at this endpoint: check both."
const isThere = "There is such an object already."
const certificate = "The certificate of the endpoint is not trusted: check its address, or give Node its authority (NODE_EXTRA_CA_CERTS)."

/** What is said instead to who only reads, of objects that somebody else has written. */
const toReaders: ReadonlyMap<string, string> = new Map([
  [
    rights,
    "Grant s3:ListBucket on the bucket and s3:GetObject on its objects: without s3:ListBucket, S3 answers so for objects that are not there."
  ],
  [kmsRights, "Grant kms:Decrypt on the key that encrypts the bucket's objects, in the key's policy if it lies in another account."],
  [archived, "The object was moved to an archive class: restore it, and run again."],
  [isThere, "Another object has taken its place while it was read. Run again: reading goes on with what stands there now."]
])

/** Codes of S3 and of the client, by name. What is not here goes by the HTTP status, then by the code of the network. */
const byName: Readonly<Record<string, Kind>> = {
  NoSuchKey: ["NotFound", "Check the key; it may have been deleted meanwhile."],
  NoSuchVersion: ["NotFound", "Check the version; it may have been deleted meanwhile."],
  // A version that says that the object was deleted.
  MethodNotAllowed: ["NotFound", "Check the version; the object may have been deleted meanwhile."],
  // All that a HEAD request is told: its answers have no body.
  NotFound: ["NotFound", "Check the key and the bucket; it may have been deleted meanwhile."],
  // A bucket that is not there must not look like a lake without objects.
  NoSuchBucket: ["Invalid", noBucket],
  NoSuchUpload: ["Unavailable", "The unfinished upload was removed meanwhile, by a lifecycle rule or a sweep: raise their age."],
  InvalidAccessKeyId: ["Denied", credentials],
  SignatureDoesNotMatch: ["Denied", credentials],
  ExpiredToken: ["Denied", credentials],
  InvalidToken: ["Denied", credentials],
  CredentialsProviderError: ["Denied", credentials],
  TokenProviderError: ["Denied", credentials],
  // The client learns from the answer how far its clock is off, so the next attempt may succeed.
  RequestTimeTooSkewed: ["Denied", clock, { again: true }],
  InvalidObjectState: ["Invalid", archived],
  PermanentRedirect: ["Invalid", region],
  TemporaryRedirect: ["Unavailable", "The bucket is new and not known everywhere yet; wait some minutes.", { again: true }],
  AuthorizationHeaderMalformed: ["Invalid", region],
  IllegalLocationConstraintException: ["Invalid", region],
  ConditionalRequestConflict: ["Unavailable", transient, { again: true }],
  OperationAborted: ["Unavailable", transient, { again: true }],
  PreconditionFailed: ["Invalid", isThere, { exists: true }],
  NotImplemented: ["Invalid", "This store lacks the operation, such as conditional puts: do not keep a lake there."],
  SlowDown: ["Unavailable", slower, { certain: false, again: true }],
  RequestTimeout: ["Unavailable", transient, { certain: false, again: true }],
  InternalError: ["Unavailable", transient, { certain: false, again: true }],
  ServiceUnavailable: ["Unavailable", transient, { certain: false, again: true }],
  BadDigest: ["Unavailable", "The content was damaged on its way.", { again: true }],
  QuotaExceeded: ["Full", "The quota of the bucket is used up; raise it or free space."],
  EntityTooLarge: ["Full", "The object is larger than S3 takes at once."],
  KeyTooLongError: ["Invalid", "S3 takes keys of up to 1,024 bytes; shorten the prefix, the table path or the partition value."]
}

const byStatus: Readonly<Record<number, Kind>> = {
  301: ["Invalid", region],
  307: ["Unavailable", transient, { again: true }],
  401: ["Denied", credentials],
  403: ["Denied", rights],
  // An object that is not there has a code of its own.
  404: ["Invalid", noS3],
  408: ["Unavailable", transient, { certain: false, again: true }],
  409: ["Unavailable", transient, { again: true }],
  412: ["Invalid", isThere, { exists: true }],
  429: ["Unavailable", slower, { again: true }],
  501: ["Invalid", "This store lacks the operation, such as conditional puts: do not keep a lake there."],
  503: ["Unavailable", slower, { certain: false, again: true }],
  507: ["Full", "The store has no space left."]
}

/** Says what an error of the S3 client, or of what is below it, means. In doubt a write may have happened. @param readsOnly to whom it is said */
export const classify = (error: unknown, readsOnly = false): Verdict => {
  const parts = partsOf(error)
  const [reason, said, more] = kindOf(parts.name, parts.status, parts.code, parts.message)
  const hint = (readsOnly ? toReaders.get(said) : undefined) ?? said
  return {
    reason,
    hint: [adviceOf(hint, parts), answerOf(parts)].filter(Boolean).join(" "),
    certain: true,
    again: false,
    exists: false,
    ...more
  }
}

/** What is about how S3 is asked, where, and by whom. */
const ofCaller: ReadonlySet<string> = new Set([credentials, clock, region, noBucket, noS3, certificate])

/** Is it about who asks, and so the same of every object? What S3 has not answered is: it was not asked. */
export const isOfCaller = (error: unknown): boolean => {
  const { name, status, code, message } = partsOf(error)
  const [, said] = kindOf(name, status, code, message)
  return status === null || ofCaller.has(said)
}

/** A hint, with what the error says of the bucket. */
const adviceOf = (hint: string, { bucket, bucketRegion }: Parts): string => {
  if (hint === region && bucketRegion !== null) return `The bucket lies in ${bucketRegion}: set the region to it.`
  if (hint === noBucket && bucket !== null) return `There is no bucket s3://${bucket}: check its name and the account.`
  return hint
}

/** What S3 answered, for its support and for searches: without its text, which may quote. Empty without an answer. */
const answerOf = ({ name, status, requestId }: Parts): string => {
  if (status === null) return ""
  const code = isToken(name) && name !== String(status) ? ` ${name}` : ""
  return `S3 answered ${status}${code}${isToken(requestId) ? ` (request ${requestId})` : ""}.`
}

/** One word, as codes, names of buckets and ids of requests are. */
const isToken = (text: string): boolean => /^[\w.:=/+-]{1,128}$/.test(text)

const kindOf = (name: string, status: number | null, code: string, message: string): Kind => {
  const named = Object.hasOwn(byName, name) ? byName[name] : undefined
  if (named !== undefined) return name.endsWith("ProviderError") ? ["Denied", hintOfClient(message) ?? credentials] : named
  // Of whatever S3 itself asked, such as KMS, which tells them with a status of its own.
  if (/Throttl/.test(name)) return ["Unavailable", slower, { certain: status !== null && status < 500, again: true }]
  if (/Internal(Error|Exception|Failure)/.test(name)) return unclear(transient)
  if (name.startsWith("KMS.")) return ["Denied", "S3 cannot use the KMS key: check that it exists, is enabled, and lets this role use it."]
  if (status === 403 && /\bkms:/.test(message)) return ["Denied", kmsRights]
  if (status !== null && status >= 300) {
    if (status >= 400 && status < 500 && /\bregion\b.*\bexpecting\b/i.test(message)) return ["Invalid", region]
    return byStatus[status] ?? (status >= 500 ? unclear(transient) : ["Invalid", ""])
  }
  if (neverConnected.has(code)) return ["Unavailable", unreachable, { again: true }]
  if (/^(CERT_|ERR_TLS|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_(VERIFY|GET_ISSUER))/.test(code)) return ["Invalid", certificate]
  if (/\bregion is missing\b/i.test(message)) return ["Invalid", hintOfClient(message) ?? region]
  return unclear(unreachable)
}

const unclear = (hint: string): Kind => ["Unavailable", hint, { certain: false, again: true }]

const field = (value: unknown, name: string): unknown =>
  typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined
const text = (value: unknown): string => (typeof value === "string" ? value : "")

const partsOf = (error: unknown) => {
  const metadata = field(error, "$metadata")
  const status = field(metadata, "httpStatusCode")
  const headers = field(field(error, "$response"), "headers")
  const bucket = text(field(error, "BucketName"))
  return {
    name: text(field(error, "name")),
    status: typeof status === "number" ? status : null,
    code: text(field(error, "code")),
    message: text(field(error, "message")),
    requestId: text(field(metadata, "requestId")),
    bucket: isToken(bucket) ? bucket : null,
    bucketRegion: text(field(headers, "x-amz-bucket-region")) || text(field(error, "Region")) || null
  }
}

type Parts = ReturnType<typeof partsOf>

/** What of an error is kept for people: errors of S3 carry the signed request with them, which belongs in no log. */
export const causeOf = (error: unknown): Error => {
  const { name, status, code, message, requestId } = partsOf(error)
  const answer = [status, code === name ? "" : code, requestId === "" ? "" : `request ${requestId}`].filter(Boolean).join(", ")
  return new Error(`${name || "Error"}${answer === "" ? "" : ` (${answer})`}: ${message}`)
}
