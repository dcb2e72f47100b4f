output "name" {
  description = "Name of the function."
  value       = aws_lambda_function.this.function_name
}

output "arn" {
  description = "ARN of the function."
  value       = aws_lambda_function.this.arn
}

output "role_arn" {
  description = "ARN of its role."
  value       = aws_iam_role.this.arn
}

output "role_name" {
  description = "Name of its role, for further policies."
  value       = aws_iam_role.this.name
}

output "log_group" {
  description = "Name of its log group."
  value       = aws_cloudwatch_log_group.this.name
}

output "actions" {
  description = "What its code does, by what it does it on: `actions` of functions.json."
  value       = local.function.actions
}

output "environment" {
  description = "Variables that it reads: `environment` of functions.json."
  value       = local.function.environment
}
