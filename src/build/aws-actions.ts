import type { Bundle } from "./bundle.ts"

/** IAM actions that a call of the SDK needs: by client, and by command. */
const needs: { readonly [client: string]: { readonly [command: string]: ReadonlyArray<string> } } = {
  s3: {
    AbortMultipartUpload: ["s3:AbortMultipartUpload"],
    CompleteMultipartUpload: ["s3:PutObject"],
    CreateMultipartUpload: ["s3:PutObject"],
    // For the directory buckets of S3 Express, which the client could reach: part of every bundle, and never called.
    CreateSession: [],
    DeleteObject: ["s3:DeleteObject"],
    DeleteObjects: ["s3:DeleteObject"],
    GetObject: ["s3:GetObject"],
    HeadObject: ["s3:GetObject"],
    ListMultipartUploads: ["s3:ListBucketMultipartUploads"],
    ListObjectsV2: ["s3:ListBucket"],
    PutObject: ["s3:PutObject"],
    UploadPart: ["s3:PutObject"]
  },
  emr: {
    AddJobFlowSteps: ["elasticmapreduce:AddJobFlowSteps", "iam:PassRole"],
    DescribeCluster: ["elasticmapreduce:DescribeCluster"],
    ListClusters: ["elasticmapreduce:ListClusters"],
    ListSteps: ["elasticmapreduce:ListSteps"],
    RunJobFlow: ["elasticmapreduce:RunJobFlow", "elasticmapreduce:AddTags", "iam:PassRole"]
  },
  "emr-serverless": {
    GetApplication: ["emr-serverless:GetApplication"],
    GetJobRun: ["emr-serverless:GetJobRun"],
    ListJobRuns: ["emr-serverless:ListJobRuns"],
    StartJobRun: ["emr-serverless:StartJobRun", "emr-serverless:TagResource", "iam:PassRole"]
  },
  glue: {
    CreateDatabase: ["glue:CreateDatabase"],
    CreateTable: ["glue:CreateTable"],
    GetTables: ["glue:GetTables"],
    UpdateTable: ["glue:UpdateTable"]
  },
  firehose: { PutRecordBatch: ["firehose:PutRecordBatch"] },
  sqs: {
    ChangeMessageVisibilityBatch: ["sqs:ChangeMessageVisibility"],
    DeleteMessageBatch: ["sqs:DeleteMessage"],
    GetQueueAttributes: ["sqs:GetQueueAttributes"],
    ReceiveMessage: ["sqs:ReceiveMessage"]
  },
  "secrets-manager": { GetSecretValue: ["secretsmanager:GetSecretValue"] },
  kinesis: {
    DescribeStreamSummary: ["kinesis:DescribeStreamSummary"],
    GetRecords: ["kinesis:GetRecords"],
    GetShardIterator: ["kinesis:GetShardIterator"],
    ListShards: ["kinesis:ListShards"],
    PutRecords: ["kinesis:PutRecords"]
  }
}

/** Actions that a parameter of a call needs beside: whether it is given is not to be seen in a bundle. */
const byParameter: { readonly [action: string]: string } = { "s3:GetObjectVersion": "s3:GetObject" }

/** Calls that a bundle can make, as `client.Command`. The clients within the SDK that fetch credentials are none of ours: in Lambda the environment has them. */
export const callsIn = ({ inputs }: Pick<Bundle, "inputs">): ReadonlyArray<string> =>
  [...inputs.keys()]
    .flatMap((path) => {
      const [, client, command] = /\/client-([\w-]+)\/[^/]+\/commands\/(\w+)Command\.js$/.exec(path) ?? []
      return client === undefined ? [] : [`${client}.${command}`]
    })
    .sort()

/** Actions that a call needs. Throws where nothing is known of it. */
export const actionsOf = (call: string): ReadonlyArray<string> => {
  const [client = "", command = ""] = call.split(".")
  const actions = needs[client]?.[command]
  if (actions === undefined) throw new Error(`build/aws-actions.ts does not say which actions ${call} needs`)
  return actions
}

/**
 * What is wrong with the actions that a function declares, each as a sentence: one that a call of its bundle needs is missing, or one is there that no call needs.
 *
 * @param calls as {@link callsIn} gives them
 */
export const problemsOf = (declared: Iterable<string>, calls: ReadonlyArray<string>): ReadonlyArray<string> => {
  const problems: Array<string> = []
  const needed = new Set<string>()
  for (const call of calls) {
    const [client = "", command = ""] = call.split(".")
    const actions = needs[client]?.[command]
    if (actions === undefined) problems.push(`it can call ${call}, and build/aws-actions.ts does not say which actions that needs`)
    for (const action of actions ?? []) needed.add(action)
  }
  const all = new Set(declared)
  for (const action of needed) if (!all.has(action)) problems.push(`its calls need ${action}, which it does not declare`)
  for (const action of all)
    if (!needed.has(byParameter[action] ?? action)) problems.push(`it declares ${action}, which no call of it needs`)
  return problems
}
