# Where jobs of Spark fold, nobody builds what models make of the tables for users: a task of Fargate does, when a job has ended, and at minute 40 for what was missed. A build that has
# nothing to do ends at once.

locals {
  builds = var.has_models && !local.is_embedded
  # Which rules start it. Who comes first finds what the other one would.
  starts = local.builds ? {
    hour  = aws_cloudwatch_event_rule.marts[0]
    ended = aws_cloudwatch_event_rule.ended[0]
  } : {}
}

module "marts" {
  source = "../task"
  count  = local.builds ? 1 : 0

  name     = "${var.name}-marts"
  variants = { "${var.name}-marts" = {} }
  command  = ["build"]
  environment = {
    SLUICE_MEMORY_LIMIT = "${floor(var.settings.memory / 2)}MiB"
  }
  image              = var.image
  repository_arn     = var.repository_arn
  project            = var.project
  folders            = { reads = ["stage", "consumable", "dead_letters"], rewrites = ["marts"] }
  cpu                = var.settings.cpu
  memory             = var.settings.memory
  ephemeral_storage  = var.settings.ephemeral_storage
  lake_uri           = var.lake_uri
  lake_bucket_arn    = var.lake_bucket_arn
  lake_prefix        = var.lake_prefix
  database           = var.database
  kms_key_arn        = var.kms_key_arn
  log_retention_days = var.log_retention_days
  tags               = var.tags
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
  role_arn  = aws_iam_role.marts[0].arn

  ecs_target {
    task_definition_arn     = values(module.marts[0].task_definition_arns)[0]
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

data "aws_iam_policy_document" "assume_marts" {
  count = local.builds ? 1 : 0

  statement {
    sid     = "Rules"
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.current.account_id]
    }
    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [for rule in local.starts : rule.arn]
    }
  }
}

resource "aws_iam_role" "marts" {
  count = local.builds ? 1 : 0

  name               = "${var.name}-marts-events"
  description        = "What rules start the building of marts as."
  assume_role_policy = data.aws_iam_policy_document.assume_marts[0].json
  tags               = merge(var.tags, { Name = "${var.name}-marts-events" })
}

data "aws_iam_policy_document" "marts" {
  count = local.builds ? 1 : 0

  statement {
    sid       = "Run"
    actions   = ["ecs:RunTask"]
    resources = values(module.marts[0].task_definition_arns)
    condition {
      test     = "ArnEquals"
      variable = "ecs:cluster"
      values   = [var.cluster_arn]
    }
  }

  statement {
    sid       = "Tag"
    actions   = ["ecs:TagResource"]
    resources = ["arn:${format(local.here, "ecs")}:task/*"]
    condition {
      test     = "StringEquals"
      variable = "ecs:CreateAction"
      values   = ["RunTask"]
    }
  }

  statement {
    sid       = "Roles"
    actions   = ["iam:PassRole"]
    resources = [module.marts[0].task_role_arn, module.marts[0].execution_role_arn]
    condition {
      test     = "StringEquals"
      variable = "iam:PassedToService"
      values   = ["ecs-tasks.amazonaws.com"]
    }
  }
}

resource "aws_iam_role_policy" "marts" {
  count = local.builds ? 1 : 0

  name   = "run"
  role   = aws_iam_role.marts[0].id
  policy = data.aws_iam_policy_document.marts[0].json
}
