/**
 * What AWS and its provider refuse, as far as it is likely to be mistaken: ranges, enumerations, forms of names, and what must go together. The
 * schema does not say it. Numbers and words are of AWS's documentation; what is not listed is not checked.
 */
import { together } from "./rules-together.ts"
import { type Fields, isFields, type Value } from "./wire/msgpack.ts"

/** Says what is wrong with a value; null if nothing is. */
type Check = (value: string | number | boolean) => string | null

export interface Complaint {
  /** Names of attributes and blocks; a number is a place in a list. */
  readonly path: ReadonlyArray<string | number>
  readonly problem: string
}

const between =
  (least: number, most: number, unit = ""): Check =>
  (value) =>
    typeof value === "number" && value >= least && value <= most ? null : `must be ${least} to ${most}${unit}, and is ${value}`

const oneOf =
  (...allowed: ReadonlyArray<string | number>): Check =>
  (value) =>
    typeof value !== "boolean" && allowed.includes(value) ? null : `must be one of ${allowed.join(", ")}, and is ${value}`

const like =
  (pattern: RegExp, words: string): Check =>
  (value) =>
    pattern.test(String(value)) ? null : `must be ${words}, and is ${value}`

const json: Check = (value) => {
  try {
    JSON.parse(String(value))
    return null
  } catch (error) {
    return `must be JSON: ${error instanceof Error ? error.message : String(error)}`
  }
}

const arn = (service: string): Check => like(new RegExp(`^arn:aws[\\w-]*:${service}:`), `an ARN of ${service}`)

const bucketName = like(
  /^(?!xn--)(?!\d+\.\d+\.\d+\.\d+$)[a-z0-9](?:[a-z0-9-]|\.(?![.-]))+[a-z0-9]$/,
  "3 to 63 lower-case letters, digits, dots and dashes"
)
const roleName = like(/^[\w+=,.@-]{1,64}$/, "1 to 64 letters, digits and +=,.@-_")
const queueName = like(/^[\w-]{1,80}(?:\.fifo)?$/, "1 to 80 letters, digits, dashes and underscores")
const glueName = like(/^[a-z0-9_ -]{1,255}$/, "lower-case letters, digits, dashes and underscores")
const schedule = like(
  /^(?:rate\((?:1 (?:minute|hour|day)|(?:[2-9]|[1-9]\d+) (?:minutes|hours|days))\)|cron\((?:\S+ ){5}\S+\))$/,
  "rate(…) or cron(…) of six fields"
)
const days = oneOf(0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)

/** By type and path; blocks within lists are named without their place. */
const checks: Readonly<Record<string, Readonly<Record<string, Check>>>> = {
  aws_s3_bucket: { bucket: bucketName },
  aws_s3_bucket_policy: { policy: json },
  aws_s3_bucket_versioning: { "versioning_configuration.status": oneOf("Enabled", "Suspended", "Disabled") },
  aws_s3_bucket_ownership_controls: {
    "rule.object_ownership": oneOf("BucketOwnerPreferred", "ObjectWriter", "BucketOwnerEnforced")
  },
  aws_s3_bucket_server_side_encryption_configuration: {
    "rule.apply_server_side_encryption_by_default.sse_algorithm": oneOf("AES256", "aws:kms", "aws:kms:dsse")
  },
  aws_s3_bucket_lifecycle_configuration: {
    "rule.status": oneOf("Enabled", "Disabled"),
    "rule.expiration.days": between(1, 36_500, " days"),
    "rule.noncurrent_version_expiration.noncurrent_days": between(1, 36_500, " days"),
    "rule.abort_incomplete_multipart_upload.days_after_initiation": between(1, 36_500, " days")
  },
  aws_s3_bucket_notification: {
    "topic.topic_arn": arn("sns"),
    "queue.queue_arn": arn("sqs"),
    "lambda_function.lambda_function_arn": arn("lambda"),
    "topic.events": like(/^s3:\w+:/, "an event of S3"),
    "queue.events": like(/^s3:\w+:/, "an event of S3"),
    "lambda_function.events": like(/^s3:\w+:/, "an event of S3")
  },
  aws_kinesis_stream: {
    name: like(/^[\w.-]{1,128}$/, "1 to 128 letters, digits, dots, dashes and underscores"),
    retention_period: between(24, 8760, " hours"),
    encryption_type: oneOf("NONE", "KMS"),
    "stream_mode_details.stream_mode": oneOf("ON_DEMAND", "PROVISIONED")
  },
  aws_kinesis_firehose_delivery_stream: {
    name: like(/^[\w.-]{1,64}$/, "1 to 64 letters, digits, dots, dashes and underscores"),
    destination: oneOf(
      "extended_s3",
      "redshift",
      "elasticsearch",
      "splunk",
      "http_endpoint",
      "opensearch",
      "opensearchserverless",
      "snowflake",
      "iceberg"
    ),
    "extended_s3_configuration.buffering_size": between(1, 128, " MB"),
    "extended_s3_configuration.buffering_interval": between(0, 900, " s"),
    "extended_s3_configuration.role_arn": arn("iam"),
    "extended_s3_configuration.bucket_arn": arn("s3"),
    "extended_s3_configuration.compression_format": oneOf("UNCOMPRESSED", "GZIP", "ZIP", "Snappy", "HADOOP_SNAPPY"),
    "extended_s3_configuration.data_format_conversion_configuration.output_format_configuration.serializer.parquet_ser_de.compression":
      oneOf("UNCOMPRESSED", "GZIP", "SNAPPY"),
    "extended_s3_configuration.file_extension": like(/^$|^\.[0-9a-z!\-_.*'()]+$/, "a dot, and lower-case letters behind it"),
    "server_side_encryption.key_type": oneOf("AWS_OWNED_CMK", "CUSTOMER_MANAGED_CMK")
  },
  aws_sns_topic: { name: like(/^[\w-]{1,256}(?:\.fifo)?$/, "1 to 256 letters, digits, dashes and underscores") },
  aws_sns_topic_policy: { arn: arn("sns"), policy: json },
  aws_sns_topic_subscription: {
    topic_arn: arn("sns"),
    protocol: oneOf("sqs", "sms", "lambda", "firehose", "application", "email", "email-json", "http", "https"),
    filter_policy: json,
    redrive_policy: json
  },
  aws_sqs_queue: {
    name: queueName,
    visibility_timeout_seconds: between(0, 43_200, " s"),
    message_retention_seconds: between(60, 1_209_600, " s"),
    max_message_size: between(1024, 1_048_576, " bytes"),
    delay_seconds: between(0, 900, " s"),
    receive_wait_time_seconds: between(0, 20, " s"),
    kms_data_key_reuse_period_seconds: between(60, 86_400, " s"),
    redrive_policy: json,
    policy: json
  },
  aws_sqs_queue_policy: { policy: json, queue_url: like(/^https?:/, "the URL of a queue, not its ARN") },
  aws_lambda_function: {
    function_name: like(/^[\w-]{1,64}$/, "1 to 64 letters, digits, dashes and underscores"),
    role: arn("iam"),
    memory_size: between(128, 10_240, " MB"),
    timeout: between(1, 900, " s"),
    "ephemeral_storage.size": between(512, 10_240, " MB"),
    architectures: oneOf("x86_64", "arm64"),
    package_type: oneOf("Zip", "Image"),
    runtime: like(/^(?:nodejs(?:20|22|24)\.x|python3\.(?:9|1[0-4])|java(?:11|17|21|25)|provided\.al2(?:023)?)$/, "a runtime that AWS has"),
    "tracing_config.mode": oneOf("Active", "PassThrough"),
    "dead_letter_config.target_arn": like(/^arn:aws[\w-]*:(?:sns|sqs):/, "an ARN of a queue or topic")
  },
  aws_apigatewayv2_api: { protocol_type: oneOf("HTTP", "WEBSOCKET") },
  aws_apigatewayv2_integration: {
    integration_type: oneOf("AWS", "AWS_PROXY", "HTTP", "HTTP_PROXY", "MOCK"),
    payload_format_version: oneOf("1.0", "2.0"),
    timeout_milliseconds: between(50, 30_000, " ms")
  },
  aws_apigatewayv2_route: {
    route_key: like(/^(?:\$default|(?:ANY|GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) \/\S*)$/, "$default, or a method and a path")
  },
  aws_lambda_permission: {
    action: like(/^lambda:/, "an action of lambda"),
    statement_id: like(/^[\w-]{1,100}$/, "1 to 100 letters, digits, dashes and underscores")
  },
  aws_lambda_event_source_mapping: {
    batch_size: between(1, 10_000),
    maximum_batching_window_in_seconds: between(0, 300, " s"),
    parallelization_factor: between(1, 10),
    maximum_retry_attempts: between(-1, 10_000),
    maximum_record_age_in_seconds: like(/^(?:-1|[6-9]\d|[1-9]\d{2,5})$/, "-1, or 60 to 604800 s"),
    starting_position: oneOf("LATEST", "TRIM_HORIZON", "AT_TIMESTAMP"),
    function_response_types: oneOf("ReportBatchItemFailures"),
    "scaling_config.maximum_concurrency": between(2, 1000)
  },
  aws_lambda_function_event_invoke_config: {
    maximum_retry_attempts: between(0, 2),
    maximum_event_age_in_seconds: between(60, 21_600, " s")
  },
  aws_iam_role: { name: roleName, assume_role_policy: json, max_session_duration: between(3600, 43_200, " s") },
  aws_iam_role_policy: { policy: json },
  aws_iam_policy: { policy: json },
  aws_iam_role_policy_attachment: { policy_arn: arn("iam") },
  aws_glue_catalog_database: { name: glueName },
  aws_glue_catalog_table: { name: glueName, table_type: oneOf("EXTERNAL_TABLE", "VIRTUAL_VIEW", "GOVERNED") },
  aws_glue_crawler: { role: like(/^(?:arn:aws[\w-]*:iam:|[\w+=,.@/-]{1,64}$)/, "a role's ARN or name"), schedule },
  aws_cloudwatch_event_rule: {
    name: like(/^[\w.-]{1,64}$/, "1 to 64 letters, digits, dots, dashes and underscores"),
    schedule_expression: schedule,
    event_pattern: json,
    state: oneOf("ENABLED", "DISABLED", "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS")
  },
  aws_cloudwatch_event_target: {
    arn: like(/^arn:aws/, "an ARN"),
    "retry_policy.maximum_retry_attempts": between(0, 185),
    "retry_policy.maximum_event_age_in_seconds": between(60, 86_400, " s")
  },
  aws_cloudwatch_log_group: { retention_in_days: days, name: like(/^[\w./#-]{1,512}$/, "1 to 512 letters, digits and ./#-_") },
  aws_cloudwatch_metric_alarm: {
    comparison_operator: oneOf(
      "GreaterThanOrEqualToThreshold",
      "GreaterThanThreshold",
      "LessThanThreshold",
      "LessThanOrEqualToThreshold",
      "LessThanLowerOrGreaterThanUpperThreshold",
      "LessThanLowerThreshold",
      "GreaterThanUpperThreshold"
    ),
    statistic: oneOf("SampleCount", "Average", "Sum", "Minimum", "Maximum"),
    treat_missing_data: oneOf("missing", "ignore", "breaching", "notBreaching"),
    evaluation_periods: between(1, Number.MAX_SAFE_INTEGER),
    period: (value) =>
      oneOf(10, 20, 30)(value) === null || (Number(value) >= 60 && Number(value) % 60 === 0)
        ? null
        : `must be 10, 20, 30 or a multiple of 60 s, and is ${value}`
  },
  aws_cloudwatch_dashboard: { dashboard_body: json, dashboard_name: like(/^[\w-]{1,255}$/, "letters, digits, dashes and underscores") },
  aws_kms_key: { policy: json, deletion_window_in_days: between(7, 30, " days"), rotation_period_in_days: between(90, 2560, " days") },
  aws_kms_alias: { name: like(/^alias\/(?!aws\/)[\w/-]+$/, "alias/ and a name that does not begin with aws/") },
  aws_kms_key_policy: { policy: json },
  aws_ecr_repository: {
    name: like(/^(?=.{2,256}$)[a-z0-9]+(?:[._/-][a-z0-9]+)*$/, "2 to 256 lower-case letters, digits, and single ._-/ between them"),
    image_tag_mutability: oneOf("MUTABLE", "IMMUTABLE", "IMMUTABLE_WITH_EXCLUSION", "MUTABLE_WITH_EXCLUSION")
  },
  aws_ecr_lifecycle_policy: { policy: json },
  aws_ecs_task_definition: {
    container_definitions: json,
    network_mode: oneOf("bridge", "host", "awsvpc", "none"),
    requires_compatibilities: oneOf("EC2", "FARGATE", "EXTERNAL", "MANAGED_INSTANCES")
  },
  aws_ecs_service: { launch_type: oneOf("EC2", "FARGATE", "EXTERNAL"), desired_count: between(0, 5000) },
  aws_appautoscaling_policy: { policy_type: oneOf("StepScaling", "TargetTrackingScaling", "PredictiveScaling") },
  aws_vpc: { cidr_block: like(/^(?:\d{1,3}\.){3}\d{1,3}\/(?:1[6-9]|2[0-8])$/, "addresses with /16 to /28") },
  aws_subnet: { cidr_block: like(/^(?:\d{1,3}\.){3}\d{1,3}\/(?:1[6-9]|2[0-8])$/, "addresses with /16 to /28") },
  aws_vpc_endpoint: { vpc_endpoint_type: oneOf("Interface", "Gateway", "GatewayLoadBalancer", "Resource", "ServiceNetwork"), policy: json },
  aws_emrserverless_application: {
    release_label: like(/^emr-\d+\.\d+\.\d+$/, "emr-MAJOR.MINOR.PATCH"),
    type: like(/^(?:spark|hive)$/i, "spark or hive"),
    architecture: oneOf("ARM64", "X86_64"),
    "auto_stop_configuration.idle_timeout_minutes": between(1, 10_080, " minutes")
  },
  aws_emr_cluster: { release_label: like(/^emr-\d+\.\d+\.\d+$/, "emr-MAJOR.MINOR.PATCH") },
  aws_athena_workgroup: {
    name: like(/^[\w.-]{1,128}$/, "1 to 128 letters, digits, dots, dashes and underscores"),
    "configuration.bytes_scanned_cutoff_per_query": between(10_485_760, Number.MAX_SAFE_INTEGER, " bytes")
  },
  aws_budgets_budget: {
    budget_type: oneOf("COST", "USAGE", "RI_UTILIZATION", "RI_COVERAGE", "SAVINGS_PLANS_UTILIZATION", "SAVINGS_PLANS_COVERAGE"),
    time_unit: oneOf("MONTHLY", "QUARTERLY", "ANNUALLY", "DAILY", "CUSTOM"),
    "notification.threshold_type": oneOf("PERCENTAGE", "ABSOLUTE_VALUE"),
    "notification.notification_type": oneOf("ACTUAL", "FORECASTED"),
    "notification.comparison_operator": oneOf("GREATER_THAN", "LESS_THAN", "EQUAL_TO")
  },
  aws_secretsmanager_secret: { recovery_window_in_days: like(/^(?:0|[7-9]|[12]\d|30)$/, "0, or 7 to 30 days") }
}

export const complaints = (type: string, config: Fields): ReadonlyArray<Complaint> => {
  const found: Array<Complaint> = []
  const visit = (value: Value, names: string, path: ReadonlyArray<string | number>): void => {
    if (Array.isArray(value)) {
      // A set's members have no place that a message could name.
      for (const [i, item] of value.entries()) visit(item, names, isFields(item) ? [...path, i] : path)
    } else if (isFields(value)) {
      for (const [name, field] of Object.entries(value)) visit(field, names === "" ? name : `${names}.${name}`, [...path, name])
    } else if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") {
      const problem = checks[type]?.[names]?.(value) ?? null
      if (problem !== null) found.push({ path, problem })
    }
  }
  visit(config, "", [])
  return [...found, ...(together[type]?.(config) ?? [])]
}
