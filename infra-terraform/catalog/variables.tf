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

variable "database" {
  description = "Name of the database in Glue."
  type        = string
  default     = "checkout"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9_]{1,255}$", var.database))
    error_message = "database must be lower-case letters, digits and underscores: Athena reads no others."
  }
}

variable "datasets" {
  description = "Table in Glue of each dataset's stage."
  type = map(object({
    raw_table = string
  }))
  nullable = false
}

variable "project_folder" {
  description = "Folder of the project, whose derived/DATASET.glue.json has the columns of each dataset."
  type        = string
  nullable    = false
}

variable "raw_crawler" {
  description = "Name of the crawler of stages."
  type        = string
  default     = "checkoutOrder"
  nullable    = false
}

variable "consumable_crawler" {
  description = "Name of the crawler of tables for users."
  type        = string
  default     = "consumable_checkout_crawler"
  nullable    = false
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

variable "artifact_bucket" {
  description = "Name of the bucket of results of Athena."
  type        = string
  nullable    = false
}

variable "artifact_bucket_arn" {
  description = "ARN of the bucket of results of Athena."
  type        = string
  nullable    = false
}

variable "kms_key_arn" {
  description = "ARN of the key of the lake, and of results."
  type        = string
  nullable    = false
}

variable "bytes_per_query" {
  description = "The most bytes that one query may read. Few: what asks for everything by mistake ends soon. Many: large questions have an answer."
  type        = number
  default     = 107374182400
  nullable    = false

  validation {
    condition     = var.bytes_per_query >= 10485760
    error_message = "bytes_per_query must be 10485760 (10 MB) or more, as Athena wants it."
  }
}

variable "reader_principals" {
  description = "ARNs of who may take the role of readers. Empty: whom the account's own policies let."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "writer_principals" {
  description = "ARNs of who may take the role of writers. Empty: whom the account's own policies let."
  type        = list(string)
  default     = []
  nullable    = false
}
