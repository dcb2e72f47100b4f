/**
 * What functions call on the folders of a lake, by folder. A role that reads a table need not read dead letters, which hold records as they came. `s3:ListBucket` is a right to the
 * bucket, whatever the folder.
 */
const read = ["s3:GetObject", "s3:ListBucket"] as const
/** Large objects go up in parts, which are given up where something fails. */
const append = [...read, "s3:AbortMultipartUpload", "s3:PutObject"] as const

/** What functions call that commit to tables of a lake, beside what they do with these. */
const commits = {
  runs: append,
  lineage: ["s3:PutObject"],
  /** The catalog is told what the logs of tables say, those of tables that a function never opens included. */
  table_logs: ["s3:GetObject"],
  /** Whether the bucket keeps the first of two conditional puts is tried before anything is written. */
  probe: ["s3:DeleteObject", "s3:PutObject"]
} as const

/** Of functions that make dead letters and rows of stages. */
export const ingestActions = { stage: append, dead_letters: append, ...commits } as const

/** Of a function that appends to stages alone. */
export const stageActions = { stage: append, ...commits } as const

/** Of functions that have stages folded into the tables for users. What a job has left behind is deleted. */
export const foldActions = { stage: read, consumable: [...append, "s3:DeleteObject"], ...commits } as const

/** Of a function that writes structured JSON, and compares its hash key with that of the stages. */
export const structureActions = { stage: read, structured_json: ["s3:PutObject"], errors: ["s3:PutObject"] } as const

/** Calls on a store that are none of a function that appends: what clears up is for others. */
export const neverOfAppends = ["s3.ListMultipartUploads"] as const

/** Calls on a store that are none of a function that reads some objects and writes others, each at once. */
export const neverOfObjects = [
  ...neverOfAppends,
  "s3.AbortMultipartUpload",
  "s3.CompleteMultipartUpload",
  "s3.CreateMultipartUpload",
  "s3.DeleteObject",
  "s3.DeleteObjects",
  "s3.UploadPart"
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
