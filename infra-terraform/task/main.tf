# A command of `sluice` as a task of Fargate that writes the lake: its definition, its log, and its two roles. What it reads, who calls this module grants.

data "aws_caller_identity" "current" {}

data "aws_region" "current" {}

data "aws_partition" "current" {}

locals {
  account = data.aws_caller_identity.current.account_id
  region  = data.aws_region.current.region
  glue    = "arn:${data.aws_partition.current.partition}:glue:${local.region}:${local.account}"

  has_catalog  = var.database != null
  has_hash_key = var.hash_key_secret_arn != null

  lake_objects = "${var.lake_bucket_arn}/${var.lake_prefix == "" ? "" : "${var.lake_prefix}/"}"

  # What is done to objects of the lake, as docs/aws.md has it.
  append = ["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload"]
  places = {
    Read    = { actions = ["s3:GetObject"], on = [for each in var.folders.reads : "${each}/*"] }
    Append  = { actions = local.append, on = [for each in concat(var.folders.appends, ["runs"]) : "${each}/*"] }
    Rewrite = { actions = concat(local.append, ["s3:DeleteObject"]), on = [for each in var.folders.rewrites : "${each}/*"] }
    Lineage = { actions = ["s3:PutObject"], on = ["lineage/*"] }
    # The catalog is told what the logs of tables say, those of tables that the command never opens included.
    TableLogs = { actions = ["s3:GetObject"], on = local.has_catalog ? ["*/_delta_log/*"] : [] }
    Probe = {
      actions = ["s3:PutObject", "s3:DeleteObject"]
      on      = concat([".sluice-probe-*"], var.has_health_check ? [".sluice-ready", "dead_letters/_delta_log/.sluice-ready"] : [])
    }
  }

  environment = merge(
    { SLUICE_LAKE = var.lake_uri, SLUICE_REGION = local.region, SLUICE_PROJECT = var.project },
    local.has_catalog ? { SLUICE_CATALOG = "glue", SLUICE_GLUE_DATABASE = var.database } : {},
    var.environment
  )
}

# ---------------------------------------------------------------------------------------------------------------------
# Log
# ---------------------------------------------------------------------------------------------------------------------

resource "aws_cloudwatch_log_group" "this" {
  name              = "/sluice/${var.name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
  tags              = merge(var.tags, { Name = "/sluice/${var.name}" })
}

# ---------------------------------------------------------------------------------------------------------------------
# Roles
# ---------------------------------------------------------------------------------------------------------------------

data "aws_iam_policy_document" "assume" {
  statement {
    sid     = "Tasks"
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["ecs-tasks.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = ["arn:${data.aws_partition.current.partition}:ecs:${local.region}:${local.account}:*"]
    }
  }
}

resource "aws_iam_role" "task" {
  name               = "${var.name}-task"
  description        = "What tasks of ${var.name} run as."
  assume_role_policy = data.aws_iam_policy_document.assume.json
  tags               = merge(var.tags, { Name = "${var.name}-task" })
}

data "aws_iam_policy_document" "lake" {
  dynamic "statement" {
    for_each = { for sid, it in local.places : sid => it if length(it.on) > 0 }
    content {
      sid       = statement.key
      actions   = statement.value.actions
      resources = [for each in statement.value.on : "${local.lake_objects}${each}"]
    }
  }

  statement {
    sid       = "LakeBucket"
    actions   = ["s3:ListBucket"]
    resources = [var.lake_bucket_arn]

    dynamic "condition" {
      for_each = var.lake_prefix == "" ? [] : ["${var.lake_prefix}/*"]
      content {
        # Who asks for an object that is not there lists nothing and so names no prefix: without IfExists that is denied, and what is absent looks as if it were forbidden.
        test     = "StringLikeIfExists"
        variable = "s3:prefix"
        values   = [condition.value]
      }
    }
  }

  statement {
    sid       = "Key"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.kms_key_arn]
  }

  dynamic "statement" {
    for_each = local.has_catalog ? [var.database] : []
    content {
      sid       = "Catalog"
      actions   = ["glue:GetTables", "glue:CreateTable", "glue:UpdateTable"]
      resources = ["${local.glue}:catalog", "${local.glue}:database/${statement.value}", "${local.glue}:table/${statement.value}/*"]
    }
  }
}

resource "aws_iam_role_policy" "lake" {
  name   = "lake"
  role   = aws_iam_role.task.id
  policy = data.aws_iam_policy_document.lake.json
}

resource "aws_iam_role" "execution" {
  name               = "${var.name}-execution"
  description        = "By which ECS fetches the image and the secret of ${var.name}, and writes its log."
  assume_role_policy = data.aws_iam_policy_document.assume.json
  tags               = merge(var.tags, { Name = "${var.name}-execution" })
}

data "aws_iam_policy_document" "execution" {
  #checkov:skip=CKV_AWS_356:ecr:GetAuthorizationToken is a right to no resource
  statement {
    sid     = "Registry"
    actions = ["ecr:GetAuthorizationToken"]
    # The token is of the registry; AWS takes no narrower resource.
    resources = ["*"]
  }

  dynamic "statement" {
    for_each = var.repository_arn[*]
    content {
      sid       = "Image"
      actions   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
      resources = [statement.value]
    }
  }

  statement {
    sid       = "Log"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.this.arn}:*"]
  }

  dynamic "statement" {
    for_each = local.has_hash_key ? [var.hash_key_secret_arn] : []
    content {
      sid       = "HashKey"
      actions   = ["secretsmanager:GetSecretValue"]
      resources = [statement.value]
    }
  }

  # Where the secret is encrypted with the lake's key in place of AWS's own.
  dynamic "statement" {
    for_each = local.has_hash_key ? [var.kms_key_arn] : []
    content {
      sid       = "KeyOfSecret"
      actions   = ["kms:Decrypt"]
      resources = [statement.value]
      condition {
        test     = "StringEquals"
        variable = "kms:ViaService"
        values   = ["secretsmanager.${local.region}.amazonaws.com"]
      }
    }
  }
}

resource "aws_iam_role_policy" "execution" {
  name   = "start"
  role   = aws_iam_role.execution.id
  policy = data.aws_iam_policy_document.execution.json
}

# ---------------------------------------------------------------------------------------------------------------------
# Tasks
# ---------------------------------------------------------------------------------------------------------------------

resource "aws_ecs_task_definition" "this" {
  for_each = var.variants

  family                   = each.key
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = tostring(var.cpu)
  memory                   = tostring(var.memory)
  task_role_arn            = aws_iam_role.task.arn
  execution_role_arn       = aws_iam_role.execution.arn
  tags                     = merge(var.tags, { Name = each.key })

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = var.architecture
  }

  # The only place that a task writes to: compiled code, and what a repartition spills.
  volume {
    name = "tmp"
  }

  dynamic "ephemeral_storage" {
    for_each = var.ephemeral_storage > 21 ? [var.ephemeral_storage] : []
    content {
      size_in_gib = ephemeral_storage.value
    }
  }

  container_definitions = jsonencode([merge(
    {
      name                   = "sluice"
      image                  = var.image
      essential              = true
      command                = var.command
      readonlyRootFilesystem = true
      # The most that Fargate grants: an open batch is committed in seconds, and a store that does not answer is waited for a minute.
      stopTimeout = 120
      environment = [for name, value in merge(local.environment, each.value) : { name = name, value = value }]
      mountPoints = [{ sourceVolume = "tmp", containerPath = "/tmp", readOnly = false }]
      logConfiguration = {
        logDriver = "awslogs"
        options = {
          awslogs-group         = aws_cloudwatch_log_group.this.name
          awslogs-region        = local.region
          awslogs-stream-prefix = each.key
          # Where the log is away, lines are left out; the work goes on.
          mode            = "non-blocking"
          max-buffer-size = "4m"
        }
      }
    },
    local.has_hash_key ? { secrets = [{ name = "SLUICE_HASH_KEY", valueFrom = var.hash_key_secret_arn }] } : {},
    var.has_health_check ? {
      healthCheck = {
        # As the image has it, which ECS does not look at.
        command     = ["CMD", "node", "-e", "fetch('http://localhost:9464/healthz').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
        interval    = 30
        timeout     = 10
        startPeriod = 60
        retries     = 3
      }
    } : {}
  )])
}
