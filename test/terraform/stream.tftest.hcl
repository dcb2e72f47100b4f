# What carries records and news of objects: of the module stream.

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
  # The provider looks at what it is given for an ARN, or a URL. Which queue is whose is looked at in what was applied.
  mock_resource "aws_sns_topic" {
    defaults = { arn = "arn:aws:sns:us-east-1:123456789012:mock" }
  }
  mock_resource "aws_sqs_queue" {
    defaults = { arn = "arn:aws:sqs:us-east-1:123456789012:mock", url = "https://sqs.us-east-1.amazonaws.com/123456789012/mock" }
  }
}

override_resource {
  target = aws_sqs_queue.dead
  values = { arn = "arn:aws:sqs:us-east-1:123456789012:dead", url = "https://sqs.us-east-1.amazonaws.com/123456789012/dead" }
}

variables {
  name              = "sluice"
  kms_key_arn       = "arn:aws:kms:us-east-1:123456789012:key/k"
  raw_bucket_arn    = "arn:aws:s3:::raw"
  lake_bucket_arn   = "arn:aws:s3:::lake"
  is_managed        = true
  has_raw_topic     = true
  has_stream        = true
  has_consumer      = true
  function_timeouts = { raw = 60, structured = 90, stage = 60, errors = 60 }
}

run "everything" {
  command = apply
  module {
    source = "./infra-terraform/stream"
  }

  assert {
    condition     = aws_kinesis_stream.this[0].name == "checkout-events" && aws_kinesis_stream.this[0].stream_mode_details[0].stream_mode == "ON_DEMAND" && aws_kinesis_stream.this[0].retention_period == 168
    error_message = "The stream must be on demand and keep a week."
  }

  assert {
    condition     = aws_kinesis_stream.this[0].encryption_type == "KMS" && aws_kinesis_stream.this[0].kms_key_id == var.kms_key_arn
    error_message = "The stream must be encrypted with the key."
  }

  assert {
    condition     = { for topic, it in aws_sns_topic.this : topic => it.name } == { raw = "checkout-sns-topic-1", structured = "TestNewStructuredJsonData" }
    error_message = "Topics must have the names of the original."
  }

  assert {
    condition     = alltrue([for it in values(aws_sns_topic.this) : it.kms_master_key_id == var.kms_key_arn])
    error_message = "Topics must be encrypted with the key."
  }

  assert {
    condition     = alltrue([for it in concat(values(aws_sqs_queue.this), values(aws_sqs_queue.dead), [aws_sqs_queue.failures]) : it.kms_master_key_id == var.kms_key_arn && it.message_retention_seconds == 1209600])
    error_message = "Queues must be encrypted with the key, and keep messages for two weeks."
  }

  assert {
    condition     = join(" ", sort(keys(aws_sqs_queue.this))) == "consumer errors raw stage structured" && toset(keys(aws_sqs_queue.dead)) == toset(keys(aws_sqs_queue.this))
    error_message = "Each queue must have a dead-letter queue."
  }

  assert {
    condition = alltrue([
      for queue, it in aws_sqs_queue.this : jsondecode(it.redrive_policy).deadLetterTargetArn == aws_sqs_queue.dead[queue].arn && jsondecode(it.redrive_policy).maxReceiveCount > 5
    ])
    error_message = "A message must come more than five times before it goes to the dead-letter queue of its own queue."
  }

  assert {
    condition     = alltrue([for queue, it in aws_sqs_queue.dead : jsondecode(it.redrive_allow_policy).sourceQueueArns[0] == "arn:aws:sqs:us-east-1:123456789012:${aws_sqs_queue.this[queue].name}"])
    error_message = "A dead-letter queue must take messages of its own queue alone."
  }

  assert {
    condition     = aws_sqs_queue.this["structured"].visibility_timeout_seconds == 540 && aws_sqs_queue.this["raw"].visibility_timeout_seconds == 360
    error_message = "A queue must hide messages for six times as long as its function may take."
  }

  assert {
    condition     = { for queue, it in aws_sns_topic_subscription.this : queue => it.topic_arn } == { raw = aws_sns_topic_policy.this["raw"].arn, structured = aws_sns_topic_policy.this["structured"].arn, consumer = aws_sns_topic_policy.this["raw"].arn }
    error_message = "Queues must be subscribed to their topics."
  }

  assert {
    condition = { for queue, document in data.aws_iam_policy_document.queue : queue => one([for it in document.statement : one(one(it.principals).identifiers) if it.sid != "DenyWithoutTls"]) } == {
      consumer = "sns.amazonaws.com", raw = "sns.amazonaws.com", structured = "sns.amazonaws.com", stage = "s3.amazonaws.com", errors = "s3.amazonaws.com"
    }
    error_message = "A queue must take messages of its topic, or of the lake's bucket, alone."
  }

  assert {
    condition     = alltrue([for document in concat(values(data.aws_iam_policy_document.queue), values(data.aws_iam_policy_document.topic), [data.aws_iam_policy_document.failures]) : contains([for it in document.statement : it.sid if it.effect == "Deny"], "DenyWithoutTls")])
    error_message = "Topics and queues must deny calls without TLS."
  }
}

run "a_stream_alone" {
  command = plan
  module {
    source = "./infra-terraform/stream"
  }
  variables {
    is_managed    = false
    has_raw_topic = false
    has_consumer  = false
  }

  assert {
    condition     = length(aws_kinesis_stream.this) == 1 && length(aws_sns_topic.this) == 0 && length(aws_sqs_queue.this) == 0
    error_message = "With a stream alone there must be no topics and no queues but that of failures."
  }
}

run "too_few_receives" {
  command = plan
  module {
    source = "./infra-terraform/stream"
  }
  variables {
    max_receive_count = 5
  }
  expect_failures = [var.max_receive_count]
}
