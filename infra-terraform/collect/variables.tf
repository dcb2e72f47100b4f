variable "name" {
  type        = string
  description = "What names of resources begin with."
}

variable "function_name" {
  type        = string
  description = "What the function is called in AWS."
  default     = "collect"
}

variable "functions_dir" {
  type        = string
  description = "Folder with the zips and functions.json of `npm run build`."
}

variable "stream_name" {
  type        = string
  description = "The stream that hits go into."
}

variable "stream_arn" {
  type        = string
  description = "ARN of the stream."
}

variable "lake_bucket_arn" {
  type        = string
  description = "ARN of the lake's bucket, of which the function may do nothing."
}

variable "kms_key_arn" {
  type        = string
  description = "Key of the stream and of logs."
}

variable "allowed_origins" {
  type        = list(string)
  description = "Origins whose pages may send hits; * is all."
  default     = ["*"]
  nullable    = false

  validation {
    condition     = length(var.allowed_origins) > 0 && alltrue([for each in var.allowed_origins : each == "*" || can(regex("^https?://[^/*]+$", each))])
    error_message = "allowed_origins must be origins, such as https://shop.example, or *."
  }
}

variable "environment" {
  type        = map(string)
  description = "More settings of the endpoint, as docs/collect.md lists them. No secrets."
  default     = {}
  nullable    = false
}

variable "requests_per_second" {
  type        = number
  description = "Requests that are taken in a second, in the mean; twice as many at once. More are refused with 429: a low bound loses hits on a busy day, a high one lets others make it cost."
  default     = 1000
  nullable    = false

  validation {
    condition     = var.requests_per_second >= 1
    error_message = "requests_per_second must be at least 1."
  }
}

variable "memory" {
  type        = number
  description = "Memory of the function, in MB."
  default     = 512
  nullable    = false
}

variable "reserved_concurrency" {
  type        = number
  description = "Most calls at a time, taken out of what the account has; -1: no bound of its own."
  default     = -1
  nullable    = false
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
