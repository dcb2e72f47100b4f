/** A small applied state, made by hand: raw objects are announced to a function, by a topic and a queue. */

const account = "123456789012"
const arn = (service: string, name: string) => `arn:aws:${service}:us-east-1:${account}:${name}`
export const keyArn = arn("kms", "key/0001")
export const rawBucket = "arn:aws:s3:::raw"

export interface Statement {
  readonly [member: string]: unknown
}

const document = (...Statement: ReadonlyArray<Statement>): string => JSON.stringify({ Version: "2012-10-17", Statement })
const service = (name: string) => ({ Service: `${name}.amazonaws.com` })
const from = (source: string) => ({ ArnEquals: { "aws:SourceArn": source }, StringEquals: { "aws:SourceAccount": account } })

/** Resources by address, with their values. */
export type Values = { readonly [address: string]: { readonly [name: string]: unknown } }

const topic = arn("sns", "raw-topic")
const queue = arn("sqs", "raw-objects")
const dead = arn("sqs", "raw-objects-dead")
const structure = arn("lambda", "function:structure")
const role = `arn:aws:iam::${account}:role/structure`

const queueValues = (name: string) => ({ arn: arn("sqs", name), name, url: `https://sqs/${account}/${name}`, kms_master_key_id: keyArn })

export const goodState: Values = {
  "aws_kms_key.this": {
    arn: keyArn,
    key_id: "0001",
    policy: document(
      {
        Effect: "Allow",
        Principal: { AWS: `arn:aws:iam::${account}:root` },
        Action: ["kms:Decrypt", "kms:GenerateDataKey"],
        Resource: "*"
      },
      {
        Effect: "Allow",
        Principal: service("s3"),
        Action: ["kms:Decrypt", "kms:GenerateDataKey"],
        Resource: "*",
        Condition: from(rawBucket)
      },
      { Effect: "Allow", Principal: service("sns"), Action: ["kms:Decrypt", "kms:GenerateDataKey"], Resource: "*", Condition: from(topic) }
    )
  },
  "aws_s3_bucket.raw": { bucket: "raw" },
  "aws_s3_bucket_notification.raw": {
    bucket: "raw",
    topic: [{ topic_arn: topic, events: ["s3:ObjectCreated:*"], filter_prefix: "raw/", filter_suffix: ".json" }]
  },
  "module.stream.aws_sns_topic.raw": { arn: topic, name: "raw-topic", kms_master_key_id: "alias/sluice" },
  "aws_kms_alias.this": { name: "alias/sluice", target_key_id: "0001" },
  "aws_sns_topic_policy.raw": {
    arn: topic,
    policy: document({ Effect: "Allow", Principal: service("s3"), Action: "sns:Publish", Resource: topic, Condition: from(rawBucket) })
  },
  "aws_sns_topic_subscription.raw": {
    topic_arn: topic,
    protocol: "sqs",
    endpoint: queue,
    raw_message_delivery: true,
    redrive_policy: JSON.stringify({ deadLetterTargetArn: dead })
  },
  "aws_sqs_queue.raw": {
    ...queueValues("raw-objects"),
    visibility_timeout_seconds: 360,
    redrive_policy: JSON.stringify({ deadLetterTargetArn: dead, maxReceiveCount: 10 })
  },
  'aws_sqs_queue.dead["raw"]': { ...queueValues("raw-objects-dead") },
  "aws_sqs_queue_policy.raw": {
    queue_url: `https://sqs/${account}/raw-objects`,
    policy: document({ Effect: "Allow", Principal: service("sns"), Action: "sqs:SendMessage", Resource: queue, Condition: from(topic) })
  },
  "aws_sqs_queue_policy.dead": {
    queue_url: `https://sqs/${account}/raw-objects-dead`,
    policy: document({ Effect: "Allow", Principal: service("sns"), Action: "sqs:SendMessage", Resource: dead, Condition: from(topic) })
  },
  "aws_cloudwatch_metric_alarm.dead": {
    alarm_name: "dead",
    metric_name: "ApproximateNumberOfMessagesVisible",
    dimensions: { QueueName: "raw-objects-dead" },
    alarm_actions: [arn("sns", "alarms")]
  },
  "aws_iam_role.structure": {
    arn: role,
    name: "structure",
    assume_role_policy: document({ Effect: "Allow", Principal: service("lambda"), Action: "sts:AssumeRole" })
  },
  "aws_iam_role_policy.structure": {
    role: "structure",
    policy: document(
      { Effect: "Allow", Action: ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"], Resource: queue },
      { Effect: "Allow", Action: ["kms:Decrypt"], Resource: keyArn }
    )
  },
  "aws_lambda_function.structure": {
    arn: structure,
    function_name: "structure",
    role,
    filename: "/dist/lambda/sendCheckoutDataToFirehouse.zip",
    timeout: 60,
    environment: [{ variables: { SLUICE_LAKE: "s3://lake/checkout" } }]
  },
  "aws_lambda_event_source_mapping.raw": {
    event_source_arn: queue,
    function_name: structure,
    enabled: null,
    batch_size: 10,
    function_response_types: ["ReportBatchItemFailures"],
    scaling_config: [{ maximum_concurrency: 2 }]
  }
}

/** The JSON of such a state, with some of its resources in a module. */
export const stateOf = (values: Values): unknown => {
  const resources = Object.entries(values).map(([address, values]) => ({
    address,
    mode: "managed",
    type: /(aws_\w+)\./.exec(address)?.[1],
    values
  }))
  const isIn = ({ address }: { readonly address: string }) => address.startsWith("module.")
  return {
    format_version: "1.0",
    values: {
      root_module: {
        resources: [
          ...resources.filter((each) => !isIn(each)),
          { address: "data.aws_region.x", mode: "data", type: "aws_region", values: {} }
        ],
        child_modules: [{ address: "module.stream", resources: resources.filter(isIn) }]
      }
    }
  }
}
