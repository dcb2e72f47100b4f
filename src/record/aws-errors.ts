/**
 * Why a call of an AWS service failed, by what to do: `Throttled` and `Unavailable` may be tried again (an answer that never came is
 * `Unavailable`: what was asked for may have happened); `NotFound`, `Denied` and `Invalid` need a person.
 */
export type AwsReason = "Throttled" | "Unavailable" | "NotFound" | "Denied" | "Invalid"

/** By the name of the error, as the common errors of AWS have it. */
const byName: { readonly [name: string]: AwsReason } = {
  LimitExceededException: "Throttled",
  ThrottlingException: "Throttled",
  Throttling: "Throttled",
  RequestLimitExceeded: "Throttled",
  TooManyRequestsException: "Throttled",
  InternalFailureException: "Unavailable",
  InternalFailure: "Unavailable",
  ServiceUnavailable: "Unavailable",
  // The SDK has set its clock by this answer.
  RequestExpired: "Unavailable",
  RequestTimeTooSkewed: "Unavailable",
  RequestInTheFuture: "Unavailable",
  ResourceNotFoundException: "NotFound",
  AccessDeniedException: "Denied",
  AccessDenied: "Denied",
  OptInRequired: "Denied",
  NotAuthorized: "Denied",
  UnrecognizedClientException: "Denied",
  InvalidClientTokenId: "Denied",
  MissingAuthenticationToken: "Denied",
  IncompleteSignature: "Denied",
  InvalidSignatureException: "Denied",
  SignatureDoesNotMatch: "Denied",
  ExpiredTokenException: "Denied",
  CredentialsProviderError: "Denied",
  TokenProviderError: "Denied",
  InvalidArgumentException: "Invalid",
  ValidationException: "Invalid",
  SerializationException: "Invalid"
}

/** Once they have worked, credentials that cannot be had are a failure of whoever gives them, which may pass. */
const credentials = new Set(["CredentialsProviderError", "TokenProviderError", "ExpiredTokenException"])

/** Codes of Node for connections that were never made: nothing can have arrived. */
export const neverConnected: ReadonlySet<string> = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH"])

/**
 * What a failed call of the SDK means. Names go first, then the status; what has neither is a connection that failed, or an answer that cannot be
 * read.
 *
 * @param hasWorked has a call with these credentials succeeded before?
 */
export const classifyAws = (cause: unknown, hasWorked: boolean): AwsReason => {
  const { name, message, status } = awsErrorParts(cause)
  if (hasWorked && credentials.has(name)) return "Unavailable"
  if (name === "InvalidSignatureException" && /^Signature (expired|not yet current)/.test(message)) return "Unavailable"
  const reason = Object.hasOwn(byName, name) ? byName[name] : undefined
  if (reason !== undefined) return reason
  // The SDK has no name for this one.
  if (status === undefined && message === "Region is missing") return "Invalid"
  if (status === 429) return "Throttled"
  if (status === 401 || status === 403) return "Denied"
  return status !== undefined && status >= 400 && status < 500 && status !== 408 ? "Invalid" : "Unavailable"
}

/** What an error of the SDK says of itself. `code` is Node's, of a connection that failed; empty without one. */
export const awsErrorParts = (
  cause: unknown
): { readonly name: string; readonly message: string; readonly status: number | undefined; readonly code: string } => {
  if (!(cause instanceof Error)) return { name: "Error", message: "", status: undefined, code: "" }
  const metadata = "$metadata" in cause ? cause.$metadata : undefined
  const status =
    typeof metadata === "object" && metadata !== null && "httpStatusCode" in metadata && typeof metadata.httpStatusCode === "number"
      ? metadata.httpStatusCode
      : undefined
  return { name: cause.name, message: cause.message, status, code: "code" in cause && typeof cause.code === "string" ? cause.code : "" }
}
