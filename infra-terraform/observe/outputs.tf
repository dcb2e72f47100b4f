output "alarm_topic_arn" {
  description = "Topic that alarms are told to."
  value       = aws_sns_topic_policy.alarms.arn
}

output "alarm_names" {
  description = "Alarms that there are."
  value       = sort(concat([for each in aws_cloudwatch_metric_alarm.this : each.alarm_name], [for each in aws_cloudwatch_metric_alarm.hours : each.alarm_name]))
}

output "dashboard_name" {
  description = "The dashboard."
  value       = aws_cloudwatch_dashboard.this.dashboard_name
}
