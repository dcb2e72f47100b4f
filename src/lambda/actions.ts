/** What functions call on the objects of a lake. */
export const lakeActions = [
  "s3:AbortMultipartUpload",
  "s3:DeleteObject",
  "s3:GetObject",
  "s3:ListBucket",
  "s3:ListBucketMultipartUploads",
  "s3:PutObject"
] as const

/**
 * What functions call to read an object that somebody announces. Without `s3:ListBucket`, which is a right to its bucket, S3 says of what is gone that it is denied, and so it
 * would be asked for until the notification is given up.
 */
export const objectActions = ["s3:GetObject", "s3:GetObjectVersion", "s3:ListBucket"] as const

/** What Lambda itself calls, as the role of a function, to bring it what it takes: from the stream, or the queue, of an event source mapping. */
export const streamMapping = [
  "kinesis:DescribeStream",
  "kinesis:DescribeStreamSummary",
  "kinesis:GetRecords",
  "kinesis:GetShardIterator",
  "kinesis:ListShards"
] as const
export const queueMapping = ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"] as const

/** What Lambda calls, as the role of any function, to keep its log. */
export const logActions = ["logs:CreateLogStream", "logs:PutLogEvents"] as const

/** What functions call on the catalog that is kept in step with the lake. */
export const catalogActions = ["glue:CreateDatabase", "glue:CreateTable", "glue:GetTables", "glue:UpdateTable"] as const

/** What functions call to fetch the hash key, where it lies in a secret. */
export const secretActions = ["secretsmanager:GetSecretValue"] as const
