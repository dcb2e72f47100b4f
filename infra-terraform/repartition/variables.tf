variable "name" {
  type        = string
  description = "Prefix of names."
  default     = "sluice"
}

variable "rule_name" {
  type        = string
  description = "Name of the rule that begins a repartition at minute 10 of each hour."
  default     = "checkout_partition_routine_trigger"
}

variable "settings" {
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
    cpu               = optional(number, 2048)
    memory            = optional(number, 8192)
    ephemeral_storage = optional(number, 50)
  })
  description = "What folds: engine is emr-serverless (an application of its own, nothing to pay between jobs), emr (a cluster for each job, or steps of cluster_id) or embedded (a task of Fargate, the cheapest). Of jobs: release, executors and size, timeout; of the application: architecture, idle_minutes, max_cpu (cores) and max_memory (GB) of all its jobs; of clusters: machines; of the task: cpu, memory, ephemeral_storage, architecture."
  default     = {}

  validation {
    condition     = contains(["emr-serverless", "emr", "embedded"], var.settings.engine)
    error_message = "settings.engine must be emr-serverless, emr or embedded; for none, leave the module out."
  }
  validation {
    condition     = can(regex("^emr-(spark-)?([7-9]|[1-9][0-9])\\.", var.settings.release))
    error_message = "settings.release must be emr-7.0.0 or newer, which has what jobs need."
  }
  validation {
    condition     = contains(["X86_64", "ARM64"], var.settings.architecture)
    error_message = "settings.architecture must be X86_64 or ARM64."
  }
  validation {
    condition     = floor(var.settings.executors) == var.settings.executors && var.settings.executors >= (var.settings.engine == "emr" ? 0 : 1)
    error_message = "settings.executors must be a whole number from 1; from 0 for emr, where the first machine does all."
  }
  validation {
    condition     = var.settings.size == null || can(regex("^[0-9]+x[0-9]+(MiB|GiB)$", var.settings.size))
    error_message = "settings.size must be cores and memory, such as 4x14GiB."
  }
  validation {
    condition     = can(regex("^[1-9][0-9]*[mhd]$", var.settings.timeout))
    error_message = "settings.timeout must be a time such as 90m or 6h, from 5m to 7d."
  }
  validation {
    condition     = var.settings.idle_minutes >= 1 && var.settings.idle_minutes <= 10080
    error_message = "settings.idle_minutes must be 1 to 10080."
  }
  validation {
    condition     = var.settings.cluster_id == null || can(regex("^j-[A-Z0-9]+$", var.settings.cluster_id))
    error_message = "settings.cluster_id must be the id of a cluster of EMR, such as j-1ABCDEFGHIJK."
  }
  validation {
    condition     = length(var.settings.machines) > 0
    error_message = "settings.machines must name one type of machine or more, such as r5.xlarge."
  }
}

variable "functions_dir" {
  type        = string
  description = "Folder with the zips and functions.json of `npm run build`."
}

variable "function_names" {
  type        = map(string)
  description = "Other names of functions, by those of functions.json."
  default     = {}
}

variable "functions" {
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
  description = "What functions have: memory (MB), timeout (s), reserved_concurrency (-1: no bound); of single ones in overrides, by their names in functions.json."
  default     = {}
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

variable "artifact_bucket" {
  type        = string
  description = "Bucket of the logs of jobs, below emr-logs/."
}

variable "artifact_bucket_arn" {
  type        = string
  description = "Its ARN."
}

variable "database" {
  type        = string
  description = "Database of Glue that is kept in step with the lake. Null: none is."
  default     = null
}

variable "kms_key_arn" {
  type        = string
  description = "Key of the lake and of logs."
}

variable "failures_queue" {
  type        = object({ arn = string, url = string, name = string })
  description = "Queue of events that could not be delivered or worked on."
}

variable "subnet_ids" {
  type        = list(string)
  description = "Private subnets of tasks, and of clusters."
  default     = []
}

variable "security_group_id" {
  type        = string
  description = "Security group of tasks: TLS out."
  default     = null
}

variable "cluster_arn" {
  type        = string
  description = "ECS cluster of tasks."
  default     = null
}

variable "image" {
  type        = string
  description = "Image of tasks."
  default     = null
}

variable "repository_arn" {
  type        = string
  description = "Repository of that image. Null: it is none of ECR."
  default     = null
}

variable "project" {
  type        = string
  description = "Folder of the project in that image."
  default     = null
}

variable "log_retention_days" {
  type        = number
  description = "Days that logs are kept."
  default     = 365
}

variable "tags" {
  type        = map(string)
  description = "Tags of everything here, of jobs and of clusters."
  default     = {}
}

variable "has_models" {
  type        = bool
  description = "Has the project models? The task builds marts of them behind the repartition; where jobs of Spark fold, a task of its own."
  default     = false
}
