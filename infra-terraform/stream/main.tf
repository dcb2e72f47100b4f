# What carries records and news of objects: the stream, topics, and queues with their dead-letter queues.

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  account   = data.aws_caller_identity.current.account_id
  queue_arn = "arn:${data.aws_partition.current.partition}:sqs:${data.aws_region.current.region}:${local.account}"
  rule_arn  = "arn:${data.aws_partition.current.partition}:events:${data.aws_region.current.region}:${local.account}:rule/*"

  two_weeks = 1209600
}

# ---------------------------------------------------------------------------------------------------
# The stream
# ---------------------------------------------------------------------------------------------------

resource "aws_kinesis_stream" "this" {
  count = var.has_stream ? 1 : 0

  name             = var.stream_name
  retention_period = var.retention_hours
  shard_count      = var.shards
  encryption_type  = "KMS"
  kms_key_id       = var.kms_key_arn
  tags             = merge(var.tags, { Name = var.stream_name })

  stream_mode_details {
    stream_mode = var.shards == null ? "ON_DEMAND" : "PROVISIONED"
  }
}

# ---------------------------------------------------------------------------------------------------
# Topics: what buckets tell
# ---------------------------------------------------------------------------------------------------

locals {
  topics = merge(
    var.has_raw_topic ? { raw = { name = var.raw_topic, bucket_arn = var.raw_bucket_arn } } : {},
    var.is_managed ? { structured = { name = var.structured_topic, bucket_arn = var.lake_bucket_arn } } : {}
  )
}

resource "aws_sns_topic" "this" {
  for_each = local.topics

  name              = each.value.name
  kms_master_key_id = var.kms_key_arn
  tags              = merge(var.tags, { Name = each.value.name })
}

data "aws_iam_policy_document" "topic" {
  for_each = local.topics

  statement {
    sid       = "Bucket"
    actions   = ["sns:Publish"]
    resources = [aws_sns_topic.this[each.key].arn]
    principals {
      type        = "Service"
      identifiers = ["s3.amazonaws.com"]
    }
    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [each.value.bucket_arn]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
  }

  statement {
    sid       = "DenyWithoutTls"
    effect    = "Deny"
    actions   = ["sns:Publish"]
    resources = [aws_sns_topic.this[each.key].arn]
    principals {
      type        = "*"
      identifiers = ["*"]
    }
    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_sns_topic_policy" "this" {
  for_each = local.topics

  arn    = aws_sns_topic.this[each.key].arn
  policy = data.aws_iam_policy_document.topic[each.key].json
}

# ---------------------------------------------------------------------------------------------------
# Queues: what waits to be done
# ---------------------------------------------------------------------------------------------------

locals {
  # Who puts messages in: a topic, or the lake's bucket itself.
  queues = merge(
    var.is_managed ? {
      raw        = { topic = "raw" }
      structured = { topic = "structured" }
      stage      = { topic = null }
      errors     = { topic = null }
    } : {},
    var.has_consumer ? { consumer = { topic = "raw" } } : {}
  )
  names = { for queue in keys(local.queues) : queue => "${var.name}-${queue}-objects" }

  # The consumer hides its messages by itself, for two minutes at a time.
  visibility = { for queue in keys(local.queues) : queue => queue == "consumer" ? 120 : 6 * lookup(var.function_timeouts, queue, 60) }
  receives   = { for queue in keys(local.queues) : queue => queue == "consumer" ? min(1000, var.max_receive_count * var.consumer_processes) : var.max_receive_count }
}

resource "aws_sqs_queue" "this" {
  for_each = local.queues

  name                       = local.names[each.key]
  message_retention_seconds  = local.two_weeks
  visibility_timeout_seconds = local.visibility[each.key]
  receive_wait_time_seconds  = 20
  kms_master_key_id          = var.kms_key_arn
  tags                       = merge(var.tags, { Name = local.names[each.key] })

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead[each.key].arn
    maxReceiveCount     = local.receives[each.key]
  })
}

resource "aws_sqs_queue" "dead" {
  for_each = local.queues

  name                      = "${local.names[each.key]}-dead"
  message_retention_seconds = local.two_weeks
  # What collects them is given the same time as what reads errors.
  visibility_timeout_seconds = 6 * lookup(var.function_timeouts, "errors", 60)
  receive_wait_time_seconds  = 20
  kms_master_key_id          = var.kms_key_arn
  tags                       = merge(var.tags, { Name = "${local.names[each.key]}-dead" })

  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    # Written out: the queue itself names this one.
    sourceQueueArns = ["${local.queue_arn}:${local.names[each.key]}"]
  })
}

data "aws_iam_policy_document" "queue" {
  for_each = local.queues

  statement {
    sid       = each.value.topic == null ? "Bucket" : "Topic"
    actions   = ["sqs:SendMessage"]
    resources = [aws_sqs_queue.this[each.key].arn]
    principals {
      type        = "Service"
      identifiers = [each.value.topic == null ? "s3.amazonaws.com" : "sns.amazonaws.com"]
    }
    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [each.value.topic == null ? var.lake_bucket_arn : aws_sns_topic.this[each.value.topic].arn]
    }
    dynamic "condition" {
      # The ARN of a bucket names no account.
      for_each = each.value.topic == null ? [local.account] : []
      content {
        test     = "StringEquals"
        variable = "aws:SourceAccount"
        values   = [condition.value]
      }
    }
  }

  statement {
    sid       = "DenyWithoutTls"
    effect    = "Deny"
    actions   = ["sqs:SendMessage", "sqs:ReceiveMessage"]
    resources = [aws_sqs_queue.this[each.key].arn]
    principals {
      type        = "*"
      identifiers = ["*"]
    }
    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_sqs_queue_policy" "this" {
  for_each = local.queues

  queue_url = aws_sqs_queue.this[each.key].url
  policy    = data.aws_iam_policy_document.queue[each.key].json
}

resource "aws_sns_topic_subscription" "this" {
  for_each = { for queue, it in local.queues : queue => it.topic if it.topic != null }

  topic_arn = aws_sns_topic_policy.this[each.value].arn
  protocol  = "sqs"
  endpoint  = aws_sqs_queue.this[each.key].arn
  # The envelope of SNS is of no use to anybody.
  raw_message_delivery = true
  redrive_policy       = jsonencode({ deadLetterTargetArn = aws_sqs_queue.failures.arn })

  depends_on = [aws_sqs_queue_policy.this]
}

# ---------------------------------------------------------------------------------------------------
# What could not be handed over, or not be done by a function that nobody waits for
# ---------------------------------------------------------------------------------------------------

resource "aws_sqs_queue" "failures" {
  name                       = "${var.name}-failures"
  message_retention_seconds  = local.two_weeks
  visibility_timeout_seconds = 6 * lookup(var.function_timeouts, "errors", 60)
  receive_wait_time_seconds  = 20
  kms_master_key_id          = var.kms_key_arn
  tags                       = merge(var.tags, { Name = "${var.name}-failures" })
}

data "aws_iam_policy_document" "failures" {
  statement {
    sid       = "Rules"
    actions   = ["sqs:SendMessage"]
    resources = [aws_sqs_queue.failures.arn]
    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }
    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = [local.rule_arn]
    }
  }

  dynamic "statement" {
    for_each = length(local.topics) > 0 ? [values(aws_sns_topic.this)[*].arn] : []
    content {
      sid       = "Topics"
      actions   = ["sqs:SendMessage"]
      resources = [aws_sqs_queue.failures.arn]
      principals {
        type        = "Service"
        identifiers = ["sns.amazonaws.com"]
      }
      condition {
        test     = "ArnEquals"
        variable = "aws:SourceArn"
        values   = statement.value
      }
    }
  }

  statement {
    sid       = "DenyWithoutTls"
    effect    = "Deny"
    actions   = ["sqs:SendMessage", "sqs:ReceiveMessage"]
    resources = [aws_sqs_queue.failures.arn]
    principals {
      type        = "*"
      identifiers = ["*"]
    }
    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_sqs_queue_policy" "failures" {
  queue_url = aws_sqs_queue.failures.url
  policy    = data.aws_iam_policy_document.failures.json
}
