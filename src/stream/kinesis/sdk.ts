/** The calls of Kinesis that are made. A bundle has these, and nothing else of the SDK: a new one is named here. */
export {
  DescribeStreamSummaryCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  KinesisClient,
  ListShardsCommand,
  PutRecordsCommand
} from "@aws-sdk/client-kinesis"
export { NodeHttpHandler } from "@smithy/node-http-handler"
