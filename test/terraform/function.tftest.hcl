# A function, and what its role may do.

variables {
  name            = "commitPartitionRoutine"
  role_name       = "shop-commit"
  description     = "Commits what jobs made."
  functions_dir   = "dist/lambda"
  lake_bucket_arn = "arn:aws:s3:::shop.lake"
  kms_key_arn     = "arn:aws:kms:us-east-1:123456789012:key/00000000-0000-4000-8000-000000000000"
  resources       = { catalog = ["arn:aws:glue:us-east-1:123456789012:catalog"] }
  leave_out       = ["jobs", "roles"]
}

run "may_do_what_its_code_does" {
  command = apply
  module { source = "./infra-terraform/function" }
  variables {
    lake_prefix        = "orders"
    failures_queue_arn = "arn:aws:sqs:us-east-1:123456789012:shop-failures"
    has_failures_queue = true
  }

  assert {
    condition = toset(flatten([for each in jsondecode(aws_iam_role_policy.this.policy).Statement : each.Action])) == toset(concat(
      flatten([for on, actions in output.actions : actions if !contains(["jobs", "roles"], on)]), ["kms:Decrypt", "kms:GenerateDataKey", "sqs:SendMessage"]
    ))
    error_message = "the role must allow what functions.json says, the key, and what could not be done, and no more"
  }
  assert {
    condition     = !contains(flatten([for each in jsondecode(aws_iam_role_policy.this.policy).Statement : each.Resource]), "*")
    error_message = "no right may be on everything"
  }
  assert {
    condition     = alltrue([for each in jsondecode(aws_iam_role_policy.this.policy).Statement : each.Resource == "arn:aws:s3:::shop.lake" && each.Condition.StringLikeIfExists["s3:prefix"] == "orders/*" if contains(flatten([each.Action]), "s3:ListBucket")])
    error_message = "the lake must be listed below its prefix"
  }
  assert {
    condition     = aws_lambda_function_event_invoke_config.this[0].destination_config[0].on_failure[0].destination == var.failures_queue_arn
    error_message = "what fails must be told"
  }
  assert {
    condition     = aws_cloudwatch_log_group.this.kms_key_id == var.kms_key_arn && aws_cloudwatch_log_group.this.retention_in_days == 365 && aws_lambda_function.this.logging_config[0].log_group == aws_cloudwatch_log_group.this.name
    error_message = "its log must be encrypted, and end some day"
  }
}

run "another_setting" {
  command = plan
  module { source = "./infra-terraform/function" }
  variables { environment = { SLUICE_LAK = "s3://shop.lake" } }
  expect_failures = [aws_lambda_function.this]
}

run "a_right_that_nobody_grants" {
  command = plan
  module { source = "./infra-terraform/function" }
  variables { leave_out = ["jobs"] }
  expect_failures = [aws_lambda_function.this]
}

run "a_right_that_nobody_needs" {
  command = plan
  module { source = "./infra-terraform/function" }
  variables { resources = { catalog = ["arn:aws:glue:us-east-1:123456789012:catalog"], streams = ["arn:aws:firehose:us-east-1:123456789012:deliverystream/other"] } }
  expect_failures = [aws_lambda_function.this]
}

run "a_secret_in_the_state" {
  command = plan
  module { source = "./infra-terraform/function" }
  variables { environment = { SLUICE_HASH_KEY = "0123456789abcdef" } }
  expect_failures = [var.environment]
}
