# A function of `npm run build`, with a role that may do what functions.json says that its code does, and nothing else.

locals {
  manifest      = jsondecode(file("${var.functions_dir}/functions.json"))
  functions     = { for each in local.manifest.functions : each.name => each }
  function      = local.functions[var.name]
  function_name = coalesce(var.function_name, var.name)

  # Words of functions.json that are places of the lake.
  lake_objects = "${var.lake_bucket_arn}/${var.lake_prefix == "" ? "" : "${var.lake_prefix}/"}"
  lake_places = merge(
    { for folder in ["stage", "consumable", "dead_letters", "runs", "lineage", "structured_json", "errors"] : folder => ["${local.lake_objects}${folder}/*"] },
    { table_logs = ["${local.lake_objects}*/_delta_log/*"], probe = ["${local.lake_objects}.sluice-probe-*"] }
  )
  places  = merge(local.lake_places, var.resources)
  needed  = { for on, actions in local.function.actions : on => actions if on != "logs" && !contains(var.leave_out, on) }
  granted = { for on, actions in local.needed : on => actions if contains(keys(local.places), on) }

  # Of what is in S3, some actions are rights to the bucket and all others to objects.
  object_actions = { for on, actions in local.granted : on => [for each in actions : each if !startswith(each, "s3:ListBucket")] }
  bucket_actions = { for on, actions in local.granted : on => [for each in actions : each if startswith(each, "s3:ListBucket")] }
  lake_bucket    = distinct(flatten([for on, actions in local.bucket_actions : actions if contains(keys(local.lake_places), on)]))
  other_buckets  = { for on, actions in local.bucket_actions : on => actions if length(actions) > 0 && !contains(keys(local.lake_places), on) }
  words          = { for on in keys(local.granted) : on => replace(title(replace(on, "_", " ")), " ", "") }
}

# ---------------------------------------------------------------------------------------------------------------------
# The role
# ---------------------------------------------------------------------------------------------------------------------

data "aws_caller_identity" "current" {}

data "aws_iam_policy_document" "assume" {
  statement {
    sid     = "Lambda"
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.current.account_id]
    }
  }
}

resource "aws_iam_role" "this" {
  name               = var.role_name
  description        = "What ${local.function_name} runs as."
  assume_role_policy = data.aws_iam_policy_document.assume.json
  tags               = merge(var.tags, { Name = var.role_name })
}

data "aws_iam_policy_document" "work" {
  dynamic "statement" {
    for_each = { for on, actions in local.object_actions : on => actions if length(actions) > 0 }
    content {
      sid       = local.words[statement.key]
      actions   = statement.value
      resources = local.places[statement.key]
    }
  }

  dynamic "statement" {
    for_each = length(local.lake_bucket) > 0 ? [local.lake_bucket] : []
    content {
      sid       = "LakeBucket"
      actions   = statement.value
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
  }

  dynamic "statement" {
    for_each = local.other_buckets
    content {
      sid       = "${local.words[statement.key]}Bucket"
      actions   = statement.value
      resources = distinct([for arn in local.places[statement.key] : split("/", arn)[0]])
    }
  }

  statement {
    sid       = "Logs"
    actions   = local.function.actions.logs
    resources = ["${aws_cloudwatch_log_group.this.arn}:*"]
  }

  dynamic "statement" {
    for_each = length(var.kms_actions) > 0 ? [var.kms_actions] : []
    content {
      sid       = "Key"
      actions   = statement.value
      resources = [var.kms_key_arn]
    }
  }

  dynamic "statement" {
    for_each = var.has_failures_queue ? [var.failures_queue_arn] : []
    content {
      sid       = "Failures"
      actions   = ["sqs:SendMessage"]
      resources = [statement.value]
    }
  }
}

resource "aws_iam_role_policy" "this" {
  name   = "work"
  role   = aws_iam_role.this.id
  policy = data.aws_iam_policy_document.work.json
}

# ---------------------------------------------------------------------------------------------------------------------
# The function
# ---------------------------------------------------------------------------------------------------------------------

resource "aws_cloudwatch_log_group" "this" {
  name              = "/aws/lambda/${local.function_name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
  tags              = merge(var.tags, { Name = "/aws/lambda/${local.function_name}" })
}

resource "aws_lambda_function" "this" {
  #checkov:skip=CKV_AWS_115:A bound of its own would be taken from the account's other functions; reserved_concurrency sets one, mappings of queues have theirs
  #checkov:skip=CKV_AWS_116:What fails goes to the destination for failures of asynchronous calls, or to the dead-letter queue of the queue that a mapping reads
  #checkov:skip=CKV_AWS_117:It talks to AWS alone, by TLS; a VPC would add endpoints to pay for, and nothing that is in one
  #checkov:skip=CKV_AWS_173:Its variables hold names and ARNs, no secrets; AWS encrypts them with a key of its own
  #checkov:skip=CKV_AWS_272:The zip comes from the same place as this configuration, by its hash; a signer would sign what it is given
  function_name                  = local.function_name
  description                    = var.description
  role                           = aws_iam_role.this.arn
  runtime                        = local.function.runtime
  handler                        = local.function.handler
  architectures                  = [var.architecture]
  filename                       = "${var.functions_dir}/${local.function.zip}"
  source_code_hash               = filebase64sha256("${var.functions_dir}/${local.function.zip}")
  timeout                        = var.timeout
  memory_size                    = var.memory_size
  reserved_concurrent_executions = var.reserved_concurrency
  tags                           = merge(var.tags, { Name = local.function_name })

  environment {
    variables = var.environment
  }

  logging_config {
    # The function writes JSON itself, one object a line.
    log_format = "Text"
    log_group  = aws_cloudwatch_log_group.this.name
  }

  tracing_config {
    # Follows what the caller decides; tracing on its own would need rights to *.
    mode = "PassThrough"
  }

  lifecycle {
    precondition {
      condition     = length(setsubtract(keys(var.environment), local.function.environment)) == 0
      error_message = "${var.name} does not read ${join(", ", setsubtract(keys(var.environment), local.function.environment))}: functions.json names the variables that it reads."
    }
    precondition {
      condition     = length(setsubtract(keys(local.needed), keys(local.granted))) == 0
      error_message = "${var.name} needs rights on ${join(", ", setsubtract(keys(local.needed), keys(local.granted)))}: name them in `resources`, or in `leave_out`."
    }
    precondition {
      condition     = length(setsubtract(keys(var.resources), keys(local.granted))) == 0
      error_message = "${var.name} does nothing on ${join(", ", setsubtract(keys(var.resources), keys(local.granted)))}: leave it out of `resources`."
    }
  }

  # Its first event must find the rights.
  depends_on = [aws_iam_role_policy.this]
}

resource "aws_lambda_function_event_invoke_config" "this" {
  count = var.has_failures_queue ? 1 : 0

  function_name                = aws_lambda_function.this.function_name
  maximum_retry_attempts       = 2
  maximum_event_age_in_seconds = 21600

  destination_config {
    on_failure {
      destination = var.failures_queue_arn
    }
  }
}
