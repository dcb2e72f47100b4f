import { KinesisError, type KinesisReason } from "./api.ts"

/** By the name of the error, as the API model and the common errors of AWS have it. */
const byName: { readonly [name: string]: KinesisReason } = {
  ProvisionedThroughputExceededException: "Throttled",
  KMSThrottlingException: "Throttled",
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
  // The stream is being made, or changed.
  ResourceInUseException: "Unavailable",
  ExpiredIteratorException: "ExpiredIterator",
  ExpiredNextTokenException: "ExpiredToken",
  ResourceNotFoundException: "NotFound",
  AccessDeniedException: "Denied",
  AccessDenied: "Denied",
  KMSAccessDeniedException: "Denied",
  KMSDisabledException: "Denied",
  KMSInvalidStateException: "Denied",
  KMSNotFoundException: "Denied",
  KMSOptInRequired: "Denied",
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

/**
 * What a failed call of the SDK means. Names go first, then the status; what has neither is a connection that failed, or an answer that cannot be
 * read.
 *
 * @param hasWorked has a call with these credentials succeeded before?
 */
export const classify = (cause: unknown, hasWorked: boolean): KinesisReason => {
  const { name, message, status } = partsOf(cause)
  if (hasWorked && credentials.has(name)) return "Unavailable"
  if (name === "InvalidSignatureException" && /^Signature (expired|not yet current)/.test(message)) return "Unavailable"
  const reason = byName[name]
  if (reason !== undefined) return reason
  // The SDK has no name for this one.
  if (status === undefined && message === "Region is missing") return "Invalid"
  if (status === 429) return "Throttled"
  if (status === 401 || status === 403) return "Denied"
  return status !== undefined && status >= 400 && status < 500 && status !== 408 ? "Invalid" : "Unavailable"
}

/** Messages of the service that quote what was sent, which may be data: `Value '…' at 'partitionKey' failed to satisfy …`. */
const quoted = /Value '[\s\S]*?' at '/g

export const asKinesisError = (operation: string, stream: string, cause: unknown, hasWorked: boolean): KinesisError => {
  const { name, message } = partsOf(cause)
  const said = message.replace(quoted, "Value at '").replace(/\.\s*$/, "")
  return new KinesisError({
    operation,
    stream,
    reason: classify(cause, hasWorked),
    detail: said === "" ? name : said
  })
}

const partsOf = (cause: unknown): { readonly name: string; readonly message: string; readonly status: number | undefined } => {
  if (!(cause instanceof Error)) return { name: "Error", message: "", status: undefined }
  const metadata = "$metadata" in cause ? cause.$metadata : undefined
  const status =
    typeof metadata === "object" && metadata !== null && "httpStatusCode" in metadata && typeof metadata.httpStatusCode === "number"
      ? metadata.httpStatusCode
      : undefined
  return { name: cause.name, message: cause.message, status }
}
