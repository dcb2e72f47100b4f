# The task of Fargate: the embedded engine, which folds and commits by itself, where one machine is enough, and then builds what models make; else, where jobs of Spark fold, who builds that.

locals {
  builds   = var.has_models && !local.is_embedded
  has_task = local.is_embedded || local.builds

  task = local.is_embedded ? {
    name     = "${var.name}-repartition"
    command  = var.has_models ? ["repartition", "--build"] : ["repartition"]
    reads    = concat(["stage"], var.has_models ? ["dead_letters"] : [])
    rewrites = concat(["consumable"], var.has_models ? ["marts"] : [])
    } : {
    name     = "${var.name}-marts"
    command  = ["build"]
    reads    = ["stage", "consumable", "dead_letters"]
    rewrites = ["marts"]
  }
  # Which rules start it.
  started_by = local.is_embedded ? [aws_cloudwatch_event_rule.hour.arn] : [for rule in local.starts : rule.arn]

  told_of_task = local.has_task ? {
    definition_arn = values(module.task[0].task_definition_arns)[0]
    role_arn       = module.task[0].task_role_arn
    log_group      = module.task[0].log_group
  } : null
}

module "task" {
  source = "../task"
  count  = local.has_task ? 1 : 0

  name     = local.task.name
  variants = { (local.task.name) = {} }
  command  = local.task.command
  environment = {
    # What it decides by; the rest is for rows on their way. What does not fit goes to the task's disk.
    SLUICE_MEMORY_LIMIT = "${floor(var.settings.memory / 2)}MiB"
  }
  image              = var.image
  repository_arn     = var.repository_arn
  project            = var.project
  folders            = { reads = local.task.reads, rewrites = local.task.rewrites }
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
  count = local.has_task ? 1 : 0

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
      values   = local.started_by
    }
  }
}

resource "aws_iam_role" "events" {
  count = local.has_task ? 1 : 0

  name               = "${local.task.name}-events"
  description        = "What rules start the task as."
  assume_role_policy = data.aws_iam_policy_document.assume_events[0].json
  tags               = merge(var.tags, { Name = "${local.task.name}-events" })
}

data "aws_iam_policy_document" "events" {
  count = local.has_task ? 1 : 0

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
  count = local.has_task ? 1 : 0

  name   = "run"
  role   = aws_iam_role.events[0].id
  policy = data.aws_iam_policy_document.events[0].json
}
