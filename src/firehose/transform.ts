import { Effect, Schema } from "effect"
import { maxTimestamp, millisOf, minTimestamp } from "../contract/timestamp.ts"
import { count, number } from "../record/count.ts"
import { membersOf } from "../record/members.ts"
import type { RecordPage } from "../record/record.ts"
import { type DecodeCounts, emptyCounts } from "../record/report.ts"
import type { Structurer } from "./structurer.ts"

/** Records that a delivery stream hands to a function, to be transformed before it delivers them. */
export interface Transformation {
  /** Name of the delivery stream. */
  readonly stream: string
  readonly records: ReadonlyArray<GivenRecord>
}

interface GivenRecord {
  readonly recordId: string
  /** In base64; null: there is none that can be read. */
  readonly data: string | null
  /** Where it stands: a shard of the stream of Kinesis that it came through, or the delivery stream itself. */
  readonly shard: string
  readonly sequenceNumber: string
  readonly subSequenceNumber: number
  /** Milliseconds since 1970. */
  readonly arrivedAt: number
}

/** What became of the records: each of them, by its id, once and in order. */
export interface TransformationAnswer {
  readonly records: ReadonlyArray<{
    readonly recordId: string
    readonly result: "Ok" | "Dropped" | "ProcessingFailed"
    readonly data: string
  }>
}

/** An answer is more than Lambda takes. */
export class AnswerTooLarge extends Schema.TaggedError<AnswerTooLarge>()("AnswerTooLarge", {
  problem: Schema.String,
  hint: Schema.String
}) {
  override get message(): string {
    return `${this.problem}. ${this.hint}`
  }
}

/** Bytes of an answer that Lambda takes. */
const mostAnswered = 6 * 1024 * 1024

/** Reads the event of a transformation; null: it is none, or has records without an id, which nothing can be said of. */
export const transformationIn = (event: unknown): Transformation | null => {
  const { deliveryStreamArn, records } = membersOf(event)
  const stream = typeof deliveryStreamArn === "string" ? /:deliverystream\/(.+)$/.exec(deliveryStreamArn)?.[1] : undefined
  if (stream === undefined || !Array.isArray(records)) return null
  const given = records.map((record: unknown) => givenRecord(stream, membersOf(record)))
  return given.includes(null) ? null : { stream, records: given.flatMap((record) => record ?? []) }
}

const givenRecord = (stream: string, record: { readonly [name: string]: unknown }): GivenRecord | null => {
  const { recordId, data, approximateArrivalTimestamp, kinesisRecordMetadata } = record
  if (typeof recordId !== "string" || recordId === "") return null
  const common = { recordId, data: typeof data === "string" ? data : null, arrivedAt: timeOf(approximateArrivalTimestamp) }
  const { shardId, sequenceNumber, subsequenceNumber } = membersOf(kinesisRecordMetadata)
  const ofStream = typeof sequenceNumber === "string" && typeof shardId === "string" ? integerOf(sequenceNumber) : null
  if (ofStream !== null)
    return {
      ...common,
      shard: `${stream}/${String(shardId)}`,
      sequenceNumber: ofStream,
      subSequenceNumber: Number(subsequenceNumber ?? 0) || 0
    }
  // Ids that Firehose gives by itself are integers.
  const own = integerOf(recordId)
  return own === null
    ? { ...common, shard: `${stream}/${recordId}`, sequenceNumber: "0", subSequenceNumber: 0 }
    : { ...common, shard: stream, sequenceNumber: own, subSequenceNumber: 0 }
}

/** A time that a table can hold. */
const timeOf = (millis: unknown): number => Math.min(Math.max(Number(millis ?? 0) || 0, millisOf(minTimestamp)), millisOf(maxTimestamp))

const integerOf = (text: string): string | null => (/^\d{1,128}$/.test(text) ? text.replace(/^0+(?=\d)/, "") : null)

/**
 * Structures records, as ingest makes rows of them: `Ok` with a line of structured JSON; `Dropped` where a record is nothing by definition; `ProcessingFailed`,
 * with its bytes as they came, where it would be a dead letter: Firehose writes it under its error prefix.
 *
 * Fails where Lambda would not take the answer. Firehose tries again, and writes all records under its error prefix then: nothing is lost.
 */
export const transformRecords = (structurer: Structurer, transformation: Transformation): Effect.Effect<Transformed, AnswerTooLarge> =>
  Effect.suspend(() => {
    const transformed = transform(structurer, transformation)
    const { records } = transformed.answer
    // Every text in it is ASCII, but maybe for ids.
    const size = records.reduce((sum, { recordId, data }) => sum + Buffer.byteLength(recordId) + data.length + 64, 16)
    if (size <= mostAnswered) return Effect.succeed(transformed)
    return Effect.fail(
      new AnswerTooLarge({
        problem: `${count(records.length, "record")} would be answered with ${number(size)} bytes, of which Lambda takes ${number(mostAnswered)}`,
        hint: "Give the transformation a smaller buffer: 1 MB fits whatever the records are."
      })
    )
  })

interface Transformed {
  readonly answer: TransformationAnswer
  readonly counts: DecodeCounts
}

const transform = (structurer: Structurer, { records }: Transformation): Transformed => {
  const counts = emptyCounts()
  const answered = records.map((record) => {
    const { recordId, data } = record
    if (data === null) return { recordId, result: "ProcessingFailed" as const, data: "" }
    const [structured] = structurer.structure(pageOf(record, data), counts)
    if (structured?.kind === "line") return { recordId, result: "Ok" as const, data: Buffer.from(structured.line).toString("base64") }
    return { recordId, result: structured?.kind === "empty" ? ("Dropped" as const) : ("ProcessingFailed" as const), data }
  })
  return { answer: { records: answered }, counts }
}

const pageOf = ({ shard, sequenceNumber, subSequenceNumber, arrivedAt }: GivenRecord, data: string): RecordPage => {
  const bytes = new Uint8Array(Buffer.from(data, "base64"))
  return {
    shard,
    count: 1,
    bytes,
    starts: [0],
    ends: [bytes.length],
    sequenceNumbers: [sequenceNumber],
    subSequenceNumbers: [subSequenceNumber],
    arrivedAt
  }
}
