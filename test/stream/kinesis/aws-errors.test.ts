import { describe, expect, it } from "vitest"
import { asKinesisError, classify } from "../../../src/stream/kinesis/aws-errors.ts"
import { asSourceError } from "../../../src/stream/kinesis/failures.ts"

const failure = (name: string, status?: number, message = "no.") =>
  Object.assign(new Error(message), { name }, status === undefined ? {} : { $metadata: { httpStatusCode: status } })

describe("failures of the SDK", () => {
  it.each([
    ["ProvisionedThroughputExceededException", 400, "Throttled"],
    ["KMSThrottlingException", 400, "Throttled"],
    ["LimitExceededException", 400, "Throttled"],
    ["ExpiredIteratorException", 400, "ExpiredIterator"],
    ["ExpiredNextTokenException", 400, "ExpiredToken"],
    ["ResourceNotFoundException", 400, "NotFound"],
    ["AccessDeniedException", 400, "Denied"],
    ["KMSAccessDeniedException", 400, "Denied"],
    ["KMSDisabledException", 400, "Denied"],
    ["KMSInvalidStateException", 400, "Denied"],
    ["KMSNotFoundException", 400, "Denied"],
    ["KMSOptInRequired", 400, "Denied"],
    ["InvalidArgumentException", 400, "Invalid"],
    ["ValidationException", 400, "Invalid"],
    ["ResourceInUseException", 400, "Unavailable"],
    ["InternalFailureException", 500, "Unavailable"],
    ["InternalFailure", 500, "Unavailable"],
    ["Unknown", 503, "Unavailable"],
    ["Unknown", 429, "Throttled"],
    ["Unknown", 403, "Denied"],
    ["Unknown", 408, "Unavailable"],
    ["SomethingNewException", 400, "Invalid"],
    ["TimeoutError", undefined, "Unavailable"],
    ["Error", undefined, "Unavailable"]
  ])("%s with status %s is %s", (name, status, reason) => {
    expect(classify(failure(name, status), false)).toBe(reason)
  })

  it("credentials that have worked may come back", () => {
    expect(classify(failure("CredentialsProviderError"), false)).toBe("Denied")
    expect(classify(failure("CredentialsProviderError"), true)).toBe("Unavailable")
    expect(classify(failure("AccessDeniedException", 400), true)).toBe("Denied")
  })

  it("a clock that is wrong is set by the answer", () => {
    const skewed = "Signature expired: 20240501T000000Z is now earlier than 20240501T001000Z"
    expect(classify(failure("InvalidSignatureException", 400, skewed), false)).toBe("Unavailable")
    expect(classify(failure("InvalidSignatureException", 400, "The signature does not match"), false)).toBe("Denied")
  })

  it("a missing region is told at once", () => {
    expect(classify(failure("Error", undefined, "Region is missing"), false)).toBe("Invalid")
  })

  it("what the client lacks is told with what to give", () => {
    const hint = (name: string, message: string) =>
      asSourceError(asKinesisError("ListShards", "orders", failure(name, undefined, message), false), "orders").hint
    expect(hint("CredentialsProviderError", "Could not load credentials from any providers")).toMatch(
      /AWS_ACCESS_KEY_ID.*AWS_PROFILE.*role/
    )
    expect(hint("Error", "Region is missing")).toMatch(/--region.*AWS_REGION/)
    expect(hint("AccessDeniedException", "not authorized to perform: kinesis:ListShards")).toMatch(/may read the stream/)
  })

  it("says what the service said, but not what it quotes", () => {
    const message = "1 validation error detected: Value 'Jane\nDoe' at 'records.1.member.partitionKey' failed to satisfy constraint."
    expect(asKinesisError("PutRecords", "orders", failure("ValidationException", 400, message), false)).toMatchObject({
      operation: "PutRecords",
      stream: "orders",
      reason: "Invalid",
      detail: "1 validation error detected: Value at 'records.1.member.partitionKey' failed to satisfy constraint"
    })
    expect(asKinesisError("PutRecords", "orders", failure("Odd", 500, ""), false).detail).toBe("Odd")
    expect(asKinesisError("PutRecords", "orders", "text", false)).toMatchObject({ reason: "Unavailable", detail: "Error" })
  })
})
