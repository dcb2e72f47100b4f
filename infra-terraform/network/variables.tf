variable "name" {
  type        = string
  description = "Prefix of names."
  default     = "sluice"
}

variable "create" {
  type        = bool
  description = "Whether to make a VPC. Else vpc_id and subnet_ids name one that is there."
  default     = false
  nullable    = false
}

variable "vpc_id" {
  type        = string
  description = "VPC that is there, where create is false."
  default     = null

  validation {
    condition     = var.vpc_id == null || can(regex("^vpc-[0-9a-f]{8,17}$", var.vpc_id))
    error_message = "vpc_id must look like vpc-0123456789abcdef0."
  }
}

variable "subnet_ids" {
  type        = list(string)
  description = "Private subnets of that VPC, best in two zones. From there TLS must reach Kinesis or SQS, S3, ECR, CloudWatch Logs, and Glue and Secrets Manager where they are used: by a NAT gateway or by endpoints."
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for each in var.subnet_ids : can(regex("^subnet-[0-9a-f]{8,17}$", each))])
    error_message = "subnet_ids must look like subnet-0123456789abcdef0."
  }
}

variable "cidr" {
  type        = string
  description = "Addresses of the VPC that is made. It is cut into sixteen parts, of which two become subnets."
  default     = "10.40.0.0/20"
  nullable    = false

  validation {
    condition     = can(cidrsubnet(var.cidr, 4, 1)) && can(regex("/(1[6-9]|2[0-2])$", var.cidr))
    error_message = "cidr must be a range of IPv4 addresses of /16 to /22, such as 10.40.0.0/20."
  }
}

variable "zone_letters" {
  type        = list(string)
  description = "Zones of the VPC that is made, by the letter behind the region's code. A few accounts have no a or b in us-west-1 and ap-northeast-1."
  default     = ["a", "b"]
  nullable    = false

  validation {
    condition     = length(var.zone_letters) == 2 && length(distinct(var.zone_letters)) == 2 && alltrue([for each in var.zone_letters : can(regex("^[a-z]$", each))])
    error_message = "zone_letters must be two different letters, such as a and b."
  }
}

variable "endpoints" {
  type        = set(string)
  description = "Services of AWS that the VPC that is made reaches, beside S3: an interface endpoint each, paid by the hour and zone. There is no NAT gateway, so what is not named is not reached."
  default     = ["ecr.api", "ecr.dkr", "glue", "kinesis-streams", "logs", "secretsmanager", "sqs"]
  nullable    = false

  validation {
    condition     = alltrue([for each in var.endpoints : can(regex("^[a-z][a-z0-9.-]+$", each))]) && !contains(var.endpoints, "s3")
    error_message = "endpoints must be names of services as in com.amazonaws.REGION.NAME, such as kinesis-streams; that of S3 is always there."
  }
}

variable "required_by" {
  type        = list(string)
  description = "What of this configuration needs subnets, in words. Empty: nothing does, and no network need be named."
  default     = []
  nullable    = false
}

variable "tags" {
  type        = map(string)
  description = "Tags of everything here."
  default     = {}
}
