/** Whether what fails is lost, and whether mappings are set so that nothing is. */
import { found, type Problem, problem } from "./hops.ts"
import type { Deployed, Queue, SourceMapping } from "./model.ts"

/** The fifth time that a message is received, what S3 denies becomes a dead letter: it must not be put aside before. */
const leastReceipts = 6

export const deadLetterProblems = (deployed: Deployed): ReadonlyArray<Problem> => {
  const isWatched = (queue: Queue) =>
    deployed.mappings.some(
      ({ source, target, isEnabled }) => source === queue.arn && isEnabled && deployed.functions.get(target)?.file === "collectDeadLetters"
    ) || deployed.alarms.some(({ dimensions, actions }) => dimensions["QueueName"] === queue.name && actions.length > 0)
  const isDeadLetterQueue = (queue: Queue) =>
    [...deployed.queues.values()].some(({ redrive }) => redrive?.to === queue.arn) ||
    [...deployed.functions.values()].some(({ onFailure }) => onFailure === queue.arn) ||
    [...deployed.topics.values()].some(({ subscriptions }) => subscriptions.some(({ deadLetters }) => deadLetters === queue.arn)) ||
    deployed.rules.some(({ targets }) => targets.some(({ deadLetters }) => deadLetters === queue.arn))
  const fed = new Set([
    ...[...deployed.buckets.values()].flatMap(({ notifications }) => notifications.map(({ target }) => target)),
    ...[...deployed.topics.values()].flatMap(({ subscriptions }) => subscriptions.map(({ endpoint }) => endpoint))
  ])
  return found([
    ...[...deployed.queues.values()].flatMap((queue) => {
      const { arn, name, redrive } = queue
      const ends = redrive === null ? undefined : deployed.queues.get(redrive.to)
      return [
        !fed.has(arn)
          ? null
          : redrive === null
            ? problem("no dead letters", `the queue ${name} has no dead-letter queue`)
            : ends === undefined
              ? problem("dangling", `dead letters of the queue ${name} go to ${redrive.to}, which is not there`)
              : redrive.after < leastReceipts
                ? problem(
                    "wrong setting",
                    `the queue ${name} gives a message up after ${redrive.after} receipts, before an object that is denied is a dead letter`
                  )
                : null,
        isDeadLetterQueue(queue) && !isWatched(queue) ? problem("no dead letters", `nobody looks at ${name}, where dead letters lie`) : null
      ]
    }),
    ...[...deployed.topics.values()].flatMap(({ arn, subscriptions }) =>
      subscriptions.map(({ deadLetters, endpoint, protocol }) =>
        deadLetters !== null || !["sqs", "lambda"].includes(protocol)
          ? null
          : problem("no dead letters", `what ${arn} cannot hand over to ${endpoint} is lost`)
      )
    ),
    ...deployed.rules.flatMap(({ name, targets }) =>
      targets.map((each) => (each.deadLetters === null ? problem("no dead letters", `what the rule ${name} cannot start is lost`) : null))
    ),
    ...[...deployed.functions.values()].map(({ name, onFailure, permissions }) =>
      onFailure === null && permissions.length > 0
        ? problem("no dead letters", `calls of ${name} that fail are lost: nobody waits for them, and it has no destination for failures`)
        : null
    )
  ])
}

export const mappingSettings = (deployed: Deployed): ReadonlyArray<Problem> =>
  deployed.mappings.flatMap((mapping) => {
    const queue = deployed.queues.get(mapping.source)
    const called = deployed.functions.get(mapping.target)
    const wrong = (says: string) => problem("wrong setting", `the mapping of ${called?.name} ${says}`)
    const settings: ReadonlyArray<readonly [boolean, string]> = [
      [mapping.reportsItems, "does not report single items: an answer that names what failed counts as success"],
      ...(queue === undefined ? ofStream(mapping) : []),
      ...(queue === undefined || called === undefined
        ? []
        : ([
            [
              queue.visibility >= 6 * called.timeout,
              `reads ${queue.name}, which hides messages for less than six times ${called.timeout} s`
            ],
            [mapping.batchSize <= 10 || mapping.window >= 1, "has a batch of more than 10 and no window, which Lambda refuses"],
            [
              called.file !== "sendStructuredJsonToFirehose" || mapping.concurrency !== null,
              "has no bound of concurrency: Firehose would throttle"
            ]
          ] as const))
    ]
    return settings.flatMap(([isRight, says]) => (isRight ? [] : [wrong(says)]))
  })

const ofStream = ({ parallelization, retries, startingPosition, tumbling }: SourceMapping): ReadonlyArray<readonly [boolean, string]> => [
  [parallelization === 1, "has a parallelization of more than 1: a position cannot tell slices of a shard apart"],
  [retries === -1, "gives records up while the lake is away"],
  [tumbling === 0, "has windows, whose events are refused"],
  [startingPosition !== null && startingPosition !== "LATEST", "leaves out what came before it was made"]
]
