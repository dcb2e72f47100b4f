variable "name" {
  type        = string
  description = "The function, as functions.json calls it."
}

variable "function_name" {
  type        = string
  description = "What it is called in AWS. Null: its name."
  default     = null

  validation {
    condition     = var.function_name == null || can(regex("^[A-Za-z0-9_-]{1,64}$", var.function_name))
    error_message = "function_name must be 1 to 64 letters, digits, - and _."
  }
}

variable "role_name" {
  type        = string
  description = "Name of the role that it runs as."

  validation {
    condition     = can(regex("^[A-Za-z0-9+=,.@_-]{1,64}$", var.role_name))
    error_message = "role_name must be 1 to 64 letters, digits and any of +=,.@_-."
  }
}

variable "functions_dir" {
  type        = string
  description = "Folder with the zips and functions.json of `npm run build`."
}

variable "description" {
  type        = string
  description = "What it does, for the console."
}

variable "environment" {
  type        = map(string)
  description = "Its settings: variables that functions.json names for it. No secrets: they would be in the state."
  default     = {}

  validation {
    condition     = !contains(keys(var.environment), "SLUICE_HASH_KEY") && !contains(keys(var.environment), "SLUICE_LINEAGE_KEY")
    error_message = "environment must not hold SLUICE_HASH_KEY or SLUICE_LINEAGE_KEY: keep keys in Secrets Manager, and give the ARN in SLUICE_HASH_KEY_SECRET."
  }
}

variable "lake_bucket_arn" {
  type        = string
  description = "ARN of the lake's bucket."
}

variable "lake_prefix" {
  type        = string
  description = "Where the lake lies in its bucket, without slashes at its ends; empty: it is all of it."
  default     = ""

  validation {
    condition     = !startswith(var.lake_prefix, "/") && !endswith(var.lake_prefix, "/")
    error_message = "lake_prefix must not begin or end with a slash."
  }
}

variable "resources" {
  type        = map(list(string))
  description = "What is outside of the lake and the function needs rights on, by the words of functions.json (raw, stream, streams, catalog, mapping, secrets): ARNs. Of buckets give those of objects; what is a right to a bucket goes to theirs."
  default     = {}
}

variable "leave_out" {
  type        = list(string)
  description = "Words of functions.json that need no rights here, or that who calls this module grants: mapping where no mapping calls the function, catalog and table_logs where there is no catalog, jobs, …"
  default     = []
}

variable "kms_key_arn" {
  type        = string
  description = "Key of what the function reads and writes, and of its log."
}

variable "kms_actions" {
  type        = list(string)
  description = "What it may do with the key: kms:Decrypt to read, kms:GenerateDataKey as well to write."
  default     = ["kms:Decrypt", "kms:GenerateDataKey"]

  validation {
    condition     = length(setsubtract(var.kms_actions, ["kms:Decrypt", "kms:GenerateDataKey"])) == 0
    error_message = "kms_actions may be kms:Decrypt and kms:GenerateDataKey."
  }
}

variable "failures_queue_arn" {
  type        = string
  description = "Queue of what asynchronous calls of the function (SNS, EventBridge) could not do. Null: no such call is made."
  default     = null
}

variable "has_failures_queue" {
  type        = bool
  description = "Whether failures_queue_arn is given: it may not be known before the first apply."
  default     = false
}

variable "timeout" {
  type        = number
  description = "Seconds that an event may take. A short one cuts off large objects, a long one lets hang what hangs; a mapping's queue must hide messages for six times as long."
  default     = 60

  validation {
    condition     = var.timeout >= 10 && var.timeout <= 900
    error_message = "timeout must be 10 to 900 seconds."
  }
}

variable "memory_size" {
  type        = number
  description = "MB. A function has processor time by its memory, one core at 1,769."
  default     = 512

  validation {
    condition     = var.memory_size >= 256 && var.memory_size <= 10240
    error_message = "memory_size must be 256 to 10240 MB."
  }
}

variable "architecture" {
  type        = string
  description = "Processor: the zips run on either, arm64 costs a fifth less."
  default     = "arm64"

  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "architecture must be arm64 or x86_64."
  }
}

variable "reserved_concurrency" {
  type        = number
  description = "Most calls at a time, taken out of what the account has; -1: no bound of its own."
  default     = -1
}

variable "log_retention_days" {
  type        = number
  description = "Days that its log is kept."
  default     = 365
}

variable "tags" {
  type        = map(string)
  description = "Tags of everything here."
  default     = {}
}
