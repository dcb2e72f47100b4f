# The buckets, their one key, and whom they tell of new objects. Nothing here ever deletes what a table may still name.

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.region

  buckets = merge(
    {
      lake     = var.lake_bucket
      artifact = coalesce(var.artifact_bucket, "${var.name}-artifacts-${local.account}")
    },
    var.create_raw_bucket ? { raw = var.raw_bucket } : {}
  )
  raw_bucket     = var.create_raw_bucket ? aws_s3_bucket.this["raw"].id : var.raw_bucket
  raw_bucket_arn = var.create_raw_bucket ? aws_s3_bucket.this["raw"].arn : "arn:${local.partition}:s3:::${var.raw_bucket}"

  folder = var.lake_prefix == "" ? "" : "${var.lake_prefix}/"
}

# ---------------------------------------------------------------------------------------------------
# The key
# ---------------------------------------------------------------------------------------------------

locals {
  # Services that put messages into encrypted topics and queues, and on whose behalf.
  senders = {
    "s3.amazonaws.com"         = distinct([for bucket in [var.raw_bucket, var.lake_bucket] : "arn:${local.partition}:s3:::${bucket}"])
    "sns.amazonaws.com"        = ["arn:${local.partition}:sns:${local.region}:${local.account}:*"]
    "events.amazonaws.com"     = ["arn:${local.partition}:events:${local.region}:${local.account}:rule/*"]
    "cloudwatch.amazonaws.com" = ["arn:${local.partition}:cloudwatch:${local.region}:${local.account}:alarm:*"]
    "budgets.amazonaws.com"    = ["arn:${local.partition}:budgets::${local.account}:*"]
  }
}

data "aws_iam_policy_document" "key" {
  #checkov:skip=CKV_AWS_109:The policy of a key, whose only resource is the key: * stands for it
  #checkov:skip=CKV_AWS_111:The policy of a key, whose only resource is the key: * stands for it
  #checkov:skip=CKV_AWS_356:The policy of a key, whose only resource is the key: * stands for it

  statement {
    # Without it nobody in the account could be given rights to the key, and nobody could ever change this policy.
    sid = "Account"
    actions = [
      "kms:CancelKeyDeletion", "kms:CreateAlias", "kms:CreateGrant", "kms:Decrypt", "kms:DeleteAlias", "kms:DescribeKey", "kms:DisableKey",
      "kms:DisableKeyRotation", "kms:EnableKey", "kms:EnableKeyRotation", "kms:Encrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext",
      "kms:GetKeyPolicy", "kms:GetKeyRotationStatus", "kms:ListAliases", "kms:ListGrants", "kms:ListKeyPolicies", "kms:ListKeyRotations",
      "kms:ListResourceTags", "kms:PutKeyPolicy", "kms:ReEncryptFrom", "kms:ReEncryptTo", "kms:RetireGrant", "kms:RevokeGrant",
      "kms:RotateKeyOnDemand", "kms:ScheduleKeyDeletion", "kms:TagResource", "kms:UntagResource", "kms:UpdateAlias", "kms:UpdateKeyDescription"
    ]
    resources = ["*"]
    principals {
      type        = "AWS"
      identifiers = ["arn:${local.partition}:iam::${local.account}:root"]
    }
  }

  dynamic "statement" {
    for_each = local.senders
    content {
      sid       = title(split(".", statement.key)[0])
      actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
      resources = ["*"]
      principals {
        type        = "Service"
        identifiers = [statement.key]
      }
      condition {
        test     = "ArnLike"
        variable = "aws:SourceArn"
        values   = statement.value
      }
      dynamic "condition" {
        # The ARN of a bucket names no account: one of the same name could be another's some day.
        for_each = statement.key == "s3.amazonaws.com" ? [local.account] : []
        content {
          test     = "StringEquals"
          variable = "aws:SourceAccount"
          values   = [condition.value]
        }
      }
    }
  }

  statement {
    sid       = "Logs"
    actions   = ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext", "kms:ReEncryptFrom", "kms:ReEncryptTo"]
    resources = ["*"]
    principals {
      type        = "Service"
      identifiers = ["logs.${local.region}.amazonaws.com"]
    }
    condition {
      test     = "ArnLike"
      variable = "kms:EncryptionContext:aws:logs:arn"
      values   = ["arn:${local.partition}:logs:${local.region}:${local.account}:log-group:*"]
    }
  }
}

resource "aws_kms_key" "this" {
  description             = "${var.name}: buckets, topics, queues, the stream and logs."
  enable_key_rotation     = true
  deletion_window_in_days = 30
  policy                  = data.aws_iam_policy_document.key.json
  tags                    = merge(var.tags, { Name = var.name })
}

resource "aws_kms_alias" "this" {
  name          = "alias/${var.name}"
  target_key_id = aws_kms_key.this.key_id
}

# ---------------------------------------------------------------------------------------------------
# The buckets
# ---------------------------------------------------------------------------------------------------

resource "aws_s3_bucket" "this" {
  #checkov:skip=CKV_AWS_18:Who reads is logged where access_logs names a bucket for it; the log of each request costs more than the lake
  #checkov:skip=CKV_AWS_144:A copy in another region doubles what the lake costs, and is nobody's by default
  #checkov:skip=CKV2_AWS_62:Notifications are set for those buckets whose objects somebody waits for
  for_each = local.buckets

  bucket = each.value
  tags   = merge(var.tags, { Name = each.value })

  # A bucket that holds objects is not deleted, and then the key that reads them stays, too.
  depends_on = [aws_kms_key.this]
}

resource "aws_s3_bucket_ownership_controls" "this" {
  for_each = aws_s3_bucket.this

  bucket = each.value.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_public_access_block" "this" {
  for_each = aws_s3_bucket.this

  bucket                  = each.value.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_versioning" "this" {
  for_each = aws_s3_bucket.this

  bucket = each.value.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  for_each = aws_s3_bucket.this

  bucket = each.value.id

  rule {
    # One call of KMS for many objects.
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = aws_kms_key.this.arn
    }
  }
}

resource "aws_s3_bucket_logging" "this" {
  for_each = var.access_logs == null ? {} : aws_s3_bucket.this

  bucket        = each.value.id
  target_bucket = var.access_logs.bucket
  target_prefix = "${var.access_logs.prefix}${each.value.id}/"
}

# ---------------------------------------------------------------------------------------------------
# How long objects are kept
# ---------------------------------------------------------------------------------------------------

locals {
  # Folders whose objects are nobody's after some days. Tables are none of them: only their logs know which objects are needed.
  expiring = {
    lake = {
      structured_json = { prefix = "${local.folder}structured_json/", days = var.structured_json_days }
      errors          = { prefix = "${local.folder}errors/", days = var.errors_days }
    }
    artifact = {
      athena = { prefix = "athena/", days = var.query_result_days }
      logs   = { prefix = "emr-logs/", days = var.job_log_days }
    }
    # Raw objects are the only copy of what came in, each version of them.
    raw = {}
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "this" {
  #checkov:skip=CKV_AWS_300:The first rule does it, for all buckets; beside dynamic rules it is not seen
  for_each = aws_s3_bucket.this

  bucket = each.value.id

  rule {
    id     = "unfinished-uploads"
    status = "Enabled"
    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }

  dynamic "rule" {
    for_each = each.key == "raw" ? [] : [var.noncurrent_days]
    content {
      # What is current stays, whatever it is.
      id     = "former-versions"
      status = "Enabled"
      filter {}

      noncurrent_version_expiration {
        noncurrent_days = rule.value
      }

      expiration {
        expired_object_delete_marker = true
      }
    }
  }

  dynamic "rule" {
    for_each = local.expiring[each.key]
    content {
      id     = replace(rule.key, "_", "-")
      status = "Enabled"

      filter {
        prefix = rule.value.prefix
      }

      expiration {
        days = rule.value.days
      }
    }
  }

  depends_on = [aws_s3_bucket_versioning.this]
}

# ---------------------------------------------------------------------------------------------------
# What nobody may do
# ---------------------------------------------------------------------------------------------------

locals {
  # Logs of the tables of the lake, one by one. A job of the repartition has tables beside them for itself alone (consumable/DATASET/_repartition/… and …/fold-…), which Sluice and
  # Spark write without the condition: a * would deny them.
  logs = concat(["dead_letters", "runs"], flatten([for dataset in var.datasets : ["stage/${dataset}", "consumable/${dataset}"]]), [for model in var.models : "marts/${model}"])
}

data "aws_iam_policy_document" "bucket" {
  for_each = aws_s3_bucket.this

  statement {
    sid       = "DenyWithoutTls"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [each.value.arn, "${each.value.arn}/*"]
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

  statement {
    sid       = "DenyOldTls"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [each.value.arn, "${each.value.arn}/*"]
    principals {
      type        = "*"
      identifiers = ["*"]
    }
    condition {
      test     = "NumericLessThan"
      variable = "s3:TlsVersion"
      values   = ["1.2"]
    }
  }

  dynamic "statement" {
    # The log of a table is only as good as its writers: each version may be written once. Parts of an upload say nothing of it and pass; its end is the write.
    for_each = each.key == "lake" ? [local.logs] : []
    content {
      sid       = "DenyUnconditionalCommits"
      effect    = "Deny"
      actions   = ["s3:PutObject"]
      resources = [for log in statement.value : "${each.value.arn}/${local.folder}${log}/_delta_log/*.json"]
      principals {
        type        = "*"
        identifiers = ["*"]
      }
      condition {
        test     = "Null"
        variable = "s3:if-none-match"
        values   = ["true"]
      }
      condition {
        test     = "Bool"
        variable = "s3:ObjectCreationOperation"
        values   = ["true"]
      }
    }
  }
}

resource "aws_s3_bucket_policy" "this" {
  for_each = aws_s3_bucket.this

  bucket = each.value.id
  policy = data.aws_iam_policy_document.bucket[each.key].json

  depends_on = [aws_s3_bucket_public_access_block.this]
}

# ---------------------------------------------------------------------------------------------------
# Whom the buckets tell. One resource for each bucket: a second would overwrite the first
# ---------------------------------------------------------------------------------------------------

resource "aws_s3_bucket_notification" "raw" {
  count = length(var.raw_notifications) > 0 ? 1 : 0

  bucket = local.raw_bucket

  dynamic "topic" {
    for_each = [for it in var.raw_notifications : it if it.kind == "topic"]
    content {
      topic_arn     = topic.value.arn
      events        = ["s3:ObjectCreated:*"]
      filter_prefix = topic.value.prefix
      filter_suffix = topic.value.suffix
    }
  }

  dynamic "queue" {
    for_each = [for it in var.raw_notifications : it if it.kind == "queue"]
    content {
      queue_arn     = queue.value.arn
      events        = ["s3:ObjectCreated:*"]
      filter_prefix = queue.value.prefix
      filter_suffix = queue.value.suffix
    }
  }
}

resource "aws_s3_bucket_notification" "lake" {
  count = length(var.lake_notifications) > 0 ? 1 : 0

  bucket = aws_s3_bucket.this["lake"].id

  dynamic "topic" {
    for_each = [for it in var.lake_notifications : it if it.kind == "topic"]
    content {
      topic_arn     = topic.value.arn
      events        = ["s3:ObjectCreated:*"]
      filter_prefix = topic.value.prefix
      filter_suffix = topic.value.suffix
    }
  }

  dynamic "queue" {
    for_each = [for it in var.lake_notifications : it if it.kind == "queue"]
    content {
      queue_arn     = queue.value.arn
      events        = ["s3:ObjectCreated:*"]
      filter_prefix = queue.value.prefix
      filter_suffix = queue.value.suffix
    }
  }
}
