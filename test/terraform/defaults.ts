/** What the real provider does that its schema does not say: what it takes where nothing is given, and what it cannot change in place. */
import type { Value } from "./wire/msgpack.ts"

const defaults: Readonly<Record<string, Readonly<Record<string, Value>>>> = {
  aws_lambda_function: { memory_size: 128, timeout: 3, package_type: "Zip", publish: false, reserved_concurrent_executions: -1 },
  aws_lambda_event_source_mapping: { enabled: true },
  aws_lambda_function_event_invoke_config: { maximum_retry_attempts: 2 },
  aws_sqs_queue: {
    visibility_timeout_seconds: 30,
    message_retention_seconds: 345_600,
    max_message_size: 262_144,
    delay_seconds: 0,
    receive_wait_time_seconds: 0,
    fifo_queue: false
  },
  aws_sns_topic_subscription: { raw_message_delivery: false, confirmation_timeout_in_minutes: 1, endpoint_auto_confirms: false },
  aws_kinesis_stream: { retention_period: 24, encryption_type: "NONE", enforce_consumer_deletion: false },
  aws_iam_role: { path: "/", max_session_duration: 3600, force_detach_policies: false },
  aws_iam_policy: { path: "/" },
  aws_iam_instance_profile: { path: "/" },
  aws_s3_bucket: { force_destroy: false },
  aws_cloudwatch_log_group: { retention_in_days: 0, skip_destroy: false, log_group_class: "STANDARD" },
  aws_cloudwatch_event_rule: { event_bus_name: "default", state: "ENABLED", force_destroy: false },
  aws_cloudwatch_event_target: { event_bus_name: "default", force_destroy: false },
  aws_cloudwatch_metric_alarm: { actions_enabled: true, treat_missing_data: "missing" },
  aws_kms_key: {
    key_usage: "ENCRYPT_DECRYPT",
    customer_master_key_spec: "SYMMETRIC_DEFAULT",
    is_enabled: true,
    enable_key_rotation: false,
    deletion_window_in_days: 30
  },
  aws_ecr_repository: { image_tag_mutability: "MUTABLE", force_delete: false },
  aws_ecs_service: {
    desired_count: 0,
    deployment_maximum_percent: 200,
    deployment_minimum_healthy_percent: 100,
    scheduling_strategy: "REPLICA"
  },
  aws_glue_catalog_table: { owner: null },
  aws_vpc: { enable_dns_support: true, enable_dns_hostnames: false, instance_tenancy: "default" },
  aws_subnet: { map_public_ip_on_launch: false },
  aws_security_group: { description: "Managed by Terraform", revoke_rules_on_delete: false },
  aws_vpc_endpoint: { vpc_endpoint_type: "Gateway" },
  aws_emrserverless_application: { architecture: "X86_64" },
  aws_athena_workgroup: { state: "ENABLED", force_destroy: false },
  aws_secretsmanager_secret: { recovery_window_in_days: 30 }
}

export const defaultOf = (type: string, attribute: string): Value => defaults[type]?.[attribute] ?? null

/** What names a resource wherever it has it: another name is another resource. */
const naming = ["name", "name_prefix", "bucket", "bucket_prefix", "function_name", "alarm_name", "dashboard_name", "family", "statement_id"]

const alsoFixed: Readonly<Record<string, ReadonlyArray<string>>> = {
  aws_sns_topic_subscription: ["topic_arn", "protocol", "endpoint"],
  aws_sns_topic_policy: ["arn"],
  aws_sqs_queue: ["fifo_queue"],
  aws_sqs_queue_policy: ["queue_url"],
  aws_apigatewayv2_api: ["protocol_type"],
  aws_apigatewayv2_integration: ["api_id", "integration_type"],
  aws_apigatewayv2_route: ["api_id"],
  aws_apigatewayv2_stage: ["api_id"],
  aws_lambda_permission: ["action", "principal", "source_arn", "source_account", "qualifier"],
  aws_lambda_event_source_mapping: ["event_source_arn", "starting_position", "starting_position_timestamp"],
  aws_lambda_function: ["package_type"],
  aws_iam_role: ["path"],
  aws_iam_role_policy: ["role"],
  aws_iam_role_policy_attachment: ["role", "policy_arn"],
  aws_glue_catalog_table: ["database_name", "catalog_id"],
  aws_cloudwatch_event_target: ["rule", "target_id", "event_bus_name"],
  aws_cloudwatch_event_rule: ["event_bus_name"],
  aws_kms_key: ["key_usage", "customer_master_key_spec", "multi_region"],
  aws_ecs_service: ["cluster", "launch_type"],
  aws_ecs_task_definition: [
    "container_definitions",
    "cpu",
    "memory",
    "execution_role_arn",
    "task_role_arn",
    "network_mode",
    "requires_compatibilities"
  ],
  aws_appautoscaling_target: ["resource_id", "scalable_dimension", "service_namespace"],
  aws_vpc: ["cidr_block", "instance_tenancy"],
  aws_subnet: ["vpc_id", "cidr_block", "availability_zone"],
  aws_security_group: ["vpc_id", "description"],
  aws_vpc_endpoint: ["vpc_id", "service_name", "vpc_endpoint_type"],
  aws_route_table: ["vpc_id"],
  aws_nat_gateway: ["allocation_id", "subnet_id", "connectivity_type"],
  aws_emrserverless_application: ["type"],
  aws_emr_cluster: ["release_label", "applications", "service_role"],
  aws_kinesis_firehose_delivery_stream: ["destination"]
}

/** These change in place although they are named so: what they are of is told apart otherwise. */
const changeable = new Set(["aws_cloudwatch_query_definition.name", "aws_route53_zone.name"])

/** Attributes of which another value makes another resource. */
export const fixedOf = (type: string): ReadonlyArray<string> =>
  [...naming, ...(alsoFixed[type] ?? [])].filter((name) => !changeable.has(`${type}.${name}`))
