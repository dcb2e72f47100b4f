/** The calls of Firehose that are made. A bundle has these, and nothing else of the SDK: a new one is named here. */
export { FirehoseClient, PutRecordBatchCommand } from "@aws-sdk/client-firehose"
