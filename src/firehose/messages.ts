import { Clock, Effect, Option, Schema } from "effect"
import { count } from "../record/count.ts"
import { membersOf } from "../record/members.ts"
import { type AnnouncedObject, announcementsIn } from "../source/announced/envelope.ts"

/** What an event of Lambda says of objects, message by message: those of a queue are answered one by one, any other event is one message. */
interface Message {
  /** Of a queue: what its failure is told by. */
  readonly id: string | null
  /** How often the queue has given it, this time included; 0: no queue did. */
  readonly received: number
  readonly objects: ReadonlyArray<AnnouncedObject>
  /** Why it cannot be told what it says, as sentences without the last full stop. */
  readonly unreadable: ReadonlyArray<string>
  /** Does any of it speak of objects, be it only to say that there is nothing to do? */
  readonly isAbout: boolean
}

/** Does an event, or any message of it, speak of objects of S3? */
export const speaksOfObjects = (event: unknown): boolean => messagesIn(event).some(({ isAbout }) => isAbout)

const messagesIn = (event: unknown): ReadonlyArray<Message> => {
  const { Records } = membersOf(event)
  const records: ReadonlyArray<unknown> = Array.isArray(Records) ? Records : []
  const isOfQueue = records.length > 0 && records.every((record) => membersOf(record)["eventSource"] === "aws:sqs")
  if (!isOfQueue) return [messageOf(null, 0, event)]
  return records.map((record) => {
    const { messageId, attributes, body } = membersOf(record)
    const received = Number(membersOf(attributes)["ApproximateReceiveCount"] ?? 1) || 1
    return messageOf(typeof messageId === "string" ? messageId : "", received, body)
  })
}

const messageOf = (id: string | null, received: number, message: unknown): Message => {
  const announcements = announcementsIn(message)
  return {
    id,
    received,
    objects: announcements.flatMap((each) => (each.kind === "object" ? [each.object] : [])),
    unreadable: announcements.flatMap((each) => (each.kind === "unreadable" ? [each.problem] : [])),
    isAbout: announcements.some(({ kind }) => kind !== "unreadable")
  }
}

/** An object with which something was not done. */
export interface FailedObject {
  readonly object: AnnouncedObject
  /** What happened and what to do, as sentences. */
  readonly problem: string
}

/** What is known of objects while something is done with them. */
export interface Handling {
  /** To be told of an object with which all is done: when time is over, only the messages of others come again. */
  readonly done: (object: AnnouncedObject) => void
  /** How often a queue has given the message of an object, this time included; 0: it came by no queue. */
  readonly received: (object: AnnouncedObject) => number
}

/** What is answered to an event: to a queue, which of its messages are to come again. */
export interface MessagesAnswer {
  readonly batchItemFailures: ReadonlyArray<{ readonly itemIdentifier: string }>
}

/** With some objects of an event that is answered as a whole it was not done. With all others it was. */
export class ObjectsFailed extends Schema.TaggedError<ObjectsFailed>()("ObjectsFailed", { problem: Schema.String, hint: Schema.String }) {
  override get message(): string {
    return `${this.problem}. ${this.hint}`
  }
}

/** Kept of the time that there is, so that it is answered what was done, in milliseconds: a fifth of it, where that is less. */
const margin = 250

/**
 * Does something with all objects that an event announces. What fails of a queue's messages is answered, so that these alone come again and end in its dead-letter
 * queue; any other event fails as a whole, behind all that could be done. What is not done shortly before the deadline is interrupted, and has failed.
 *
 * @param use tells with which objects it was not done; where it fails itself, all of the event does
 * @param deadline milliseconds since 1970
 */
export const handleObjects = <E, R>(
  event: unknown,
  use: (objects: ReadonlyArray<AnnouncedObject>, handling: Handling) => Effect.Effect<ReadonlyArray<FailedObject>, E, R>,
  deadline: number
): Effect.Effect<MessagesAnswer, E | ObjectsFailed, R> =>
  Effect.gen(function* () {
    const messages = messagesIn(event)
    const objects = messages.flatMap((message) => message.objects)
    const received = new Map(messages.flatMap((message) => message.objects.map((object) => [object, message.received] as const)))
    const done = new Set<AnnouncedObject>()
    const handling: Handling = { done: (object) => done.add(object), received: (object) => received.get(object) ?? 0 }
    const left = Math.max(0, deadline - (yield* Clock.currentTimeMillis))
    const found =
      objects.length === 0 ? Option.some([]) : yield* Effect.timeoutOption(use(objects, handling), left - Math.min(margin, left / 5))
    const cutOff = () => objects.flatMap((object) => (done.has(object) ? [] : [{ object, problem: outOfTime(object) }]))
    const failed = new Map(Option.getOrElse(found, cutOff).map(({ object, problem }) => [object, problem]))
    const problems = messages.map((message) => [
      ...message.unreadable.map((problem) => `${problem}.`),
      ...message.objects.flatMap((object) => failed.get(object) ?? [])
    ])
    const told = problems.flat()
    if (told.length === 0) return { batchItemFailures: [] }
    for (const problem of told) yield* Effect.logError(problem)
    if (messages.some(({ id }) => id === null))
      return yield* new ObjectsFailed({
        problem: `${count(told.length, "object")} of ${objects.length + told.length - failed.size} failed, first: ${(told[0] ?? "").replace(/\.$/, "")}`,
        hint: "All others were handled. Lambda tries the event again; what it gives up goes to the function's destination for failures."
      })
    return { batchItemFailures: messages.flatMap(({ id }, i) => (problems[i]?.length === 0 ? [] : [{ itemIdentifier: id ?? "" }])) }
  })

const outOfTime = ({ bucket, key }: AnnouncedObject): string =>
  `s3://${bucket}/${key}: the time was over before all was done with it. Where this goes on, give the function a longer timeout, or smaller batches.`

/** The key of an object below the root of a lake; null: it lies elsewhere. A lake in a folder has no bucket of its own. */
export const keyBelow = (root: string, { bucket, key }: Pick<AnnouncedObject, "bucket" | "key">): string | null => {
  const [, lakeBucket, prefix = ""] = /^s3:\/\/([^/]+)(?:\/(.*))?$/.exec(root) ?? []
  if (lakeBucket === undefined) return key
  const folder = prefix === "" ? "" : `${prefix}/`
  return bucket === lakeBucket && key.startsWith(folder) ? key.slice(folder.length) : null
}
