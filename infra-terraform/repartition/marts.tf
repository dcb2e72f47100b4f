# Where jobs of Spark fold, nobody builds what models make of the tables for users: the task does, when a job has ended, and at minute 40 for what was missed. A build that has
# nothing to do ends at once.

locals {
  # Which rules start it. Who comes first finds what the other one would.
  starts = local.builds ? {
    hour  = aws_cloudwatch_event_rule.marts[0]
    ended = aws_cloudwatch_event_rule.ended[0]
  } : {}
}

resource "aws_cloudwatch_event_rule" "marts" {
  count = local.builds ? 1 : 0

  name                = "${var.name}-marts"
  description         = "Begins the building of marts, of what was folded since the last one."
  schedule_expression = "cron(40 * * * ? *)"
  tags                = merge(var.tags, { Name = "${var.name}-marts" })
}

resource "aws_cloudwatch_event_target" "marts" {
  for_each = local.starts

  rule      = each.value.name
  target_id = "marts"
  arn       = var.cluster_arn
  role_arn  = aws_iam_role.events[0].arn

  ecs_target {
    task_definition_arn     = values(module.task[0].task_definition_arns)[0]
    launch_type             = "FARGATE"
    platform_version        = "LATEST"
    task_count              = 1
    propagate_tags          = "TASK_DEFINITION"
    enable_ecs_managed_tags = true

    network_configuration {
      subnets          = var.subnet_ids
      security_groups  = [var.security_group_id]
      assign_public_ip = false
    }
  }

  # Within the hour: then the next one comes.
  retry_policy {
    maximum_event_age_in_seconds = 3000
    maximum_retry_attempts       = 10
  }

  dead_letter_config {
    arn = var.failures_queue.arn
  }
}
