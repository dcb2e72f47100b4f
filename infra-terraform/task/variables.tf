variable "name" {
  type        = string
  description = "What the tasks are called, and what is made for them."
}

variable "variants" {
  type        = map(map(string))
  description = "Tasks that differ by settings alone, by name: a task definition each."
}

variable "command" {
  type        = list(string)
  description = "The command of `sluice`, with its flags."
}

variable "environment" {
  type        = map(string)
  description = "Settings of all variants, beside those of the lake and the catalog. No secrets: they would be in the state."
  default     = {}

  validation {
    condition     = !contains(keys(var.environment), "SLUICE_HASH_KEY") && !contains(keys(var.environment), "SLUICE_LINEAGE_KEY")
    error_message = "environment must not hold SLUICE_HASH_KEY or SLUICE_LINEAGE_KEY: keep keys in Secrets Manager, and give hash_key_secret_arn."
  }
}

variable "hash_key_secret_arn" {
  type        = string
  description = "ARN of the secret whose text is the hash key. Null: none."
  default     = null
}

variable "image" {
  type        = string
  description = "The image, with its tag or digest."
}

variable "repository_arn" {
  type        = string
  description = "Repository of the image, where that is one of ECR. Null: it is fetched without rights of AWS."
}

variable "project" {
  type        = string
  description = "Folder of the project in the image."

  validation {
    condition     = startswith(var.project, "/")
    error_message = "project must be the absolute path that the project has in the image, such as /sluice/schemas/vtex."
  }
}

variable "folders" {
  type = object({
    reads    = optional(list(string), [])
    appends  = optional(list(string), [])
    rewrites = optional(list(string), [])
  })
  description = "Folders of the lake by what the command does there: reads objects; appends, which reads and writes; rewrites, which reads, writes and deletes. Of every command that writes: its runs, its lineage, and small objects that try the bucket."
}

variable "cpu" {
  type        = number
  description = "Of a task, in 1/1024 of a core."

  validation {
    condition     = contains([256, 512, 1024, 2048, 4096, 8192, 16384], var.cpu)
    error_message = "cpu must be 256, 512, 1024, 2048, 4096, 8192 or 16384, which are what Fargate has."
  }
}

variable "memory" {
  type        = number
  description = "Of a task, MB."

  validation {
    condition     = var.memory >= 512 && var.memory <= 122880
    error_message = "memory must be 512 to 122880 MB."
  }
}

variable "ephemeral_storage" {
  type        = number
  description = "Disk of a task, GiB. The first 21 cost nothing."
  default     = 21

  validation {
    condition     = var.ephemeral_storage >= 21 && var.ephemeral_storage <= 200
    error_message = "ephemeral_storage must be 21 to 200 GiB, which is what Fargate has."
  }
}

variable "architecture" {
  type        = string
  description = "Processor that the image is for: X86_64 or ARM64."
  default     = "X86_64"

  validation {
    condition     = contains(["X86_64", "ARM64"], var.architecture)
    error_message = "architecture must be X86_64 or ARM64."
  }
}

variable "has_health_check" {
  type        = bool
  description = "Whether ECS asks the task for its health, at the port of its metrics. Of commands that run on."
  default     = false
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

variable "kms_key_arn" {
  type        = string
  description = "Key of the lake, of what is read, and of the log."
}

variable "log_retention_days" {
  type        = number
  description = "Days that the log is kept."
  default     = 365
}

variable "tags" {
  type        = map(string)
  description = "Tags of everything here."
  default     = {}
}
