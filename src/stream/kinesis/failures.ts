import { hintOfClient } from "../../record/aws-hints.ts"
import { SourceError } from "../../record/source-error.ts"
import type { KinesisError, KinesisReason } from "./api.ts"

export const sourceName = "kinesis"

const hints: Record<KinesisReason, string> = {
  NotFound:
    "Look at the names of stream, region and account. Was the stream deleted, and perhaps made again? Then read it into a new table.",
  Denied: "Give the process credentials that may read the stream, and use the key that encrypts it.",
  Invalid: "Look at the names of stream and region, and at the endpoint.",
  Throttled: "Others read the stream as well, or too many processes do: give it more shards, or fewer readers.",
  Unavailable: "Look at the network and at the state of the service; what was read is safe, and reading goes on where it stopped.",
  ExpiredIterator: "Run it again: reading goes on where it stopped.",
  ExpiredToken: "Run it again: reading goes on where it stopped."
}

/** The name of the operation that compares what was committed with the stream. */
export const resuming = "Resuming"

/** Of a position that the stream does not take. */
const strangeHint =
  "Was the stream deleted and made again? Then what was read of the old one says nothing about it: read it into a new table."

/** A failure of the API that nothing can be done about here. @param location ARN of the stream, or its name @param source name of the source */
export const asSourceError = (error: KinesisError, location: string, source = sourceName): SourceError =>
  new SourceError({
    source,
    reason: error.reason === "NotFound" || error.reason === "Denied" || error.reason === "Invalid" ? error.reason : "Unavailable",
    location,
    detail: `${error.operation} failed (${error.detail})`,
    hint:
      error.reason === "Invalid" && (error.operation === "GetShardIterator" || error.operation === resuming)
        ? strangeHint
        : (error.hint ?? hintOfClient(error.detail) ?? hints[error.reason]),
    cause: error
  })
