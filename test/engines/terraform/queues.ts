/** The deployed queues, and mappings that bring functions what is in them, on a clock that jumps. */
import { Clock, Effect } from "effect"
import type { Random } from "../../../src/record/seeded.ts"
import type { QueueMessage } from "../../../src/stream/sqs/api.ts"
import { noQueueFaults, SimulatedQueue } from "../../simulation/simulated-queue.ts"
import type { Mishaps } from "../managed/deliveries.ts"
import type { FunctionCaller } from "./functions.ts"
import type { Deployed, SourceMapping } from "./model.ts"

/** Time of a world. Milliseconds since 1970. */
export interface WorldTime {
  now: number
}

/** A clock that says what the time of a world is. Nobody waits by it. */
export const jumpingClock = async (time: WorldTime): Promise<Clock.Clock> =>
  Object.assign(Object.create(await Effect.runPromise(Clock.Clock)), { currentTimeMillisUnsafe: () => time.now })

/** The deployed queues, by their ARNs. @param given null: they live on the clock of the machine */
export const openQueues = async (
  deployed: Deployed,
  given: Clock.Clock | null,
  random: Random
): Promise<ReadonlyMap<string, SimulatedQueue>> => {
  const clock = given ?? (await Effect.runPromise(Clock.Clock))
  const queues = new Map<string, SimulatedQueue>()
  const open = (arn: string): SimulatedQueue => {
    const known = queues.get(arn)
    const queue = deployed.queues.get(arn)
    if (known !== undefined) return known
    if (queue === undefined) throw new Error(`there is no queue ${arn}`)
    const { redrive, retention, url } = queue
    const made = new SimulatedQueue(clock, {
      url,
      random: () => random.unit(),
      retentionMillis: retention * 1000,
      redrive: redrive === null ? undefined : { after: redrive.after, to: open(redrive.to) }
    })
    // What is given out twice is seen to after minutes, for which nobody is to wait.
    made.faults = given === null ? { ...noQueueFaults, throttle: 0.01, short: 0.1 } : { ...noQueueFaults, double: 0.02 }
    queues.set(arn, made)
    return made
  }
  for (const arn of deployed.queues.keys()) open(arn)
  return queues
}

/** Calls to SQS give as many at most. */
const mostOfCall = 10
/** Functions at work at once, where a mapping has no bound of its own. */
const usualConcurrency = 6

const sqsEvent = (source: string, messages: ReadonlyArray<QueueMessage>) => ({
  Records: messages.map(({ body, id, receipt, received, sentAt }) => ({
    messageId: id,
    receiptHandle: receipt,
    body,
    attributes: { ApproximateReceiveCount: String(received), SentTimestamp: String(sentAt) },
    messageAttributes: {},
    eventSource: "aws:sqs",
    eventSourceARN: source,
    awsRegion: source.split(":")[3]
  }))
})

/** Items that an answer names as failed; null: all of them, since it cannot be read. */
export const failedOf = (answer: unknown): ReadonlyArray<string> | null => {
  const { batchItemFailures = [] } = Object(answer) as { readonly batchItemFailures?: unknown }
  if (!Array.isArray(batchItemFailures)) return null
  return batchItemFailures.map((each: unknown) => String((Object(each) as { readonly itemIdentifier?: unknown }).itemIdentifier))
}

/**
 * What a mapping does at one moment: brings its function what is visible in the queue, as many batches at once as it may, and removes what is done.
 *
 * @returns how often it called, and what went wrong
 */
export const pollOnce = async (
  deployed: Deployed,
  queue: SimulatedQueue,
  mapping: SourceMapping,
  { become }: FunctionCaller,
  random: Random,
  mishaps: Mishaps
): Promise<{ readonly calls: number; readonly problems: ReadonlyArray<string> }> => {
  const visibleAfter = deployed.queues.get(mapping.source)?.visibility ?? 0
  const receive = async (): Promise<ReadonlyArray<QueueMessage>> => {
    const batch: Array<QueueMessage> = []
    while (batch.length < mapping.batchSize) {
      const most = Math.min(mostOfCall, mapping.batchSize - batch.length)
      const more = await Effect.runPromise(queue.api.receive({ most, waitSeconds: 0, visibleAfter }))
      batch.push(...more)
      if (more.length < most) break
    }
    return batch
  }
  const batches: Array<ReadonlyArray<QueueMessage>> = []
  while (batches.length < (mapping.concurrency ?? usualConcurrency)) {
    const batch = await receive()
    if (batch.length === 0) break
    batches.push(batch)
  }
  if (batches.length === 0) return { calls: 0, problems: [] }
  const { invoke } = await become(mapping.target)
  const problems: Array<string> = []
  const bring = async (batch: ReadonlyArray<QueueMessage>): Promise<void> => {
    if (random.chance(mishaps.unreached)) return
    try {
      const answer = await invoke(sqsEvent(mapping.source, batch))
      if (random.chance(mishaps.unanswered)) return
      const failed = mapping.reportsItems ? failedOf(answer) : []
      const done = failed === null ? [] : batch.flatMap(({ id, receipt }) => (failed.includes(id) ? [] : [receipt]))
      for (let i = 0; i < done.length; i += mostOfCall) await Effect.runPromise(queue.api.remove(done.slice(i, i + mostOfCall)))
    } catch (error) {
      problems.push(error instanceof Error ? error.message : String(error))
    }
  }
  await Promise.all(batches.map(bring))
  return { calls: batches.length, problems }
}
