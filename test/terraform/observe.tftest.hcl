# Alarms: what is wired to whom.

variables {
  name           = "shop"
  kms_key_arn    = "arn:aws:kms:us-east-1:123456789012:key/00000000-0000-4000-8000-000000000000"
  failures_queue = { arn = "arn:aws:sqs:us-east-1:123456789012:shop-failures", url = "https://sqs.us-east-1.amazonaws.com/123456789012/shop-failures", name = "shop-failures" }
}

run "everything" {
  command = apply
  module { source = "./infra-terraform/observe" }
  variables {
    emails             = ["data@example.com"]
    monthly_budget     = 250
    budget_tag         = { key = "project", value = "shop" }
    stream_name        = "checkout-events"
    cluster_name       = "shop"
    service_names      = ["shop-worker-0", "shop-worker-1"]
    consumer_log_group = "/sluice/shop-consumer"
    rule_name          = "checkout_partition_routine_trigger"
    queues = {
      raw   = { arn = "arn:aws:sqs:us-east-1:123456789012:shop-raw", url = "https://sqs/raw", name = "shop-raw", dlq_arn = "arn:aws:sqs:us-east-1:123456789012:shop-raw-dead", dlq_name = "shop-raw-dead" }
      stage = { arn = "arn:aws:sqs:us-east-1:123456789012:shop-stage", url = "https://sqs/stage", name = "shop-stage", dlq_arn = "arn:aws:sqs:us-east-1:123456789012:shop-stage-dead", dlq_name = "shop-stage-dead" }
    }
    functions = {
      for name in ["submitPartitionRoutineCluster", "commitPartitionRoutine", "sendCheckoutDataToFirehouse", "collectDeadLetters"] :
      name => { name = name, arn = "arn:aws:lambda:us-east-1:123456789012:function:${name}", role_arn = "arn:aws:iam::123456789012:role/${name}", log_group = "/aws/lambda/${name}" }
    }
    delivery_streams = { checkout = { name = "DataStreamStructuredCheckout", arn = "arn:aws:firehose:us-east-1:123456789012:deliverystream/DataStreamStructuredCheckout" } }
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["stream-behind"].metric_name == "GetRecords.IteratorAgeMilliseconds" && aws_cloudwatch_metric_alarm.this["stream-behind"].threshold == 900000 && aws_cloudwatch_metric_alarm.this["stream-behind"].treat_missing_data == "breaching"
    error_message = "who does not read must be an alarm"
  }
  assert {
    condition     = alltrue([for key in ["raw", "stage"] : aws_cloudwatch_metric_alarm.this["dead-letter-queue-${key}"].dimensions.QueueName == "shop-${key}-dead" && aws_cloudwatch_metric_alarm.this["queue-${key}"].dimensions.QueueName == "shop-${key}"]) && aws_cloudwatch_metric_alarm.this["failures-queue"].dimensions.QueueName == "shop-failures"
    error_message = "each queue, each dead-letter queue and the failures queue must have its alarm"
  }
  assert {
    condition     = alltrue([for service in ["shop-worker-0", "shop-worker-1"] : aws_cloudwatch_metric_alarm.this["tasks-${service}"].treat_missing_data == "breaching" && aws_cloudwatch_metric_alarm.this["tasks-${service}"].comparison_operator == "LessThanThreshold"])
    error_message = "each service must have an alarm on its tasks"
  }
  assert {
    condition     = alltrue([for name in ["submitPartitionRoutineCluster", "commitPartitionRoutine"] : aws_cloudwatch_metric_alarm.this["repartition-failed-${name}"].evaluation_periods == 1]) && contains(keys(aws_cloudwatch_metric_alarm.this), "errors-sendCheckoutDataToFirehouse") && contains(keys(aws_cloudwatch_metric_alarm.this), "throttles-collectDeadLetters")
    error_message = "functions that fail, and those that are throttled, must be alarms"
  }
  assert {
    condition     = alltrue([for kind in ["late", "conversion", "throttled"] : aws_cloudwatch_metric_alarm.this["firehose-${kind}-checkout"].dimensions.DeliveryStreamName == "DataStreamStructuredCheckout"])
    error_message = "each delivery stream must have its alarms"
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.hours["missing-hours"].treat_missing_data == "breaching" && aws_cloudwatch_metric_alarm.hours["missing-hours"].evaluation_periods == 2 && aws_cloudwatch_metric_alarm.hours["missing-hours"].comparison_operator == "LessThanThreshold"
    error_message = "two hours without a repartition that ended well must be an alarm"
  }
  assert {
    condition     = toset([for each in aws_cloudwatch_log_metric_filter.this : "${each.log_group_name} ${each.pattern}" if each.metric_transformation[0].name == aws_cloudwatch_metric_alarm.hours["missing-hours"].metric_name]) == toset([for name in ["submitPartitionRoutineCluster", "commitPartitionRoutine"] : "/aws/lambda/${name} { $.underWay = 0 }"])
    error_message = "an hour in which a job of an earlier one is still at work must not count"
  }
  assert {
    condition = alltrue([for name in ["sendCheckoutDataToFirehouse", "collectDeadLetters"] :
      aws_cloudwatch_log_metric_filter.this["${name}-errors"].pattern == "{ $.level = \"error\" }"
      && aws_cloudwatch_log_metric_filter.this["${name}-errors"].log_group_name == "/aws/lambda/${name}"
      && aws_cloudwatch_log_metric_filter.this["${name}-errors"].metric_transformation[0].name == aws_cloudwatch_metric_alarm.this["messages-${name}"].metric_name
      && aws_cloudwatch_metric_alarm.this["messages-${name}"].period * aws_cloudwatch_metric_alarm.this["messages-${name}"].evaluation_periods == 900
    ]) && !contains(keys(aws_cloudwatch_metric_alarm.this), "messages-commitPartitionRoutine")
    error_message = "functions that answer which messages failed must have an alarm on what they log"
  }
  assert {
    condition     = alltrue([for each in concat(values(aws_cloudwatch_metric_alarm.this), values(aws_cloudwatch_metric_alarm.hours)) : each.alarm_actions == toset([output.alarm_topic_arn]) && can(regex("docs/deploy\\.md: \"[A-Z][^\"]+\"\\.$", each.alarm_description)) && length(each.alarm_description) <= 1024])
    error_message = "each alarm must be told to the topic, and say under which heading is what to do"
  }
  assert {
    condition     = aws_cloudwatch_log_metric_filter.this["consumer-letters"].metric_transformation[0].value == "$.deadLetters" && aws_cloudwatch_log_metric_filter.this["sendCheckoutDataToFirehouse-letters"].log_group_name == "/aws/lambda/sendCheckoutDataToFirehouse" && aws_cloudwatch_log_metric_filter.this["collectDeadLetters-collected"].metric_transformation[0].name == aws_cloudwatch_metric_alarm.this["dead-letters"].metric_name
    error_message = "dead letters of the consumer and of functions must be one metric, with its alarm"
  }
  assert {
    condition     = alltrue([for each in aws_cloudwatch_log_metric_filter.this : contains([for alarm in concat(values(aws_cloudwatch_metric_alarm.this), values(aws_cloudwatch_metric_alarm.hours)) : "${alarm.namespace}/${alarm.metric_name}"], "${each.metric_transformation[0].namespace}/${each.metric_transformation[0].name}")])
    error_message = "each metric of a log must have an alarm"
  }
  assert {
    condition     = aws_sns_topic.alarms.kms_master_key_id == var.kms_key_arn && aws_sns_topic_subscription.email["data@example.com"].protocol == "email"
    error_message = "the topic must be encrypted, and tell whoever is named"
  }
  assert {
    condition     = aws_budgets_budget.this[0].limit_amount == "250" && aws_budgets_budget.this[0].time_unit == "MONTHLY" && length(aws_budgets_budget.this[0].notification) == 2
    error_message = "the budget must be a month's, and be told twice"
  }
  assert {
    condition     = [for each in aws_budgets_budget.this[0].cost_filter : each.values if each.name == "TagKeyValue"] == [tolist([join("$", ["user:project", "shop"])])]
    error_message = "the budget must count what has the tag"
  }
  assert {
    condition     = length(jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets) == 13 && length(jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets[0].properties.alarms) == length(output.alarm_names)
    error_message = "the dashboard must show all alarms, and each part"
  }
}

run "a_task_folds" {
  command = apply
  module { source = "./infra-terraform/observe" }
  variables {
    rule_name             = "checkout_partition_routine_trigger"
    repartition_log_group = "/sluice/shop-repartition"
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.hours["missing-hours"].metric_name == "RepartitionsDone" && aws_cloudwatch_log_metric_filter.this["repartition-folded"].metric_transformation[0].name == "RepartitionsDone" && aws_cloudwatch_metric_alarm.this["repartition-failed"].metric_name == "RepartitionsFailed"
    error_message = "hours without a repartition, and those that failed, must be known from the log of the task"
  }
  assert {
    condition     = strcontains(aws_cloudwatch_log_metric_filter.this["repartition-fatal"].pattern, "$.message != \"there is no lake at*\"") && strcontains(aws_cloudwatch_log_metric_filter.this["repartition-folded"].pattern, "?\"there is no lake at\"")
    error_message = "hours before the first record must not count as failures, nor as missing"
  }
}

run "little" {
  command = apply
  module { source = "./infra-terraform/observe" }

  assert {
    condition     = join(",", output.alarm_names) == "shop-failures-queue" && length(aws_budgets_budget.this) == 0
    error_message = "what is not there must have no alarm"
  }
}

run "values_that_cannot_be" {
  command = plan
  module { source = "./infra-terraform/observe" }
  variables {
    emails              = ["nobody"]
    behind_seconds      = 1
    dead_letters        = 0
    hours_without_a_run = 48
    monthly_budget      = 0
  }
  expect_failures = [var.emails, var.behind_seconds, var.dead_letters, var.hours_without_a_run, var.monthly_budget]
}
