# The AWS side of Sluice, composed of the modules in infra-terraform/. docs/deploy.md says what comes out, and in which order.

provider "aws" {
  region = var.region

  default_tags {
    tags = var.tags
  }
}

locals {
  is_managed = contains(["managed", "all"], var.mode)
  # Where all ways are there, either the service reads the stream or the function: both would do all work twice.
  has_service = var.mode == "consumer" || (var.mode == "all" && (var.consumer.source == "sqs" || var.stream_reader == "consumer"))
  has_stream  = contains(["lambda", "all"], var.mode) || (local.has_service && var.consumer.source == "kinesis")
  takes_queue = local.has_service && var.consumer.source == "sqs"
  has_raw     = local.is_managed || local.takes_queue
  is_embedded = var.repartition.engine == "embedded"
  is_emr      = var.repartition.engine == "emr"
  # Jobs of Spark run as a role that is made for them, but on a cluster that is there.

  # Paths are those of this folder, wherever it is used from.
  functions_dir  = startswith(var.functions_dir, "/") ? var.functions_dir : "${path.module}/${var.functions_dir}"
  project_folder = startswith(var.project_folder, "/") ? var.project_folder : "${path.module}/${var.project_folder}"
  # Of the image, which has this folder at /sluice.
  project = coalesce(var.consumer.project, "/sluice/${trimprefix(var.project_folder, "./")}")

  # Models of the project: marts are built of them, by whoever folds in a process of its own; where jobs of Spark fold, by a task for itself.
  models     = toset([for file in fileset(local.project_folder, "models/**/*.sql") : trimsuffix(basename(file), ".sql")])
  has_models = length(local.models) > 0
  has_builds = local.has_models && contains(["emr", "emr-serverless"], var.repartition.engine)
  has_task   = local.is_embedded || local.has_builds

  folder = var.lake_prefix == "" ? "" : "${var.lake_prefix}/"

  # Services that tasks and clusters call from a network of their own.
  called = toset(concat(
    local.has_service || local.has_task ? ["ecr.api", "ecr.dkr", "glue", "logs", "secretsmanager"] : [],
    local.has_service && var.consumer.source == "kinesis" ? ["kinesis-streams"] : [],
    local.takes_queue ? ["sqs"] : [],
    local.is_emr ? ["elasticmapreduce"] : []
  ))

  functions = merge(module.ingest.functions, one(module.repartition[*].functions), { for each in module.collect[*].function : "collect" => each })
}

# ---------------------------------------------------------------------------------------------------
# Where it is kept
# ---------------------------------------------------------------------------------------------------

module "lake" {
  source = "./infra-terraform/lake"

  name                 = var.name
  tags                 = var.tags
  raw_bucket           = var.raw_bucket
  create_raw_bucket    = var.create_raw_bucket
  lake_bucket          = var.lake_bucket
  lake_prefix          = var.lake_prefix
  artifact_bucket      = var.artifact_bucket
  access_logs          = var.access_logs
  structured_json_days = var.structured_json_days
  errors_days          = var.errors_days
  query_result_days    = var.athena.result_days
  datasets             = keys(var.datasets)
  models               = local.models

  raw_notifications = local.has_raw && var.raw_bucket_notifications ? [
    { kind = "topic", arn = module.stream.topics["raw"] }
  ] : []
  lake_notifications = local.is_managed ? [
    { kind = "topic", arn = module.stream.topics["structured"], prefix = "${local.folder}structured_json/", suffix = ".json" },
    { kind = "queue", arn = module.stream.queues["stage"].arn, prefix = "${local.folder}stage/", suffix = ".parquet" },
    { kind = "queue", arn = module.stream.queues["errors"].arn, prefix = "${local.folder}errors/" }
  ] : []
}

module "catalog" {
  source = "./infra-terraform/catalog"

  name                = var.name
  tags                = var.tags
  database            = var.names.database
  datasets            = var.datasets
  project_folder      = local.project_folder
  raw_crawler         = var.names.raw_crawler
  consumable_crawler  = var.names.consumable_crawler
  lake_uri            = module.lake.lake_uri
  lake_bucket_arn     = module.lake.lake_bucket_arn
  lake_prefix         = module.lake.lake_prefix
  artifact_bucket     = module.lake.artifact_bucket
  artifact_bucket_arn = module.lake.artifact_bucket_arn
  kms_key_arn         = module.lake.kms_key_arn
  bytes_per_query     = var.athena.bytes_per_query
  reader_principals   = var.access.readers
  writer_principals   = var.access.writers
}

# ---------------------------------------------------------------------------------------------------
# How records come in
# ---------------------------------------------------------------------------------------------------

module "stream" {
  source = "./infra-terraform/stream"

  name             = var.name
  tags             = var.tags
  kms_key_arn      = module.lake.kms_key_arn
  has_stream       = local.has_stream
  stream_name      = var.names.stream
  retention_hours  = var.stream_retention_hours
  shards           = var.stream_shards
  is_managed       = local.is_managed
  has_raw_topic    = local.has_raw
  has_consumer     = local.takes_queue
  raw_topic        = var.names.raw_topic
  structured_topic = var.names.structured_topic
  raw_bucket_arn   = module.lake.raw_bucket_arn
  lake_bucket_arn  = module.lake.lake_bucket_arn
  # Each queue that a function reads hides its messages for six times as long as the function may take.
  function_timeouts  = module.ingest.timeouts
  consumer_processes = var.consumer.autoscaling.enabled ? var.consumer.autoscaling.max : var.consumer.workers
}

module "ingest" {
  source = "./infra-terraform/ingest"

  name                = var.name
  tags                = var.tags
  functions_dir       = local.functions_dir
  functions           = var.functions
  function_names      = var.names.functions
  structuring_role    = var.names.structuring_role
  firehose_role       = var.names.firehose_role
  is_managed          = local.is_managed
  has_stream_function = contains(["lambda", "all"], var.mode)
  reads_stream        = !(local.has_service && var.consumer.source == "kinesis")
  datasets            = var.datasets
  lake_uri            = module.lake.lake_uri
  lake_bucket_arn     = module.lake.lake_bucket_arn
  lake_prefix         = module.lake.lake_prefix
  raw_bucket_arn      = module.lake.raw_bucket_arn
  raw_kms_key_arn     = var.raw_kms_key_arn
  kms_key_arn         = module.lake.kms_key_arn
  hash_key_secret_arn = var.hash_key_secret_arn
  stream_arn          = module.stream.stream_arn
  stream_name         = module.stream.stream_name
  queues              = module.stream.queues
  database            = module.catalog.database
  raw_tables          = module.catalog.raw_tables
  log_retention_days  = var.log_retention_days
}

module "collect" {
  source = "./infra-terraform/collect"
  count  = var.collect.enabled ? 1 : 0

  name                 = var.name
  tags                 = var.tags
  functions_dir        = local.functions_dir
  function_name        = lookup(var.names.functions, "collect", "collect")
  stream_name          = module.stream.stream_name
  stream_arn           = module.stream.stream_arn
  lake_bucket_arn      = module.lake.lake_bucket_arn
  kms_key_arn          = module.lake.kms_key_arn
  allowed_origins      = var.collect.allowed_origins
  environment          = var.collect.environment
  requests_per_second  = var.collect.requests_per_second
  memory               = coalesce(try(var.functions.overrides["collect"].memory, null), var.functions.memory)
  reserved_concurrency = coalesce(try(var.functions.overrides["collect"].reserved_concurrency, null), var.functions.reserved_concurrency)
  log_retention_days   = var.log_retention_days
}

module "network" {
  source = "./infra-terraform/network"

  name       = var.name
  tags       = var.tags
  create     = var.network.create
  vpc_id     = var.network.vpc_id
  subnet_ids = var.network.subnet_ids
  cidr       = var.network.cidr
  endpoints  = coalesce(var.network.endpoints, local.called)
  required_by = concat(
    local.has_service ? ["the consumer on Fargate"] : [],
    local.is_embedded ? ["the repartition on Fargate"] : [],
    local.has_builds ? ["the building of marts on Fargate"] : [],
    local.is_emr ? ["clusters of EMR"] : []
  )
}

module "consumer" {
  source = "./infra-terraform/consumer"
  count  = contains(["consumer", "all"], var.mode) || local.has_task ? 1 : 0

  name                = var.name
  tags                = var.tags
  source_kind         = local.has_service ? var.consumer.source : "none"
  workers             = var.consumer.workers
  cpu                 = var.consumer.cpu
  memory              = var.consumer.memory
  architecture        = var.consumer.architecture
  image_tag           = var.consumer.image_tag
  image               = var.consumer.image
  image_repository    = var.consumer.image_repository
  project             = local.project
  environment         = var.consumer.environment
  autoscaling         = var.consumer.autoscaling
  repartitions        = var.repartition.engine == "none"
  has_models          = local.has_models
  lake_uri            = module.lake.lake_uri
  lake_bucket_arn     = module.lake.lake_bucket_arn
  lake_prefix         = module.lake.lake_prefix
  raw_bucket_arn      = module.lake.raw_bucket_arn
  raw_kms_key_arn     = var.raw_kms_key_arn
  kms_key_arn         = module.lake.kms_key_arn
  hash_key_secret_arn = var.hash_key_secret_arn
  database            = module.catalog.database
  stream_name         = module.stream.stream_name
  stream_arn          = module.stream.stream_arn
  queue               = local.takes_queue ? module.stream.queues["consumer"] : null
  subnet_ids          = module.network.subnet_ids
  security_group_id   = module.network.security_group_id
  log_retention_days  = var.log_retention_days
}

# ---------------------------------------------------------------------------------------------------
# What is made of it, and who looks after it
# ---------------------------------------------------------------------------------------------------

module "repartition" {
  source = "./infra-terraform/repartition"
  count  = var.repartition.engine == "none" ? 0 : 1

  name                = var.name
  tags                = var.tags
  rule_name           = var.names.repartition_rule
  function_names      = var.names.functions
  functions_dir       = local.functions_dir
  functions           = var.functions
  settings            = var.repartition
  has_models          = local.has_models
  lake_uri            = module.lake.lake_uri
  lake_bucket_arn     = module.lake.lake_bucket_arn
  lake_prefix         = module.lake.lake_prefix
  artifact_bucket     = module.lake.artifact_bucket
  artifact_bucket_arn = module.lake.artifact_bucket_arn
  kms_key_arn         = module.lake.kms_key_arn
  database            = module.catalog.database
  failures_queue      = module.stream.failures_queue
  subnet_ids          = module.network.subnet_ids
  security_group_id   = module.network.security_group_id
  cluster_arn         = local.has_task ? module.consumer[0].cluster_arn : null
  image               = local.has_task ? module.consumer[0].image : null
  repository_arn      = local.has_task ? module.consumer[0].repository_arn : null
  project             = local.has_task ? local.project : null
  log_retention_days  = var.log_retention_days
}

module "observe" {
  source = "./infra-terraform/observe"

  name                = var.name
  tags                = var.tags
  kms_key_arn         = module.lake.kms_key_arn
  emails              = var.alarms.emails
  behind_seconds      = var.alarms.behind_seconds
  dead_letters        = var.alarms.dead_letters
  hours_without_a_run = var.alarms.hours_without_a_run
  monthly_budget      = var.monthly_budget
  budget_tag          = var.budget_tag
  stream_name         = module.stream.stream_name
  queues              = module.stream.queues
  failures_queue      = module.stream.failures_queue
  functions           = local.functions
  delivery_streams    = module.ingest.delivery_streams
  cluster_name        = local.has_service ? module.consumer[0].cluster_name : null
  service_names       = local.has_service ? module.consumer[0].service_names : []
  tasks_per_service   = local.has_service ? module.consumer[0].tasks_per_service : 1
  consumer_log_group  = local.has_service ? module.consumer[0].log_group : null
  rule_name           = one(module.repartition[*].rule_name)
  endpoint            = one(module.collect[*].api_id)
  has_endpoint        = var.collect.enabled

  repartition_log_group = try(module.repartition[0].task.log_group, null)
}

# The console comes here, as a module of the same form: given the lake, the network and the key, and told to observe.
