/** Topics, queues, streams, delivery streams, rules. */
import type { Maker, Makers } from "./maker.ts"
import type { Aws } from "./requests.ts"
import type { View } from "./view.ts"

const sns = (aws: Aws, action: string, parameters: Readonly<Record<string, string>>) => aws.form("sns", "2010-03-31", action, parameters)
const sqs = (aws: Aws, action: string, body: object) => aws.json("sqs", "1.0", `AmazonSQS.${action}`, body)
const kinesis = (aws: Aws, action: string, body: object) => aws.json("kinesis", "1.1", `Kinesis_20131202.${action}`, body)
const firehose = (aws: Aws, action: string, body: object) => aws.json("firehose", "1.1", `Firehose_20150804.${action}`, body)
const events = (aws: Aws, action: string, body: object) => aws.json("events", "1.1", `AWSEvents.${action}`, body)

const within = (xml: string, tag: string): string => {
  const [, text] = new RegExp(`<${tag}>([^<]+)</${tag}>`).exec(xml) ?? []
  if (text === undefined) throw new Error(`the answer has no ${tag}: ${xml.slice(0, 300)}`)
  return text
}

const topic: Maker = {
  make: async (aws, resource) => {
    const arn = within(await sns(aws, "CreateTopic", { Name: resource.text("name") }), "TopicArn")
    const key = resource.optional("kms_master_key_id")
    if (key !== undefined) {
      await sns(aws, "SetTopicAttributes", { TopicArn: arn, AttributeName: "KmsMasterKeyId", AttributeValue: key })
    }
    return { arn, id: arn }
  },
  chosen: ["arn", "id"],
  remove: (aws, resource) => sns(aws, "DeleteTopic", { TopicArn: resource.text("arn") }),
  find: (aws, resource) => sns(aws, "GetTopicAttributes", { TopicArn: resource.text("arn") })
}

const subscription: Maker = {
  make: async (aws, resource) => {
    const names = { raw_message_delivery: "RawMessageDelivery", filter_policy: "FilterPolicy", redrive_policy: "RedrivePolicy" }
    const values = Object.entries(names).flatMap(([name, attribute]) => {
      const value = resource.optional(name) ?? resource.flag(name)?.toString()
      return value === undefined ? [] : [[attribute, value] as const]
    })
    const attributes = values.flatMap(([name, value], i) => [
      [`Attributes.entry.${i + 1}.key`, name],
      [`Attributes.entry.${i + 1}.value`, value]
    ])
    const answer = await sns(aws, "Subscribe", {
      TopicArn: resource.text("topic_arn"),
      Protocol: resource.text("protocol"),
      Endpoint: resource.text("endpoint"),
      ReturnSubscriptionArn: "true",
      ...Object.fromEntries(attributes)
    })
    const arn = within(answer, "SubscriptionArn")
    return { arn, id: arn }
  },
  chosen: ["arn", "id"],
  remove: (aws, resource) => sns(aws, "Unsubscribe", { SubscriptionArn: resource.text("arn") })
}

const queueAttributes = (resource: View): Readonly<Record<string, string>> => {
  const names = {
    visibility_timeout_seconds: "VisibilityTimeout",
    message_retention_seconds: "MessageRetentionPeriod",
    max_message_size: "MaximumMessageSize",
    delay_seconds: "DelaySeconds",
    receive_wait_time_seconds: "ReceiveMessageWaitTimeSeconds",
    redrive_policy: "RedrivePolicy",
    kms_master_key_id: "KmsMasterKeyId"
  }
  const values = Object.entries(names).flatMap(([name, attribute]) => {
    const value = resource.optional(name) ?? resource.number(name)?.toString()
    return value === undefined ? [] : [[attribute, value] as const]
  })
  return Object.fromEntries(values)
}

const queue: Maker = {
  make: async (aws, resource) => {
    const { QueueUrl } = await sqs(aws, "CreateQueue", { QueueName: resource.text("name"), Attributes: queueAttributes(resource) })
    return { url: QueueUrl, id: QueueUrl }
  },
  chosen: ["url", "id"],
  change: (aws, resource) => sqs(aws, "SetQueueAttributes", { QueueUrl: resource.text("url"), Attributes: queueAttributes(resource) }),
  remove: (aws, resource) => sqs(aws, "DeleteQueue", { QueueUrl: resource.text("url") }),
  find: (aws, resource) => sqs(aws, "GetQueueAttributes", { QueueUrl: resource.text("url"), AttributeNames: ["QueueArn"] })
}

const queueAttribute = (name: string, attribute: string): Maker => ({
  make: (aws, resource) =>
    sqs(aws, "SetQueueAttributes", { QueueUrl: resource.text("queue_url"), Attributes: { [attribute]: resource.text(name) } })
})

const stream: Maker = {
  make: async (aws, resource) => {
    const name = resource.text("name")
    const mode = resource.block("stream_mode_details")?.optional("stream_mode") ?? "PROVISIONED"
    const shards = mode === "PROVISIONED" ? { ShardCount: resource.number("shard_count") } : {}
    await kinesis(aws, "CreateStream", { StreamName: name, StreamModeDetails: { StreamMode: mode }, ...shards })
    const hours = resource.number("retention_period") ?? 24
    if (hours > 24) await kinesis(aws, "IncreaseStreamRetentionPeriod", { StreamName: name, RetentionPeriodHours: hours })
    const key = resource.optional("kms_key_id")
    if (key !== undefined) await kinesis(aws, "StartStreamEncryption", { StreamName: name, EncryptionType: "KMS", KeyId: key })
  },
  change: async (aws, resource, before) => {
    const [hours = 24, were = 24] = [resource.number("retention_period"), before.number("retention_period")]
    const action = hours > were ? "IncreaseStreamRetentionPeriod" : "DecreaseStreamRetentionPeriod"
    if (hours !== were) await kinesis(aws, action, { StreamName: resource.text("name"), RetentionPeriodHours: hours })
  },
  remove: (aws, resource) => kinesis(aws, "DeleteStream", { StreamName: resource.text("name"), EnforceConsumerDeletion: true }),
  find: (aws, resource) => kinesis(aws, "DescribeStreamSummary", { StreamName: resource.text("name") })
}

/** The destination of a delivery stream, as the service wants it. */
const destination = (config: View) => {
  const conversion = config.block("data_format_conversion_configuration")
  const table = conversion?.block("schema_configuration")
  const parquet = conversion?.block("output_format_configuration")?.block("serializer")?.block("parquet_ser_de")
  return {
    RoleARN: config.text("role_arn"),
    BucketARN: config.text("bucket_arn"),
    Prefix: config.optional("prefix"),
    ErrorOutputPrefix: config.optional("error_output_prefix"),
    FileExtension: config.optional("file_extension"),
    BufferingHints: { SizeInMBs: config.number("buffering_size") ?? 5, IntervalInSeconds: config.number("buffering_interval") ?? 300 },
    CompressionFormat: config.optional("compression_format") ?? "UNCOMPRESSED",
    ...(table === undefined
      ? {}
      : {
          DataFormatConversionConfiguration: {
            Enabled: conversion?.flag("enabled") ?? true,
            SchemaConfiguration: {
              DatabaseName: table.text("database_name"),
              TableName: table.text("table_name"),
              RoleARN: table.text("role_arn"),
              Region: table.optional("region"),
              VersionId: table.optional("version_id") ?? "LATEST"
            },
            InputFormatConfiguration: { Deserializer: { OpenXJsonSerDe: {} } },
            OutputFormatConfiguration: { Serializer: { ParquetSerDe: { Compression: parquet?.optional("compression") ?? "SNAPPY" } } }
          }
        })
  }
}

const deliveryStream: Maker = {
  make: async (aws, resource) => {
    const config = resource.block("extended_s3_configuration")
    if (config === undefined) throw new Error("extended_s3_configuration is missing: no other destination is made here")
    await firehose(aws, "CreateDeliveryStream", {
      DeliveryStreamName: resource.text("name"),
      DeliveryStreamType: "DirectPut",
      ExtendedS3DestinationConfiguration: destination(config)
    })
  },
  change: async () => {
    throw new Error("a delivery stream cannot be changed here; destroy it first")
  },
  remove: (aws, resource) => firehose(aws, "DeleteDeliveryStream", { DeliveryStreamName: resource.text("name") }),
  find: (aws, resource) => firehose(aws, "DescribeDeliveryStream", { DeliveryStreamName: resource.text("name") })
}

const rule: Maker = {
  make: async (aws, resource) => {
    const { RuleArn } = await events(aws, "PutRule", {
      Name: resource.text("name"),
      ScheduleExpression: resource.optional("schedule_expression"),
      EventPattern: resource.optional("event_pattern"),
      State: resource.optional("state"),
      Description: resource.optional("description")
    })
    return { arn: RuleArn }
  },
  chosen: ["arn"],
  remove: (aws, resource) => events(aws, "DeleteRule", { Name: resource.text("name") }),
  find: (aws, resource) => events(aws, "DescribeRule", { Name: resource.text("name") })
}

const target: Maker = {
  make: async (aws, resource) => {
    const dead = resource.block("dead_letter_config")?.optional("arn")
    const retry = resource.block("retry_policy")
    const { FailedEntries } = await events(aws, "PutTargets", {
      Rule: resource.text("rule"),
      Targets: [
        {
          Id: resource.text("target_id"),
          Arn: resource.text("arn"),
          Input: resource.optional("input"),
          RoleArn: resource.optional("role_arn"),
          ...(dead === undefined ? {} : { DeadLetterConfig: { Arn: dead } }),
          ...(retry === undefined
            ? {}
            : {
                RetryPolicy: {
                  MaximumRetryAttempts: retry.number("maximum_retry_attempts"),
                  MaximumEventAgeInSeconds: retry.number("maximum_event_age_in_seconds")
                }
              })
        }
      ]
    })
    if (Array.isArray(FailedEntries) && FailedEntries.length > 0)
      throw new Error(`the target was refused: ${JSON.stringify(FailedEntries)}`)
  },
  remove: (aws, resource) => events(aws, "RemoveTargets", { Rule: resource.text("rule"), Ids: [resource.text("target_id")] })
}

export const messaging: Makers = {
  aws_sns_topic: topic,
  aws_sns_topic_policy: {
    make: (aws, resource) =>
      sns(aws, "SetTopicAttributes", { TopicArn: resource.text("arn"), AttributeName: "Policy", AttributeValue: resource.text("policy") })
  },
  aws_sns_topic_subscription: subscription,
  aws_sqs_queue: queue,
  aws_sqs_queue_policy: queueAttribute("policy", "Policy"),
  aws_sqs_queue_redrive_policy: queueAttribute("redrive_policy", "RedrivePolicy"),
  aws_sqs_queue_redrive_allow_policy: queueAttribute("redrive_allow_policy", "RedriveAllowPolicy"),
  aws_kinesis_stream: stream,
  aws_kinesis_firehose_delivery_stream: deliveryStream,
  aws_cloudwatch_event_rule: rule,
  aws_cloudwatch_event_target: target
}
