# The alarms. Each is an entry of a map: what it looks at, from when on it is one, and what it tells. `missing` is breaching where silence is the trouble itself.

locals {
  # How the metrics of the logs are made: JSON, one object a line, of which no line quotes a record.
  patterns = {
    fatal = "{ $.level = \"fatal\" }"
    error = "{ $.level = \"error\" }"
    # What ends a task that folds. Before the first record there is no lake, and so nothing to fold: that is no failure of it.
    unable  = "{ ($.level = \"fatal\") && ($.message != \"there is no lake at*\") }"
    failing = "{ ($.level = \"warn\") && ($.message = \"*Failing for*\") }"
    trimmed = "{ ($.level = \"warn\") && ($.message = \"*may have been trimmed*\") }"
    # What a worker says that repartitions itself.
    unfolded = "{ ($.level = \"error\") && ($.message = \"repartition failed*\") }"
    # What the command prints when it is done, in one of its two ways, or when there is no lake yet.
    folded = "?\"Nothing new to repartition\" ?\"stage versions\" ?\"there is no lake at\""
    # A call of a function of jobs that failed with none, and found none at work that an earlier call had begun.
    settled = "{ $.underWay = 0 }"
    letters = "{ $.deadLetters > 0 }"
    # What collectDeadLetters has taken, from error prefixes and dead-letter queues.
    collected = "{ $.letters > 0 }"
  }

  # Functions that count dead letters of their own.
  counting = ["consumeStream", "sendCheckoutDataToFirehouse", "sendStructuredJsonToFirehose", "transformFirehoseRecords"]

  # Functions that answer which messages of a queue are to come again, in place of failing.
  answering = { for name, each in var.functions : name => each if contains(["sendCheckoutDataToFirehouse", "sendStructuredJsonToFirehose", "registerStageObjects", "collectDeadLetters"], name) }

  filters = merge(
    { for each in var.consumer_log_group[*] : "consumer-fatal" => { log_group = each, pattern = "fatal", metric = "EndedBadly", value = "1" } },
    { for each in var.consumer_log_group[*] : "consumer-failing" => { log_group = each, pattern = "failing", metric = "CallsFailing", value = "1" } },
    { for each in var.consumer_log_group[*] : "consumer-trimmed" => { log_group = each, pattern = "trimmed", metric = "RecordsMayBeLost", value = "1" } },
    { for each in var.consumer_log_group[*] : "consumer-unfolded" => { log_group = each, pattern = "unfolded", metric = "RepartitionsFailed", value = "1" } },
    { for each in var.consumer_log_group[*] : "consumer-letters" => { log_group = each, pattern = "letters", metric = "DeadLetters", value = "$.deadLetters" } },
    { for each in var.repartition_log_group[*] : "repartition-fatal" => { log_group = each, pattern = "unable", metric = "RepartitionsFailed", value = "1" } },
    { for each in var.repartition_log_group[*] : "repartition-folded" => { log_group = each, pattern = "folded", metric = "RepartitionsDone", value = "1" } },
    { for name, each in local.job_functions : "${name}-settled" => { log_group = each.log_group, pattern = "settled", metric = "RepartitionsDone", value = "1" } },
    { for name, each in local.answering : "${name}-errors" => { log_group = each.log_group, pattern = "error", metric = "Errors-${name}", value = "1" } },
    { for name, each in var.functions : "${name}-letters" => { log_group = each.log_group, pattern = "letters", metric = "DeadLetters", value = "$.deadLetters" } if contains(local.counting, name) },
    { for name, each in var.functions : "${name}-collected" => { log_group = each.log_group, pattern = "collected", metric = "DeadLetters", value = "$.letters" } if name == "collectDeadLetters" }
  )

  has_letters   = length([for each in local.filters : each if each.metric == "DeadLetters"]) > 0
  reads_logs    = var.consumer_log_group != null
  folds_by_task = var.repartition_log_group != null
  folds_by_jobs = contains(keys(var.functions), "submitPartitionRoutineCluster")
  job_functions = { for name, each in var.functions : name => each if contains(["submitPartitionRoutineCluster", "commitPartitionRoutine"], name) }
  # All others are called again with what they could not do, so that a single error is none; but the endpoint's, whose API tells of it.
  other_functions = { for name, each in var.functions : name => each if !contains(keys(local.job_functions), name) && name != "collect" }

  of_stream = {
    stream-behind = {
      says       = "Nobody reads stream ${coalesce(var.stream_name, "-")}, or reading is more than ${var.behind_seconds} s late. Nothing is lost until its retention is over. See that the consumer runs, and add workers where it does not keep up."
      heading    = "The stream is read late"
      namespace  = "AWS/Kinesis", metric = "GetRecords.IteratorAgeMilliseconds", statistic = "Maximum"
      dimensions = { StreamName = var.stream_name }
      # Who does not call has no age.
      period = 60, periods = 10, threshold = var.behind_seconds * 1000, operator = "GreaterThanThreshold", missing = "breaching"
    }
    stream-read-throttled = {
      says       = "Stream ${coalesce(var.stream_name, "-")} is read too often for its shards, so that reading slows down. Let fewer consumers share it, or give others enhanced fan-out."
      heading    = "The stream is throttled"
      namespace  = "AWS/Kinesis", metric = "ReadProvisionedThroughputExceeded", statistic = "Sum"
      dimensions = { StreamName = var.stream_name }
      period     = 60, periods = 10, threshold = 60, operator = "GreaterThanThreshold", missing = "notBreaching"
    }
    stream-write-throttled = {
      says       = "Stream ${coalesce(var.stream_name, "-")} refuses records of its producers. On demand it grows within minutes to twice its highest load; see that producers try again."
      heading    = "The stream is throttled"
      namespace  = "AWS/Kinesis", metric = "WriteProvisionedThroughputExceeded", statistic = "Sum"
      dimensions = { StreamName = var.stream_name }
      period     = 300, periods = 3, threshold = 0, operator = "GreaterThanThreshold", missing = "notBreaching"
    }
  }

  of_consumer = {
    consumer-ended-badly = {
      says       = "A process of the consumer ended with an error. ECS starts it again and nothing is lost; the line of the log with level fatal says why, and what to do."
      heading    = "The consumer ended badly"
      namespace  = local.namespace, metric = "EndedBadly", statistic = "Sum"
      dimensions = {}
      period     = 300, periods = 1, threshold = 0, operator = "GreaterThanThreshold", missing = "notBreaching"
    }
    consumer-calls-fail = {
      says       = "Calls of the consumer to AWS have failed for long. They are made again, with growing pauses. The log names what does not answer: look at the network, at rights, and at the state of the service."
      heading    = "Calls fail for long"
      namespace  = local.namespace, metric = "CallsFailing", statistic = "Sum"
      dimensions = {}
      period     = 900, periods = 1, threshold = 0, operator = "GreaterThanThreshold", missing = "notBreaching"
    }
    consumer-gap = {
      says       = "Records of the stream may be lost: they may have been trimmed before they were read. `sluice status` shows the times; bring back what is missing from a copy."
      heading    = "Records may be lost"
      namespace  = local.namespace, metric = "RecordsMayBeLost", statistic = "Sum"
      dimensions = {}
      period     = 300, periods = 1, threshold = 0, operator = "GreaterThanThreshold", missing = "notBreaching"
    }
  }

  of_tasks = {
    for service in var.service_names : "tasks-${service}" => {
      says       = "Service ${service} runs fewer than ${var.tasks_per_service} of its tasks. What is in the stream or the queue waits. Look at the service's events: the image, the secret, the network, or its end in the log."
      heading    = "A task is gone"
      namespace  = "ECS/ContainerInsights", metric = "RunningTaskCount", statistic = "Minimum"
      dimensions = { ClusterName = var.cluster_name, ServiceName = service }
      period     = 60, periods = 5, threshold = var.tasks_per_service, operator = "LessThanThreshold", missing = "breaching"
    }
  }

  of_queues = merge(
    {
      for key, queue in var.queues : "queue-${key}" => {
        says       = "The oldest message of queue ${queue.name} waits for more than ${var.behind_seconds} s. Nothing is lost for 14 days. Its reader is away, fails, or does not keep up: look at its log."
        heading    = "A queue waits"
        namespace  = "AWS/SQS", metric = "ApproximateAgeOfOldestMessage", statistic = "Maximum"
        dimensions = { QueueName = queue.name }
        period     = 300, periods = 3, threshold = var.behind_seconds, operator = "GreaterThanThreshold", missing = "notBreaching"
      }
    },
    {
      for key, queue in var.queues : "dead-letter-queue-${key}" => {
        says       = "Messages of queue ${queue.name} were given up and lie in ${queue.dlq_name}. Mend what refused them, then send them back (start-message-move-task) within 14 days."
        heading    = "A dead-letter queue holds messages"
        namespace  = "AWS/SQS", metric = "ApproximateNumberOfMessagesVisible", statistic = "Maximum"
        dimensions = { QueueName = queue.dlq_name }
        period     = 300, periods = 1, threshold = 0, operator = "GreaterThanThreshold", missing = "notBreaching"
      }
    },
    {
      failures-queue = {
        says       = "Events could not be delivered, or a function gave them up: they lie in ${var.failures_queue.name} for 14 days. Each says which function and why."
        heading    = "The failures queue holds events"
        namespace  = "AWS/SQS", metric = "ApproximateNumberOfMessagesVisible", statistic = "Maximum"
        dimensions = { QueueName = var.failures_queue.name }
        period     = 300, periods = 1, threshold = 0, operator = "GreaterThanThreshold", missing = "notBreaching"
      }
    }
  )

  of_functions = merge(
    {
      for name, each in local.other_functions : "errors-${name}" => {
        says       = "Function ${each.name} has failed for 15 minutes. What it could not do comes again and ends in a dead-letter queue; its log says why."
        heading    = "A function fails"
        namespace  = "AWS/Lambda", metric = "Errors", statistic = "Sum"
        dimensions = { FunctionName = each.name }
        period     = 300, periods = 3, threshold = 0, operator = "GreaterThanThreshold", missing = "notBreaching"
      }
    },
    {
      for name, each in local.answering : "messages-${name}" => {
        says       = "Function ${each.name} has not been able to do what messages of its queue ask for, for 15 minutes. They come again and end in the dead-letter queue; its log says why."
        heading    = "A function fails"
        namespace  = local.namespace, metric = "Errors-${name}", statistic = "Sum"
        dimensions = {}
        period     = 300, periods = 3, threshold = 0, operator = "GreaterThanThreshold", missing = "notBreaching"
      }
    },
    {
      for name, each in var.functions : "throttles-${name}" => {
        says       = "Function ${each.name} is not run as often as it is called, since the account, or its reserved concurrency, has no more. What waits is taken later."
        heading    = "A function is throttled"
        namespace  = "AWS/Lambda", metric = "Throttles", statistic = "Sum"
        dimensions = { FunctionName = each.name }
        period     = 300, periods = 3, threshold = 0, operator = "GreaterThanThreshold", missing = "notBreaching"
      }
    }
  )

  of_endpoint = { for name in var.has_endpoint ? ["endpoint-fails"] : [] : name => {
    says       = "The endpoint answers with errors. Pages that send by beacon do not send again: those hits are lost. See whether the stream takes records, and the log of the function collect."
    heading    = "The endpoint fails"
    namespace  = "AWS/ApiGateway", metric = "5xx", statistic = "Sum"
    dimensions = { ApiId = var.endpoint }
    period     = 60, periods = 3, threshold = 0, operator = "GreaterThanThreshold", missing = "notBreaching"
  } }

  of_firehose = merge(
    {
      for dataset, stream in var.delivery_streams : "firehose-late-${dataset}" => {
        says       = "Delivery stream ${stream.name} keeps rows for more than ${max(900, var.behind_seconds)} s before they are in the lake; its buffer is 300 s. After 24 hours it loses them. Look at its error log: rights, the key, the table."
        heading    = "Firehose delivers late"
        namespace  = "AWS/Firehose", metric = "DeliveryToS3.DataFreshness", statistic = "Maximum"
        dimensions = { DeliveryStreamName = stream.name }
        period     = 300, periods = 3, threshold = max(900, var.behind_seconds), operator = "GreaterThanThreshold", missing = "notBreaching"
      }
    },
    {
      for dataset, stream in var.delivery_streams : "firehose-conversion-${dataset}" => {
        says       = "Delivery stream ${stream.name} could not make rows of some records: they are below errors/format-conversion-failed/. Its table in Glue is not what the functions send: apply both from one contract, then copy the objects of structured_json/ onto themselves."
        heading    = "Firehose cannot convert"
        namespace  = "AWS/Firehose", metric = "FailedConversion.Records", statistic = "Sum"
        dimensions = { DeliveryStreamName = stream.name }
        period     = 300, periods = 1, threshold = 0, operator = "GreaterThanThreshold", missing = "notBreaching"
      }
    },
    {
      for dataset, stream in var.delivery_streams : "firehose-throttled-${dataset}" => {
        says       = "Delivery stream ${stream.name} has refused records for 15 minutes. They are put again from the queue; where it goes on, ask AWS for a higher quota."
        heading    = "Firehose is throttled"
        namespace  = "AWS/Firehose", metric = "ThrottledRecords", statistic = "Sum"
        dimensions = { DeliveryStreamName = stream.name }
        period     = 300, periods = 3, threshold = 0, operator = "GreaterThanThreshold", missing = "notBreaching"
      }
    }
  )

  of_letters = {
    dead-letters = {
      says       = "${var.dead_letters} or more records of the last hour could not become rows. They are in the table dead_letters with reason and path: a producer is broken, or has changed its form. Mend the contract, then `sluice replay`."
      heading    = "Dead letters"
      namespace  = local.namespace, metric = "DeadLetters", statistic = "Sum"
      dimensions = {}
      period     = 3600, periods = 1, threshold = var.dead_letters, operator = "GreaterThanOrEqualToThreshold", missing = "notBreaching"
    }
  }

  of_repartition = merge(
    {
      for name, each in local.job_functions : "repartition-failed-${name}" => {
        says       = "Function ${each.name} failed: a job of the repartition failed, or what one made could not be committed. The next hour takes up what it left. Its log has the reason and the place of the job's log."
        heading    = "A repartition failed"
        namespace  = "AWS/Lambda", metric = "Errors", statistic = "Sum"
        dimensions = { FunctionName = each.name }
        period     = 300, periods = 1, threshold = 0, operator = "GreaterThanThreshold", missing = "notBreaching"
      }
    },
    {
      for name in local.reads_logs || local.folds_by_task ? ["repartition-failed"] : [] : name => {
        says       = "A repartition failed. The next hour takes up what it left; the log says why."
        heading    = "A repartition failed"
        namespace  = local.namespace, metric = "RepartitionsFailed", statistic = "Sum"
        dimensions = {}
        period     = 3600, periods = 1, threshold = 0, operator = "GreaterThanThreshold", missing = "notBreaching"
      }
    },
    {
      for each in var.rule_name[*] : "repartition-not-begun" => {
        says       = "Rule ${each} fired and could not reach its target. The event is in the failures queue; look at the target's rights."
        heading    = "No repartition for hours"
        namespace  = "AWS/Events", metric = "FailedInvocations", statistic = "Sum"
        dimensions = { RuleName = each }
        period     = 300, periods = 1, threshold = 0, operator = "GreaterThanThreshold", missing = "notBreaching"
      }
    }
  )

  alarms = merge(
    { for name, alarm in local.of_stream : name => alarm if var.stream_name != null },
    { for name, alarm in local.of_consumer : name => alarm if local.reads_logs },
    local.of_tasks,
    local.of_queues,
    local.of_functions,
    local.of_endpoint,
    local.of_firehose,
    { for name, alarm in local.of_letters : name => alarm if local.has_letters },
    local.of_repartition
  )
}

resource "aws_cloudwatch_log_metric_filter" "this" {
  for_each = local.filters

  name           = "${var.name}-${each.key}"
  log_group_name = each.value.log_group
  pattern        = local.patterns[each.value.pattern]

  metric_transformation {
    namespace = local.namespace
    name      = each.value.metric
    value     = each.value.value
  }
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = local.alarms

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = "${each.value.says} docs/deploy.md: \"${each.value.heading}\"."
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = each.value.statistic
  period              = each.value.period
  evaluation_periods  = each.value.periods
  datapoints_to_alarm = each.value.periods
  threshold           = each.value.threshold
  comparison_operator = each.value.operator
  treat_missing_data  = each.value.missing
  alarm_actions       = [aws_sns_topic_policy.alarms.arn]
  ok_actions          = [aws_sns_topic_policy.alarms.arn]
  tags                = merge(var.tags, { Name = "${var.name}-${each.key}" })

  # What the logs tell is a metric from then on.
  depends_on = [aws_cloudwatch_log_metric_filter.this]
}

# Hours in which no repartition ended well: what does not run tells nothing, so that silence is the alarm.
resource "aws_cloudwatch_metric_alarm" "hours" {
  for_each = toset(var.rule_name != null && (local.folds_by_jobs || local.folds_by_task) ? ["missing-hours"] : [])

  alarm_name          = "${var.name}-${each.value}"
  alarm_description   = "No repartition has ended well for ${var.hours_without_a_run} hours, so that tables for users stay behind their stage. Nothing is lost: the next one takes all that is new. See that rule ${coalesce(var.rule_name, "-")} is enabled, and what its target logs. docs/deploy.md: \"No repartition for hours\"."
  namespace           = local.namespace
  metric_name         = "RepartitionsDone"
  statistic           = "Sum"
  period              = 3600
  evaluation_periods  = var.hours_without_a_run
  datapoints_to_alarm = var.hours_without_a_run
  threshold           = 1
  comparison_operator = "LessThanThreshold"
  treat_missing_data  = "breaching"
  alarm_actions       = [aws_sns_topic_policy.alarms.arn]
  ok_actions          = [aws_sns_topic_policy.alarms.arn]
  tags                = merge(var.tags, { Name = "${var.name}-${each.value}" })

  # What the logs tell is a metric from then on.
  depends_on = [aws_cloudwatch_log_metric_filter.this]
}
