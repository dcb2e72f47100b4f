import type { StreamRecord } from "../../../src/stream/kinesis/api.ts"

export const streamArn = (stream: string): string => `arn:aws:kinesis:eu-central-1:123456789012:stream/${stream}`

/** What an event source mapping hands to a function: records of one shard, as AWS writes them. */
export const eventOf = (stream: string, shardId: string, records: ReadonlyArray<StreamRecord>) => ({
  Records: records.map(({ sequenceNumber, partitionKey, data, arrivedAt }) => ({
    kinesis: {
      kinesisSchemaVersion: "1.0",
      partitionKey,
      sequenceNumber,
      data: Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("base64"),
      approximateArrivalTimestamp: arrivedAt / 1000
    },
    eventSource: "aws:kinesis",
    eventVersion: "1.0",
    eventID: `${shardId}:${sequenceNumber}`,
    eventName: "aws:kinesis:record",
    invokeIdentityArn: "arn:aws:iam::123456789012:role/reads",
    awsRegion: "eu-central-1",
    eventSourceARN: streamArn(stream)
  }))
})
