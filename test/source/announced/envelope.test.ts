import { existsSync, readdirSync, readFileSync } from "node:fs"
import { resolve } from "node:path"
import { describe, expect, it } from "vitest"
import { type Announcement, announcementsIn } from "../../../src/source/announced/envelope.ts"
import { notificationOf, start } from "./world.ts"

/** An announcement in a few words. */
const told = (announcement: Announcement): string =>
  announcement.kind === "object"
    ? `${announcement.object.bucket}/${announcement.object.key}`
    : announcement.kind === "ignored"
      ? announcement.why
      : "unreadable"

const json = JSON.stringify
const bridged = (key: string, more: object = {}) => ({
  version: "0",
  source: "aws.s3",
  "detail-type": "Object Created",
  time: new Date(start).toISOString(),
  detail: { bucket: { name: "raw" }, object: { key, size: 5, etag: "e", sequencer: "0062", "version-id": "v" } },
  ...more
})
const bySns = (message: unknown) => ({
  Type: "Notification",
  MessageId: "m",
  TopicArn: "arn",
  Message: json(message),
  Timestamp: "2026-11-28T19:00:00Z"
})
const toLambda = (message: unknown) => ({ Records: [{ EventSource: "aws:sns", Sns: bySns(message) }] })
const queued = (message: unknown) => ({ Records: [{ messageId: "m", body: json(message), eventSource: "aws:sqs" }] })
const s3 = (change: (record: Record<string, unknown>) => object) => ({ Records: notificationOf("k", "12345").Records.map(change) })

describe("a message of a queue", () => {
  const key = "raw/CheckoutOrder/id/a b+c%é/1.json"
  const plain = notificationOf(key, "12345")

  it.each<[string, unknown]>([
    ["S3's own notification", plain],
    ["as text", json(plain)],
    ["over a topic", bySns(plain)],
    ["over a topic, to a function", toLambda(plain)],
    ["queued, to a function", queued(plain)],
    ["over a topic, queued, to a function", queued(bySns(plain))],
    ["by EventBridge", bridged(key)],
    ["by EventBridge, over a topic, queued", queued(bySns(bridged(key)))],
    [
      "of a newer version, with more fields",
      s3((record) => ({ ...record, eventVersion: "2.6", glacierEventData: {}, s3: { ...plain.Records[0]?.s3, more: 1 } }))
    ]
  ])("names the object: %s", (_, message) => {
    expect(announcementsIn(message).map(told)).toEqual([`raw/${key}`])
    expect(announcementsIn(json(message)).map(told)).toEqual([`raw/${key}`])
  })

  it("names objects as they are: forms are decoded, what EventBridge says is not", () => {
    for (const name of ["a+b", "a b", "%2B", "é😀", "a%20b", "+%", "a?b#c", "//x"]) {
      expect(announcementsIn(notificationOf(name, "1")).map(told)).toEqual([`raw/${name}`])
      expect(announcementsIn(bridged(name)).map(told)).toEqual([`raw/${name}`])
    }
  })

  it("says what is known of the object, and has its notification alone", () => {
    const [one, two] = announcementsIn({
      Records: [...notificationOf("a", "1", { versionId: "v1" }).Records, ...notificationOf("b", "22").Records]
    })
    expect(one).toMatchObject({ kind: "object", object: { versionId: "v1", size: 1, sequencer: "0055", eventTime: start } })
    expect(two).toMatchObject({ kind: "object", object: { versionId: null, size: 2 } })
    const notification = two?.kind === "object" ? two.object.notification : ""
    expect(announcementsIn(notification)).toEqual([two])
  })

  it.each<[string, unknown, ReadonlyArray<string>]>([
    ["a test", { Service: "Amazon S3", Event: "s3:TestEvent", Bucket: "raw" }, ["test"]],
    ["a test over a topic", bySns({ Service: "Amazon S3", Event: "s3:TestEvent" }), ["test"]],
    [
      "deletions",
      {
        Records: ["ObjectRemoved:Delete", "s3:ObjectRemoved:DeleteMarkerCreated", "LifecycleExpiration:Delete"].flatMap(
          (event) => notificationOf("k", "", { event }).Records
        )
      },
      ["deleted", "deleted", "deleted"]
    ],
    ["another event", notificationOf("k", "", { event: "ObjectTagging:Put" }), ["other"]],
    ["what EventBridge says of others", bridged("k", { "detail-type": "Object Tags Added" }), ["other"]],
    ["a subscription", { Type: "SubscriptionConfirmation", Token: "t" }, ["other"]],
    ["no records", { Records: [] }, []]
  ])("gives nothing to read: %s", (_, message, all) => {
    expect(announcementsIn(message).map(told)).toEqual(all)
  })

  const deep = "[".repeat(100_000) + "]".repeat(100_000)
  it.each<[string, unknown]>([
    ["no JSON", "{"],
    ["nothing", ""],
    ["a number", "7"],
    ["null", "null"],
    ["a list", "[]"],
    ["another service", { hello: 1 }],
    ["a record of another service", { Records: [{ eventSource: "aws:kinesis", kinesis: {} }] }],
    ["a record that is none", { Records: [null] }],
    ["the next version", s3((record) => ({ ...record, eventVersion: "3.0" }))],
    ["no version", s3(({ eventVersion: _, ...record }) => record)],
    ["no event", s3(({ eventName: _, ...record }) => record)],
    ["no time", s3((record) => ({ ...record, eventTime: "soon" }))],
    ["a time of no zone's calendar", s3((record) => ({ ...record, eventTime: "2026-13-01T00:00:00Z" }))],
    ["no key", s3((record) => ({ ...record, s3: { bucket: { name: "raw" }, object: {} } }))],
    ["a key that is not encoded", s3((record) => ({ ...record, s3: { bucket: { name: "raw" }, object: { key: "100%" } } }))],
    ["no bucket", s3((record) => ({ ...record, s3: { bucket: {}, object: { key: "k" } } }))],
    ["a bucket that can be none", s3((record) => ({ ...record, s3: { bucket: { name: "a/../b" }, object: { key: "k" } } }))],
    ["a key that is no text", bridged("\ud800")],
    ["too many envelopes", bySns(bySns(bySns(bySns(bySns(bySns(bySns(plain)))))))],
    [
      "nested deeply",
      `{"Records":[{"eventVersion":"2.1","eventName":"ObjectCreated:Put","eventTime":"2026-11-28T19:00:00Z","x":${deep},"s3":{"bucket":{"name":"raw"},"object":{"key":"k"}}}]}`
    ]
  ])("cannot be read, and it is said why without quoting it: %s", (_, message) => {
    const all = announcementsIn(message)
    expect(all.map(told)).toEqual(["unreadable"])
    for (const one of all) expect(one.kind === "unreadable" && one.problem).toMatch(/^The .*[^.]$/)
  })

  const folder = resolve(import.meta.dirname, "../../..", process.env["SLUICE_TEST_DATA"] ?? "../shared/data", "aws_events")
  const isThere = existsSync(folder)
  if (!isThere) console.warn(`Skipped: there is no ${folder}; SLUICE_TEST_DATA says where real data lies.`)
  it.skipIf(!isThere)("is told from every other event of AWS", () => {
    const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith(".json"))
    const read = files.flatMap((path) => {
      const all = announcementsIn(readFileSync(resolve(folder, path), "utf8")).map(told)
      return all.every((one) => one === "unreadable") ? [] : [`${path.slice(path.lastIndexOf("/") + 1)} ${all.join()}`]
    })
    expect(read.sort()).toEqual([
      "s3-event-with-decoded.json sourcebucket/Happy Face.jpg",
      "s3-event.json sourcebucket/Happy Face.jpg",
      "s3-lifecycle-event.json other",
      "s3-notification.json BUCKET_NAME/inbound/sample-java-s3.png",
      "s3Event.json lambda-artifacts-deafc19498e3f2df/b21b84d653bb07b05b1e6b33684dc11b",
      "s3EventBridgeNotificationObjectCreatedEvent.json example-bucket/IMG_m7fzo3.jpg",
      "s3EventDecodedKey.json sourcebucket/Happy Face.jpg",
      "s3EventDeleteObject.json deleted",
      "s3SqsEvent.json xxx/test.pdf"
    ])
  })
})
