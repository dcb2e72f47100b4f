variable "name" {
  type        = string
  description = "Prefix of names."
  default     = "sluice"
}

variable "emails" {
  type        = list(string)
  description = "Who is told of alarms. AWS asks each once whether it wants to be."
  default     = []

  validation {
    condition     = alltrue([for each in var.emails : can(regex("^[^@ ]+@[^@ ]+\\.[^@ ]+$", each))])
    error_message = "emails must be addresses such as data@example.com."
  }
}

variable "behind_seconds" {
  type        = number
  description = "Age of a record, or of a message, that nobody has read. A short one alarms in each deployment, a long one comes late; it must stay far below the retention of the stream."
  default     = 900

  validation {
    condition     = var.behind_seconds >= 60 && var.behind_seconds <= 86400
    error_message = "behind_seconds must be 60 to 86400."
  }
}

variable "dead_letters" {
  type        = number
  description = "Dead letters within an hour from which on it is an alarm."
  default     = 1

  validation {
    condition     = var.dead_letters >= 1
    error_message = "dead_letters must be 1 or more."
  }
}

variable "hours_without_a_run" {
  type        = number
  description = "Hours without a repartition that ended well."
  default     = 2

  validation {
    condition     = var.hours_without_a_run >= 1 && var.hours_without_a_run <= 24 && floor(var.hours_without_a_run) == var.hours_without_a_run
    error_message = "hours_without_a_run must be a whole number, 1 to 24: CloudWatch looks back a day."
  }
}

variable "monthly_budget" {
  type        = number
  description = "US dollars a month: 80 % spent, or all of it foreseen, is told. Null: no budget."
  default     = null

  validation {
    condition     = var.monthly_budget == null ? true : var.monthly_budget > 0
    error_message = "monthly_budget must be more than 0, or null."
  }
}

variable "budget_tag" {
  type        = object({ key = string, value = string })
  description = "Tag of what counts towards the budget. It must be activated for cost allocation first, else nothing counts. Null: all that the account spends."
  default     = null
}

variable "stream_name" {
  type        = string
  description = "The stream of Kinesis. Null: there is none."
  default     = null
}

variable "queues" {
  type = map(object({
    arn      = string
    url      = string
    name     = string
    dlq_arn  = string
    dlq_name = string
  }))
  description = "Queues that are read, each with its dead-letter queue."
  default     = {}
}

variable "failures_queue" {
  type        = object({ arn = string, url = string, name = string })
  description = "Queue of events that could not be delivered or worked on."
}

variable "functions" {
  type = map(object({
    name      = string
    arn       = string
    role_arn  = string
    log_group = string
  }))
  description = "Functions, by their names in functions.json."
  default     = {}
}

variable "delivery_streams" {
  type        = map(object({ name = string, arn = string }))
  description = "Delivery streams of Firehose, by dataset."
  default     = {}
}

variable "cluster_name" {
  type        = string
  description = "ECS cluster of the consumer. Null: none runs."
  default     = null
}

variable "service_names" {
  type        = list(string)
  description = "Services of the consumer."
  default     = []
}

variable "tasks_per_service" {
  type        = number
  description = "Tasks that each of them has at least."
  default     = 1
}

variable "consumer_log_group" {
  type        = string
  description = "Log of the consumer. Null: none runs."
  default     = null
}

variable "rule_name" {
  type        = string
  description = "Rule of the hour. Null: nothing repartitions by it."
  default     = null
}

variable "repartition_log_group" {
  type        = string
  description = "Log of the task that repartitions, where a task does. Null: functions start jobs."
  default     = null
}

variable "endpoint" {
  type        = string
  description = "API of the endpoint for hits, as its metrics name it. Null: there is none."
  default     = null
}

variable "has_endpoint" {
  type        = bool
  description = "Whether endpoint is given: it may not be known before the first apply."
  default     = false
}

variable "kms_key_arn" {
  type        = string
  description = "Key of the topic of alarms. Its policy lets CloudWatch and Budgets use it."
}

variable "tags" {
  type        = map(string)
  description = "Tags of everything here."
  default     = {}
}
