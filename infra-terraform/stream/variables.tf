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

variable "kms_key_arn" {
  description = "ARN of the key of the stream, topics and queues."
  type        = string
  nullable    = false
}

variable "has_stream" {
  description = "Make the stream."
  type        = bool
  default     = false
  nullable    = false
}

variable "stream_name" {
  description = "Name of the stream."
  type        = string
  default     = "checkout-events"
  nullable    = false

  validation {
    condition     = can(regex("^[a-zA-Z0-9_.-]{1,128}$", var.stream_name))
    error_message = "stream_name must be 1 to 128 letters, digits, underscores, dots and dashes."
  }
}

variable "retention_hours" {
  description = "Hours for which the stream keeps records: so long may nothing read it."
  type        = number
  default     = 168
  nullable    = false

  validation {
    condition     = var.retention_hours >= 24 && var.retention_hours <= 8760
    error_message = "retention_hours must be 24 to 8760."
  }
}

variable "is_managed" {
  description = "Make the topic of structured JSON and the queues of the functions around Firehose."
  type        = bool
  default     = false
  nullable    = false
}

variable "has_raw_topic" {
  description = "Make the topic of raw objects."
  type        = bool
  default     = false
  nullable    = false
}

variable "has_consumer" {
  description = "Make the queue of announced objects that the service on Fargate reads."
  type        = bool
  default     = false
  nullable    = false
}

variable "raw_topic" {
  description = "Name of the topic of raw objects."
  type        = string
  default     = "checkout-sns-topic-1"
  nullable    = false
}

variable "structured_topic" {
  description = "Name of the topic of structured JSON."
  type        = string
  default     = "TestNewStructuredJsonData"
  nullable    = false
}

variable "raw_bucket_arn" {
  description = "ARN of the bucket that tells the topic of raw objects."
  type        = string
  nullable    = false
}

variable "lake_bucket_arn" {
  description = "ARN of the bucket that tells of structured JSON, of files below the stage and of errors."
  type        = string
  nullable    = false
}

variable "shards" {
  description = "Shards of the stream. null: on demand."
  type        = number
  default     = null
}

variable "function_timeouts" {
  description = "Seconds that an event of the function may take that reads a queue, by queue: raw, structured, stage, errors."
  type        = map(number)
  default     = {}
  nullable    = false
}

variable "max_receive_count" {
  description = "How often a queue gives a message before it goes to the dead-letter queue. An object that is denied becomes a dead letter of its own at the 5th time, so it must be more; the consumer's queue takes as many again for each further process."
  type        = number
  # Six minutes each, so that a day in which nothing can be read or written makes no dead letters.
  default  = 240
  nullable = false

  validation {
    condition     = var.max_receive_count > 5 && var.max_receive_count <= 1000
    error_message = "max_receive_count must be 6 to 1000: an object that S3 denies becomes a dead letter of its own at the 5th time."
  }
}

variable "consumer_processes" {
  description = "The most processes that read the consumer's queue at a time."
  type        = number
  default     = 1
  nullable    = false
}
