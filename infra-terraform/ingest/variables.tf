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

variable "functions_dir" {
  description = "Folder of the zips of functions and of functions.json, as `npm run build` makes them."
  type        = string
  nullable    = false
}

variable "functions" {
  description = "What functions have: memory (MB), timeout (s), the most that run at a time (reserved_concurrency, -1: as the account allows); of single ones in overrides."
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
}

variable "function_names" {
  description = "Other names for functions in AWS, by those of functions.json."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "structuring_role" {
  description = "Name of the role of the function that structures raw objects."
  type        = string
  default     = "lambda-s3-role"
  nullable    = false
}

variable "firehose_role" {
  description = "Name of the role of delivery streams."
  type        = string
  default     = "firehose_delivery_role"
  nullable    = false
}

variable "is_managed" {
  description = "Make the functions around Firehose, and its delivery streams."
  type        = bool
  default     = false
  nullable    = false
}

variable "has_stream_function" {
  description = "Make the function that reads the stream."
  type        = bool
  default     = false
  nullable    = false
}

variable "reads_stream" {
  description = "Let the function read the stream. false: its mapping is there and disabled, since another reads it."
  type        = bool
  default     = true
  nullable    = false
}

variable "datasets" {
  description = "Delivery stream of each dataset."
  type = map(object({
    delivery_stream = string
  }))
  nullable = false
}

variable "lake_uri" {
  description = "The lake, s3://BUCKET or s3://BUCKET/PREFIX."
  type        = string
  nullable    = false
}

variable "lake_bucket_arn" {
  description = "ARN of the lake's bucket."
  type        = string
  nullable    = false
}

variable "lake_prefix" {
  description = "Folder of the lake in its bucket, without slashes at its ends, or nothing."
  type        = string
  default     = ""
  nullable    = false
}

variable "raw_bucket_arn" {
  description = "ARN of the bucket of raw objects."
  type        = string
  nullable    = false
}

variable "raw_kms_key_arn" {
  description = "ARN of the key of raw objects, where it is another than the lake's. null: it is not."
  type        = string
  default     = null
}

variable "kms_key_arn" {
  description = "ARN of the key of the lake, of queues, the stream and logs."
  type        = string
  nullable    = false
}

variable "hash_key_secret_arn" {
  description = "ARN of the secret that has the hash key. null: there is none."
  type        = string
  default     = null
}

variable "stream_arn" {
  description = "ARN of the stream. null: there is none."
  type        = string
  default     = null
}

variable "stream_name" {
  description = "Name of the stream. null: there is none."
  type        = string
  default     = null
}

variable "queues" {
  description = "Queues by what they hold: raw, structured, stage, errors; with their dead-letter queues."
  type = map(object({
    arn     = string
    dlq_arn = string
  }))
  default  = {}
  nullable = false
}

variable "database" {
  description = "Database in Glue of the lake's tables."
  type        = string
  nullable    = false
}

variable "raw_tables" {
  description = "Table in Glue of each dataset's stage, by whose columns Firehose makes Parquet."
  type = map(object({
    name = string
    arn  = string
  }))
  nullable = false
}

variable "log_retention_days" {
  description = "Days for which logs are kept."
  type        = number
  default     = 365
  nullable    = false
}

variable "buffer_mib" {
  description = "MiB after which Firehose writes an object. Conversion wants 64 or more; larger objects are fewer."
  type        = number
  default     = 128
  nullable    = false

  validation {
    condition     = var.buffer_mib >= 64 && var.buffer_mib <= 128
    error_message = "buffer_mib must be 64 to 128: Firehose converts to Parquet from 64 on."
  }
}

variable "buffer_seconds" {
  description = "Seconds after which Firehose writes an object, however small it is. Few: fresher rows, more and smaller files."
  type        = number
  default     = 300
  nullable    = false

  validation {
    condition     = var.buffer_seconds >= 0 && var.buffer_seconds <= 900
    error_message = "buffer_seconds must be 0 to 900."
  }
}
