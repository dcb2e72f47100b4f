output "task_definition_arns" {
  description = "Task definitions, by variant."
  value       = { for name, each in aws_ecs_task_definition.this : name => each.arn }
}

output "families" {
  description = "Families of task definitions, by variant."
  value       = { for name, each in aws_ecs_task_definition.this : name => each.family }
}

output "task_role_arn" {
  description = "ARN of the role that the tasks run as."
  value       = aws_iam_role.task.arn
}

output "task_role_name" {
  description = "Name of the role that the tasks run as, for further policies."
  value       = aws_iam_role.task.name
}

output "execution_role_arn" {
  description = "ARN of the role by which ECS fetches image and secret, and writes the log."
  value       = aws_iam_role.execution.arn
}

output "log_group" {
  description = "Name of the log group. Its lines are JSON."
  value       = aws_cloudwatch_log_group.this.name
}

output "definitions" {
  description = "Containers of the task definitions, by variant, as JSON."
  value       = { for name, each in aws_ecs_task_definition.this : name => each.container_definitions }
}

output "policy" {
  description = "What the tasks may do in the lake, on its key and in the catalog, as JSON."
  value       = aws_iam_role_policy.lake.policy
}

output "execution_policy" {
  description = "What ECS may do to start them, as JSON."
  value       = aws_iam_role_policy.execution.policy
}
