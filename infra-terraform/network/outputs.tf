output "vpc_id" {
  description = "The VPC, made or named; null where there is none."
  value       = var.create ? one(aws_vpc.this[*].id) : var.vpc_id

  precondition {
    condition     = local.is_there || length(var.required_by) == 0
    error_message = "${join(" and ", var.required_by)} must run somewhere: give network.vpc_id and network.subnet_ids of a network that is there, or set network.create = true."
  }
}

output "subnet_ids" {
  description = "Private subnets, made or named."
  value       = var.create ? [for each in aws_subnet.private : each.id] : var.subnet_ids

  precondition {
    condition     = !var.create || (var.vpc_id == null && length(var.subnet_ids) == 0)
    error_message = "network.create makes a VPC of its own: leave network.vpc_id and network.subnet_ids out, or set create = false."
  }
}

output "security_group_id" {
  description = "Security group of whatever runs here: nothing gets in, and TLS alone gets out. Null where there is no network."
  value       = one(aws_security_group.this[*].id)
}
