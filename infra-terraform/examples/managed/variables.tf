variable "region" {
  description = "Region in which everything is."
  type        = string
  default     = "us-east-1"
  nullable    = false
}

variable "lake_bucket" {
  description = "Bucket of the lake. Names of buckets are one for all the world: give one of your own."
  type        = string
  default     = "vtex.datalake"
  nullable    = false
}

variable "raw_bucket" {
  description = "Bucket of raw objects: another name of your own."
  type        = string
  default     = "vtex-checkout-versioned-rawdata"
  nullable    = false
}

variable "hash_key_secret_arn" {
  description = "ARN of the secret of Secrets Manager whose text is the hash key. null: sensitive values are dropped."
  type        = string
  default     = null
}

variable "emails" {
  description = "Who is told of alarms."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "functions_dir" {
  description = "Folder of the functions that `npm run build` makes."
  type        = string
  default     = "dist/lambda"
  nullable    = false
}
