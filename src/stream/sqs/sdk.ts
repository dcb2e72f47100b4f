/** The calls of SQS that are made. A bundle has these, and nothing else of the SDK: a new one is named here. */
export {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SQSClient
} from "@aws-sdk/client-sqs"
