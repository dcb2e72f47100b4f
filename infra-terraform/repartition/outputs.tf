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
  description = "The task that builds marts; null where none is needed."
  value = local.builds ? {
    definition_arn = values(module.marts[0].task_definition_arns)[0]
    role_arn       = module.marts[0].task_role_arn
    log_group      = module.marts[0].log_group
  } : null
}

output "task" {
  description = "The task that folds; null where jobs of Spark do."
  value = local.is_embedded ? {
    definition_arn = values(module.task[0].task_definition_arns)[0]
    role_arn       = module.task[0].task_role_arn
    log_group      = module.task[0].log_group
  } : null
}
