# ---------------------------------------------------------------------------------------------------
# Queries. Readers and writers have results of their own: those of writers may hold dead letters
# ---------------------------------------------------------------------------------------------------

locals {
  access = {
    reader = { principals = var.reader_principals, description = "Reads tables for users, stages and runs." }
    writer = { principals = var.writer_principals, description = "Runs the command by hand: reads and writes all of the lake, and its catalog." }
  }
}

resource "aws_athena_workgroup" "this" {
  for_each = local.access

  name        = each.key == "reader" ? var.name : "${var.name}-writers"
  description = each.value.description
  # Its history is nobody's when it goes; results are in their bucket.
  force_destroy = true
  tags          = merge(var.tags, { Name = each.key == "reader" ? var.name : "${var.name}-writers" })

  configuration {
    enforce_workgroup_configuration    = true
    publish_cloudwatch_metrics_enabled = true
    bytes_scanned_cutoff_per_query     = var.bytes_per_query

    engine_version {
      # The first that reads Delta.
      selected_engine_version = "Athena engine version 3"
    }

    result_configuration {
      output_location       = "s3://${var.artifact_bucket}/athena/${each.key}/"
      expected_bucket_owner = local.account

      encryption_configuration {
        encryption_option = "SSE_KMS"
        kms_key_arn       = var.kms_key_arn
      }
    }
  }
}

# ---------------------------------------------------------------------------------------------------
# Roles of people
# ---------------------------------------------------------------------------------------------------

data "aws_iam_policy_document" "access_assume" {
  for_each = local.access

  statement {
    sid     = "People"
    actions = ["sts:AssumeRole"]
    principals {
      type        = "AWS"
      identifiers = length(each.value.principals) > 0 ? each.value.principals : ["arn:${local.partition}:iam::${local.account}:root"]
    }
  }
}

resource "aws_iam_role" "access" {
  #checkov:skip=CKV_AWS_61:Without principals those take it whom policies of the account itself let, and nobody of another
  for_each = local.access

  name               = "${var.name}-${each.key}"
  description        = each.value.description
  assume_role_policy = data.aws_iam_policy_document.access_assume[each.key].json
  tags               = merge(var.tags, { Name = "${var.name}-${each.key}" })
}

data "aws_iam_policy_document" "query" {
  for_each = local.access

  statement {
    sid = "Queries"
    actions = [
      "athena:BatchGetQueryExecution", "athena:GetQueryExecution", "athena:GetQueryResults", "athena:GetQueryResultsStream", "athena:GetWorkGroup",
      "athena:ListQueryExecutions", "athena:StartQueryExecution", "athena:StopQueryExecution"
    ]
    resources = [aws_athena_workgroup.this[each.key].arn]
  }

  statement {
    sid       = "Catalog"
    actions   = ["glue:GetDatabase", "glue:GetDatabases", "glue:GetTable", "glue:GetTables"]
    resources = local.catalog_arns
  }

  statement {
    sid       = "Results"
    actions   = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject"]
    resources = ["${var.artifact_bucket_arn}/athena/${each.key}/*"]
  }

  statement {
    sid       = "ResultBucket"
    actions   = ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"]
    resources = [var.artifact_bucket_arn]
  }

  statement {
    sid       = "Key"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.kms_key_arn]
    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["s3.${local.region}.amazonaws.com"]
    }
  }
}

resource "aws_iam_role_policy" "query" {
  for_each = local.access

  name   = "query"
  role   = aws_iam_role.access[each.key].id
  policy = data.aws_iam_policy_document.query[each.key].json
}

data "aws_iam_policy_document" "reader" {
  statement {
    sid       = "Tables"
    actions   = ["s3:GetObject"]
    resources = [for table in ["consumable", "runs", "stage"] : "${var.lake_bucket_arn}/${local.folder}${table}/*"]
  }

  statement {
    sid       = "Location"
    actions   = ["s3:GetBucketLocation"]
    resources = [var.lake_bucket_arn]
  }

  statement {
    sid       = "Lists"
    actions   = ["s3:ListBucket"]
    resources = [var.lake_bucket_arn]
    condition {
      test     = "StringLike"
      variable = "s3:prefix"
      values   = [for table in ["consumable", "runs", "stage"] : "${local.folder}${table}/*"]
    }
  }

  statement {
    # Records as they came, sensitive values included. Said here too, so that no other policy of the role lets them be read.
    sid     = "DenyRecordsAsTheyCame"
    effect  = "Deny"
    actions = ["s3:GetObject", "s3:GetObjectVersion"]
    resources = [
      for folder in ["dead_letters", "errors"] : "${var.lake_bucket_arn}/${local.folder}${folder}/*"
    ]
  }
}

resource "aws_iam_role_policy" "reader" {
  name   = "read"
  role   = aws_iam_role.access["reader"].id
  policy = data.aws_iam_policy_document.reader.json
}

data "aws_iam_policy_document" "writer" {
  statement {
    sid       = "Objects"
    actions   = ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:PutObject"]
    resources = ["${var.lake_bucket_arn}/${local.folder}*"]
  }

  statement {
    sid       = "Bucket"
    actions   = ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"]
    resources = [var.lake_bucket_arn]
  }

  statement {
    sid       = "Sync"
    actions   = ["glue:CreateTable", "glue:UpdateTable"]
    resources = local.catalog_arns
  }
}

resource "aws_iam_role_policy" "writer" {
  name   = "write"
  role   = aws_iam_role.access["writer"].id
  policy = data.aws_iam_policy_document.writer.json
}
