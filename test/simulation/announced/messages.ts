import type { Random } from "../../../src/record/seeded.ts"
import type { ObjectVersion } from "../input-bucket.ts"

/** Encoded as S3 does it in its notifications: as forms are, but for slashes. */
const formEncoded = (key: string): string => encodeURIComponent(key).replaceAll("%20", "+").replaceAll("%2F", "/")

const timeOf = (millis: number): string => new Date(millis).toISOString()

/** A record of a notification of S3. @param event as S3 names it, without its `s3:` */
const s3Record = (
  bucket: string,
  { key, content, etag, versionId, sequencer, writtenAt }: ObjectVersion,
  random: Random,
  event: string
) => ({
  eventVersion: random.pick(["2.1", "2.2", "2.3", "2.6"]),
  eventSource: "aws:s3",
  awsRegion: "us-east-1",
  eventTime: timeOf(writtenAt),
  eventName: event,
  s3: {
    s3SchemaVersion: "1.0",
    configurationId: "simulated",
    bucket: { name: bucket, arn: `arn:aws:s3:::${bucket}` },
    object: {
      key: formEncoded(key),
      ...(event.startsWith("ObjectCreated") && random.chance(0.9) ? { size: content.length } : {}),
      ...(event.startsWith("ObjectCreated") ? { eTag: etag } : {}),
      ...(versionId === null ? {} : { versionId }),
      sequencer
    }
  }
})

/** An event of EventBridge, which has one object and does not encode its key. */
const eventBridge = (bucket: string, { key, content, etag, versionId, sequencer, writtenAt }: ObjectVersion) => ({
  version: "0",
  id: `event-${sequencer}`,
  "detail-type": "Object Created",
  source: "aws.s3",
  time: timeOf(writtenAt),
  region: "us-east-1",
  detail: {
    version: "0",
    bucket: { name: bucket },
    object: { key, size: content.length, etag, sequencer, ...(versionId === null ? {} : { "version-id": versionId }) },
    reason: "PutObject"
  }
})

/** As SNS hands it to a queue, where it is not told to hand over the message alone. */
export const inSns = (message: string): string =>
  JSON.stringify({ Type: "Notification", MessageId: "simulated", TopicArn: "arn:aws:sns:us-east-1:1:simulated", Message: message })

const inAnyEnvelope = (random: Random, message: object): string => {
  const text = JSON.stringify(message)
  return random.chance(0.5) ? inSns(text) : text
}

const created = ["ObjectCreated:Put", "ObjectCreated:CompleteMultipartUpload", "ObjectCreated:Copy"] as const

/** What S3 itself sends of an object that was written. */
export const notificationOf = (random: Random, bucket: string, version: ObjectVersion): string =>
  JSON.stringify({ Records: [s3Record(bucket, version, random, random.pick(created))] })

/** Announces objects, in one message where its form can hold several. */
export const announce = (random: Random, bucket: string, versions: ReadonlyArray<ObjectVersion>): ReadonlyArray<string> =>
  random.chance(0.3)
    ? versions.map((version) => inAnyEnvelope(random, eventBridge(bucket, version)))
    : [inAnyEnvelope(random, { Records: versions.map((version) => s3Record(bucket, version, random, random.pick(created))) })]

/** Of another version of the structure, of no object, or of something else. */
const unreadableRecord = (random: Random, mark: string): object =>
  random.pick<object>([
    { mark, eventVersion: "3.0", eventName: "ObjectCreated:Put", s3: { object: { key: "a" } } },
    { mark, eventVersion: "2.1", eventName: "ObjectCreated:Put", s3: { bucket: { name: "b" }, object: {} } },
    { mark, eventSource: "aws:kinesis" }
  ])

/** Announces objects beside something that nobody can read. @param mark tells the message from all others */
export const announceSpoiled = (random: Random, bucket: string, versions: ReadonlyArray<ObjectVersion>, mark: string): string => {
  const records: ReadonlyArray<object> = versions.map((version) => s3Record(bucket, version, random, random.pick(created)))
  return inAnyEnvelope(random, { Records: records.toSpliced(random.below(records.length + 1), 0, unreadableRecord(random, mark)) })
}

/** Says that an object is gone: nothing is to be read. */
export const announceRemoval = (random: Random, bucket: string, version: ObjectVersion): string =>
  inAnyEnvelope(random, { Records: [s3Record(bucket, version, random, "ObjectRemoved:Delete")] })

/** What S3 sends when notifications are set up. */
export const testEvent = (random: Random, bucket: string): string =>
  inAnyEnvelope(random, { Service: "Amazon S3", Event: "s3:TestEvent", Time: timeOf(0), Bucket: bucket })

/** Nobody can tell what it says. @param mark tells it from all others */
export const poison = (random: Random, mark: string): string =>
  random.pick([
    `no announcement ${mark}`,
    JSON.stringify({ mark }),
    JSON.stringify([mark]),
    JSON.stringify({ Type: "Notification", Message: `no announcement ${mark}` }),
    JSON.stringify({ Records: [unreadableRecord(random, mark)] }),
    `{"Records":[{"mark":"${mark}","s3":{`
  ])
