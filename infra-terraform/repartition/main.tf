# Stage → the tables for users, at minute 10 of each hour. The rule is only the trigger: what is new says the log, so that an hour that was missed is taken by the next.

locals {
  engine        = var.settings.engine
  is_embedded   = local.engine == "embedded"
  is_serverless = local.engine == "emr-serverless"
  is_emr        = local.engine == "emr"
  # Clusters come and go with jobs, unless there is one that runs them.
  has_clusters = local.is_emr && var.settings.cluster_id == null

  has_catalog = var.database != null
  logs_folder = "emr-logs"
}

data "aws_caller_identity" "current" {}

data "aws_region" "current" {}

data "aws_partition" "current" {}

# ---------------------------------------------------------------------------------------------------------------------
# The rule of the hour
# ---------------------------------------------------------------------------------------------------------------------

resource "aws_cloudwatch_event_rule" "hour" {
  name                = var.rule_name
  description         = "Begins the repartition of what is new in stage."
  schedule_expression = "cron(10 * * * ? *)"
  tags                = merge(var.tags, { Name = var.rule_name })
}

resource "aws_cloudwatch_event_target" "hour" {
  rule      = aws_cloudwatch_event_rule.hour.name
  target_id = local.is_embedded ? "task" : "submit"
  arn       = local.is_embedded ? var.cluster_arn : module.function["submitPartitionRoutineCluster"].arn
  role_arn  = local.is_embedded ? aws_iam_role.events[0].arn : null

  dynamic "ecs_target" {
    for_each = local.is_embedded ? [values(module.task[0].task_definition_arns)[0]] : []
    content {
      task_definition_arn     = ecs_target.value
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

resource "aws_lambda_permission" "hour" {
  count = local.is_embedded ? 0 : 1

  statement_id   = "rule-of-the-hour"
  action         = "lambda:InvokeFunction"
  function_name  = module.function["submitPartitionRoutineCluster"].name
  principal      = "events.amazonaws.com"
  source_arn     = aws_cloudwatch_event_rule.hour.arn
  source_account = data.aws_caller_identity.current.account_id
}

# ---------------------------------------------------------------------------------------------------------------------
# Jobs of Spark: who starts them, and who commits what they made
# ---------------------------------------------------------------------------------------------------------------------

locals {
  tags_text = join(",", [for key, value in merge(var.tags, local.has_clusters ? local.managed_policies_tag : {}) : "${key}=${value}"])
  settings = merge(
    {
      SLUICE_LAKE          = var.lake_uri
      SLUICE_REGION        = data.aws_region.current.region
      SLUICE_ENGINE        = local.engine
      SLUICE_EMR_EXECUTORS = tostring(var.settings.executors)
      SLUICE_EMR_LOGS      = "s3://${var.artifact_bucket}/${local.logs_folder}"
    },
    local.tags_text == "" ? {} : { SLUICE_EMR_TAGS = local.tags_text },
    local.has_catalog ? { SLUICE_CATALOG = "glue", SLUICE_GLUE_DATABASE = var.database } : {},
    var.settings.size == null ? {} : { SLUICE_EMR_SIZE = var.settings.size },
    local.is_serverless ? {
      SLUICE_EMR_APPLICATION = aws_emrserverless_application.this[0].id
      SLUICE_EMR_ROLE        = aws_iam_role.job[0].arn
      SLUICE_EMR_TIMEOUT     = var.settings.timeout
    } : {},
    local.has_clusters ? {
      SLUICE_EMR_ROLE         = aws_iam_instance_profile.job[0].name
      SLUICE_EMR_SERVICE_ROLE = aws_iam_role.service[0].name
      SLUICE_EMR_RELEASE      = var.settings.release
      SLUICE_EMR_MACHINES     = join(",", var.settings.machines)
      SLUICE_EMR_SUBNETS      = join(",", var.subnet_ids)
    } : {},
    # Steps run as the machines of the cluster do.
    local.is_emr && !local.has_clusters ? { SLUICE_EMR_CLUSTER = var.settings.cluster_id } : {}
  )
  work = local.is_embedded ? {} : {
    submitPartitionRoutineCluster = "Starts a job for each dataset that has something new and none under way, and commits what one before it made."
    commitPartitionRoutine        = "Commits what jobs made that have ended."
  }
}

module "function" {
  source   = "../function"
  for_each = local.work

  name                 = each.key
  function_name        = lookup(var.function_names, each.key, each.key)
  description          = each.value
  role_name            = "${var.name}-${each.key}"
  functions_dir        = var.functions_dir
  environment          = local.settings
  lake_bucket_arn      = var.lake_bucket_arn
  lake_prefix          = var.lake_prefix
  resources            = local.has_catalog ? { catalog = [for part in ["catalog", "database/${var.database}", "table/${var.database}/*"] : "${local.glue}:${part}"] } : {}
  leave_out            = concat(["jobs", "roles"], local.has_catalog ? [] : ["catalog", "table_logs"])
  kms_key_arn          = var.kms_key_arn
  failures_queue_arn   = var.failures_queue.arn
  has_failures_queue   = true
  memory_size          = coalesce(try(var.functions.overrides[each.key].memory, null), var.functions.memory)
  timeout              = coalesce(try(var.functions.overrides[each.key].timeout, null), var.functions.timeout)
  reserved_concurrency = coalesce(try(var.functions.overrides[each.key].reserved_concurrency, null), var.functions.reserved_concurrency)
  log_retention_days   = var.log_retention_days
  tags                 = var.tags
}

locals {
  here = "${data.aws_partition.current.partition}:%s:${data.aws_region.current.region}:${data.aws_caller_identity.current.account_id}"
  glue = "arn:${format(local.here, "glue")}"

  # The code could call either kind of EMR, and SLUICE_ENGINE says which: of the actions in functions.json, those of the other are left out. So is what is of clusters where steps
  # of one that is there are asked for, and the other way round.
  never = local.has_clusters ? ["elasticmapreduce:AddJobFlowSteps"] : ["elasticmapreduce:RunJobFlow", "elasticmapreduce:AddTags"]
  job_actions = {
    for name, each in module.function : name => [
      for action in each.actions.jobs : action if startswith(action, local.is_emr ? "elasticmapreduce:" : "emr-serverless:") && !contains(local.never, action)
    ]
  }
  # Rights to no resource, as AWS has them.
  unbound = ["elasticmapreduce:ListClusters", "elasticmapreduce:RunJobFlow"]
  jobs_on = local.is_serverless ? [
    aws_emrserverless_application.this[0].arn,
    "${aws_emrserverless_application.this[0].arn}/jobruns/*"
  ] : ["arn:${format(local.here, "elasticmapreduce")}:cluster/${local.has_clusters ? "*" : coalesce(var.settings.cluster_id, "*")}"]

  passed_roles    = concat(aws_iam_role.job[*].arn, aws_iam_role.service[*].arn)
  passed_services = local.is_serverless ? ["emr-serverless.amazonaws.com"] : ["ec2.amazonaws.com", "elasticmapreduce.amazonaws.com"]
}

data "aws_iam_policy_document" "jobs" {
  #checkov:skip=CKV_AWS_356:elasticmapreduce:ListClusters and RunJobFlow are rights to no resource; no other has *
  for_each = local.work

  statement {
    sid       = "Jobs"
    actions   = [for action in local.job_actions[each.key] : action if !contains(local.unbound, action)]
    resources = local.jobs_on
  }

  dynamic "statement" {
    for_each = local.is_emr ? [[for action in local.job_actions[each.key] : action if contains(local.unbound, action)]] : []
    content {
      sid     = "Clusters"
      actions = statement.value
      # AWS takes no narrower resource for these.
      resources = ["*"]
    }
  }

  dynamic "statement" {
    for_each = local.is_serverless || local.has_clusters ? [local.passed_roles] : []
    content {
      sid       = "Roles"
      actions   = module.function[each.key].actions.roles
      resources = statement.value
      condition {
        test     = "StringEquals"
        variable = "iam:PassedToService"
        values   = local.passed_services
      }
    }
  }
}

resource "aws_iam_role_policy" "jobs" {
  for_each = local.work

  name   = "jobs"
  role   = module.function[each.key].role_name
  policy = data.aws_iam_policy_document.jobs[each.key].json
}

resource "aws_cloudwatch_event_rule" "ended" {
  count = local.is_embedded ? 0 : 1

  name        = "${var.name}-job-ended"
  description = "A job of the repartition has ended: what it made is committed at once."
  tags        = merge(var.tags, { Name = "${var.name}-job-ended" })
  event_pattern = local.is_serverless ? jsonencode({
    source        = ["aws.emr-serverless"]
    "detail-type" = ["EMR Serverless Job Run State Change"]
    detail = {
      applicationId = [aws_emrserverless_application.this[0].id]
      state         = ["SUCCESS", "FAILED", "CANCELLED"]
    }
    }) : jsonencode({
    source        = ["aws.emr"]
    "detail-type" = ["EMR Step Status Change", "EMR Cluster State Change"]
    detail = {
      name  = [{ prefix = "sluice repartition " }]
      state = ["COMPLETED", "FAILED", "CANCELLED", "INTERRUPTED", "TERMINATED", "TERMINATED_WITH_ERRORS"]
    }
  })
}

resource "aws_cloudwatch_event_target" "ended" {
  count = local.is_embedded ? 0 : 1

  rule      = aws_cloudwatch_event_rule.ended[0].name
  target_id = "commit"
  arn       = module.function["commitPartitionRoutine"].arn

  retry_policy {
    maximum_event_age_in_seconds = 3600
    maximum_retry_attempts       = 10
  }

  dead_letter_config {
    arn = var.failures_queue.arn
  }
}

resource "aws_lambda_permission" "ended" {
  count = local.is_embedded ? 0 : 1

  statement_id   = "job-ended"
  action         = "lambda:InvokeFunction"
  function_name  = module.function["commitPartitionRoutine"].name
  principal      = "events.amazonaws.com"
  source_arn     = aws_cloudwatch_event_rule.ended[0].arn
  source_account = data.aws_caller_identity.current.account_id
}

# ---------------------------------------------------------------------------------------------------------------------
# What jobs run as
# ---------------------------------------------------------------------------------------------------------------------

data "aws_iam_policy_document" "assume_job" {
  count = local.is_serverless || local.has_clusters ? 1 : 0

  statement {
    sid     = "Jobs"
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = [local.is_serverless ? "emr-serverless.amazonaws.com" : "ec2.amazonaws.com"]
    }
    # Machines of EC2 name no source.
    dynamic "condition" {
      for_each = local.is_serverless ? [data.aws_caller_identity.current.account_id] : []
      content {
        test     = "StringEquals"
        variable = "aws:SourceAccount"
        values   = [condition.value]
      }
    }
    dynamic "condition" {
      for_each = aws_emrserverless_application.this[*].arn
      content {
        test     = "ArnLike"
        variable = "aws:SourceArn"
        values   = ["${condition.value}*"]
      }
    }
  }
}

resource "aws_iam_role" "job" {
  count = local.is_serverless || local.has_clusters ? 1 : 0

  name               = "${var.name}-repartition-job"
  description        = "What jobs of the repartition run as: they read stage, and write files of the tables for users, which Sluice commits."
  assume_role_policy = data.aws_iam_policy_document.assume_job[0].json
  tags               = merge(var.tags, { Name = "${var.name}-repartition-job" })
}

data "aws_iam_policy_document" "job" {
  count = local.is_serverless || local.has_clusters ? 1 : 0

  statement {
    sid       = "Stage"
    actions   = ["s3:GetObject"]
    resources = ["${local.lake_objects}stage/*"]
  }

  statement {
    sid       = "Consumable"
    actions   = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"]
    resources = ["${local.lake_objects}consumable/*"]
  }

  statement {
    sid       = "LakeBucket"
    actions   = ["s3:ListBucket"]
    resources = [var.lake_bucket_arn]
    condition {
      test     = "StringLikeIfExists"
      variable = "s3:prefix"
      values   = ["${local.lake_folder}stage/*", "${local.lake_folder}consumable/*"]
    }
  }

  statement {
    sid       = "Logs"
    actions   = ["s3:PutObject"]
    resources = ["${var.artifact_bucket_arn}/${local.logs_folder}/*"]
  }

  statement {
    sid       = "Key"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.kms_key_arn]
  }
}

locals {
  lake_folder  = var.lake_prefix == "" ? "" : "${var.lake_prefix}/"
  lake_objects = "${var.lake_bucket_arn}/${local.lake_folder}"
}

resource "aws_iam_role_policy" "job" {
  count = local.is_serverless || local.has_clusters ? 1 : 0

  name   = "fold"
  role   = aws_iam_role.job[0].id
  policy = data.aws_iam_policy_document.job[0].json
}
