# ---------------------------------------------------------------------------------------------------
# Delivery streams: JSON becomes Parquet by the columns of the stage
# ---------------------------------------------------------------------------------------------------

locals {
  streams = { for dataset, it in var.datasets : dataset => it.delivery_stream if var.is_managed }
}

data "aws_iam_policy_document" "firehose_assume" {
  count = var.is_managed ? 1 : 0

  statement {
    sid     = "Firehose"
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["firehose.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "sts:ExternalId"
      values   = [local.account]
    }
  }
}

resource "aws_iam_role" "firehose" {
  count = var.is_managed ? 1 : 0

  name               = var.firehose_role
  description        = "What delivery streams write the lake as."
  assume_role_policy = data.aws_iam_policy_document.firehose_assume[0].json
  tags               = merge(var.tags, { Name = var.firehose_role })
}

data "aws_iam_policy_document" "firehose" {
  count = var.is_managed ? 1 : 0

  statement {
    sid       = "Objects"
    actions   = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"]
    resources = ["${var.lake_bucket_arn}/${local.folder}stage/*", "${var.lake_bucket_arn}/${local.folder}errors/*"]
  }

  statement {
    sid       = "Bucket"
    actions   = ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"]
    resources = [var.lake_bucket_arn]
  }

  statement {
    sid     = "Columns"
    actions = ["glue:GetTable", "glue:GetTableVersion", "glue:GetTableVersions"]
    resources = concat(
      slice(local.catalog_arns, 0, 2),
      [for dataset in keys(local.streams) : var.raw_tables[dataset].arn]
    )
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

  statement {
    sid       = "Logs"
    actions   = ["logs:PutLogEvents"]
    resources = [for group in values(aws_cloudwatch_log_group.firehose) : "${group.arn}:log-stream:*"]
  }
}

resource "aws_iam_role_policy" "firehose" {
  count = var.is_managed ? 1 : 0

  name   = "work"
  role   = aws_iam_role.firehose[0].id
  policy = data.aws_iam_policy_document.firehose[0].json
}

resource "aws_cloudwatch_log_group" "firehose" {
  for_each = local.streams

  name              = "/aws/kinesisfirehose/${each.value}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
  tags              = merge(var.tags, { Name = "/aws/kinesisfirehose/${each.value}" })
}

resource "aws_cloudwatch_log_stream" "firehose" {
  for_each = local.streams

  name           = "S3Delivery"
  log_group_name = aws_cloudwatch_log_group.firehose[each.key].name
}

resource "aws_kinesis_firehose_delivery_stream" "this" {
  for_each = local.streams

  name        = each.value
  destination = "extended_s3"
  tags        = merge(var.tags, { Name = each.value })

  server_side_encryption {
    enabled  = true
    key_type = "CUSTOMER_MANAGED_CMK"
    key_arn  = var.kms_key_arn
  }

  extended_s3_configuration {
    role_arn            = aws_iam_role.firehose[0].arn
    bucket_arn          = var.lake_bucket_arn
    kms_key_arn         = var.kms_key_arn
    prefix              = "${local.folder}stage/${each.key}/ingest_date=!{timestamp:yyyy-MM-dd}/ingest_hour=!{timestamp:HH}/"
    error_output_prefix = "${local.folder}errors/!{firehose:error-output-type}/${each.key}/!{timestamp:yyyy/MM/dd/HH}/"
    file_extension      = ".parquet"
    custom_time_zone    = "UTC"
    buffering_size      = var.buffer_mib
    buffering_interval  = var.buffer_seconds
    # Parquet is compressed inside.
    compression_format = "UNCOMPRESSED"

    cloudwatch_logging_options {
      enabled         = true
      log_group_name  = aws_cloudwatch_log_group.firehose[each.key].name
      log_stream_name = aws_cloudwatch_log_stream.firehose[each.key].name
    }

    data_format_conversion_configuration {
      input_format_configuration {
        deserializer {
          open_x_json_ser_de {}
        }
      }

      output_format_configuration {
        serializer {
          parquet_ser_de {
            compression = "SNAPPY"
          }
        }
      }

      schema_configuration {
        role_arn      = aws_iam_role.firehose[0].arn
        database_name = var.database
        table_name    = var.raw_tables[each.key].name
        region        = local.region
        # The provider tells no version of a table. One apply changes the table before this stream, and this stream before the functions that fill it, so that
        # a key has its column before it is sent.
        version_id = "LATEST"
      }
    }
  }

  # Its first object must find the rights.
  depends_on = [aws_iam_role_policy.firehose]
}
