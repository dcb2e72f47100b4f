# What is kept where, and for how long: of the module lake.

mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_data "aws_region" {
    defaults = { region = "us-east-1" }
  }
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
}

variables {
  name        = "sluice"
  raw_bucket  = "raw"
  lake_bucket = "lake"
  lake_prefix = "shop"
  raw_notifications = [
    { kind = "topic", arn = "arn:aws:sns:us-east-1:123456789012:raw" }
  ]
  lake_notifications = [
    { kind = "topic", arn = "arn:aws:sns:us-east-1:123456789012:structured", prefix = "shop/structured_json/", suffix = ".json" },
    { kind = "queue", arn = "arn:aws:sqs:us-east-1:123456789012:stage", prefix = "shop/stage/", suffix = ".parquet" }
  ]
}

run "buckets" {
  command = plan
  module {
    source = "./infra-terraform/lake"
  }

  assert {
    condition     = { for which, it in aws_s3_bucket.this : which => it.bucket } == { raw = "raw", lake = "lake", artifact = "sluice-artifacts-123456789012" }
    error_message = "There must be a raw bucket, a lake and one of artifacts, under their names."
  }

  assert {
    condition = length(aws_s3_bucket_public_access_block.this) == 3 && alltrue([
      for it in aws_s3_bucket_public_access_block.this : it.block_public_acls && it.block_public_policy && it.ignore_public_acls && it.restrict_public_buckets
    ])
    error_message = "No bucket may be public in any way."
  }

  assert {
    condition     = length(aws_s3_bucket_ownership_controls.this) == 3 && alltrue([for it in aws_s3_bucket_ownership_controls.this : it.rule[0].object_ownership == "BucketOwnerEnforced"])
    error_message = "No bucket may have ACLs."
  }

  assert {
    condition     = length(aws_s3_bucket_versioning.this) == 3 && alltrue([for it in aws_s3_bucket_versioning.this : it.versioning_configuration[0].status == "Enabled"])
    error_message = "Each bucket must keep versions."
  }

  assert {
    condition = length(aws_s3_bucket_server_side_encryption_configuration.this) == 3 && alltrue([
      for it in aws_s3_bucket_server_side_encryption_configuration.this : alltrue([
        for rule in it.rule : rule.bucket_key_enabled && rule.apply_server_side_encryption_by_default[0].sse_algorithm == "aws:kms"
      ])
    ])
    error_message = "Each bucket must be encrypted with the key, by keys of the bucket."
  }

  assert {
    condition     = aws_kms_key.this.enable_key_rotation
    error_message = "The key must rotate."
  }

  assert {
    condition     = length(aws_s3_bucket_logging.this) == 0
    error_message = "Nobody has named a bucket for access logs."
  }
}

run "lifecycle" {
  command = plan
  module {
    source = "./infra-terraform/lake"
  }

  assert {
    condition = alltrue([
      for it in aws_s3_bucket_lifecycle_configuration.this : anytrue([for rule in it.rule : try(rule.abort_incomplete_multipart_upload[0].days_after_initiation, 0) == 7])
    ])
    error_message = "Unfinished uploads must be given up after 7 days."
  }

  assert {
    condition     = join(" ", sort([for rule in aws_s3_bucket_lifecycle_configuration.this["lake"].rule : rule.id])) == "errors former-versions structured-json unfinished-uploads"
    error_message = "In the lake structured JSON and errors alone may expire: what a table needs only its log knows."
  }

  assert {
    condition = {
      for rule in aws_s3_bucket_lifecycle_configuration.this["lake"].rule : rule.id => "${rule.filter[0].prefix} ${rule.expiration[0].days}" if contains(["errors", "structured-json"], rule.id)
    } == { structured-json = "shop/structured_json/ 30", errors = "shop/errors/ 90" }
    error_message = "Structured JSON must be kept for 30 days and errors for 90, below the lake."
  }

  assert {
    condition = alltrue([
      for rule in aws_s3_bucket_lifecycle_configuration.this["lake"].rule : rule.noncurrent_version_expiration[0].noncurrent_days == 7 && rule.expiration[0].expired_object_delete_marker if rule.id == "former-versions"
    ])
    error_message = "What was deleted or overwritten must be kept for 7 days."
  }

  assert {
    condition     = join(" ", [for rule in aws_s3_bucket_lifecycle_configuration.this["raw"].rule : rule.id]) == "unfinished-uploads"
    error_message = "Raw objects are the only copy of what came in: none of their versions may expire."
  }
}

run "policies" {
  command = plan
  module {
    source = "./infra-terraform/lake"
  }

  assert {
    condition = alltrue([
      for document in data.aws_iam_policy_document.bucket : alltrue([
        for sid in ["DenyWithoutTls", "DenyOldTls"] : contains([for it in document.statement : it.sid if it.effect == "Deny"], sid)
      ])
    ])
    error_message = "Each bucket must deny calls without TLS, and with TLS before 1.2."
  }

  assert {
    condition     = length([for it in data.aws_iam_policy_document.bucket["lake"].statement : it if it.sid == "DenyUnconditionalCommits"]) == 1
    error_message = "The lake must deny commits that are not conditional."
  }

  assert {
    condition = alltrue([
      for it in data.aws_iam_policy_document.bucket["lake"].statement : (
        it.effect == "Deny" && one(it.actions) == "s3:PutObject" &&
        { for condition in it.condition : condition.test => "${condition.variable}=${condition.values[0]}" } == { Null = "s3:if-none-match=true", Bool = "s3:ObjectCreationOperation=true" }
      ) if it.sid == "DenyUnconditionalCommits"
    ])
    error_message = "Only puts without If-None-Match may be denied, and no parts of uploads."
  }

  assert {
    condition     = alltrue([for it in concat(values(data.aws_iam_policy_document.bucket), [data.aws_iam_policy_document.key]) : alltrue([for one in it.statement : one.effect == "Deny" || !anytrue([for action in one.actions : strcontains(action, "*")])])])
    error_message = "No action that is allowed may have a *."
  }
}

run "commits" {
  command = apply
  module {
    source = "./infra-terraform/lake"
  }
  variables {
    datasets = ["checkout"]
  }

  assert {
    condition = one([for it in data.aws_iam_policy_document.bucket["lake"].statement : join(" ", sort(it.resources)) if it.sid == "DenyUnconditionalCommits"]) == join(" ", [
      for table in ["consumable/checkout", "dead_letters", "runs", "stage/checkout"] : "${aws_s3_bucket.this["lake"].arn}/shop/${table}/_delta_log/*.json"
    ])
    error_message = "The log of each table of the lake must be guarded, and no table that a job has for itself."
  }
}

run "notifications" {
  command = plan
  module {
    source = "./infra-terraform/lake"
  }

  assert {
    condition     = length(aws_s3_bucket_notification.raw) == 1 && length(aws_s3_bucket_notification.raw[0].topic) == 1 && length(aws_s3_bucket_notification.raw[0].queue) == 0
    error_message = "The raw bucket must tell its topic, by one resource."
  }

  assert {
    condition = length(aws_s3_bucket_notification.lake) == 1 && (
      "${aws_s3_bucket_notification.lake[0].topic[0].filter_prefix} ${aws_s3_bucket_notification.lake[0].topic[0].filter_suffix}" == "shop/structured_json/ .json" &&
      "${aws_s3_bucket_notification.lake[0].queue[0].filter_prefix} ${aws_s3_bucket_notification.lake[0].queue[0].filter_suffix}" == "shop/stage/ .parquet"
    )
    error_message = "The lake must tell of structured JSON and of files of the stage, by one resource."
  }
}

run "a_raw_bucket_that_is_there" {
  command = plan
  module {
    source = "./infra-terraform/lake"
  }
  variables {
    create_raw_bucket = false
    access_logs       = { bucket = "logs", prefix = "s3/" }
  }

  assert {
    condition     = join(" ", sort(keys(aws_s3_bucket.this))) == "artifact lake" && output.raw_bucket == "raw" && output.raw_bucket_arn == "arn:aws:s3:::raw"
    error_message = "A bucket that is there must be taken as it is."
  }

  assert {
    condition     = length(aws_s3_bucket_policy.this) == 2 && length(aws_s3_bucket_lifecycle_configuration.this) == 2 && aws_s3_bucket_notification.raw[0].bucket == "raw"
    error_message = "Nothing but the notifications of a bucket that is there may be changed."
  }

  assert {
    condition     = join(" ", sort(keys(aws_s3_bucket_logging.this))) == "artifact lake"
    error_message = "The buckets that are made must write access logs where somebody wants them."
  }
}

run "two_notifications_of_one_prefix" {
  command = plan
  module {
    source = "./infra-terraform/lake"
  }
  variables {
    lake_notifications = [
      { kind = "topic", arn = "a", prefix = "stage/" },
      { kind = "queue", arn = "b", prefix = "stage/" }
    ]
  }
  expect_failures = [var.lake_notifications]
}
