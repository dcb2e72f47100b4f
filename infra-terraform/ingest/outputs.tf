output "functions" {
  description = "The functions, by their names in functions.json."
  value = {
    for name, it in module.function : name => {
      name      = it.name
      arn       = it.arn
      role_arn  = it.role_arn
      log_group = it.log_group
    }
  }
}

output "delivery_streams" {
  description = "The delivery stream of each dataset."
  value       = { for dataset, it in aws_kinesis_firehose_delivery_stream.this : dataset => { name = it.name, arn = it.arn } }
}

output "role_arns" {
  description = "ARNs of the roles of functions, by their names in functions.json, and of delivery streams (firehose)."
  value       = merge({ for name, it in module.function : name => it.role_arn }, { for role in aws_iam_role.firehose : "firehose" => role.arn })
}

output "timeouts" {
  description = "Seconds that an event may take of the function that reads a queue, by queue: raw, structured, stage, errors. Known before anything is made."
  value = {
    raw        = local.timeouts["sendCheckoutDataToFirehouse"]
    structured = local.timeouts["sendStructuredJsonToFirehose"]
    stage      = local.timeouts["registerStageObjects"]
    errors     = local.timeouts["collectDeadLetters"]
  }
}

output "reads_stream" {
  description = "Whether the mapping of the stream is enabled."
  value       = var.reads_stream
}
