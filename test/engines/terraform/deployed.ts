/** Reads the model of what there is from the JSON of an applied state. */
import { type Policy, readPolicy } from "./iam.ts"
import type {
  Bucket,
  DeliveryStream,
  Deployed,
  DeployedFunction,
  Queue,
  Role,
  Rule,
  Service,
  SourceMapping,
  Stream,
  Table,
  Task,
  Topic
} from "./model.ts"
import { block, blocks, type Fields, number, pairs, type Resource, resourcesOf, text, texts } from "./state.ts"

const policyOf = (fields: Fields, name: string): Policy => {
  const found = text(fields, name)
  return found === null ? [] : readPolicy(found)
}

/** The model of a state. Throws by address where a resource is not as it must be. */
export const readDeployed = (state: unknown): Deployed => {
  const all = resourcesOf(state)
  const of = (type: string): ReadonlyArray<Resource> => all.filter((each) => each.type === type)
  const need = ({ address, values }: Resource, name: string): string => {
    const found = text(values, name)
    if (found === null) throw new Error(`${address} has no ${name}`)
    return found
  }
  /** Resources of a type that say of another one which it is, by a name, an id or an ARN of it. */
  const about = (type: string, field: string, ...names: ReadonlyArray<string | null>): ReadonlyArray<Fields> =>
    of(type).flatMap(({ values }) => (names.includes(text(values, field)) ? [values] : []))
  const byArn = <A extends { readonly arn: string }>(many: ReadonlyArray<A>): ReadonlyMap<string, A> =>
    new Map(many.map((one) => [one.arn, one]))
  /** The ARN of a key, which may be named by its id or an alias. */
  const keyOf = (given: string | null): string | null => {
    if (given === null || given.startsWith("arn:")) return given
    const alias = of("aws_kms_alias").find(({ values }) => text(values, "name") === given)
    const id = alias === undefined ? given : text(alias.values, "target_key_id")
    const key = of("aws_kms_key").find(({ values }) => [text(values, "key_id"), text(values, "arn")].includes(id))
    return key === undefined ? given : need(key, "arn")
  }

  const buckets = of("aws_s3_bucket").map((resource): Bucket => bucketOf(need(resource, "bucket"), about, keyOf))
  const topics = of("aws_sns_topic").map((resource): Topic => {
    const arn = need(resource, "arn")
    return {
      arn,
      key: keyOf(text(resource.values, "kms_master_key_id")),
      policy: [
        ...policyOf(resource.values, "policy"),
        ...about("aws_sns_topic_policy", "arn", arn).flatMap((each) => policyOf(each, "policy"))
      ],
      subscriptions: about("aws_sns_topic_subscription", "topic_arn", arn).map((each) => ({
        protocol: text(each, "protocol") ?? "",
        endpoint: text(each, "endpoint") ?? "",
        isRaw: each["raw_message_delivery"] === true,
        filter: text(each, "filter_policy"),
        deadLetters: redriveOf(text(each, "redrive_policy"))?.to ?? null
      }))
    }
  })
  const queues = of("aws_sqs_queue").map((resource): Queue => {
    const [arn, url] = [need(resource, "arn"), text(resource.values, "url") ?? need(resource, "id")]
    const redrives = [resource.values, ...about("aws_sqs_queue_redrive_policy", "queue_url", url)].map((each) =>
      text(each, "redrive_policy")
    )
    return {
      arn,
      url,
      name: need(resource, "name"),
      key: keyOf(text(resource.values, "kms_master_key_id")),
      policy: [
        ...policyOf(resource.values, "policy"),
        ...about("aws_sqs_queue_policy", "queue_url", url).flatMap((each) => policyOf(each, "policy"))
      ],
      visibility: number(resource.values, "visibility_timeout_seconds") ?? 30,
      retention: number(resource.values, "message_retention_seconds") ?? 345_600,
      redrive: redrives.map(redriveOf).find((each) => each !== null) ?? null
    }
  })
  const functions = of("aws_lambda_function").map((resource): DeployedFunction => {
    const { values } = resource
    const [arn, name] = [need(resource, "arn"), need(resource, "function_name")]
    const [invoked = {}] = about("aws_lambda_function_event_invoke_config", "function_name", name, arn)
    const destination = block(block(invoked, "destination_config"), "on_failure")
    return {
      arn,
      name,
      file: /([^/]+)\.zip$/.exec(text(values, "filename") ?? text(values, "s3_key") ?? "")?.[1] ?? "",
      role: need(resource, "role"),
      environment: pairs(block(values, "environment"), "variables"),
      timeout: number(values, "timeout") ?? 3,
      memory: number(values, "memory_size") ?? 128,
      retries: number(invoked, "maximum_retry_attempts") ?? 2,
      onFailure: text(destination, "destination") ?? text(block(values, "dead_letter_config"), "target_arn"),
      permissions: about("aws_lambda_permission", "function_name", name, arn).map((each) => ({
        principal: text(each, "principal") ?? "",
        source: text(each, "source_arn"),
        account: text(each, "source_account")
      }))
    }
  })
  const functionOf = (given: string): string => functions.find(({ arn, name }) => given === arn || given === name)?.arn ?? given
  const mappings = of("aws_lambda_event_source_mapping").map((resource): SourceMapping => {
    const { values } = resource
    const isQueue = need(resource, "event_source_arn").includes(":sqs:")
    return {
      source: need(resource, "event_source_arn"),
      target: functionOf(need(resource, "function_name")),
      isEnabled: values["enabled"] !== false,
      batchSize: number(values, "batch_size") ?? (isQueue ? 10 : 100),
      window: number(values, "maximum_batching_window_in_seconds") ?? 0,
      reportsItems: texts(values, "function_response_types").includes("ReportBatchItemFailures"),
      concurrency: number(block(values, "scaling_config"), "maximum_concurrency"),
      startingPosition: text(values, "starting_position"),
      parallelization: number(values, "parallelization_factor") ?? 1,
      retries: number(values, "maximum_retry_attempts") ?? -1,
      bisects: values["bisect_batch_on_function_error"] === true,
      tumbling: number(values, "tumbling_window_in_seconds") ?? 0,
      onFailure: text(block(block(values, "destination_config"), "on_failure"), "destination_arn")
    }
  })
  const deliveryStreams = of("aws_kinesis_firehose_delivery_stream").map((resource): DeliveryStream => {
    const to = block(resource.values, "extended_s3_configuration")
    const conversion = block(to, "data_format_conversion_configuration")
    const schema = block(conversion, "schema_configuration")
    const table = text(schema, "table_name")
    return {
      arn: need(resource, "arn"),
      name: need(resource, "name"),
      role: text(to, "role_arn") ?? "",
      bucket: text(to, "bucket_arn") ?? "",
      prefix: text(to, "prefix") ?? "",
      errorPrefix: text(to, "error_output_prefix") ?? "",
      // Firehose gives Parquet this ending by itself where it converts.
      extension: text(to, "file_extension") ?? (table === null ? "" : ".parquet"),
      bufferMegabytes: number(to, "buffering_size") ?? 5,
      bufferSeconds: number(to, "buffering_interval") ?? 300,
      compression: text(to, "compression_format") ?? "UNCOMPRESSED",
      table:
        table === null || conversion["enabled"] === false
          ? null
          : {
              database: text(schema, "database_name") ?? "",
              name: table,
              role: text(schema, "role_arn") ?? "",
              version: text(schema, "version_id") ?? "LATEST"
            },
      isEncrypted: block(resource.values, "server_side_encryption")["enabled"] === true
    }
  })
  const columnsIn = (fields: Fields, name: string) =>
    blocks(fields, name).map((column) => ({ Name: text(column, "name") ?? "", Type: text(column, "type") ?? "" }))
  const tables = of("aws_glue_catalog_table").map(
    (resource): Table => ({
      database: need(resource, "database_name"),
      name: need(resource, "name"),
      location: text(block(resource.values, "storage_descriptor"), "location") ?? "",
      parameters: pairs(resource.values, "parameters"),
      partitionKeys: columnsIn(resource.values, "partition_keys"),
      columns: columnsIn(block(resource.values, "storage_descriptor"), "columns")
    })
  )
  const rules = of("aws_cloudwatch_event_rule").map((resource): Rule => {
    const name = need(resource, "name")
    return {
      arn: need(resource, "arn"),
      name,
      isEnabled: text(resource.values, "state") !== "DISABLED",
      schedule: text(resource.values, "schedule_expression"),
      pattern: text(resource.values, "event_pattern"),
      targets: about("aws_cloudwatch_event_target", "rule", name).map((each) => ({
        arn: text(each, "arn") ?? "",
        role: text(each, "role_arn"),
        input: text(each, "input"),
        deadLetters: text(block(each, "dead_letter_config"), "arn"),
        retries: number(block(each, "retry_policy"), "maximum_retry_attempts") ?? 185,
        task: text(block(each, "ecs_target"), "task_definition_arn")
      }))
    }
  })
  const roles = of("aws_iam_role").map((resource): Role => {
    const name = need(resource, "name")
    const attached = about("aws_iam_role_policy_attachment", "role", name).map((each) => text(each, "policy_arn") ?? "")
    const known = (arn: string) => about("aws_iam_policy", "arn", arn)
    return {
      arn: need(resource, "arn"),
      name,
      trust: policyOf(resource.values, "assume_role_policy"),
      policy: [
        ...blocks(resource.values, "inline_policy").flatMap((each) => policyOf(each, "policy")),
        ...about("aws_iam_role_policy", "role", name).flatMap((each) => policyOf(each, "policy")),
        ...attached.flatMap((arn) => known(arn).flatMap((each) => policyOf(each, "policy")))
      ],
      foreign: attached.filter((arn) => known(arn).length === 0)
    }
  })
  const tasks = of("aws_ecs_task_definition").map((resource): Task => taskOf(resource, need(resource, "arn"), need(resource, "family")))
  const services = of("aws_ecs_service").map(
    (resource): Service => ({
      arn: text(resource.values, "arn") ?? need(resource, "id"),
      name: need(resource, "name"),
      task: need(resource, "task_definition"),
      tasks: number(resource.values, "desired_count") ?? 0
    })
  )
  const [anyArn = ""] = [...roles, ...topics, ...queues].map(({ arn }) => arn)
  const [regional = ""] = [...topics, ...queues, ...functions, ...rules].map(({ arn }) => arn)
  return {
    account: anyArn.split(":")[4] ?? "",
    region: regional.split(":")[3] ?? "",
    buckets: byArn(buckets),
    topics: byArn(topics),
    queues: byArn(queues),
    functions: byArn(functions),
    mappings,
    streams: byArn(
      of("aws_kinesis_stream").map(
        (resource): Stream => ({
          arn: need(resource, "arn"),
          name: need(resource, "name"),
          key: text(resource.values, "encryption_type") === "KMS" ? keyOf(text(resource.values, "kms_key_id")) : null,
          isOnDemand: text(block(resource.values, "stream_mode_details"), "stream_mode") === "ON_DEMAND",
          retentionHours: number(resource.values, "retention_period") ?? 24
        })
      )
    ),
    deliveryStreams: byArn(deliveryStreams),
    databases: of("aws_glue_catalog_database").map((each) => need(each, "name")),
    tables,
    rules,
    roles: byArn(roles),
    tasks: byArn(tasks),
    services,
    applications: of("aws_emrserverless_application").map((each) => need(each, "arn")),
    keys: new Map(
      of("aws_kms_key").map((each) => [
        need(each, "arn"),
        [
          ...policyOf(each.values, "policy"),
          ...about("aws_kms_key_policy", "key_id", text(each.values, "key_id"), need(each, "arn")).flatMap((one) => policyOf(one, "policy"))
        ]
      ])
    ),
    alarms: of("aws_cloudwatch_metric_alarm").map((each) => ({
      name: need(each, "alarm_name"),
      metric: text(each.values, "metric_name"),
      dimensions: pairs(each.values, "dimensions"),
      actions: texts(each.values, "alarm_actions")
    }))
  }
}

const redriveOf = (policy: string | null): Queue["redrive"] => {
  if (policy === null) return null
  const { deadLetterTargetArn, maxReceiveCount } = JSON.parse(policy)
  return typeof deadLetterTargetArn === "string" ? { to: deadLetterTargetArn, after: Number(maxReceiveCount ?? 0) } : null
}

const bucketOf = (
  name: string,
  about: (type: string, field: string, name: string) => ReadonlyArray<Fields>,
  keyOf: (given: string | null) => string | null
): Bucket => {
  const [encryption = {}] = about("aws_s3_bucket_server_side_encryption_configuration", "bucket", name)
  const [versioning = {}] = about("aws_s3_bucket_versioning", "bucket", name)
  const [access = {}] = about("aws_s3_bucket_public_access_block", "bucket", name)
  const notifications = about("aws_s3_bucket_notification", "bucket", name)
  if (notifications.length > 1)
    throw new Error(`bucket ${name} has ${notifications.length} notifications, of which each overwrites the others`)
  const kinds = ["topic", "queue", "lambda_function"] as const
  const targets = { topic: "topic_arn", queue: "queue_arn", lambda_function: "lambda_function_arn" }
  return {
    name,
    arn: `arn:aws:s3:::${name}`,
    key: keyOf(text(block(block(encryption, "rule"), "apply_server_side_encryption_by_default"), "kms_master_key_id")),
    isVersioned: text(block(versioning, "versioning_configuration"), "status") === "Enabled",
    isPublicBlocked: ["block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets"].every(
      (each) => access[each] === true
    ),
    policy: about("aws_s3_bucket_policy", "bucket", name).flatMap((each) => policyOf(each, "policy")),
    notifications: notifications.flatMap((each) =>
      kinds.flatMap((kind) =>
        blocks(each, kind).map((one) => ({
          kind,
          target: text(one, targets[kind]) ?? "",
          events: texts(one, "events"),
          prefix: text(one, "filter_prefix") ?? "",
          suffix: text(one, "filter_suffix") ?? ""
        }))
      )
    ),
    expires: about("aws_s3_bucket_lifecycle_configuration", "bucket", name).flatMap((each) =>
      blocks(each, "rule").flatMap((rule) => {
        const days = number(block(rule, "expiration"), "days")
        const filter = block(rule, "filter")
        const prefix = text(filter, "prefix") ?? text(block(filter, "and"), "prefix") ?? text(rule, "prefix") ?? ""
        return days === null ? [] : [{ prefix, days }]
      })
    )
  }
}

const taskOf = ({ address, values }: Resource, arn: string, family: string): Task => {
  const containers: unknown = JSON.parse(text(values, "container_definitions") ?? "[]")
  if (!Array.isArray(containers)) throw new Error(`${address} has no list of containers`)
  const named = (all: ReadonlyArray<Fields>, value: string) =>
    Object.fromEntries(all.map((each) => [text(each, "name") ?? "", text(each, value) ?? ""]))
  return {
    arn,
    family,
    role: text(values, "task_role_arn"),
    executionRole: text(values, "execution_role_arn"),
    containers: blocks({ containers }, "containers").map((each) => ({
      name: text(each, "name") ?? "",
      command: texts(each, "command"),
      environment: named(blocks(each, "environment"), "value"),
      secrets: named(blocks(each, "secrets"), "valueFrom"),
      stopTimeout: number(each, "stopTimeout"),
      hasHealthCheck: each["healthCheck"] !== undefined
    }))
  }
}
