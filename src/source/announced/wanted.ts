import { maxTimestamp, millisOf, minTimestamp } from "../../contract/timestamp.ts"
import type { Rejection } from "../../record/dead-letter-reasons.ts"
import type { QueueMessage } from "../../stream/sqs/api.ts"
import { timeOfName } from "../arrival-time.ts"
import { type AnnouncedObject, announcementsIn } from "./envelope.ts"

/** What a message gives a dataset to read: an object, or itself, since it cannot be read. */
export interface Wanted {
  readonly shard: string
  /** Of all its records, milliseconds since 1970. */
  readonly arrivedAt: number
  /** What announced it. */
  readonly raw: string
  /** Null: nothing but a dead letter comes of it. */
  readonly object: AnnouncedObject | null
  readonly rejected: Rejection | null
}

/** Why nothing is to be read of an announcement: what it is of, or that no dataset takes its key. */
export type Ignored = "test" | "deleted" | "other" | "not_taken"

export interface Wishes {
  /** What is to be read, each with the index of the dataset that takes it. */
  readonly wanted: ReadonlyArray<readonly [dataset: number, wanted: Wanted]>
  readonly ignored: ReadonlyArray<Ignored>
  /** Has it something for others, so that it must stay in the queue? */
  readonly stays: boolean
}

/** Who reads what. */
export interface Takers {
  /** Which keys each dataset takes; the first also has the messages that cannot be read. */
  readonly takes: ReadonlyArray<(key: string) => boolean>
  /** Which keys somebody else reads. */
  readonly leaves: (key: string) => boolean
}

/** What a message is about, for each dataset. */
export const wishesOf = (message: QueueMessage, queue: string, { takes, leaves }: Takers): Wishes => {
  const wanted: Array<readonly [number, Wanted]> = []
  const ignored: Array<Ignored> = []
  let problem: string | undefined
  let stays = false
  for (const announcement of announcementsIn(message.body)) {
    if (announcement.kind === "unreadable") problem ??= announcement.problem
    else if (announcement.kind === "ignored") ignored.push(announcement.why)
    else {
      const { object } = announcement
      const before = wanted.length
      for (const [dataset, take] of takes.entries()) if (take(object.key)) wanted.push([dataset, wantedObject(object)])
      if (leaves(object.key)) stays = true
      else if (wanted.length === before) ignored.push("not_taken")
    }
  }
  // A message of no records says nothing.
  if (problem === undefined && wanted.length + ignored.length === 0 && !stays) ignored.push("other")
  if (problem !== undefined) wanted.push([0, wantedMessage(message, queue, { reason: "not_announcement", detail: `${problem}.` })])
  return { wanted, ignored, stays }
}

/** An object as it is to be read. Its records arrived when its name says that they were exported, else when it was written. */
export const wantedObject = (object: AnnouncedObject): Wanted & { readonly object: AnnouncedObject } => {
  const writtenAt = within(object.eventTime)
  const arrivedAt = timeOfName(object.key) ?? writtenAt
  return { shard: shardOf(object, writtenAt), arrivedAt, raw: object.notification, object, rejected: null }
}

/** A message that is itself the dead letter: nothing else is to be read of it. */
export const wantedMessage = (
  { id, sentAt, body }: Pick<QueueMessage, "id" | "sentAt" | "body">,
  queue: string,
  rejected: Rejection
): Wanted & { readonly rejected: Rejection } => {
  const arrivedAt = within(sentAt)
  return { shard: `${hourOf(arrivedAt)}/${queue}/${id}`, arrivedAt, raw: body, object: null, rejected }
}

/**
 * Each content of an object is a shard of its own, which is read once, however often it is announced: `<hour>/s3://bucket/key?<version>`, or
 * `<hour>/s3://bucket/key#<etag>/<sequencer>` in a bucket without versions. What stands behind the last `?` or `#` is encoded, so that nothing in it is
 * one, or a `/`, whatever keys are made of.
 *
 * The UTC hour in which it was written stands in front, so that shards come in the order of time: positions that retire follow each other as their
 * shards do, and those of new objects all stand at the end.
 */
const shardOf = ({ bucket, key, versionId, etag, sequencer }: AnnouncedObject, writtenAt: number): string => {
  const place = `${hourOf(writtenAt)}/s3://${bucket}/${key}`
  const part = (text: string | null) => encodeURIComponent(text ?? "")
  return versionId === null ? `${place}#${part(etag)}/${part(sequencer)}` : `${place}?${part(versionId)}`
}

/** `2026-11-28T19` */
const hourOf = (millis: number): string => new Date(millis).toISOString().slice(0, 13)

/** A time that a table can hold. */
const within = (millis: number): number => Math.min(Math.max(Math.floor(millis), millisOf(minTimestamp)), millisOf(maxTimestamp))
