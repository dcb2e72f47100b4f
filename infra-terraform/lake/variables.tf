variable "name" {
  description = "What names begin with that the original does not give."
  type        = string
  nullable    = false
}

variable "tags" {
  description = "Tags of everything."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "raw_bucket" {
  description = "Bucket into which raw objects are written."
  type        = string
  nullable    = false
}

variable "create_raw_bucket" {
  description = "Make the raw bucket. false: it is there, and nothing of it is changed but its notifications."
  type        = bool
  default     = true
  nullable    = false
}

variable "lake_bucket" {
  description = "Bucket of the lake."
  type        = string
  nullable    = false
}

variable "lake_prefix" {
  description = "Folder of the lake in its bucket, without slashes at its ends. Empty: the bucket is the lake."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = !startswith(var.lake_prefix, "/") && !endswith(var.lake_prefix, "/")
    error_message = "lake_prefix must have no slashes at its ends."
  }
}

variable "datasets" {
  description = "Datasets that have tables in the lake."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "models" {
  description = "Models that have marts in the lake."
  type        = set(string)
  default     = []
  nullable    = false
}

variable "artifact_bucket" {
  description = "Bucket of results of Athena and logs of jobs. null: NAME-artifacts-ACCOUNT."
  type        = string
  default     = null
}

variable "access_logs" {
  description = "Bucket, and folder in it, to which S3 writes who reads the buckets made here. null: nowhere."
  type = object({
    bucket = string
    prefix = string
  })
  default = null
}

variable "structured_json_days" {
  description = "Days for which structured JSON is kept."
  type        = number
  default     = 30
  nullable    = false
}

variable "errors_days" {
  description = "Days for which objects below errors/ are kept."
  type        = number
  default     = 90
  nullable    = false
}

variable "query_result_days" {
  description = "Days for which results of Athena are kept."
  type        = number
  default     = 30
  nullable    = false
}

variable "job_log_days" {
  description = "Days for which logs of jobs are kept."
  type        = number
  default     = 90
  nullable    = false
}

variable "noncurrent_days" {
  description = "Days for which the lake keeps what was deleted or overwritten. Few: little time to take back a mistake. Many: what maintain deletes is paid for so long."
  type        = number
  default     = 7
  nullable    = false

  validation {
    condition     = var.noncurrent_days >= 1
    error_message = "noncurrent_days must be 1 or more."
  }
}

variable "raw_notifications" {
  description = "Whom the raw bucket tells of new objects: a topic or a queue (kind, arn), and of which keys (prefix, suffix). Empty: its notifications are left alone."
  type = list(object({
    kind   = string
    arn    = string
    prefix = optional(string)
    suffix = optional(string)
  }))
  default  = []
  nullable = false

  validation {
    condition     = alltrue([for it in var.raw_notifications : contains(["topic", "queue"], it.kind)])
    error_message = "raw_notifications: a kind must be topic or queue."
  }
}

variable "lake_notifications" {
  description = "Whom the lake's bucket tells of new objects: a topic or a queue (kind, arn), and of which keys (prefix, suffix)."
  type = list(object({
    kind   = string
    arn    = string
    prefix = optional(string)
    suffix = optional(string)
  }))
  default  = []
  nullable = false

  validation {
    condition     = alltrue([for it in var.lake_notifications : contains(["topic", "queue"], it.kind)])
    error_message = "lake_notifications: a kind must be topic or queue."
  }
  validation {
    # S3 refuses two notifications of which both could take one key.
    condition     = length(distinct([for it in var.lake_notifications : coalesce(it.prefix, "/")])) == length(var.lake_notifications)
    error_message = "lake_notifications must have different prefixes."
  }
}
