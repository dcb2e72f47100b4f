output "stream_name" {
  description = "Name of the stream; null: there is none."
  value       = one(aws_kinesis_stream.this[*].name)
}

output "stream_arn" {
  description = "ARN of the stream; null: there is none."
  value       = one(aws_kinesis_stream.this[*].arn)
}

output "topics" {
  description = "ARNs of the topics, by what they tell of: raw, structured. Known once the buckets may publish."
  value       = { for topic, policy in aws_sns_topic_policy.this : topic => policy.arn }
}

output "queues" {
  description = "Queues by what they hold (raw, structured, stage, errors, consumer), with their dead-letter queues. Known once the buckets may send."
  value = {
    for queue, it in aws_sqs_queue.this : queue => {
      arn      = it.arn
      url      = it.url
      name     = it.name
      dlq_arn  = aws_sqs_queue.dead[queue].arn
      dlq_name = aws_sqs_queue.dead[queue].name
    }
  }

  depends_on = [aws_sqs_queue_policy.this]
}

output "failures_queue" {
  description = "Queue of what could not be handed over, or not be done by a function that nobody waits for."
  value = {
    arn  = aws_sqs_queue.failures.arn
    url  = aws_sqs_queue.failures.url
    name = aws_sqs_queue.failures.name
  }

  depends_on = [aws_sqs_queue_policy.failures]
}
