output "cluster_name" {
  description = "Name of the ECS cluster."
  value       = aws_ecs_cluster.this.name
}

output "cluster_arn" {
  description = "ARN of the ECS cluster."
  value       = aws_ecs_cluster.this.arn
}

output "service_names" {
  description = "Services of the consumer."
  value       = concat([for each in aws_ecs_service.this : each.name], aws_ecs_service.scaled[*].name)
}

output "tasks_per_service" {
  description = "Tasks that each service has, or has at least."
  value       = local.is_scaled ? var.autoscaling.min : local.reads_queue ? var.workers : 1
}

output "task_definition_arns" {
  description = "Task definitions of the consumer."
  value       = local.runs ? values(module.task[0].task_definition_arns) : []
}

output "repository_url" {
  description = "Where the image is pushed to."
  value       = aws_ecr_repository.this.repository_url
}

output "repository_arn" {
  description = "ARN of the repository of the image; null where that is none of ECR."
  value       = local.repository_arn
}

output "image" {
  description = "The image that tasks run."
  value       = local.image
}

output "task_role_arn" {
  description = "What the consumer runs as; null where none runs."
  value       = one(module.task[*].task_role_arn)
}

output "log_group" {
  description = "Log of the consumer, JSON; null where none runs."
  value       = one(module.task[*].log_group)
}
