import { speaksOfObjects } from "../firehose/messages.ts"

/** What functions take that are told of objects. */
export const announcements = {
  holds: speaksOfObjects,
  words: "notifications of S3, be it from S3 itself, SNS, SQS or EventBridge"
} as const
