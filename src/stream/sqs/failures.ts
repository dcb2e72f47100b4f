import type { CallFailed } from "../../record/aws-call.ts"
import type { AwsReason } from "../../record/aws-errors.ts"
import { hintOfClient, hintOfDenied } from "../../record/aws-hints.ts"
import { SourceError } from "../../record/source-error.ts"

const missing = { QueueDoesNotExist: "NotFound", "AWS.SimpleQueueService.NonExistentQueue": "NotFound" } as const
const limits = { OverLimit: "Throttled", RequestThrottled: "Throttled", KmsThrottled: "Throttled" } as const

/** What SQS has beside the common errors of AWS, by name. */
export const queueErrors: { readonly [name: string]: AwsReason } = {
  ...missing,
  ...limits,
  KmsAccessDenied: "Denied",
  KmsDisabled: "Denied",
  KmsOptInRequired: "Denied"
}

const hints: Record<AwsReason, string> = {
  NotFound: "Look at the URL of the queue, the region and the account.",
  Denied:
    "Allow sqs:ReceiveMessage, sqs:DeleteMessage and sqs:ChangeMessageVisibility on the queue to the role of this process, and kms:Decrypt on the key that encrypts it.",
  Invalid: "Look at the URL of the queue, and at the region.",
  Throttled: "Too many messages are held, or too many calls made: let fewer processes read the queue.",
  Unavailable: "Look at the network and at the state of the service: what was not committed stays in the queue."
}

/** A failed call that nothing can be done about here. @param queue its URL */
export const asSourceError =
  (source: string, queue: string) =>
  ({ operation, reason, detail }: CallFailed): SourceError =>
    new SourceError({
      source,
      reason: reason === "Throttled" ? "Unavailable" : reason,
      location: queue,
      detail: `${operation} failed (${detail})`,
      hint: hintOfClient(detail) ?? (reason === "Denied" ? hintOfDenied(detail) : null) ?? hints[reason]
    })
