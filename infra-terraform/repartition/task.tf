# The embedded engine: a task of Fargate that folds and commits by itself, where one machine is enough.

module "task" {
  source = "../task"
  count  = local.is_embedded ? 1 : 0

  name     = "${var.name}-repartition"
  variants = { "${var.name}-repartition" = {} }
  command  = var.has_models ? ["repartition", "--build"] : ["repartition"]
  environment = {
    # What the engine decides by; the rest is for rows on their way. What does not fit goes to the task's disk.
    SLUICE_MEMORY_LIMIT = "${floor(var.settings.memory / 2)}MiB"
  }
  image              = var.image
  repository_arn     = var.repository_arn
  project            = var.project
  folders            = { reads = concat(["stage"], var.has_models ? ["dead_letters"] : []), rewrites = concat(["consumable"], var.has_models ? ["marts"] : []) }
  cpu                = var.settings.cpu
  memory             = var.settings.memory
  ephemeral_storage  = var.settings.ephemeral_storage
  architecture       = var.settings.architecture
  lake_uri           = var.lake_uri
  lake_bucket_arn    = var.lake_bucket_arn
  lake_prefix        = var.lake_prefix
  database           = var.database
  kms_key_arn        = var.kms_key_arn
  log_retention_days = var.log_retention_days
  tags               = var.tags
}

data "aws_iam_policy_document" "assume_events" {
  count = local.is_embedded ? 1 : 0

  statement {
    sid     = "Rule"
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
      values   = [aws_cloudwatch_event_rule.hour.arn]
    }
  }
}

resource "aws_iam_role" "events" {
  count = local.is_embedded ? 1 : 0

  name               = "${var.name}-repartition-events"
  description        = "What the rule of the hour starts the task as."
  assume_role_policy = data.aws_iam_policy_document.assume_events[0].json
  tags               = merge(var.tags, { Name = "${var.name}-repartition-events" })
}

data "aws_iam_policy_document" "events" {
  count = local.is_embedded ? 1 : 0

  statement {
    sid       = "Run"
    actions   = ["ecs:RunTask"]
    resources = values(module.task[0].task_definition_arns)
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
    resources = [module.task[0].task_role_arn, module.task[0].execution_role_arn]
    condition {
      test     = "StringEquals"
      variable = "iam:PassedToService"
      values   = ["ecs-tasks.amazonaws.com"]
    }
  }
}

resource "aws_iam_role_policy" "events" {
  count = local.is_embedded ? 1 : 0

  name   = "run"
  role   = aws_iam_role.events[0].id
  policy = data.aws_iam_policy_document.events[0].json
}
