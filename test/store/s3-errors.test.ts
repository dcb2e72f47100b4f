import { describe, expect, it } from "vitest"
import { causeOf, classify, isOfCaller } from "../../src/store/s3-errors.ts"
import type { StoreReason } from "../../src/store/store.ts"

const s3 = (name: string, status: number, message = "") =>
  Object.assign(new Error(message), { name, $metadata: { httpStatusCode: status } })
const network = (code: string) => Object.assign(new Error(code), { code })

/** Error, reason, whether nothing was written for certain, whether it may pass. */
const cases: ReadonlyArray<readonly [string, unknown, StoreReason, boolean, boolean]> = [
  ["no such key", s3("NoSuchKey", 404), "NotFound", true, false],
  ["no such key, told to HEAD", s3("NotFound", 404), "NotFound", true, false],
  ["no such bucket", s3("NoSuchBucket", 404), "Invalid", true, false],
  ["a page that is not S3's", s3("Error", 404), "Invalid", true, false],
  ["denied", s3("AccessDenied", 403), "Denied", true, false],
  ["denied, told to HEAD", s3("403", 403), "Denied", true, false],
  ["expired credentials", s3("ExpiredToken", 400), "Denied", true, false],
  [
    "no credentials",
    Object.assign(new Error("Could not load credentials from any providers"), { name: "CredentialsProviderError" }),
    "Denied",
    true,
    false
  ],
  ["clock", s3("RequestTimeTooSkewed", 403), "Denied", true, true],
  ["key of KMS", s3("KMS.DisabledException", 400), "Denied", true, false],
  ["throttling of KMS", s3("KMS.ThrottlingException", 400), "Unavailable", true, true],
  ["throttling", s3("RequestThrottled", 503), "Unavailable", false, true],
  ["internal error of KMS", s3("KMS.KMSInternalException", 500), "Unavailable", false, true],
  ["internal error of another store", s3("XAmzInternalError", 400), "Unavailable", false, true],
  ["other region", s3("PermanentRedirect", 301), "Invalid", true, false],
  ["other region, by its signature", s3("AuthorizationHeaderMalformed", 400), "Invalid", true, false],
  ["no region", new Error("Region is missing"), "Invalid", true, false],
  ["conflict of conditional puts", s3("ConditionalRequestConflict", 409), "Unavailable", true, true],
  ["no conditional puts", s3("NotImplemented", 501), "Invalid", true, false],
  ["too many requests", s3("TooManyRequests", 429), "Unavailable", true, true],
  ["slow down", s3("SlowDown", 503), "Unavailable", false, true],
  ["internal error", s3("InternalError", 500), "Unavailable", false, true],
  ["bad gateway", s3("Unknown", 502), "Unavailable", false, true],
  ["request time-out", s3("RequestTimeout", 400), "Unavailable", false, true],
  ["time-out", Object.assign(new Error("timed out"), { name: "TimeoutError" }), "Unavailable", false, true],
  ["connection reset", network("ECONNRESET"), "Unavailable", false, true],
  ["broken pipe", network("EPIPE"), "Unavailable", false, true],
  ["refused", network("ECONNREFUSED"), "Unavailable", true, true],
  ["no such name", network("ENOTFOUND"), "Unavailable", true, true],
  ["certificate", network("DEPTH_ZERO_SELF_SIGNED_CERT"), "Invalid", true, false],
  ["store is full", s3("XStorageFull", 507), "Full", true, false],
  ["name of a JavaScript object", s3("constructor", 500), "Unavailable", false, true],
  ["something thrown", "?", "Unavailable", false, true],
  ["nothing thrown", undefined, "Unavailable", false, true]
]

describe("an error of S3", () => {
  it.for(cases)("%s", ([_, error, reason, certain, again]) => {
    const verdict = classify(error)
    expect(verdict).toMatchObject({ reason, certain, again, exists: false })
    expect(verdict.hint.length).toBeGreaterThan(10)
  })

  it("is of who asks, or of the object", () => {
    const ofCaller = [
      s3("ExpiredToken", 400),
      s3("RequestTimeTooSkewed", 403),
      s3("PermanentRedirect", 301),
      s3("301", 301),
      s3("AuthorizationHeaderMalformed", 400),
      s3("IllegalLocationConstraintException", 400),
      s3("NoSuchBucket", 404),
      s3("Error", 404),
      new Error("Region is missing"),
      network("SELF_SIGNED_CERT_IN_CHAIN"),
      network("CERT_HAS_EXPIRED"),
      network("ERR_TLS_CERT_ALTNAME_INVALID"),
      Object.assign(new Error("no"), { name: "CredentialsProviderError" })
    ]
    expect(ofCaller.filter((error) => !isOfCaller(error))).toEqual([])
    const ofObject = [s3("NoSuchKey", 404), s3("AccessDenied", 403), s3("InvalidObjectState", 403), s3("KMS.DisabledException", 400)]
    expect(ofObject.filter(isOfCaller)).toEqual([])
  })

  it("that says there is such an object is told apart", () => {
    expect(classify(s3("PreconditionFailed", 412))).toMatchObject({ exists: true, certain: true, again: false })
    expect(classify(s3("Unknown", 412))).toMatchObject({ exists: true })
  })

  it("that names the region of the bucket says which", () => {
    const moved = Object.assign(s3("PermanentRedirect", 301), { $response: { headers: { "x-amz-bucket-region": "ap-south-1" } } })
    expect(classify(moved).hint).toContain("ap-south-1")
    expect(classify(Object.assign(s3("AuthorizationHeaderMalformed", 400), { Region: "eu-north-1" })).hint).toContain("eu-north-1")
  })

  it("that says a right to a KMS key is missing names those rights, not those of S3", () => {
    const denied = "User: arn:aws:sts::1:assumed-role/sluice/1 is not authorized to perform: kms:GenerateDataKey on this resource"
    const verdict = classify(s3("AccessDenied", 403, denied))
    expect(verdict).toMatchObject({ reason: "Denied", certain: true, again: false })
    expect(verdict.hint).toMatch(/kms:GenerateDataKey and kms:Decrypt on the key/)
    expect(verdict.hint).not.toMatch(/s3:|assumed-role/)
    const ofS3 = "User: arn:aws:iam::1:user/a is not authorized to perform: s3:PutObject on resource: arn:aws:s3:::b/k"
    expect(classify(s3("AccessDenied", 403, ofS3)).hint).toContain("Grant s3:GetObject")
  })

  it("that is the client's own says where it looked, and what to give", () => {
    const own = (name: string, message: string) => classify(Object.assign(new Error(message), { name })).hint
    expect(own("CredentialsProviderError", "Could not load credentials from any providers")).toMatch(/AWS_ACCESS_KEY_ID.*AWS_PROFILE.*role/)
    expect(own("CredentialsProviderError", "Profile nope could not be found or parsed in shared credentials file.")).toMatch(/AWS_PROFILE/)
    expect(own("Error", "Region is missing")).toMatch(/--region.*AWS_REGION/)
    // Who has credentials is not told that there are none.
    expect(classify(s3("ExpiredToken", 400, "The provided token has expired.")).hint).toMatch(/expired/)
  })

  it("that says there is no bucket names it", () => {
    expect(classify(Object.assign(s3("NoSuchBucket", 404), { BucketName: "my-lake" })).hint).toContain("There is no bucket s3://my-lake:")
    expect(classify(s3("NoSuchBucket", 404)).hint).toContain("There is no such bucket:")
    expect(classify(Object.assign(s3("NoSuchBucket", 404), { BucketName: "a page\nof text" })).hint).toContain("There is no such bucket:")
  })

  it("is told with its code and request, without its text", () => {
    const of = (name: string, status: number | undefined, requestId?: string) =>
      classify(Object.assign(new Error("quotes a key"), { name, $metadata: { httpStatusCode: status, requestId } })).hint
    expect(of("AccessDenied", 403, "4442587FB7D0A2F9")).toMatch(/ S3 answered 403 AccessDenied \(request 4442587FB7D0A2F9\)\.$/)
    expect(of("InternalError", 500)).toMatch(/\. S3 answered 500 InternalError\.$/)
    expect(of("403", 403)).toMatch(/\. S3 answered 403\.$/)
    expect(of("Teapot", 418)).toBe("S3 answered 418 Teapot.")
    expect(of("a page\nof text", 418, "a page\nof text")).toBe("S3 answered 418.")
    expect(of("TimeoutError", undefined)).not.toContain("S3 answered")
    expect(of("AccessDenied", 403, "4442587FB7D0A2F9")).not.toContain("quotes")
  })

  it("keeps its code, status and request, for people", () => {
    const error = Object.assign(s3("AccessDenied", 403, "Access Denied"), {
      $metadata: { httpStatusCode: 403, requestId: "4442587FB7D0A2F9" }
    })
    expect(causeOf(error).message).toBe("AccessDenied (403, request 4442587FB7D0A2F9): Access Denied")
  })
})
