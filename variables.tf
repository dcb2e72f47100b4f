# ---------------------------------------------------------------------------------------------------
# What is made
# ---------------------------------------------------------------------------------------------------

variable "mode" {
  description = "How records come into the lake. consumer: a service on Fargate reads a stream, or announced objects. lambda: a function reads the stream. managed: functions around Firehose, as the original has it. all: everything, where the service reads the stream and the mapping of the function is disabled."
  type        = string
  default     = "managed"
  nullable    = false

  validation {
    condition     = contains(["consumer", "lambda", "managed", "all"], var.mode)
    error_message = "mode must be consumer, lambda, managed or all."
  }
}

variable "stream_reader" {
  description = "Which of the two reads the stream in the mode all: consumer or lambda. Stop the one before you let the other read: both at once do no harm, but do all work twice."
  type        = string
  default     = "consumer"
  nullable    = false

  validation {
    condition     = contains(["consumer", "lambda"], var.stream_reader)
    error_message = "stream_reader must be consumer or lambda."
  }
}

variable "region" {
  description = "Region in which everything is."
  type        = string
  default     = "us-east-1"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "region must be the code of a region of AWS, such as us-east-1."
  }
}

variable "name" {
  description = "What names begin with that the original does not give."
  type        = string
  default     = "sluice"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,18}[a-z0-9]$", var.name))
    error_message = "name must be 2 to 20 lower-case letters, digits and dashes, begin with a letter and not end with a dash."
  }
}

variable "names" {
  description = "Names of what the original names. functions has other names for functions, by those of functions.json."
  type = object({
    raw_topic          = optional(string, "checkout-sns-topic-1")
    structured_topic   = optional(string, "TestNewStructuredJsonData")
    stream             = optional(string, "checkout-events")
    functions          = optional(map(string), {})
    structuring_role   = optional(string, "lambda-s3-role")
    firehose_role      = optional(string, "firehose_delivery_role")
    database           = optional(string, "checkout")
    raw_crawler        = optional(string, "checkoutOrder")
    consumable_crawler = optional(string, "consumable_checkout_crawler")
    repartition_rule   = optional(string, "checkout_partition_routine_trigger")
  })
  default  = {}
  nullable = false

  validation {
    condition     = can(regex("^[a-z0-9_]{1,255}$", var.names.database))
    error_message = "names.database must be lower-case letters, digits and underscores: Athena reads no others."
  }
}

variable "tags" {
  description = "Tags of everything."
  type        = map(string)
  default     = { project = "sluice" }
  nullable    = false
}

# ---------------------------------------------------------------------------------------------------
# What goes in
# ---------------------------------------------------------------------------------------------------

variable "project_folder" {
  description = "Folder of the project, whose derived/ has the columns of each dataset. The functions are to be built of the same."
  type        = string
  default     = "schemas/vtex"
  nullable    = false
}

variable "datasets" {
  description = "Datasets of the project that come into the lake: the delivery stream of each, and its tables in Glue, which are called raw_DATASET and DATASET by Sluice itself."
  type = map(object({
    delivery_stream  = string
    raw_table        = string
    consumable_table = string
  }))
  default = {
    checkout = {
      delivery_stream  = "DataStreamStructuredCheckout"
      raw_table        = "raw_checkout"
      consumable_table = "checkout"
    }
    fulfillment = {
      delivery_stream  = "DataStreamStructuredFulfillment"
      raw_table        = "raw_fulfillment"
      consumable_table = "fulfillment"
    }
  }
  nullable = false

  validation {
    condition     = length(var.datasets) > 0
    error_message = "datasets must have one or more."
  }
  validation {
    condition     = alltrue([for dataset in keys(var.datasets) : can(regex("^[a-z][a-z0-9_]*$", dataset))])
    error_message = "datasets must be named by lower-case letters, digits and underscores, and begin with a letter."
  }
  validation {
    # Readers take what begins with them for hidden, and so would Firehose's files be, which are called as their stream.
    condition     = alltrue([for dataset in values(var.datasets) : can(regex("^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,63}$", dataset.delivery_stream))])
    error_message = "datasets: a delivery_stream must be 1 to 64 letters, digits, underscores, dots and dashes, and begin with a letter or a digit."
  }
  validation {
    condition     = length(distinct(values(var.datasets)[*].delivery_stream)) == length(var.datasets)
    error_message = "datasets: each needs a delivery_stream of its own."
  }
  validation {
    condition     = alltrue([for name, dataset in var.datasets : dataset.raw_table == "raw_${name}" && dataset.consumable_table == name])
    error_message = "datasets: a raw_table must be raw_DATASET and a consumable_table DATASET, as Sluice keeps them in the catalog."
  }
}

variable "raw_bucket" {
  description = "Bucket into which raw objects are written."
  type        = string
  default     = "vtex-checkout-versioned-rawdata"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.raw_bucket))
    error_message = "raw_bucket must be 3 to 63 lower-case letters, digits, dots and dashes."
  }
}

variable "create_raw_bucket" {
  description = "Make the raw bucket. false: it is there, and nothing of it is changed but its notifications."
  type        = bool
  default     = true
  nullable    = false
}

variable "raw_bucket_notifications" {
  description = "Set the notifications of the raw bucket. They are one thing: what else a bucket that is there tells others goes by it. false: you let the bucket tell the raw topic."
  type        = bool
  default     = true
  nullable    = false
}

variable "raw_kms_key_arn" {
  description = "ARN of the KMS key of a raw bucket that is there, where it is encrypted with one of yours. null: none."
  type        = string
  default     = null

  validation {
    condition     = var.raw_kms_key_arn == null || can(regex("^arn:[a-z-]+:kms:", var.raw_kms_key_arn))
    error_message = "raw_kms_key_arn must be the ARN of a key of KMS, or null."
  }
}

variable "hash_key_secret_arn" {
  description = "ARN of the secret of Secrets Manager that has the hash key, as its whole text. The value is never read here, so that no state has it. null: there is none, and sensitive values are dropped."
  type        = string
  default     = null

  validation {
    condition     = var.hash_key_secret_arn == null || can(regex("^arn:[a-z-]+:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:.+$", var.hash_key_secret_arn))
    error_message = "hash_key_secret_arn must be the ARN of a secret of Secrets Manager, or null."
  }
}

variable "functions_dir" {
  description = "Folder of the zips of functions and of functions.json, as `npm run build` makes them."
  type        = string
  default     = "dist/lambda"
  nullable    = false
}

# ---------------------------------------------------------------------------------------------------
# Where it is kept
# ---------------------------------------------------------------------------------------------------

variable "lake_bucket" {
  description = "Bucket of the lake."
  type        = string
  default     = "vtex.datalake"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.lake_bucket))
    error_message = "lake_bucket must be 3 to 63 lower-case letters, digits, dots and dashes."
  }
  validation {
    condition     = var.lake_bucket != var.raw_bucket
    error_message = "lake_bucket must be another bucket than raw_bucket: what is told of one would be told of the other."
  }
}

variable "lake_prefix" {
  description = "Folder of the lake in its bucket. Empty: the bucket is the lake."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^([A-Za-z0-9_.=-]+(/[A-Za-z0-9_.=-]+)*)?$", var.lake_prefix))
    error_message = "lake_prefix must be folders with slashes between them and none at its ends, of letters, digits and _ . = -."
  }
}

variable "artifact_bucket" {
  description = "Bucket of results of Athena and logs of jobs. null: NAME-artifacts-ACCOUNT."
  type        = string
  default     = null

  validation {
    condition     = var.artifact_bucket == null || can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.artifact_bucket))
    error_message = "artifact_bucket must be 3 to 63 lower-case letters, digits, dots and dashes, or null."
  }
}

variable "access_logs" {
  description = "Bucket, and folder in it, to which S3 writes who reads the buckets made here. null: nowhere, which costs nothing."
  type = object({
    bucket = string
    prefix = optional(string, "s3/")
  })
  default = null
}

variable "structured_json_days" {
  description = "Days for which structured JSON is kept. Few: little is left to send again. Many: each row is paid twice for so long."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.structured_json_days >= 1 && floor(var.structured_json_days) == var.structured_json_days
    error_message = "structured_json_days must be a whole number from 1."
  }
}

variable "errors_days" {
  description = "Days for which objects below errors/ are kept. They are rows of dead_letters long before, and hold records as they came."
  type        = number
  default     = 90
  nullable    = false

  validation {
    condition     = var.errors_days >= 1 && floor(var.errors_days) == var.errors_days
    error_message = "errors_days must be a whole number from 1."
  }
}

variable "stream_retention_hours" {
  description = "Hours for which the stream keeps records: so long may nothing read it."
  type        = number
  default     = 168
  nullable    = false

  validation {
    condition     = var.stream_retention_hours >= 24 && var.stream_retention_hours <= 8760 && floor(var.stream_retention_hours) == var.stream_retention_hours
    error_message = "stream_retention_hours must be a whole number from 24 to 8760."
  }
}

variable "stream_shards" {
  description = "Shards of the stream. null: on demand, which grows by itself; a number costs less where the load is known and even."
  type        = number
  default     = null

  validation {
    condition     = var.stream_shards == null ? true : var.stream_shards >= 1 && floor(var.stream_shards) == var.stream_shards
    error_message = "stream_shards must be a whole number from 1, or null."
  }
}

variable "log_retention_days" {
  description = "Days for which logs are kept."
  type        = number
  default     = 365
  nullable    = false

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "log_retention_days must be a time that CloudWatch knows: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653."
  }
}

# ---------------------------------------------------------------------------------------------------
# What works
# ---------------------------------------------------------------------------------------------------

variable "functions" {
  description = "What functions have: memory (MB), timeout (s), the most that run at a time (reserved_concurrency, -1: as the account allows); of single ones, by their names in functions.json, in overrides."
  type = object({
    memory               = optional(number, 512)
    timeout              = optional(number, 60)
    reserved_concurrency = optional(number, -1)
    overrides = optional(map(object({
      memory               = optional(number)
      timeout              = optional(number)
      reserved_concurrency = optional(number)
    })), {})
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for it in concat([var.functions], values(var.functions.overrides)) : it.memory == null ? true : it.memory >= 256 && it.memory <= 10240])
    error_message = "functions: memory must be 256 to 10240 MB."
  }
  validation {
    condition     = alltrue([for it in concat([var.functions], values(var.functions.overrides)) : it.timeout == null ? true : it.timeout >= 10 && it.timeout <= 900])
    error_message = "functions: timeout must be 10 to 900 s."
  }
}

variable "collect" {
  description = "The endpoint for hits of browsers, which go into the stream: whether there is one (enabled), whose pages may send (allowed_origins), how many requests a second are taken (requests_per_second), and more of its settings (environment, no secrets)."
  type = object({
    enabled             = optional(bool, false)
    allowed_origins     = optional(list(string), ["*"])
    requests_per_second = optional(number, 1000)
    environment         = optional(map(string), {})
  })
  default  = {}
  nullable = false

  validation {
    condition     = !var.collect.enabled || contains(["lambda", "all"], var.mode) || (var.mode == "consumer" && var.consumer.source == "kinesis")
    error_message = "collect puts hits into the stream: mode must be lambda or all, or consumer with the source kinesis."
  }
}

variable "consumer" {
  description = "The service on Fargate: what it reads (source: kinesis or sqs), how many processes share it (workers), their cores (cpu, 1024 are one), memory (MB) and processor (architecture), the tag of the image, or an image of another repository (image, and where that is one of ECR its ARN, image_repository), the absolute path of the project in it (project; null: /sluice/ and project_folder), more settings (environment, no secrets), and whether there are more of them where much waits (autoscaling, of sqs alone)."
  type = object({
    source           = optional(string, "kinesis")
    workers          = optional(number, 1)
    cpu              = optional(number, 512)
    memory           = optional(number, 1024)
    architecture     = optional(string, "X86_64")
    image_tag        = optional(string, "0.1.0")
    image            = optional(string)
    image_repository = optional(string)
    project          = optional(string)
    environment      = optional(map(string), {})
    autoscaling = optional(object({
      enabled           = optional(bool, false)
      min               = optional(number, 1)
      max               = optional(number, 4)
      messages_per_task = optional(number, 2000)
    }), {})
  })
  default  = {}
  nullable = false

  validation {
    condition     = contains(["kinesis", "sqs"], var.consumer.source)
    error_message = "consumer.source must be kinesis or sqs."
  }
  validation {
    condition     = var.consumer.workers >= 1 && floor(var.consumer.workers) == var.consumer.workers
    error_message = "consumer.workers must be a whole number from 1."
  }
  validation {
    condition     = !var.consumer.autoscaling.enabled || var.consumer.source == "sqs"
    error_message = "consumer.autoscaling is for the source sqs: workers of a stream have numbers, and grow by consumer.workers."
  }
  validation {
    condition     = var.consumer.project == null ? true : startswith(var.consumer.project, "/")
    error_message = "consumer.project must be the absolute path of the project in the image, such as /sluice/schemas/shop."
  }
  validation {
    # A folder beside this one is not in the image by its name here.
    condition     = var.consumer.project != null || !(startswith(var.project_folder, "/") || strcontains(var.project_folder, "..")) || !(contains(["consumer", "all"], var.mode) || var.repartition.engine == "embedded")
    error_message = "consumer.project must say where the image has the project, since project_folder is not below the folder of this configuration."
  }
}

variable "repartition" {
  description = "What folds stage into the tables for users, at minute 10 of each hour. engine: emr-serverless (nothing to pay between jobs), emr (a cluster for each job, or steps of the cluster cluster_id, whose machines run as cluster_role_arn), embedded (one task on Fargate, the cheapest) or none. Of jobs: release, executors and size, timeout; of the application: architecture, idle_minutes, max_cpu (cores) and max_memory (GB) of all its jobs; of clusters: machines; of the task: cpu, memory, ephemeral_storage."
  type = object({
    engine            = optional(string, "emr-serverless")
    release           = optional(string, "emr-7.13.0")
    architecture      = optional(string, "X86_64")
    executors         = optional(number, 10)
    size              = optional(string)
    timeout           = optional(string, "6h")
    idle_minutes      = optional(number, 15)
    max_cpu           = optional(number, 64)
    max_memory        = optional(number, 256)
    machines          = optional(list(string), ["r5.xlarge"])
    cluster_id        = optional(string)
    cluster_role_arn  = optional(string)
    cpu               = optional(number, 2048)
    memory            = optional(number, 8192)
    ephemeral_storage = optional(number, 50)
  })
  default  = {}
  nullable = false

  validation {
    condition     = contains(["embedded", "emr-serverless", "emr", "none"], var.repartition.engine)
    error_message = "repartition.engine must be embedded, emr-serverless, emr or none."
  }
  validation {
    condition     = (var.repartition.cluster_id == null) == (var.repartition.cluster_role_arn == null)
    error_message = "repartition: cluster_id and cluster_role_arn belong together: the lake lets that role write what jobs make."
  }
}

variable "network" {
  description = "Where tasks and clusters run: in subnets that are there (vpc_id, subnet_ids), or in a VPC of their own (create, cidr), which reaches S3 and the services of endpoints, each paid by the hour; null: those that are called."
  type = object({
    create     = optional(bool, false)
    vpc_id     = optional(string)
    subnet_ids = optional(list(string), [])
    cidr       = optional(string, "10.20.0.0/16")
    endpoints  = optional(set(string))
  })
  default  = {}
  nullable = false

  validation {
    condition     = !var.network.create || (var.network.vpc_id == null && length(var.network.subnet_ids) == 0)
    error_message = "network: leave vpc_id and subnet_ids out where create makes a VPC."
  }
  validation {
    condition     = can(cidrhost(var.network.cidr, 0))
    error_message = "network.cidr must be a block of addresses, such as 10.20.0.0/16."
  }
}

variable "access" {
  description = "ARNs of who may take the role of readers (tables for users, stages, runs) and that of writers (all of the lake). Empty: whom the account's own policies let."
  type = object({
    readers = optional(list(string), [])
    writers = optional(list(string), [])
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for arn in concat(var.access.readers, var.access.writers) : can(regex("^arn:[a-z-]+:(iam|sts)::", arn))])
    error_message = "access: readers and writers must be ARNs of roles, users or accounts."
  }
}

variable "athena" {
  description = "Queries: the most bytes that one may read, and the days for which results are kept."
  type = object({
    bytes_per_query = optional(number, 107374182400)
    result_days     = optional(number, 30)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.athena.bytes_per_query >= 10485760
    error_message = "athena.bytes_per_query must be 10485760 (10 MB) or more, as Athena wants it."
  }
}

variable "alarms" {
  description = "Who is told (emails), and from which values on: age of what is not read (s), dead letters within an hour, hours without a repartition."
  type = object({
    emails              = optional(list(string), [])
    behind_seconds      = optional(number, 900)
    dead_letters        = optional(number, 1)
    hours_without_a_run = optional(number, 2)
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for email in var.alarms.emails : can(regex("^[^@ ]+@[^@ ]+$", email))])
    error_message = "alarms.emails must be addresses of e-mail."
  }
}

variable "monthly_budget" {
  description = "US dollars a month of which 80 % spent, and all foreseen, is an alarm. null: no budget."
  type        = number
  default     = null

  validation {
    condition     = var.monthly_budget == null ? true : var.monthly_budget > 0
    error_message = "monthly_budget must be more than 0, or null."
  }
}

variable "budget_tag" {
  description = "Tag of what counts towards the budget, which is to be activated for cost allocation first. null: all that the account spends."
  type        = object({ key = string, value = string })
  default     = null
}
