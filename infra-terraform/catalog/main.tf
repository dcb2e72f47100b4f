# The tables as Athena and Spark find them. Sluice keeps the catalog in step with the logs by itself (SLUICE_CATALOG=glue): what it makes is not made here, but
# for the stages, by whose columns Firehose makes Parquet before there is any row.

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.region

  folder   = var.lake_prefix == "" ? "" : "${var.lake_prefix}/"
  glue_arn = "arn:${local.partition}:glue:${local.region}:${local.account}"

  catalog_arns = [
    "${local.glue_arn}:catalog",
    "${local.glue_arn}:database/${var.database}",
    "${local.glue_arn}:table/${var.database}/*"
  ]
}

resource "aws_glue_catalog_database" "this" {
  name        = var.database
  description = "Tables of the lake ${var.lake_uri}."
  tags        = merge(var.tags, { Name = var.database })
}

# ---------------------------------------------------------------------------------------------------
# Stages. Their columns are those of the contracts, in the form in which Sluice keeps them
# ---------------------------------------------------------------------------------------------------

locals {
  stages = { for dataset in keys(var.datasets) : dataset => jsondecode(file("${var.project_folder}/derived/${dataset}.glue.json")).stage }
}

resource "aws_glue_catalog_table" "raw" {
  for_each = local.stages

  database_name = aws_glue_catalog_database.this.name
  name          = var.datasets[each.key].raw_table
  description   = each.value.description
  owner         = try(each.value.owner, null)
  table_type    = "EXTERNAL_TABLE"

  parameters = merge(each.value.parameters, {
    EXTERNAL                     = "TRUE"
    table_type                   = "DELTA"
    "spark.sql.sources.provider" = "delta"
    classification               = "delta"
  })

  dynamic "partition_keys" {
    for_each = each.value.partitionKeys
    content {
      name    = partition_keys.value.Name
      type    = partition_keys.value.Type
      comment = partition_keys.value.Comment
    }
  }

  storage_descriptor {
    location                  = "${var.lake_uri}/stage/${each.key}/"
    input_format              = "org.apache.hadoop.mapred.SequenceFileInputFormat"
    output_format             = "org.apache.hadoop.hive.ql.io.HiveSequenceFileOutputFormat"
    compressed                = false
    number_of_buckets         = -1
    stored_as_sub_directories = false

    ser_de_info {
      serialization_library = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"
      parameters = {
        "serialization.format" = "1"
        path                   = "${var.lake_uri}/stage/${each.key}/"
      }
    }

    dynamic "columns" {
      for_each = each.value.columns
      content {
        name    = columns.value.Name
        type    = columns.value.Type
        comment = columns.value.Comment
      }
    }
  }

  lifecycle {
    # Sluice notes here which table of the lake it is, and what the contract gave. All else both say alike.
    ignore_changes = [parameters]
  }
}

# ---------------------------------------------------------------------------------------------------
# Crawlers, on demand. They make what is not there yet, and leave what is there to Sluice
# ---------------------------------------------------------------------------------------------------

locals {
  crawlers = {
    raw        = { name = var.raw_crawler, folder = "stage", prefix = "raw_" }
    consumable = { name = var.consumable_crawler, folder = "consumable", prefix = null }
  }
}

data "aws_iam_policy_document" "crawler_assume" {
  statement {
    sid     = "Glue"
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["glue.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [for crawler in local.crawlers : "${local.glue_arn}:crawler/${crawler.name}"]
    }
  }
}

resource "aws_iam_role" "crawler" {
  name               = "${var.name}-crawler"
  description        = "What crawlers read the lake as."
  assume_role_policy = data.aws_iam_policy_document.crawler_assume.json
  tags               = merge(var.tags, { Name = "${var.name}-crawler" })
}

data "aws_iam_policy_document" "crawler" {
  statement {
    sid       = "Objects"
    actions   = ["s3:GetObject"]
    resources = [for crawler in local.crawlers : "${var.lake_bucket_arn}/${local.folder}${crawler.folder}/*"]
  }

  statement {
    sid       = "Bucket"
    actions   = ["s3:GetBucketLocation", "s3:ListBucket"]
    resources = [var.lake_bucket_arn]
  }

  statement {
    sid       = "Tables"
    actions   = ["glue:CreateTable", "glue:GetDatabase", "glue:GetTable", "glue:GetTables", "glue:UpdateTable"]
    resources = local.catalog_arns
  }

  statement {
    sid       = "Key"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.kms_key_arn]
  }

  statement {
    # With a security configuration crawlers make a log group for it and their role, and encrypt it.
    sid       = "Logs"
    actions   = ["logs:AssociateKmsKey", "logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["arn:${local.partition}:logs:${local.region}:${local.account}:log-group:/aws-glue/crawlers*"]
  }
}

resource "aws_iam_role_policy" "crawler" {
  name   = "work"
  role   = aws_iam_role.crawler.id
  policy = data.aws_iam_policy_document.crawler.json
}

resource "aws_glue_security_configuration" "this" {
  name = "${var.name}-crawlers"

  encryption_configuration {
    cloudwatch_encryption {
      cloudwatch_encryption_mode = "SSE-KMS"
      kms_key_arn                = var.kms_key_arn
    }

    job_bookmarks_encryption {
      job_bookmarks_encryption_mode = "CSE-KMS"
      kms_key_arn                   = var.kms_key_arn
    }

    s3_encryption {
      s3_encryption_mode = "SSE-KMS"
      kms_key_arn        = var.kms_key_arn
    }
  }
}

resource "aws_glue_crawler" "this" {
  for_each = local.crawlers

  name                   = each.value.name
  description            = "Finds tables below ${each.value.folder}/, when somebody starts it."
  database_name          = aws_glue_catalog_database.this.name
  role                   = aws_iam_role.crawler.arn
  table_prefix           = each.value.prefix
  security_configuration = aws_glue_security_configuration.this.name
  tags                   = merge(var.tags, { Name = each.value.name })

  delta_target {
    delta_tables              = [for dataset in keys(var.datasets) : "${var.lake_uri}/${each.value.folder}/${dataset}/"]
    create_native_delta_table = true
    write_manifest            = false
  }

  schema_change_policy {
    delete_behavior = "LOG"
    update_behavior = "LOG"
  }

  depends_on = [aws_iam_role_policy.crawler]
}
