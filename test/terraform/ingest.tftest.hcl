# What brings records in: of the module ingest. The functions are those of `npm run build`.

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
  # The provider looks at what it is given for an ARN.
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/mock" }
  }
}

variables {
  name                = "sluice"
  functions_dir       = "dist/lambda"
  is_managed          = true
  has_stream_function = true
  datasets            = { checkout = { delivery_stream = "DataStreamStructuredCheckout" }, fulfillment = { delivery_stream = "DataStreamStructuredFulfillment" } }
  raw_tables = {
    checkout    = { name = "raw_checkout", arn = "arn:aws:glue:us-east-1:123456789012:table/checkout/raw_checkout" }
    fulfillment = { name = "raw_fulfillment", arn = "arn:aws:glue:us-east-1:123456789012:table/checkout/raw_fulfillment" }
  }
  lake_uri            = "s3://lake/shop"
  lake_bucket_arn     = "arn:aws:s3:::lake"
  lake_prefix         = "shop"
  raw_bucket_arn      = "arn:aws:s3:::raw"
  kms_key_arn         = "arn:aws:kms:us-east-1:123456789012:key/k"
  hash_key_secret_arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:key-AbCdEf"
  stream_name         = "checkout-events"
  stream_arn          = "arn:aws:kinesis:us-east-1:123456789012:stream/checkout-events"
  database            = "checkout"
  queues = {
    raw        = { arn = "arn:aws:sqs:us-east-1:123456789012:raw", dlq_arn = "arn:aws:sqs:us-east-1:123456789012:raw-dead" }
    structured = { arn = "arn:aws:sqs:us-east-1:123456789012:structured", dlq_arn = "arn:aws:sqs:us-east-1:123456789012:structured-dead" }
    stage      = { arn = "arn:aws:sqs:us-east-1:123456789012:stage", dlq_arn = "arn:aws:sqs:us-east-1:123456789012:stage-dead" }
    errors     = { arn = "arn:aws:sqs:us-east-1:123456789012:errors", dlq_arn = "arn:aws:sqs:us-east-1:123456789012:errors-dead" }
  }
}

run "delivery_streams" {
  command = plan
  module {
    source = "./infra-terraform/ingest"
  }

  assert {
    condition     = { for dataset, it in aws_kinesis_firehose_delivery_stream.this : dataset => it.name } == { checkout = "DataStreamStructuredCheckout", fulfillment = "DataStreamStructuredFulfillment" }
    error_message = "Each dataset must have its delivery stream."
  }

  assert {
    condition     = alltrue([for it in aws_kinesis_firehose_delivery_stream.this : it.extended_s3_configuration[0].buffering_size == 128 && it.extended_s3_configuration[0].buffering_interval == 300])
    error_message = "Delivery streams must write an object at 128 MB or 300 s, whichever is first."
  }

  assert {
    condition     = alltrue([for dataset, it in aws_kinesis_firehose_delivery_stream.this : it.extended_s3_configuration[0].prefix == "shop/stage/${dataset}/ingest_date=!{timestamp:yyyy-MM-dd}/ingest_hour=!{timestamp:HH}/"])
    error_message = "Objects must lie below the stage of their dataset, by the hour in which they came."
  }

  assert {
    condition     = alltrue([for dataset, it in aws_kinesis_firehose_delivery_stream.this : it.extended_s3_configuration[0].error_output_prefix == "shop/errors/!{firehose:error-output-type}/${dataset}/!{timestamp:yyyy/MM/dd/HH}/"])
    error_message = "What cannot be converted must lie below errors/, by kind and dataset."
  }

  assert {
    condition     = alltrue([for it in aws_kinesis_firehose_delivery_stream.this : it.extended_s3_configuration[0].file_extension == ".parquet" && it.extended_s3_configuration[0].custom_time_zone == "UTC" && it.extended_s3_configuration[0].compression_format == "UNCOMPRESSED"])
    error_message = "Objects must be named .parquet, which the notification asks for, filed by UTC, and compressed inside alone."
  }

  assert {
    condition = alltrue([
      for dataset, it in aws_kinesis_firehose_delivery_stream.this : alltrue([
        for schema in it.extended_s3_configuration[0].data_format_conversion_configuration[0].schema_configuration : schema.database_name == "checkout" && schema.table_name == "raw_${dataset}"
      ])
    ])
    error_message = "Rows must have the columns of the raw table of their dataset."
  }

  assert {
    condition     = alltrue([for it in aws_kinesis_firehose_delivery_stream.this : it.server_side_encryption[0].enabled && it.server_side_encryption[0].key_arn == var.kms_key_arn && it.extended_s3_configuration[0].kms_key_arn == var.kms_key_arn])
    error_message = "What waits in a delivery stream, and what it writes, must be encrypted with the key."
  }

  assert {
    condition     = aws_iam_role.firehose[0].name == "firehose_delivery_role"
    error_message = "The role of delivery streams must have the name of the original."
  }
}

run "functions" {
  command = apply
  module {
    source = "./infra-terraform/ingest"
  }

  assert {
    condition     = join(" ", sort(keys(output.functions))) == "collectDeadLetters consumeStream registerStageObjects sendCheckoutDataToFirehouse sendStructuredJsonToFirehose"
    error_message = "There must be the function of the stream, and those around Firehose."
  }

  assert {
    condition     = alltrue([for name, it in output.functions : it.name == name && it.log_group == "/aws/lambda/${name}"])
    error_message = "Functions must have the names of the original, and a log group each."
  }

  assert {
    condition     = aws_lambda_event_source_mapping.stream[0].parallelization_factor == 1 && aws_lambda_event_source_mapping.stream[0].maximum_retry_attempts == -1 && aws_lambda_event_source_mapping.stream[0].maximum_record_age_in_seconds == -1
    error_message = "Slices of a shard cannot be told apart, and no record may be given up."
  }

  assert {
    condition     = aws_lambda_event_source_mapping.stream[0].starting_position == "TRIM_HORIZON" && aws_lambda_event_source_mapping.stream[0].batch_size == 10000 && aws_lambda_event_source_mapping.stream[0].enabled
    error_message = "The function must read the stream from its beginning, in large batches."
  }

  assert {
    condition     = alltrue([for it in concat(values(aws_lambda_event_source_mapping.queue), aws_lambda_event_source_mapping.stream) : it.function_response_types == toset(["ReportBatchItemFailures"])])
    error_message = "Without ReportBatchItemFailures a partial answer counts as success."
  }

  assert {
    condition     = { for queue, it in aws_lambda_event_source_mapping.queue : queue => it.scaling_config[0].maximum_concurrency if length(it.scaling_config) > 0 } == { for queue in keys(aws_lambda_event_source_mapping.queue) : queue => 2 if queue != "raw" }
    error_message = "Two at a time may put records into Firehose: more would be throttled."
  }

  assert {
    condition = { for queue, it in aws_lambda_event_source_mapping.queue : it.event_source_arn => it.function_name } == {
      (var.queues.raw.arn)            = output.functions.sendCheckoutDataToFirehouse.arn
      (var.queues.structured.arn)     = output.functions.sendStructuredJsonToFirehose.arn
      (var.queues.stage.arn)          = output.functions.registerStageObjects.arn
      (var.queues.errors.arn)         = output.functions.collectDeadLetters.arn
      (var.queues.raw.dlq_arn)        = output.functions.collectDeadLetters.arn
      (var.queues.structured.dlq_arn) = output.functions.collectDeadLetters.arn
      (var.queues.stage.dlq_arn)      = output.functions.collectDeadLetters.arn
    }
    error_message = "Each queue must be read by its function, and dead-letter queues by the collector, but for that of its own errors."
  }

  assert {
    condition     = output.timeouts == { raw = 60, structured = 60, stage = 60, errors = 60 }
    error_message = "Time-outs must be known to the queues."
  }
}

run "another_reads_the_stream" {
  command = plan
  module {
    source = "./infra-terraform/ingest"
  }
  variables {
    reads_stream = false
  }

  assert {
    condition     = aws_lambda_event_source_mapping.stream[0].enabled == false
    error_message = "The mapping must be there and disabled where another reads the stream."
  }
}

run "a_stream_alone" {
  command = plan
  module {
    source = "./infra-terraform/ingest"
  }
  variables {
    is_managed          = false
    hash_key_secret_arn = null
    queues              = {}
  }

  assert {
    condition     = join(" ", keys(output.functions)) == "consumeStream" && length(aws_kinesis_firehose_delivery_stream.this) == 0 && length(aws_iam_role.firehose) == 0 && length(aws_lambda_event_source_mapping.queue) == 0
    error_message = "With a stream alone there must be its function, and nothing of Firehose."
  }
}

run "a_buffer_below_what_conversion_wants" {
  command = plan
  module {
    source = "./infra-terraform/ingest"
  }
  variables {
    buffer_mib = 32
  }
  expect_failures = [var.buffer_mib]
}
