import { Effect, type Scope } from "effect"
import { bytesIn } from "../contract/bytes-at.ts"
import type { CompiledContract } from "../contract/compile.ts"
import { formatOf } from "../contract/format.ts"
import { count } from "../record/count.ts"
import type { SourceError } from "../record/source-error.ts"
import { announcedName, announcedSources } from "../source/announced/announced.ts"
import { framingOf } from "../source/framing.ts"
import { openObjectReader } from "../store/s3-reader.ts"
import { awsQueue } from "../stream/sqs/aws-sqs.ts"
import { asSourceError } from "../stream/sqs/failures.ts"
import { largePagesOf, pageBytesOf } from "./budget.ts"
import { UsageError } from "./failures.ts"
import type { Carried } from "./pipeline.ts"
import type { Values } from "./settings.ts"
import type { SourceChoice } from "./sources.ts"

/** A dataset, and which keys it takes; null: all. */
interface Share {
  readonly contract: CompiledContract
  readonly takes: ((key: string) => boolean) | null
}

/** What the command cannot do without. */
export const queueOf = ({ queue }: Values<"queue">): Effect.Effect<string, UsageError> =>
  queue === null
    ? Effect.fail(
        new UsageError({
          problem: "--queue is missing",
          hint: "Give the URL of the queue of SQS to which the bucket announces its objects."
        })
      )
    : Effect.succeed(queue)

/** A queue, where the settings say that it is. Fails with what the client says of itself: it asks nobody yet. */
export const sqsOf = (values: Values<"queue" | "region">) =>
  Effect.flatMap(queueOf(values), (url) => Effect.mapError(awsQueue(url, values.region), asSourceError(announcedName, url)))

/**
 * The sources of datasets that share a queue, and what people should know of its messages, as sentences.
 *
 * @param leaves which keys are of datasets that are not carried now: what is announced of them stays in the queue
 */
export const openAnnounced = (
  shares: ReadonlyArray<Share>,
  leaves: (key: string) => boolean,
  { format }: SourceChoice,
  values: Values<"queue" | "region" | "s3Endpoint" | "maxRecordBytes">,
  follow: boolean
): Effect.Effect<
  { readonly datasets: ReadonlyArray<Carried>; readonly notes: Effect.Effect<ReadonlyArray<string>> },
  SourceError | UsageError,
  Scope.Scope
> =>
  Effect.gen(function* () {
    const { maxRecordBytes, region, s3Endpoint } = values
    const queue = yield* sqsOf(values)
    const objects = yield* Effect.orDie(openObjectReader({ region: region ?? undefined, endpoint: s3Endpoint ?? undefined }))
    const { sources, told } = yield* announcedSources({
      queue,
      objects,
      datasets: shares.map(({ contract, takes }) => ({
        takes: takes ?? (() => true),
        format: framingOf(formatOf(contract.contract), format),
        bytesAt: bytesIn(contract.contract.fields)
      })),
      leaves,
      follow,
      pageBytes: pageBytesOf(shares.length),
      large: largePagesOf(shares.length),
      maxRecordBytes
    })
    return {
      datasets: sources.flatMap((source, i) => {
        const share = shares[i]
        return share === undefined ? [] : [{ contract: share.contract, source }]
      }),
      notes: Effect.sync(() => {
        const { not_taken, returned, test, deleted, other } = told()
        const nothing = test + deleted + other
        return [
          ...(nothing === 0
            ? []
            : [`${count(nothing, "announcement was", "announcements were")} of nothing to be read: tests, deletions, other events.`]),
          ...(not_taken === 0
            ? []
            : [
                `${count(not_taken, "object is", "objects are")} of no dataset that was carried: a contract says with announced which are of it.`
              ]),
          ...(returned === 0
            ? []
            : [
                `${count(returned, "message was", "messages were")} given back, to be received again: S3 does not give what they announce, or it is of another dataset.`
              ])
        ]
      })
    }
  })
