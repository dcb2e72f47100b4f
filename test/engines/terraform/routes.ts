/** Where the news of an object goes. */
import { mappingProblem, notificationProblem, type Problem, subscriptionProblem } from "./hops.ts"
import type { Bucket, Deployed, Notification } from "./model.ts"

/** Does a notification of a bucket tell of an object that was written? */
export const tellsOf = ({ events, prefix, suffix }: Notification, key: string, event = "s3:ObjectCreated:Put"): boolean =>
  key.startsWith(prefix) &&
  key.endsWith(suffix) &&
  events.some((each) => each === event || (each.endsWith("*") && event.startsWith(each.slice(0, -1))))

export interface Route {
  /** ARNs of functions that are told. */
  readonly functions: ReadonlySet<string>
  /** ARNs of queues that have the news, whether anybody reads them or not. */
  readonly queues: ReadonlySet<string>
  /** Hops on the way that fail. */
  readonly problems: ReadonlyArray<Problem>
}

/** Follows the news of an object that was written, through topics, queues and mappings, to the functions that get it. */
export const routeOf = (deployed: Deployed, bucket: Bucket, key: string): Route => {
  const functions = new Set<string>()
  const queues = new Set<string>()
  const problems: Array<Problem> = []
  const isGood = (found: Problem | null): boolean => {
    if (found !== null) problems.push(found)
    return found === null
  }
  const toQueue = (arn: string): void => {
    queues.add(arn)
    for (const mapping of deployed.mappings)
      if (mapping.source === arn && mapping.isEnabled && isGood(mappingProblem(deployed, mapping))) functions.add(mapping.target)
  }
  const toTopic = (arn: string): void => {
    const topic = deployed.topics.get(arn)
    for (const subscription of topic?.subscriptions ?? [])
      if (topic !== undefined && isGood(subscriptionProblem(deployed, topic, subscription))) {
        if (subscription.protocol === "sqs") toQueue(subscription.endpoint)
        if (subscription.protocol === "lambda") functions.add(subscription.endpoint)
      }
  }
  for (const notification of bucket.notifications) {
    if (!tellsOf(notification, key) || !isGood(notificationProblem(deployed, bucket, notification))) continue
    if (notification.kind === "topic") toTopic(notification.target)
    if (notification.kind === "queue") toQueue(notification.target)
    if (notification.kind === "lambda_function") functions.add(notification.target)
  }
  return { functions, queues, problems }
}
