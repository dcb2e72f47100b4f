/** What AWS refuses although each value is good by itself. A value that is not known yet is no reason to refuse. */
import type { Complaint } from "./rules.ts"
import { type Fields, isFields, isKnown, unknown, type Value } from "./wire/msgpack.ts"

type Rule = (config: Fields) => ReadonlyArray<Complaint>

const blocks = (value: Value | undefined): ReadonlyArray<Fields> => (Array.isArray(value) ? value.filter(isFields) : [])
const isSet = (value: Value | undefined): boolean => value !== undefined && value !== null && !(Array.isArray(value) && value.length === 0)
const unless = (holds: boolean, path: Complaint["path"], problem: string): ReadonlyArray<Complaint> => (holds ? [] : [{ path, problem }])

/** One of them, and one alone. */
const exactlyOne =
  (...names: ReadonlyArray<string>): Rule =>
  (config) => {
    const set = names.filter((name) => isSet(config[name]))
    return unless(set.length === 1, [set[1] ?? names[0] ?? ""], `exactly one of ${names.join(", ")} must be given`)
  }
const atMostOne =
  (...names: ReadonlyArray<string>): Rule =>
  (config) => {
    const set = names.filter((name) => isSet(config[name]))
    return unless(set.length < 2, [set[1] ?? ""], `only one of ${set.join(", ")} may be given`)
  }
const all =
  (...rules: ReadonlyArray<Rule>): Rule =>
  (config) =>
    rules.flatMap((rule) => rule(config))

/** Memory in MiB that Fargate has for so many units of CPU: from, to, by. */
const fargate: Readonly<Record<string, readonly [number, number, number]>> = {
  256: [512, 2048, 512],
  512: [1024, 4096, 1024],
  1024: [2048, 8192, 1024],
  2048: [4096, 16_384, 1024],
  4096: [8192, 30_720, 1024],
  8192: [16_384, 61_440, 4096],
  16384: [32_768, 122_880, 8192]
}

const task: Rule = ({ cpu = null, memory = null, requires_compatibilities: kinds = null, network_mode: network = null }) => {
  if (!Array.isArray(kinds) || !kinds.includes("FARGATE") || cpu === unknown || memory === unknown) return []
  const range = fargate[String(cpu)]
  if (range === undefined)
    return [{ path: ["cpu"], problem: `must be one of ${Object.keys(fargate).join(", ")} on Fargate, and is ${String(cpu)}` }]
  const [least, most, step] = range
  const size = Number(memory)
  // Of the smallest there are three sizes: 512, 1024 and 2048.
  const isOffered = size >= least && size <= most && size % step === 0 && !(String(cpu) === "256" && size === 1536)
  return [
    ...unless(
      isOffered,
      ["memory"],
      `must be ${least} to ${most} MiB in steps of ${step} with ${String(cpu)} units of CPU, and is ${String(memory)}`
    ),
    ...unless(network === "awsvpc" || network === unknown, ["network_mode"], "must be awsvpc on Fargate")
  ]
}

const stream: Rule = ({
  stream_mode_details: details = null,
  shard_count: shards = null,
  encryption_type: encryption = null,
  kms_key_id: key = null
}) => {
  const mode = blocks(details)[0]?.["stream_mode"] ?? "PROVISIONED"
  return [
    ...unless(mode !== "ON_DEMAND" || !isSet(shards), ["shard_count"], "must not be given for a stream on demand"),
    ...unless(mode !== "PROVISIONED" || isSet(shards), ["shard_count"], "must be given unless the stream is on demand"),
    ...unless(encryption !== "KMS" || isSet(key), ["kms_key_id"], "must be given where encryption_type is KMS"),
    ...unless(encryption === "KMS" || encryption === unknown || !isSet(key), ["encryption_type"], "must be KMS where a key is given")
  ]
}

const delivery: Rule = (config) =>
  blocks(config["extended_s3_configuration"]).flatMap((destination) => {
    const inside: Complaint["path"] = ["extended_s3_configuration", 0]
    const {
      buffering_size: size = null,
      prefix = null,
      error_output_prefix: errors = null,
      compression_format: compression = null
    } = destination
    const conversions = blocks(destination["data_format_conversion_configuration"])
    const converts = conversions.some(({ enabled = null }) => enabled !== false)
    const isEvaluated = typeof prefix === "string" && prefix.includes("!{")
    return [
      ...unless(
        !converts || size === unknown || (typeof size === "number" && size >= 64),
        [...inside, "buffering_size"],
        `must be 64 to 128 MB where records are converted, and is ${String(size)}`
      ),
      ...unless(
        !converts || compression === null || compression === "UNCOMPRESSED",
        [...inside, "compression_format"],
        "must be UNCOMPRESSED where records are converted: Parquet compresses by itself"
      ),
      ...unless(!isEvaluated || isSet(errors), [...inside, "error_output_prefix"], "must be given where prefix has expressions"),
      ...unless(
        !(typeof errors === "string") || !errors.includes("!{") || errors.includes("!{firehose:error-output-type}"),
        [...inside, "error_output_prefix"],
        "must name !{firehose:error-output-type} where it has expressions"
      ),
      ...unless(
        !(typeof prefix === "string") || !prefix.includes("!{firehose:error-output-type}"),
        [...inside, "prefix"],
        "must not name !{firehose:error-output-type}, which only errors have"
      ),
      ...unless(
        !(typeof prefix === "string") ||
          !prefix.includes("!{partitionKey") ||
          blocks(destination["dynamic_partitioning_configuration"]).length > 0,
        [...inside, "prefix"],
        "names partition keys, which need dynamic partitioning"
      )
    ]
  })

const mapping: Rule = (config) => {
  const { event_source_arn: source = null, starting_position: position = null } = config
  if (typeof source !== "string") return []
  const onlyStreams = [
    "starting_position",
    "parallelization_factor",
    "bisect_batch_on_function_error",
    "maximum_retry_attempts",
    "maximum_record_age_in_seconds",
    "tumbling_window_in_seconds"
  ]
  if (/:(?:kinesis|dynamodb):/.test(source)) {
    return [
      ...unless(isSet(position), ["starting_position"], "must be given for a stream"),
      ...unless(!isSet(config["scaling_config"]), ["scaling_config"], "is of queues, and the source is a stream")
    ]
  }
  if (!/:sqs:/.test(source)) return []
  const { batch_size: size = null, maximum_batching_window_in_seconds: window = null } = config
  return [
    ...onlyStreams.flatMap((name) => unless(!isSet(config[name]), [name], "is of streams, and the source is a queue")),
    ...unless(
      !(typeof size === "number") || size <= 10 || (typeof window === "number" && window > 0),
      ["maximum_batching_window_in_seconds"],
      `must be at least 1 s for batches of more than 10, and the batch is of ${String(size)}`
    )
  ]
}

/** A queue gives its failures to another one; what it says is known only when that queue is there. */
const queue: Rule = ({ redrive_policy: redrive = null, kms_master_key_id: key = null, sqs_managed_sse_enabled: managed = null }) => {
  const complaints = [...unless(!(isSet(key) && managed === true), ["sqs_managed_sse_enabled"], "must not be true where a key is given")]
  if (typeof redrive !== "string" || redrive === "") return complaints
  const { deadLetterTargetArn, maxReceiveCount } = parsed(redrive)
  return [
    ...complaints,
    ...unless(
      typeof deadLetterTargetArn === "string" && /:sqs:/.test(deadLetterTargetArn),
      ["redrive_policy"],
      "must name a queue by deadLetterTargetArn"
    ),
    ...unless(
      Number.isInteger(maxReceiveCount) && Number(maxReceiveCount) >= 1 && Number(maxReceiveCount) <= 1000,
      ["redrive_policy"],
      `maxReceiveCount must be a number of 1 to 1000, and is ${JSON.stringify(maxReceiveCount)}`
    )
  ]
}

const parsed = (text: string): Readonly<Record<string, unknown>> => {
  try {
    return JSON.parse(text)
  } catch {
    return {}
  }
}

/** The environment of a function is 4 KB at most, and some names are AWS's own. */
const lambda: Rule = (config) => {
  const { handler = null, runtime = null, package_type: kind = null } = config
  const variables = blocks(config["environment"])[0]?.["variables"] ?? null
  const reserved = isFields(variables)
    ? Object.keys(variables).filter((name) => /^(?:AWS_(?!NODEJS|LAMBDA_EXEC)|_HANDLER$|LAMBDA_)/.test(name))
    : []
  const bytes = variables !== null && isKnown(variables) ? Buffer.byteLength(JSON.stringify(variables)) : 0
  return [
    ...unless(
      ["filename", "image_uri", "s3_bucket"].filter((name) => isSet(config[name])).length === 1,
      ["filename"],
      "exactly one of filename, image_uri, s3_bucket must be given"
    ),
    ...unless(
      kind === "Image" || (isSet(handler) && isSet(runtime)),
      ["handler"],
      "handler and runtime must be given for a function in a zip"
    ),
    ...unless(reserved.length === 0, ["environment", 0, "variables"], `${reserved.join(", ")}: reserved by Lambda`),
    ...unless(bytes <= 4096, ["environment", 0, "variables"], `is of ${bytes} bytes, and 4096 are the most`)
  ]
}

const alarm: Rule = (config) => {
  const { metric_name: metric = null, metric_query: queries = null, statistic = null, extended_statistic: extended = null } = config
  return [
    ...unless(isSet(metric) !== isSet(queries), ["metric_name"], "exactly one of metric_name and metric_query must be given"),
    ...unless(
      !isSet(metric) || isSet(statistic) !== isSet(extended),
      ["statistic"],
      "exactly one of statistic and extended_statistic must be given"
    ),
    ...unless(!isSet(metric) || isSet(config["period"]), ["period"], "must be given with a metric"),
    ...unless(isSet(config["threshold"]) || isSet(config["threshold_metric_id"]), ["threshold"], "must be given")
  ]
}

const endpoint: Rule = ({
  vpc_endpoint_type: kind = null,
  route_table_ids: tables = null,
  subnet_ids: subnets = null,
  service_name: service = null
}) => [
  ...unless(kind !== "Interface" || !isSet(tables), ["route_table_ids"], "are of gateways, and this is an interface"),
  ...unless((kind ?? "Gateway") !== "Gateway" || !isSet(subnets), ["subnet_ids"], "are of interfaces, and this is a gateway"),
  ...unless(
    (kind ?? "Gateway") !== "Gateway" || typeof service !== "string" || /\.(?:s3|dynamodb)$/.test(service),
    ["service_name"],
    "has no gateway; S3 and DynamoDB have"
  )
]

export const together: Readonly<Record<string, Rule>> = {
  aws_ecs_task_definition: task,
  aws_kinesis_stream: stream,
  aws_kinesis_firehose_delivery_stream: delivery,
  aws_lambda_event_source_mapping: mapping,
  aws_lambda_function: lambda,
  aws_sqs_queue: queue,
  aws_cloudwatch_metric_alarm: alarm,
  aws_cloudwatch_event_rule: ({ schedule_expression: schedule = null, event_pattern: pattern = null }) =>
    unless(isSet(schedule) || isSet(pattern), ["schedule_expression"], "schedule_expression or event_pattern must be given"),
  aws_vpc_endpoint: endpoint,
  aws_iam_role: atMostOne("name", "name_prefix"),
  aws_security_group: atMostOne("name", "name_prefix"),
  aws_cloudwatch_log_group: atMostOne("name", "name_prefix"),
  aws_s3_bucket: atMostOne("bucket", "bucket_prefix"),
  aws_route: all(
    exactlyOne("destination_cidr_block", "destination_ipv6_cidr_block", "destination_prefix_list_id"),
    exactlyOne(
      "gateway_id",
      "nat_gateway_id",
      "vpc_endpoint_id",
      "transit_gateway_id",
      "network_interface_id",
      "vpc_peering_connection_id",
      "egress_only_gateway_id",
      "core_network_arn",
      "local_gateway_id",
      "carrier_gateway_id",
      "odb_network_arn"
    )
  )
}
