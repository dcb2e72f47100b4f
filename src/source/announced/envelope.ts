import { millisOf, timestampMicros } from "../../contract/timestamp.ts"
import { membersOf } from "../../record/members.ts"

/** An object of a bucket, as a notification of S3 names it. */
export interface AnnouncedObject {
  readonly bucket: string
  /** As S3 has it: no encoding of a notification is left. */
  readonly key: string
  /** Of a bucket that keeps versions: which one was written. */
  readonly versionId: string | null
  /** Of the content, without quotes. */
  readonly etag: string | null
  /** Orders what was written and deleted under one key: hexadecimal, to be compared as a number. */
  readonly sequencer: string | null
  /** In bytes, where the notification tells it. */
  readonly size: number | null
  /** When it was written, as S3 tells it: milliseconds since 1970. */
  readonly eventTime: number
  /** The notification of this object alone, as JSON. */
  readonly notification: string
}

/** What a message says, of one object or as a whole. */
export type Announcement =
  | { readonly kind: "object"; readonly object: AnnouncedObject }
  /** Nothing is to be read because of it. `event` names what happened, as the service does. */
  | { readonly kind: "ignored"; readonly why: "test" | "deleted" | "other"; readonly event: string }
  /** It cannot be told what it says. The problem is a sentence without its full stop, and never quotes the message. */
  | { readonly kind: "unreadable"; readonly problem: string }

/** Envelopes within envelopes: S3 → EventBridge → SNS → SQS → Lambda has four. */
const mostEnvelopes = 6

/**
 * What a message says of objects, in whatever it comes wrapped: a notification of S3 as it is (SQS, or SNS with raw delivery), in the envelope of SNS, as an
 * event of EventBridge, or in the records of a Lambda event; in any order of these. It never throws.
 *
 * Of the version of S3's event structure only the first number counts, as S3 promises that fields are only added otherwise. Keys in S3's own notifications are
 * encoded as forms are, those of EventBridge are not.
 *
 * @param message text of JSON, or the JSON itself
 */
export const announcementsIn = (message: unknown): ReadonlyArray<Announcement> => within(message, mostEnvelopes)

const within = (message: unknown, envelopes: number): ReadonlyArray<Announcement> => {
  if (envelopes === 0) return [unreadable(`The message lies in more than ${mostEnvelopes} envelopes`)]
  if (typeof message === "string") {
    const parsed = parse(message)
    return parsed === undefined ? [unreadable("The message is not JSON")] : within(parsed, envelopes)
  }
  const { Type, Message, Event, Records, Sns, body, source } = membersOf(message)
  if (Event === "s3:TestEvent") return [ignored("test", Event)]
  if (Type === "Notification") return within(Message, envelopes - 1)
  if (typeof Type === "string" && /^(Uns|S)ubscri(be|ption)Confirmation$/.test(Type)) return [ignored("other", Type)]
  if (Array.isArray(Records)) return Records.flatMap((record: unknown) => ofRecord(record, envelopes - 1))
  if (Sns !== undefined || body !== undefined) return ofRecord(message, envelopes)
  if (source === "aws.s3") return [ofEventBridge(message)]
  return [unreadable("The message is no notification of S3, in none of the forms that are known")]
}

/** A record of an event: S3's own, or one of SNS or SQS with a message in it. */
const ofRecord = (record: unknown, envelopes: number): ReadonlyArray<Announcement> => {
  const { Sns, body, s3 } = membersOf(record)
  if (Sns !== undefined) return within(membersOf(Sns)["Message"], envelopes)
  if (body !== undefined) return within(body, envelopes)
  return [s3 === undefined ? unreadable("The message has a record that is not of S3") : ofS3(record)]
}

/** A record of a notification as S3 itself sends it. */
const ofS3 = (record: unknown): Announcement => {
  const { eventVersion, eventName, eventTime, s3 } = membersOf(record)
  const { bucket, object } = membersOf(s3)
  const { key, size, eTag, versionId, sequencer } = membersOf(object)
  if (typeof eventVersion !== "string" || !eventVersion.startsWith("2."))
    return unreadable("The notification is not of version 2 of S3's event structure")
  if (typeof eventName !== "string") return unreadable("The notification does not say what happened")
  const name = eventName.replace(/^s3:/, "")
  if (/^(ObjectRemoved|LifecycleExpiration):/.test(name)) return ignored("deleted", name)
  if (!name.startsWith("ObjectCreated:")) return ignored("other", name)
  const decoded = typeof key === "string" ? decodeForm(key) : null
  if (decoded === null) return unreadable("The key of the object is missing, or is not encoded as S3 does it")
  return announced(membersOf(bucket)["name"], decoded, eventTime, { size, etag: eTag, versionId, sequencer }, { Records: [record] })
}

/** An event that S3 sends to EventBridge. */
const ofEventBridge = (event: unknown): Announcement => {
  const { "detail-type": type, time, detail } = membersOf(event)
  const { bucket, object } = membersOf(detail)
  if (typeof type !== "string") return unreadable("The event does not say what happened")
  if (type === "Object Deleted") return ignored("deleted", type)
  if (type !== "Object Created") return ignored("other", type)
  const { key, size, etag, "version-id": versionId, sequencer } = membersOf(object)
  return announced(membersOf(bucket)["name"], key, time, { size, etag, versionId, sequencer }, event)
}

const announced = (
  bucket: unknown,
  key: unknown,
  time: unknown,
  { size, etag, versionId, sequencer }: { readonly [name in "size" | "etag" | "versionId" | "sequencer"]: unknown },
  alone: unknown
): Announcement => {
  const micros = typeof time === "string" ? timestampMicros(time) : null
  const notification = jsonOf(alone)
  if (typeof bucket !== "string" || !/^[\w.-]+$/.test(bucket)) return unreadable("The notification does not name the bucket")
  if (typeof key !== "string" || key === "" || !key.isWellFormed()) return unreadable("The notification does not name the object")
  if (micros === null) return unreadable("The notification does not tell when the object was written")
  if (notification === undefined) return unreadable("The notification is nested too deeply")
  return {
    kind: "object",
    object: {
      bucket,
      key,
      versionId: textOf(versionId),
      etag: textOf(etag)?.replaceAll('"', "") ?? null,
      sequencer: textOf(sequencer),
      size: typeof size === "number" && Number.isSafeInteger(size) && size >= 0 ? size : null,
      eventTime: millisOf(micros),
      notification
    }
  }
}

const ignored = (why: "test" | "deleted" | "other", event: string): Announcement => ({ kind: "ignored", why, event })
const unreadable = (problem: string): Announcement => ({ kind: "unreadable", problem })

/** Undone as `application/x-www-form-urlencoded`; null where it is not. */
const decodeForm = (key: string): string | null => {
  try {
    return decodeURIComponent(key.replaceAll("+", " "))
  } catch {
    return null
  }
}

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const jsonOf = (value: unknown): string | undefined => {
  try {
    return JSON.stringify(value)
  } catch {
    // Of text that is nested as deeply as this cannot be, reading was no problem.
    return undefined
  }
}

/** Empty text says as little as none. A bucket without versions has the version `null`, which any later object takes over. */
const textOf = (value: unknown): string | null =>
  typeof value === "string" && value !== "" && value !== "null" && value.isWellFormed() ? value : null
