import { awsErrorParts, classifyAws } from "../../record/aws-errors.ts"
import { KinesisError, type KinesisReason } from "./api.ts"

/** What Kinesis has beside the common errors of AWS, by name, as the API model has it. */
const byName: { readonly [name: string]: KinesisReason } = {
  ProvisionedThroughputExceededException: "Throttled",
  KMSThrottlingException: "Throttled",
  // The stream is being made, or changed.
  ResourceInUseException: "Unavailable",
  ExpiredIteratorException: "ExpiredIterator",
  ExpiredNextTokenException: "ExpiredToken",
  KMSAccessDeniedException: "Denied",
  KMSDisabledException: "Denied",
  KMSInvalidStateException: "Denied",
  KMSNotFoundException: "Denied",
  KMSOptInRequired: "Denied"
}

/**
 * What a failed call means.
 *
 * @param hasWorked has a call with these credentials succeeded before?
 */
export const classify = (cause: unknown, hasWorked: boolean): KinesisReason =>
  byName[awsErrorParts(cause).name] ?? classifyAws(cause, hasWorked)

/** Messages of the service that quote what was sent, which may be data: `Value '…' at 'partitionKey' failed to satisfy …`. */
const quoted = /Value '[\s\S]*?' at '/g

export const asKinesisError = (operation: string, stream: string, cause: unknown, hasWorked: boolean): KinesisError => {
  const { name, message } = awsErrorParts(cause)
  const said = message.replace(quoted, "Value at '").replace(/\.\s*$/, "")
  return new KinesisError({
    operation,
    stream,
    reason: classify(cause, hasWorked),
    detail: said === "" ? name : said
  })
}
