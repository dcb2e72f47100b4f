# The consumer as services of ECS on Fargate, and the repository and the cluster that tasks of others use as well.

locals {
  reads_stream = var.source_kind == "kinesis"
  reads_queue  = var.source_kind == "sqs"
  runs         = local.reads_stream || local.reads_queue
  is_scaled    = local.reads_queue && var.autoscaling.enabled

  # Tasks have no numbers of their own. So each worker of a stream is a service of one task, whose number is its setting; who reads a queue needs none.
  workers = { for index in range(var.workers) : "${var.name}-worker-${index}" => tostring(index) }
  variants = local.reads_stream ? {
    for name, index in local.workers : name => { SLUICE_WORKERS = tostring(var.workers), SLUICE_WORKER = index }
  } : { "${var.name}-reader" = {} }

  image          = coalesce(var.image, "${aws_ecr_repository.this.repository_url}:${var.image_tag}")
  repository_arn = var.image == null ? aws_ecr_repository.this.arn : var.image_repository
}

# ---------------------------------------------------------------------------------------------------------------------
# The image, and where it runs
# ---------------------------------------------------------------------------------------------------------------------

resource "aws_ecr_repository" "this" {
  name                 = var.name
  image_tag_mutability = "IMMUTABLE"
  # Images are built again.
  force_delete = true
  tags         = merge(var.tags, { Name = var.name })

  image_scanning_configuration {
    scan_on_push = true
  }

  encryption_configuration {
    encryption_type = "KMS"
    kms_key         = var.kms_key_arn
  }
}

resource "aws_ecr_lifecycle_policy" "this" {
  repository = aws_ecr_repository.this.name
  policy = jsonencode({
    rules = [
      {
        rulePriority = 1
        description  = "What has no tag was never finished."
        selection    = { tagStatus = "untagged", countType = "sinceImagePushed", countUnit = "days", countNumber = 7 }
        action       = { type = "expire" }
      },
      {
        rulePriority = 2
        description  = "Twenty ways back are enough."
        selection    = { tagStatus = "tagged", tagPatternList = ["*"], countType = "imageCountMoreThan", countNumber = 20 }
        action       = { type = "expire" }
      }
    ]
  })
}

resource "aws_ecs_cluster" "this" {
  name = var.name
  tags = merge(var.tags, { Name = var.name })

  setting {
    name  = "containerInsights"
    value = "enabled"
  }
}

# ---------------------------------------------------------------------------------------------------------------------
# Tasks, and what they may read
# ---------------------------------------------------------------------------------------------------------------------

module "task" {
  source = "../task"
  count  = local.runs ? 1 : 0

  name     = "${var.name}-consumer"
  variants = local.variants
  command  = ["run", "--source", var.source_kind]
  environment = merge(
    local.reads_stream ? { SLUICE_STREAM = var.stream_name } : { SLUICE_QUEUE = var.queue.url },
    var.repartitions ? {} : { SLUICE_REPARTITION_EVERY = "never" },
    var.environment
  )
  hash_key_secret_arn = var.hash_key_secret_arn
  image               = local.image
  repository_arn      = local.repository_arn
  project             = var.project
  folders = {
    appends = ["stage", "dead_letters"]
    # Who repartitions itself replaces files of the tables for users, and removes what it gave up.
    rewrites = var.repartitions ? concat(["consumable"], var.has_models ? ["marts"] : []) : []
  }
  cpu                = var.cpu
  memory             = var.memory
  architecture       = var.architecture
  has_health_check   = true
  lake_uri           = var.lake_uri
  lake_bucket_arn    = var.lake_bucket_arn
  lake_prefix        = var.lake_prefix
  database           = var.database
  kms_key_arn        = var.kms_key_arn
  log_retention_days = var.log_retention_days
  tags               = var.tags
}

data "aws_iam_policy_document" "read" {
  count = local.runs ? 1 : 0

  dynamic "statement" {
    for_each = local.reads_stream ? [var.stream_arn] : []
    content {
      sid       = "Stream"
      actions   = ["kinesis:DescribeStreamSummary", "kinesis:ListShards", "kinesis:GetShardIterator", "kinesis:GetRecords"]
      resources = [statement.value]
    }
  }

  dynamic "statement" {
    for_each = local.reads_queue ? [var.queue.arn] : []
    content {
      sid       = "Queue"
      actions   = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"]
      resources = [statement.value]
    }
  }

  dynamic "statement" {
    for_each = local.reads_queue ? [var.raw_bucket_arn] : []
    content {
      sid       = "RawObjects"
      actions   = ["s3:GetObject", "s3:GetObjectVersion"]
      resources = ["${statement.value}/*"]
    }
  }

  dynamic "statement" {
    for_each = local.reads_queue ? [var.raw_bucket_arn] : []
    content {
      # Without it S3 says of an object that is gone that it is denied.
      sid       = "RawBucket"
      actions   = ["s3:ListBucket"]
      resources = [statement.value]
    }
  }

  dynamic "statement" {
    for_each = local.reads_queue && var.raw_kms_key_arn != null ? [var.raw_kms_key_arn] : []
    content {
      sid       = "RawKey"
      actions   = ["kms:Decrypt"]
      resources = [statement.value]
    }
  }
}

resource "aws_iam_role_policy" "read" {
  count = local.runs ? 1 : 0

  name   = "read"
  role   = module.task[0].task_role_name
  policy = data.aws_iam_policy_document.read[0].json
}

# ---------------------------------------------------------------------------------------------------------------------
# Services
# ---------------------------------------------------------------------------------------------------------------------

resource "aws_ecs_service" "this" {
  for_each = local.runs && !local.is_scaled ? local.variants : {}

  name                    = each.key
  cluster                 = aws_ecs_cluster.this.id
  task_definition         = module.task[0].task_definition_arns[each.key]
  desired_count           = local.reads_queue ? var.workers : 1
  launch_type             = "FARGATE"
  platform_version        = "LATEST"
  propagate_tags          = "SERVICE"
  enable_ecs_managed_tags = true
  enable_execute_command  = false
  tags                    = merge(var.tags, { Name = each.key })

  # Old and new may overlap: the log decides who owns a shard, and a message is removed behind the commit that holds its object.
  deployment_minimum_healthy_percent = 100
  deployment_maximum_percent         = 200

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  network_configuration {
    subnets          = var.subnet_ids
    security_groups  = [var.security_group_id]
    assign_public_ip = false
  }

  depends_on = [aws_iam_role_policy.read]
}

# The same, except that how many there are is the autoscaling's to say.
resource "aws_ecs_service" "scaled" {
  count = local.is_scaled ? 1 : 0

  name                    = "${var.name}-reader"
  cluster                 = aws_ecs_cluster.this.id
  task_definition         = module.task[0].task_definition_arns["${var.name}-reader"]
  desired_count           = var.autoscaling.min
  launch_type             = "FARGATE"
  platform_version        = "LATEST"
  propagate_tags          = "SERVICE"
  enable_ecs_managed_tags = true
  enable_execute_command  = false
  tags                    = merge(var.tags, { Name = "${var.name}-reader" })

  deployment_minimum_healthy_percent = 100
  deployment_maximum_percent         = 200

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  network_configuration {
    subnets          = var.subnet_ids
    security_groups  = [var.security_group_id]
    assign_public_ip = false
  }

  lifecycle {
    ignore_changes = [desired_count]
  }

  depends_on = [aws_iam_role_policy.read]
}

# ---------------------------------------------------------------------------------------------------------------------
# As many readers of the queue as its messages need
# ---------------------------------------------------------------------------------------------------------------------

resource "aws_appautoscaling_target" "this" {
  count = local.is_scaled ? 1 : 0

  service_namespace  = "ecs"
  scalable_dimension = "ecs:service:DesiredCount"
  resource_id        = "service/${aws_ecs_cluster.this.name}/${aws_ecs_service.scaled[0].name}"
  min_capacity       = var.autoscaling.min
  max_capacity       = var.autoscaling.max
  tags               = merge(var.tags, { Name = "${var.name}-reader" })
}

resource "aws_appautoscaling_policy" "this" {
  count = local.is_scaled ? 1 : 0

  name               = "${var.name}-messages-per-task"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.this[0].service_namespace
  scalable_dimension = aws_appautoscaling_target.this[0].scalable_dimension
  resource_id        = aws_appautoscaling_target.this[0].resource_id

  target_tracking_scaling_policy_configuration {
    target_value       = var.autoscaling.messages_per_task
    scale_out_cooldown = 120
    # What was received is hidden until it is committed, 300 s: fewer tasks sooner would take back what has just been given.
    scale_in_cooldown = 900

    customized_metric_specification {
      metrics {
        id          = "waiting"
        return_data = false
        metric_stat {
          stat = "Average"
          metric {
            namespace   = "AWS/SQS"
            metric_name = "ApproximateNumberOfMessagesVisible"
            dimensions {
              name  = "QueueName"
              value = var.queue.name
            }
          }
        }
      }
      metrics {
        id          = "tasks"
        return_data = false
        metric_stat {
          stat = "Average"
          metric {
            namespace   = "ECS/ContainerInsights"
            metric_name = "RunningTaskCount"
            dimensions {
              name  = "ClusterName"
              value = aws_ecs_cluster.this.name
            }
            dimensions {
              name  = "ServiceName"
              value = aws_ecs_service.scaled[0].name
            }
          }
        }
      }
      metrics {
        id          = "each"
        label       = "Messages that wait for each task"
        expression  = "waiting / tasks"
        return_data = true
      }
    }
  }
}
