/**
 * What AWS gives to a resource that it makes: identifiers, ARNs, addresses. Each is a text with values of the resource in braces, or `{@…}`: the
 * region, the account, or letters and digits of chance. What stands here is unknown in a plan and known after the apply.
 */
import { randomBytes, randomUUID } from "node:crypto"

/** Where the provider works: as it was configured. */
export interface Place {
  readonly region: string
  readonly account: string
}

type Templates = Readonly<Record<string, string>>

const regional = (service: string, rest: string) => `arn:aws:${service}:{@region}:{@account}:${rest}`
const global = (service: string, rest: string) => `arn:aws:${service}::{@account}:${rest}`

/** Settings of a bucket are known by the bucket's name. */
const ofBucket: Templates = { id: "{bucket}" }
/** What EC2 makes has a prefix and 17 digits. */
const ec2 = (prefix: string, kind: string, rest: Templates = {}): Templates => ({
  id: `${prefix}-{@hex17}`,
  arn: regional("ec2", `${kind}/{id}`),
  ...rest
})
const owned: Templates = { owner_id: "{@account}" }
const rule = ec2("sgr", "security-group-rule", { security_group_rule_id: "{id}" })

export const identities: Readonly<Record<string, Templates>> = {
  aws_s3_bucket: {
    id: "{bucket}",
    arn: "arn:aws:s3:::{bucket}",
    bucket_region: "{@region}",
    bucket_domain_name: "{bucket}.s3.amazonaws.com",
    bucket_regional_domain_name: "{bucket}.s3.{@region}.amazonaws.com",
    hosted_zone_id: "Z3AQBSTGFYJSTF"
  },
  aws_s3_bucket_acl: ofBucket,
  aws_s3_bucket_lifecycle_configuration: ofBucket,
  aws_s3_bucket_logging: ofBucket,
  aws_s3_bucket_notification: ofBucket,
  aws_s3_bucket_ownership_controls: ofBucket,
  aws_s3_bucket_policy: ofBucket,
  aws_s3_bucket_public_access_block: ofBucket,
  aws_s3_bucket_server_side_encryption_configuration: ofBucket,
  aws_s3_bucket_versioning: ofBucket,
  aws_s3_object: { id: "{bucket}/{key}", arn: "arn:aws:s3:::{bucket}/{key}", etag: "{@hex32}", version_id: "{@hex32}" },
  aws_kinesis_stream: { id: "{arn}", arn: regional("kinesis", "stream/{name}") },
  aws_kinesis_resource_policy: { id: "{resource_arn}" },
  aws_kinesis_firehose_delivery_stream: {
    id: "{arn}",
    arn: regional("firehose", "deliverystream/{name}"),
    destination_id: "destinationId-000000000001",
    version_id: "1"
  },
  aws_sns_topic: { id: "{arn}", arn: regional("sns", "{name}"), owner: "{@account}" },
  aws_sns_topic_policy: { id: "{arn}", owner: "{@account}" },
  aws_sns_topic_subscription: { id: "{arn}", arn: "{topic_arn}:{@uuid}", owner_id: "{@account}" },
  aws_sqs_queue: { id: "{url}", url: "https://sqs.{@region}.amazonaws.com/{@account}/{name}", arn: regional("sqs", "{name}") },
  aws_sqs_queue_policy: { id: "{queue_url}" },
  aws_sqs_queue_redrive_policy: { id: "{queue_url}" },
  aws_sqs_queue_redrive_allow_policy: { id: "{queue_url}" },
  aws_lambda_function: {
    id: "{function_name}",
    arn: regional("lambda", "function:{function_name}"),
    invoke_arn: "arn:aws:apigateway:{@region}:lambda:path/2015-03-31/functions/{arn}/invocations",
    qualified_arn: "{arn}:$LATEST",
    qualified_invoke_arn: "arn:aws:apigateway:{@region}:lambda:path/2015-03-31/functions/{qualified_arn}/invocations",
    version: "$LATEST",
    code_sha256: "{source_code_hash}",
    last_modified: "2026-01-01T00:00:00.000+0000"
  },
  aws_apigatewayv2_api: {
    id: "{@letters10}",
    arn: "arn:aws:apigateway:{@region}::/apis/{id}",
    api_endpoint: "https://{id}.execute-api.{@region}.amazonaws.com",
    execution_arn: regional("execute-api", "{id}")
  },
  aws_apigatewayv2_integration: { id: "{@letters7}" },
  aws_apigatewayv2_route: { id: "{@letters7}" },
  aws_apigatewayv2_stage: {
    id: "{name}",
    arn: "arn:aws:apigateway:{@region}::/apis/{api_id}/stages/{name}",
    execution_arn: regional("execute-api", "{api_id}/{name}"),
    invoke_url: "https://{api_id}.execute-api.{@region}.amazonaws.com/"
  },
  aws_lambda_alias: { id: "{arn}", arn: "{function_name}:{name}" },
  aws_lambda_event_source_mapping: {
    id: "{uuid}",
    uuid: "{@uuid}",
    arn: regional("lambda", "event-source-mapping:{uuid}"),
    function_arn: "{function_name}",
    state: "Enabled"
  },
  aws_lambda_function_event_invoke_config: { id: "{function_name}" },
  aws_lambda_permission: { id: "{statement_id}", statement_id: "terraform-{@hex26}" },
  aws_lambda_provisioned_concurrency_config: { id: "{function_name},{qualifier}" },
  aws_iam_role: {
    id: "{name}",
    arn: global("iam", "role{path}{name}"),
    unique_id: "AROA{@letters17}",
    create_date: "2026-01-01T00:00:00Z",
    name: "terraform-{@hex26}"
  },
  aws_iam_role_policy: { id: "{role}:{name}", name: "terraform-{@hex26}" },
  aws_iam_policy: { id: "{arn}", arn: global("iam", "policy{path}{name}"), policy_id: "ANPA{@letters17}" },
  aws_iam_role_policy_attachment: { id: "{role}/{policy_arn}" },
  aws_iam_instance_profile: { id: "{name}", arn: global("iam", "instance-profile{path}{name}"), unique_id: "AIPA{@letters17}" },
  aws_iam_service_linked_role: { id: "{arn}", arn: global("iam", "role/aws-service-role/{aws_service_name}/AWSServiceRole") },
  aws_glue_catalog_database: { id: "{catalog_id}:{name}", arn: regional("glue", "database/{name}"), catalog_id: "{@account}" },
  aws_glue_catalog_table: {
    id: "{catalog_id}:{database_name}:{name}",
    arn: regional("glue", "table/{database_name}/{name}"),
    catalog_id: "{@account}"
  },
  aws_glue_crawler: { id: "{name}", arn: regional("glue", "crawler/{name}") },
  aws_glue_security_configuration: { id: "{name}" },
  aws_glue_resource_policy: { id: "{@account}" },
  aws_cloudwatch_event_rule: { id: "{name}", arn: regional("events", "rule/{name}") },
  aws_cloudwatch_event_target: { id: "{rule}-{target_id}", target_id: "terraform-{@hex26}" },
  aws_cloudwatch_log_group: { id: "{name}", arn: regional("logs", "log-group:{name}") },
  aws_cloudwatch_log_stream: { id: "{name}", arn: regional("logs", "log-group:{log_group_name}:log-stream:{name}") },
  aws_cloudwatch_log_metric_filter: { id: "{name}" },
  aws_cloudwatch_log_resource_policy: { id: "{policy_name}" },
  aws_cloudwatch_metric_alarm: { id: "{alarm_name}", arn: regional("cloudwatch", "alarm:{alarm_name}") },
  aws_cloudwatch_composite_alarm: { id: "{alarm_name}", arn: regional("cloudwatch", "alarm:{alarm_name}") },
  aws_cloudwatch_dashboard: { id: "{dashboard_name}", dashboard_arn: global("cloudwatch", "dashboard/{dashboard_name}") },
  aws_cloudwatch_query_definition: { id: "{query_definition_id}", query_definition_id: "{@uuid}" },
  aws_scheduler_schedule: { id: "{group_name}/{name}", group_name: "default", arn: regional("scheduler", "schedule/{group_name}/{name}") },
  aws_kms_key: { id: "{key_id}", key_id: "{@uuid}", arn: regional("kms", "key/{key_id}") },
  aws_kms_alias: { id: "{name}", arn: regional("kms", "{name}"), target_key_arn: regional("kms", "key/{target_key_id}") },
  aws_kms_key_policy: { id: "{key_id}" },
  aws_ecr_repository: {
    id: "{name}",
    arn: regional("ecr", "repository/{name}"),
    registry_id: "{@account}",
    repository_url: "{@account}.dkr.ecr.{@region}.amazonaws.com/{name}"
  },
  aws_ecr_lifecycle_policy: { id: "{repository}", registry_id: "{@account}" },
  aws_ecr_repository_policy: { id: "{repository}", registry_id: "{@account}" },
  aws_ecs_cluster: { id: "{arn}", arn: regional("ecs", "cluster/{name}") },
  aws_ecs_cluster_capacity_providers: { id: "{cluster_name}" },
  // The cluster is given by its ARN or its name; of an ARN what stands behind the last slash is the name.
  aws_ecs_service: { id: "{arn}", arn: regional("ecs", "service/{cluster/}/{name}") },
  aws_ecs_task_definition: {
    id: "{family}",
    arn: "{arn_without_revision}:1",
    arn_without_revision: regional("ecs", "task-definition/{family}"),
    revision: "1"
  },
  aws_appautoscaling_target: { id: "{resource_id}", arn: regional("application-autoscaling", "scalable-target/{@hex32}") },
  aws_appautoscaling_policy: {
    id: "{name}",
    arn: regional("autoscaling", "scalingPolicy:{@uuid}:resource/{service_namespace}/{resource_id}:policyName/{name}")
  },
  aws_vpc: ec2("vpc", "vpc", {
    ...owned,
    default_network_acl_id: "acl-{@hex17}",
    default_route_table_id: "rtb-{@hex17}",
    default_security_group_id: "sg-{@hex17}",
    main_route_table_id: "{default_route_table_id}",
    dhcp_options_id: "dopt-{@hex17}"
  }),
  aws_subnet: ec2("subnet", "subnet", { ...owned, availability_zone: "{@region}a" }),
  aws_route_table: ec2("rtb", "route-table", owned),
  aws_route_table_association: { id: "rtbassoc-{@hex17}" },
  aws_route: { id: "r-{route_table_id}{@hex17}", origin: "CreateRoute", state: "active" },
  aws_internet_gateway: ec2("igw", "internet-gateway", owned),
  aws_nat_gateway: { id: "nat-{@hex17}", network_interface_id: "eni-{@hex17}", public_ip: "203.0.113.10" },
  aws_eip: ec2("eipalloc", "elastic-ip", { allocation_id: "{id}", public_ip: "203.0.113.10" }),
  aws_flow_log: ec2("fl", "vpc-flow-log"),
  aws_security_group: ec2("sg", "security-group", { ...owned, name: "terraform-{@hex26}" }),
  aws_default_security_group: ec2("sg", "security-group", { ...owned, name: "default", description: "default VPC security group" }),
  aws_vpc_security_group_egress_rule: rule,
  aws_vpc_security_group_ingress_rule: rule,
  aws_vpc_endpoint: ec2("vpce", "vpc-endpoint", { ...owned, prefix_list_id: "pl-{@hex8}", state: "available" }),
  aws_emr_cluster: { id: "j-{@letters13}", arn: regional("elasticmapreduce", "cluster/{id}"), cluster_state: "WAITING" },
  aws_emr_security_configuration: { id: "{name}", creation_date: "2026-01-01T00:00:00Z" },
  aws_emrserverless_application: { id: "00{@hex14}", arn: regional("emr-serverless", "/applications/{id}") },
  aws_athena_workgroup: { id: "{name}", arn: regional("athena", "workgroup/{name}") },
  aws_athena_named_query: { id: "{@uuid}" },
  aws_budgets_budget: { id: "{@account}:{name}", account_id: "{@account}", arn: global("budgets", "budget/{name}") },
  aws_lakeformation_resource: { id: "{arn}", last_modified: "2026-01-01T00:00:00Z" },
  aws_secretsmanager_secret: { id: "{arn}", arn: regional("secretsmanager", "secret:{name}-{@letters6}") },
  aws_secretsmanager_secret_policy: { id: "{secret_arn}" },
  aws_ssm_parameter: { id: "{name}", arn: regional("ssm", "parameter/{name}"), version: "1" }
}

export const templatesOf = (type: string): Templates => identities[type] ?? {}

/**
 * What AWS says of one attribute. `known` are texts that the resource has; what is made is added to them, so that chance is asked once for each.
 *
 * @throws where a text refers to what the resource has not: the list above is wrong then, and no value is better than a strange one
 */
export const identify = (type: string, attribute: string, known: Map<string, string>, place: Place): string => {
  const textOf = (name: string, within: ReadonlyArray<string>): string => {
    const text = known.get(name)
    if (text !== undefined) return text
    const template = templatesOf(type)[name]
    if (template === undefined || within.includes(name)) throw new Error(`${type}: ${attribute} is made of ${name}, which is not there`)
    const made = template.replaceAll(/\{([^}]+)\}/g, (_, part: string) => {
      if (part.startsWith("@")) return chance(part.slice(1), place)
      return part.endsWith("/") ? lastPart(textOf(part.slice(0, -1), [...within, name])) : textOf(part, [...within, name])
    })
    known.set(name, made)
    return made
  }
  return textOf(attribute, [])
}

const lastPart = (path: string): string => path.slice(path.lastIndexOf("/") + 1)

const chance = (what: string, { region, account }: Place): string => {
  if (what === "region") return region
  if (what === "account") return account
  if (what === "uuid") return randomUUID()
  const [, alphabet, length] = /^(hex|letters)(\d+)$/.exec(what) ?? []
  if (alphabet === undefined) throw new Error(`there is no {@${what}}`)
  const digits = alphabet === "hex" ? "0123456789abcdef" : "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
  return Array.from(randomBytes(Number(length)), (byte) => digits[byte % digits.length]).join("")
}
