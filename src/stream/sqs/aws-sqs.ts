import { Effect, type Scope } from "effect"
import { type CallFailed, openCaller } from "../../record/aws-call.ts"
import type { QueueApi } from "./api.ts"
import { queueErrors } from "./failures.ts"

/** What a queue says of itself. */
export interface QueueState {
  /** Messages that may be received, about. */
  readonly waiting: number
  /** Messages that somebody has received, and has not removed, about. */
  readonly held: number
}

export interface AwsQueue extends QueueApi {
  readonly describe: Effect.Effect<QueueState, CallFailed>
}

/**
 * A queue of SQS by the AWS SDK, which is loaded here. Closed with the scope. Where it is its URL says.
 *
 * @param region default: that of the URL, where it names one, else as the AWS tools find it
 */
export const awsQueue = (url: string, region: string | null): Effect.Effect<AwsQueue, CallFailed, Scope.Scope> =>
  Effect.gen(function* () {
    const sdk = yield* Effect.promise(() => import("./sdk.ts"))
    const place = { region: region ?? regionOf(url), endpoint: new URL(url).origin }
    const { call } = yield* openCaller(place, async (config) => new sdk.SQSClient(config), queueErrors)
    return {
      url,
      receive: ({ most, waitSeconds, visibleAfter }) =>
        Effect.map(
          call("ReceiveMessage", (client, abort) =>
            client.send(
              new sdk.ReceiveMessageCommand({
                QueueUrl: url,
                MaxNumberOfMessages: most,
                WaitTimeSeconds: waitSeconds,
                VisibilityTimeout: visibleAfter,
                MessageSystemAttributeNames: ["SentTimestamp", "ApproximateReceiveCount"]
              }),
              abort
            )
          ),
          ({ Messages = [] }) =>
            Messages.flatMap(({ MessageId, ReceiptHandle, Body = "", Attributes = {} }) =>
              MessageId === undefined || ReceiptHandle === undefined
                ? []
                : [
                    {
                      id: MessageId,
                      receipt: ReceiptHandle,
                      body: Body,
                      sentAt: Number(Attributes.SentTimestamp ?? 0),
                      received: Number(Attributes.ApproximateReceiveCount ?? 1)
                    }
                  ]
            )
        ),
      hide: (receipts, visibleAfter) =>
        Effect.map(
          call("ChangeMessageVisibility", (client, abort) =>
            client.send(
              new sdk.ChangeMessageVisibilityBatchCommand({
                QueueUrl: url,
                Entries: receipts.map((ReceiptHandle, i) => ({ Id: String(i), ReceiptHandle, VisibilityTimeout: visibleAfter }))
              }),
              abort
            )
          ),
          ({ Failed }) => failedOf(receipts, Failed)
        ),
      remove: (receipts) =>
        Effect.map(
          call("DeleteMessage", (client, abort) =>
            client.send(
              new sdk.DeleteMessageBatchCommand({
                QueueUrl: url,
                Entries: receipts.map((ReceiptHandle, i) => ({ Id: String(i), ReceiptHandle }))
              }),
              abort
            )
          ),
          ({ Failed }) => failedOf(receipts, Failed)
        ),
      describe: Effect.map(
        call("GetQueueAttributes", (client, abort) =>
          client.send(
            new sdk.GetQueueAttributesCommand({
              QueueUrl: url,
              AttributeNames: ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
            }),
            abort
          )
        ),
        ({ Attributes = {} }) => ({
          waiting: Number(Attributes.ApproximateNumberOfMessages ?? 0),
          held: Number(Attributes.ApproximateNumberOfMessagesNotVisible ?? 0)
        })
      )
    }
  })

/** Entries are named by their place. */
const failedOf = (
  receipts: ReadonlyArray<string>,
  failed: ReadonlyArray<{ readonly Id: string | undefined }> = []
): ReadonlyArray<string> => failed.flatMap(({ Id }) => receipts[Number(Id)] ?? [])

/** `https://sqs.eu-west-1.amazonaws.com/…`, and the older `https://eu-west-1.queue.amazonaws.com/…`. */
const regionOf = (url: string): string | null =>
  /^https:\/\/(?:sqs\.([\w-]+)|([\w-]+)\.queue)\.amazonaws\.com(?:\.cn)?\//.exec(url)?.slice(1).find(Boolean) ?? null
