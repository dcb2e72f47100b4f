# What brings records into the lake without a process that runs all the time: functions with their mappings, and delivery streams of Firehose.

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.region

  folder = var.lake_prefix == "" ? "" : "${var.lake_prefix}/"
}

# ---------------------------------------------------------------------------------------------------
# Functions. What they read of the environment, and what they may do, says functions.json
# ---------------------------------------------------------------------------------------------------

locals {
  manifest = { for each in jsondecode(file("${var.functions_dir}/functions.json")).functions : each.name => each }

  all_functions = {
    consumeStream                = { is_there = var.has_stream_function, description = "Records of the stream become rows of stage and dead letters, exactly once." }
    sendCheckoutDataToFirehouse  = { is_there = var.is_managed, description = "Raw objects become structured JSON." }
    sendStructuredJsonToFirehose = { is_there = var.is_managed, description = "Structured JSON goes into the delivery stream of its dataset." }
    registerStageObjects         = { is_there = var.is_managed, description = "Files that Firehose wrote come into the log of the stage, once." }
    collectDeadLetters           = { is_there = var.is_managed, description = "What could not become a row, or be delivered, becomes a dead letter." }
  }
  functions = { for name, it in local.all_functions : name => it if it.is_there }

  # What each reads. Of dead-letter queues the collector reads all but that of its own errors, which would come back to it for ever.
  mappings = { for queue, it in {
    raw             = { function = "sendCheckoutDataToFirehouse", queue_arn = try(var.queues["raw"].arn, null) }
    structured      = { function = "sendStructuredJsonToFirehose", queue_arn = try(var.queues["structured"].arn, null) }
    stage           = { function = "registerStageObjects", queue_arn = try(var.queues["stage"].arn, null) }
    errors          = { function = "collectDeadLetters", queue_arn = try(var.queues["errors"].arn, null) }
    raw_dead        = { function = "collectDeadLetters", queue_arn = try(var.queues["raw"].dlq_arn, null) }
    structured_dead = { function = "collectDeadLetters", queue_arn = try(var.queues["structured"].dlq_arn, null) }
    stage_dead      = { function = "collectDeadLetters", queue_arn = try(var.queues["stage"].dlq_arn, null) }
  } : queue => it if var.is_managed }

  # What is outside of the lake, by the words of functions.json, and only what a function needs it for.
  resources = {
    for name in keys(local.functions) : name => {
      for on, arns in {
        raw     = ["${var.raw_bucket_arn}/*"]
        stream  = [var.stream_arn]
        streams = values(aws_kinesis_firehose_delivery_stream.this)[*].arn
        catalog = local.catalog_arns
        mapping = name == "consumeStream" ? [var.stream_arn] : [for mapping in values(local.mappings) : mapping.queue_arn if mapping.function == name]
        secrets = [var.hash_key_secret_arn]
      } : on => arns if contains(keys(local.manifest[name].actions), on) && (on != "secrets" || var.hash_key_secret_arn != null)
    }
  }

  catalog_arns = [
    "arn:${local.partition}:glue:${local.region}:${local.account}:catalog",
    "arn:${local.partition}:glue:${local.region}:${local.account}:database/${var.database}",
    "arn:${local.partition}:glue:${local.region}:${local.account}:table/${var.database}/*"
  ]

  environment = {
    SLUICE_LAKE             = var.lake_uri
    SLUICE_CATALOG          = "glue"
    SLUICE_GLUE_DATABASE    = var.database
    SLUICE_STREAM           = var.stream_name
    SLUICE_DELIVERY_STREAMS = join(",", [for dataset, stream in aws_kinesis_firehose_delivery_stream.this : "${dataset}=${stream.name}"])
    SLUICE_HASH_KEY_SECRET  = var.hash_key_secret_arn
  }
  # Whether there is a value is known before the value is.
  settings = [
    for name, is_there in {
      SLUICE_LAKE             = true
      SLUICE_CATALOG          = true
      SLUICE_GLUE_DATABASE    = true
      SLUICE_STREAM           = var.has_stream_function
      SLUICE_DELIVERY_STREAMS = var.is_managed
      SLUICE_HASH_KEY_SECRET  = var.hash_key_secret_arn != null
    } : name if is_there
  ]

  timeouts = { for name in keys(local.all_functions) : name => coalesce(try(var.functions.overrides[name].timeout, null), var.functions.timeout) }
}

module "function" {
  source   = "../function"
  for_each = local.functions

  name                 = each.key
  function_name        = lookup(var.function_names, each.key, each.key)
  role_name            = each.key == "sendCheckoutDataToFirehouse" ? var.structuring_role : "${var.name}-${each.key}"
  description          = each.value.description
  functions_dir        = var.functions_dir
  environment          = { for name in local.settings : name => local.environment[name] if contains(local.manifest[each.key].environment, name) }
  resources            = local.resources[each.key]
  leave_out            = var.hash_key_secret_arn == null ? ["secrets"] : []
  lake_bucket_arn      = var.lake_bucket_arn
  lake_prefix          = var.lake_prefix
  kms_key_arn          = var.kms_key_arn
  timeout              = local.timeouts[each.key]
  memory_size          = coalesce(try(var.functions.overrides[each.key].memory, null), var.functions.memory)
  reserved_concurrency = coalesce(try(var.functions.overrides[each.key].reserved_concurrency, null), var.functions.reserved_concurrency)
  log_retention_days   = var.log_retention_days
  tags                 = var.tags
}

data "aws_iam_policy_document" "raw_key" {
  count = var.is_managed && var.raw_kms_key_arn != null ? 1 : 0

  statement {
    sid       = "RawKey"
    actions   = ["kms:Decrypt"]
    resources = [var.raw_kms_key_arn]
  }
}

resource "aws_iam_role_policy" "raw_key" {
  count = var.is_managed && var.raw_kms_key_arn != null ? 1 : 0

  name   = "raw-key"
  role   = module.function["sendCheckoutDataToFirehouse"].role_name
  policy = data.aws_iam_policy_document.raw_key[0].json
}

# ---------------------------------------------------------------------------------------------------
# Who calls them
# ---------------------------------------------------------------------------------------------------

resource "aws_lambda_event_source_mapping" "stream" {
  count = var.has_stream_function ? 1 : 0

  event_source_arn  = var.stream_arn
  function_name     = module.function["consumeStream"].arn
  enabled           = var.reads_stream
  starting_position = "TRIM_HORIZON"
  # Each event is a commit and a file.
  batch_size                         = 10000
  maximum_batching_window_in_seconds = 60
  # A position cannot tell slices of a shard apart.
  parallelization_factor = 1
  # Nothing is given up while the lake is away. So there is no destination for failures either.
  maximum_retry_attempts        = -1
  maximum_record_age_in_seconds = -1
  function_response_types       = ["ReportBatchItemFailures"]
  tags                          = merge(var.tags, { Name = "consumeStream" })
}

locals {
  # Two take as much as a new delivery stream does; more would be throttled. And many that commit to one table at once would be in each other's way.
  concurrency = { for queue in keys(local.mappings) : queue => 2 if queue != "raw" }
}

resource "aws_lambda_event_source_mapping" "queue" {
  for_each = local.mappings

  event_source_arn        = each.value.queue_arn
  function_name           = module.function[each.value.function].arn
  batch_size              = 10
  function_response_types = ["ReportBatchItemFailures"]
  tags                    = merge(var.tags, { Name = "${each.value.function}-${each.key}" })

  dynamic "scaling_config" {
    for_each = contains(keys(local.concurrency), each.key) ? [local.concurrency[each.key]] : []
    content {
      maximum_concurrency = scaling_config.value
    }
  }
}
