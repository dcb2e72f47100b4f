variable "name" {
  type        = string
  description = "Prefix of names."
  default     = "sluice"
}

variable "source_kind" {
  type        = string
  description = "What the consumer reads: kinesis, the stream; sqs, the queue to which the raw bucket announces its objects; none: no consumer runs, and there are the repository and the cluster alone, for tasks of others."

  validation {
    condition     = contains(["kinesis", "sqs", "none"], var.source_kind)
    error_message = "source_kind must be kinesis, sqs or none."
  }
}

variable "workers" {
  type        = number
  description = "Of a stream, services of one task each, which share its shards by their numbers. Of a queue, equal tasks of one service. Growing and shrinking is an apply: the log keeps overlaps apart."
  default     = 1

  validation {
    condition     = var.workers >= 1 && var.workers <= 100 && floor(var.workers) == var.workers
    error_message = "workers must be a whole number, 1 to 100."
  }
}

variable "cpu" {
  type        = number
  description = "Of a task, in 1/1024 of a core. One core decodes some 200 MB of raw records a second."
  default     = 512

  validation {
    condition     = contains([256, 512, 1024, 2048, 4096, 8192, 16384], var.cpu)
    error_message = "cpu must be 256, 512, 1024, 2048, 4096, 8192 or 16384, which are what Fargate has."
  }
}

variable "memory" {
  type        = number
  description = "Of a task, MB. 1,024 is plenty for one or two threads."
  default     = 1024

  validation {
    condition     = var.memory >= 512 && var.memory <= 122880
    error_message = "memory must be 512 to 122880 MB, and 2 to 8 times cpu."
  }
}

variable "architecture" {
  type        = string
  description = "Processor of the image that was pushed: X86_64 or ARM64, which costs a fifth less."
  default     = "X86_64"

  validation {
    condition     = contains(["X86_64", "ARM64"], var.architecture)
    error_message = "architecture must be X86_64 or ARM64."
  }
}

variable "image_tag" {
  type        = string
  description = "Tag of the image in the repository that is made here. A tag is never given twice: a deployment is an apply with another one, a way back the apply with the old one."
  default     = "0.1.0"

  validation {
    condition     = can(regex("^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$", var.image_tag))
    error_message = "image_tag must be 1 to 128 letters, digits and any of _.-."
  }
}

variable "image" {
  type        = string
  description = "An image of another repository, with its tag or digest, in place of the one that is made here. Null: that one."
  default     = null
}

variable "image_repository" {
  type        = string
  description = "ARN of the repository of ECR that has the image of image, which tasks may then fetch from it. Null: that is no repository of ECR, or public."
  default     = null

  validation {
    condition     = var.image_repository == null || can(regex("^arn:[a-z-]+:ecr:[a-z0-9-]+:[0-9]{12}:repository/.+$", var.image_repository))
    error_message = "image_repository must be the ARN of a repository of ECR, such as arn:aws:ecr:us-east-1:123456789012:repository/sluice."
  }
  validation {
    condition     = (var.image_repository != null) == can(regex("^[0-9]{12}\\.dkr[.-]ecr", coalesce(var.image, "-")))
    error_message = "image_repository must be given with an image of ECR (ACCOUNT.dkr.ecr.REGION.amazonaws.com/…), which could not be fetched without it, and with no other."
  }
}

variable "project" {
  type        = string
  description = "Folder of the project in the image."
}

variable "autoscaling" {
  type = object({
    enabled           = optional(bool, false)
    min               = optional(number, 1)
    max               = optional(number, 4)
    messages_per_task = optional(number, 2000)
  })
  description = "Of a queue: how many tasks read it, by how many messages wait for each. Few messages per task keep the queue short, many keep the bill so."
  default     = {}

  validation {
    condition     = var.autoscaling.min >= 1 && var.autoscaling.max >= var.autoscaling.min && var.autoscaling.messages_per_task >= 1
    error_message = "autoscaling must have 1 <= min <= max, and messages_per_task of 1 or more."
  }
  validation {
    condition     = !var.autoscaling.enabled || var.source_kind == "sqs"
    error_message = "autoscaling is for the source sqs: workers of a stream have numbers, so that how many there are is an apply."
  }
}

variable "environment" {
  type        = map(string)
  description = "More settings of `sluice run`, such as SLUICE_BATCH_AGE. No secrets."
  default     = {}
}

variable "hash_key_secret_arn" {
  type        = string
  description = "ARN of the secret that holds the hash key as its text. Null: sensitive values are dropped."
  default     = null

  validation {
    condition     = var.hash_key_secret_arn == null || can(regex("^arn:[a-z-]+:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:.+$", var.hash_key_secret_arn))
    error_message = "hash_key_secret_arn must be the ARN of a secret of Secrets Manager."
  }
}

variable "stream_name" {
  type        = string
  description = "Name of the stream, of the source kinesis."
  default     = null

  validation {
    condition     = var.source_kind != "kinesis" || var.stream_name != null
    error_message = "stream_name and stream_arn must be given for the source kinesis."
  }
}

variable "stream_arn" {
  type        = string
  description = "ARN of the stream, of the source kinesis."
  default     = null
}

variable "queue" {
  type        = object({ name = string, url = string, arn = string })
  description = "The queue of announced objects, of the source sqs."
  default     = null

  validation {
    condition     = var.source_kind != "sqs" || var.queue != null
    error_message = "queue and raw_bucket_arn must be given for the source sqs."
  }
}

variable "raw_bucket_arn" {
  type        = string
  description = "Bucket of the announced objects, of the source sqs."
  default     = null
}

variable "raw_kms_key_arn" {
  type        = string
  description = "Key of that bucket, where it is another than kms_key_arn. Null: none."
  default     = null
}

variable "lake_uri" {
  type        = string
  description = "The lake, s3://BUCKET or s3://BUCKET/PREFIX."
}

variable "lake_bucket_arn" {
  type        = string
  description = "ARN of the lake's bucket."
}

variable "lake_prefix" {
  type        = string
  description = "Where the lake lies in its bucket, without slashes at its ends; empty: it is all of it."
  default     = ""
}

variable "database" {
  type        = string
  description = "Database of Glue that is kept in step with the lake. Null: none is."
  default     = null
}

variable "repartitions" {
  type        = bool
  description = "Whether workers repartition themselves, hourly. Not where another does."
  default     = false
}

variable "kms_key_arn" {
  type        = string
  description = "Key of the lake, the stream, the queue, the images and the logs."
}

variable "subnet_ids" {
  type        = list(string)
  description = "Private subnets for the tasks."
}

variable "security_group_id" {
  type        = string
  description = "Security group of the tasks: TLS out."
}

variable "log_retention_days" {
  type        = number
  description = "Days that logs are kept."
  default     = 365
}

variable "tags" {
  type        = map(string)
  description = "Tags of everything here."
  default     = {}
}

variable "has_models" {
  type        = bool
  description = "Has the project models, which are built behind each repartition?"
  default     = false
}
