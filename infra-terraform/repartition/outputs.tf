output "rule_name" {
  description = "Name of the rule of the hour."
  value       = aws_cloudwatch_event_rule.hour.name
}

output "engine" {
  description = "What folds."
  value       = var.settings.engine
}

output "application_id" {
  description = "Id of the application of EMR Serverless; null where another engine folds."
  value       = one(aws_emrserverless_application.this[*].id)
}

output "job_role_arn" {
  description = "What jobs of Spark run as; null where the task folds itself."
  value       = one(aws_iam_role.job[*].arn)
}

output "functions" {
  description = "submitPartitionRoutineCluster and commitPartitionRoutine; none where the task folds itself."
  value       = { for name, each in module.function : name => { name = each.name, arn = each.arn, role_arn = each.role_arn, log_group = each.log_group } }
}

output "marts" {
  description = "The task that builds marts; null where none is needed, or the task that folds does."
  value       = local.builds ? local.told_of_task : null
}

output "task" {
  description = "The task that folds; null where jobs of Spark do."
  value       = local.is_embedded ? local.told_of_task : null
}
