# One dashboard: how records come in, what became of them, and what waits. A row of it is there where its part is.

locals {
  widgets = concat(
    [for stream in var.stream_name[*] : {
      title = "Stream: age of what is read, ms", stat = "Maximum"
      metrics = [
        ["AWS/Kinesis", "GetRecords.IteratorAgeMilliseconds", "StreamName", stream]
      ]
    }],
    [for stream in var.stream_name[*] : {
      title = "Stream: records in and out, throttles", stat = "Sum"
      metrics = [
        ["AWS/Kinesis", "IncomingRecords", "StreamName", stream],
        ["AWS/Kinesis", "GetRecords.Records", "StreamName", stream],
        ["AWS/Kinesis", "ReadProvisionedThroughputExceeded", "StreamName", stream],
        ["AWS/Kinesis", "WriteProvisionedThroughputExceeded", "StreamName", stream]
      ]
    }],
    length(var.service_names) == 0 ? [] : [{
      title   = "Consumer: tasks", stat = "Minimum"
      metrics = [for service in var.service_names : ["ECS/ContainerInsights", "RunningTaskCount", "ClusterName", var.cluster_name, "ServiceName", service]]
    }],
    length(var.service_names) == 0 ? [] : [{
      title   = "Consumer: memory, MB", stat = "Maximum"
      metrics = [for service in var.service_names : ["ECS/ContainerInsights", "MemoryUtilized", "ClusterName", var.cluster_name, "ServiceName", service]]
    }],
    length(var.queues) == 0 ? [] : [{
      title   = "Queues: age of the oldest message, s", stat = "Maximum"
      metrics = [for queue in var.queues : ["AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", queue.name]]
    }],
    [{
      title = "Given up: messages of dead-letter queues and failures", stat = "Maximum"
      metrics = [for name in concat([for queue in var.queues : queue.dlq_name], [var.failures_queue.name]) :
        ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", name]
      ]
    }],
    length(var.functions) == 0 ? [] : [{
      title   = "Functions: errors", stat = "Sum"
      metrics = [for each in var.functions : ["AWS/Lambda", "Errors", "FunctionName", each.name]]
    }],
    length(var.functions) == 0 ? [] : [{
      title   = "Functions: time, ms", stat = "p99"
      metrics = [for each in var.functions : ["AWS/Lambda", "Duration", "FunctionName", each.name]]
    }],
    length(var.delivery_streams) == 0 ? [] : [{
      title   = "Firehose: age of the oldest row that is not in the lake, s", stat = "Maximum"
      metrics = [for stream in var.delivery_streams : ["AWS/Firehose", "DeliveryToS3.DataFreshness", "DeliveryStreamName", stream.name]]
    }],
    length(var.delivery_streams) == 0 ? [] : [{
      title = "Firehose: rows in, and rows that it cannot convert", stat = "Sum"
      metrics = [for pair in setproduct(["IncomingRecords", "FailedConversion.Records"], [for stream in var.delivery_streams : stream.name]) :
        ["AWS/Firehose", pair[0], "DeliveryStreamName", pair[1]]
      ]
    }],
    local.has_letters ? [{
      title   = "Dead letters", stat = "Sum"
      metrics = [[local.namespace, "DeadLetters"]]
    }] : [],
    [for rule in var.rule_name[*] : {
      title = "Repartition: begun, not begun", stat = "Sum"
      metrics = [
        ["AWS/Events", "Invocations", "RuleName", rule],
        ["AWS/Events", "FailedInvocations", "RuleName", rule]
      ]
    }]
  )
}

resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = var.name
  dashboard_body = jsonencode({
    widgets = concat(
      [{
        type = "alarm", x = 0, y = 0, width = 24, height = 4
        properties = {
          title  = "Alarms"
          alarms = sort(concat([for each in aws_cloudwatch_metric_alarm.this : each.arn], [for each in aws_cloudwatch_metric_alarm.hours : each.arn]))
        }
      }],
      [for index, widget in local.widgets : {
        type = "metric", x = index % 2 * 12, y = 4 + floor(index / 2) * 6, width = 12, height = 6
        properties = {
          title   = widget.title
          region  = local.region
          view    = "timeSeries"
          stat    = widget.stat
          period  = 300
          metrics = widget.metrics
        }
      }]
    )
  })
}
