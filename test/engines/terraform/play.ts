/**
 * Plays AWS by a deployed configuration: what buckets tell, topics hand on, queues hold and mappings bring; what Firehose writes; what a rule starts, and when. Nothing of it is
 * written here: where a wire leads, how large a batch is, how often something is tried and where it goes then says the configuration, and a hop that it does not allow ends
 * the play by name. Things are delivered twice and out of order, calls get lost, and so do their answers.
 */

import { membersOf } from "../../../src/record/members.ts"
import type { Random } from "../../../src/record/seeded.ts"
import type { FakeFirehose } from "../../firehose/fake-firehose.ts"
import { inSns, notificationOf } from "../../simulation/announced/messages.ts"
import type { ObjectVersion } from "../../simulation/input-bucket.ts"
import type { SimulatedQueue } from "../../simulation/simulated-queue.ts"
import { callAsynchronously, delivered, type Mishaps } from "../managed/deliveries.ts"
import type { FunctionCaller } from "./functions.ts"
import { failureProblem, mappingProblem, notificationProblem, type Problem, subscriptionProblem, targetProblem } from "./hops.ts"
import type { Bucket, Deployed, Rule, Topic } from "./model.ts"
import { matches } from "./patterns.ts"
import { lakeOf } from "./places.ts"
import { pollOnce, type WorldTime } from "./queues.ts"
import { tellsOf } from "./routes.ts"

export interface PlayOptions {
  readonly deployed: Deployed
  readonly time: WorldTime
  readonly queues: ReadonlyMap<string, SimulatedQueue>
  readonly firehoses: ReadonlyArray<FakeFirehose>
  readonly functions: FunctionCaller
  /** Objects that lie in a bucket. */
  readonly objectsIn: (bucket: string) => Promise<ReadonlyArray<ObjectVersion>>
  /** Runs the task of a rule to its end. */
  readonly runTask: (task: string, cluster: string) => Promise<void>
  /** Done before each step. */
  readonly beforeStep: () => void
  readonly random: Random
  readonly mishaps: Mishaps
}

export interface Play {
  /** S3 tells of objects that were written to a bucket. */
  readonly tell: (bucket: Bucket, objects: ReadonlyArray<ObjectVersion>) => Promise<void>
  /** All goes on until nothing waits any more, the lake's own objects included. Where something fails for ever, it ends in words. */
  readonly settle: () => Promise<void>
  /** The clock comes to the next minute for which a rule waits, which starts what it is for, now and then twice. */
  readonly nextMinute: () => Promise<void>
  /** An event of AWS, for which rules may wait. */
  readonly happen: (event: object) => Promise<void>
}

const must = (problem: Problem | null): void => {
  if (problem !== null) throw new Error(`${problem.name}: ${problem.says}`)
}

/** A call takes so long, and so does what lies between two: milliseconds. */
const step = 20_000
/** Of steps in which functions are called: in one of so many it is looked at what they wrote. */
const stepsBetweenLooks = 25
/** Of all that may be tried again, nothing is after so many steps. */
const mostSteps = 20_000

export const openPlay = ({
  beforeStep,
  deployed,
  firehoses,
  functions,
  mishaps,
  objectsIn,
  queues,
  random,
  runTask,
  time
}: PlayOptions): Play => {
  /** Calls that nobody waits for, by function. */
  const calls = new Map<string, Array<unknown>>()
  const callLater = (arn: string, event: unknown) => void calls.set(arn, [...(calls.get(arn) ?? []), event])
  const send = (arn: string, body: string): void => {
    const queue = queues.get(arn)
    if (queue === undefined) throw new Error(`there is no queue ${arn}`)
    queue.send(body)
  }

  const publish = (topic: Topic, message: string): void => {
    for (const subscription of topic.subscriptions) {
      must(subscriptionProblem(deployed, topic, subscription))
      if (subscription.filter !== null) throw new Error(`filters of subscriptions are not played: ${subscription.filter}`)
      const { endpoint, isRaw, protocol } = subscription
      if (protocol === "sqs") send(endpoint, isRaw ? message : inSns(message))
      if (protocol === "lambda")
        callLater(endpoint, { Records: [{ EventSource: "aws:sns", EventVersion: "1.0", Sns: JSON.parse(inSns(message)) }] })
    }
  }

  const tell: Play["tell"] = async (bucket, objects) => {
    for (const object of delivered(objects, random, mishaps))
      for (const notification of bucket.notifications) {
        if (!tellsOf(notification, object.key)) continue
        must(notificationProblem(deployed, bucket, notification))
        const message = notificationOf(random, bucket.name, object)
        const topic = deployed.topics.get(notification.target)
        if (topic !== undefined) publish(topic, message)
        else if (notification.kind === "queue") send(notification.target, message)
        else callLater(notification.target, JSON.parse(message))
      }
  }

  /** The lake's, whose objects come while this plays. What is raw is told of by whoever writes it. */
  const lakes = [...deployed.buckets.values()].filter(
    ({ name, notifications }) => name === lakeOf(deployed).bucket && notifications.length > 0
  )
  /** Objects of which their buckets have told. */
  const known = new Set<string>()
  const tellOfNew = async (): Promise<number> => {
    let found = 0
    for (const bucket of lakes) {
      const fresh = (await objectsIn(bucket.name)).filter(({ etag, key }) => !known.has(`${key} ${etag}`))
      for (const { etag, key } of fresh) known.add(`${key} ${etag}`)
      found += fresh.length
      await tell(bucket, fresh)
    }
    return found
  }

  const problems = new Map<string, string>()

  const callAll = async (): Promise<number> => {
    let made = 0
    for (const [arn, events] of calls) {
      calls.delete(arn)
      const { called, invoke } = await functions.become(arn)
      made += events.length
      const givenUp = await callAsynchronously(invoke, events, random, mishaps, called.retries)
      for (const { event, problem } of givenUp) {
        problems.set(called.name, problem)
        if (called.onFailure === null) throw new Error(`${called.name} fails, and nobody is told: ${problem}`)
        must(failureProblem(deployed, called))
        send(called.onFailure, JSON.stringify({ version: "1.0", requestContext: { condition: "RetriesExhausted" }, requestPayload: event }))
      }
    }
    return made
  }

  const pollAll = async (): Promise<number> => {
    let made = 0
    for (const mapping of deployed.mappings) {
      const queue = queues.get(mapping.source)
      if (queue === undefined || !mapping.isEnabled || queue.messages.length === 0) continue
      must(mappingProblem(deployed, mapping))
      const polled = await pollOnce(deployed, queue, mapping, functions, random, mishaps)
      made += polled.calls
      for (const each of polled.problems) problems.set(deployed.functions.get(mapping.target)?.name ?? "", each)
    }
    return made
  }

  /** Queues that somebody reads. */
  const isRead = (arn: string) => deployed.mappings.some(({ isEnabled, source }) => isEnabled && source === arn)

  const writtenByFirehose = () => firehoses.reduce((sum, { delivered, errors }) => sum + delivered.length + errors.length, 0)

  const settle: Play["settle"] = async () => {
    // A bucket is looked at where somebody may have written to it, and not at each step: to list ten thousand objects takes longer than to call a function.
    let isWritten = true
    for (let steps = 0; ; steps++) {
      if (steps === mostSteps)
        throw new Error(`something is never done: ${[...problems].map(([name, says]) => `${name}: ${says}`).join("; ")}`)
      beforeStep()
      const called = (await callAll()) + (await pollAll())
      isWritten ||= called > 0
      let told = 0
      if (isWritten && (called === 0 || steps % stepsBetweenLooks === 0)) {
        told = await tellOfNew()
        isWritten = false
      }
      time.now += step
      const before = writtenByFirehose()
      for (const firehose of firehoses) await firehose.deliver()
      const isFresh = writtenByFirehose() > before
      isWritten ||= isFresh
      if (called + told > 0 || isFresh || firehoses.some(({ held }) => held.length > 0)) continue
      // Nothing can be done now: on to when a message is visible again.
      const hidden = [...queues].flatMap(([arn, { messages }]) => (isRead(arn) ? messages.map(({ visibleAt }) => visibleAt) : []))
      if (hidden.length === 0) return
      time.now = Math.max(time.now, Math.min(...hidden))
    }
  }

  const start = async (rule: Rule, event: object): Promise<void> => {
    for (const target of rule.targets) {
      must(targetProblem(deployed, rule, target))
      const given = target.input === null ? event : JSON.parse(target.input)
      if (target.task !== null) await runTask(target.task, target.arn)
      else if (deployed.functions.has(target.arn)) callLater(target.arn, given)
      else send(target.arn, JSON.stringify(given))
    }
    await callAll()
  }

  return {
    tell,
    settle,
    nextMinute: async () => {
      const rules = deployed.rules.flatMap((rule) =>
        rule.isEnabled && rule.schedule !== null ? [{ rule, at: nextOf(rule.schedule, time.now) }] : []
      )
      const [first] = rules.toSorted((a, b) => a.at - b.at)
      if (first === undefined) throw new Error("no rule waits for a time")
      time.now = first.at
      const event = {
        "detail-type": "Scheduled Event",
        source: "aws.events",
        time: new Date(time.now).toISOString(),
        resources: [first.rule.arn],
        detail: {}
      }
      for (let times = random.chance(0.5) ? 2 : 1; times > 0; times--) await start(first.rule, event)
    },
    happen: async (event) => {
      for (const rule of deployed.rules)
        if (rule.isEnabled && rule.pattern !== null && matches(membersOf(JSON.parse(rule.pattern)), event)) await start(rule, event)
    }
  }
}

/** The next time of a schedule: of those that name a minute of every hour. */
export const nextOf = (schedule: string, now: number): number => {
  const minute = /^cron\((\d{1,2}) \* [*?] \* [*?] \*\)$/.exec(schedule)?.[1]
  if (minute === undefined) throw new Error(`${schedule} is played by nobody here`)
  const hour = 3_600_000
  const at = Math.floor(now / hour) * hour + Number(minute) * 60_000
  return at > now ? at : at + hour
}
