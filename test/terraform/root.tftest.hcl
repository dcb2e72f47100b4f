# What each mode makes, and which variables are refused: of the whole. Everything is planned, and nothing applied.

variables {
  network = { vpc_id = "vpc-0123456789abcdef0", subnet_ids = ["subnet-0123456789abcdef0"] }
}

# ---------------------------------------------------------------------------------------------------
# Modes
# ---------------------------------------------------------------------------------------------------

run "managed" {
  command = plan

  assert {
    condition     = join(" ", sort(keys(output.functions))) == "collectDeadLetters commitPartitionRoutine registerStageObjects sendCheckoutDataToFirehouse sendStructuredJsonToFirehose submitPartitionRoutineCluster"
    error_message = "The mode managed must have the functions around Firehose, and those of the repartition."
  }

  assert {
    condition     = join(" ", sort(keys(output.delivery_streams))) == "checkout fulfillment"
    error_message = "The mode managed must have a delivery stream for each dataset."
  }

  assert {
    condition     = join(" ", sort(keys(output.queues))) == "errors raw stage structured" && join(" ", sort(keys(output.topics))) == "raw structured"
    error_message = "The mode managed must have its topics, and a queue before each function."
  }

  assert {
    condition     = output.stream_name == null && output.repository_url == null
    error_message = "The mode managed must have no stream and no tasks."
  }
}

run "managed_with_models" {
  command = plan
  variables {
    project_folder = "schemas/olist"
    datasets       = { orders = { delivery_stream = "Orders", raw_table = "raw_orders", consumable_table = "orders" } }
  }

  assert {
    condition     = length(module.consumer) == 1
    error_message = "Where jobs of Spark fold a project that has models, a task must build marts of them."
  }
}

run "endpoint" {
  command = plan
  variables {
    mode    = "lambda"
    collect = { enabled = true }
  }

  assert {
    condition     = contains(keys(output.functions), "collect") && length([for each in module.observe.alarm_names : each if endswith(each, "endpoint-fails")]) == 1 && length([for each in module.observe.alarm_names : each if endswith(each, "errors-collect")]) == 0
    error_message = "The endpoint must have its function, and an alarm of its own: what it could not do does not come again."
  }
}

run "endpoint_without_a_stream" {
  command = plan
  variables {
    mode    = "managed"
    collect = { enabled = true }
  }
  expect_failures = [var.collect]
}

run "lambda" {
  command = plan
  variables {
    mode = "lambda"
  }

  assert {
    condition     = join(" ", sort(keys(output.functions))) == "commitPartitionRoutine consumeStream submitPartitionRoutineCluster"
    error_message = "The mode lambda must have the function of the stream, and those of the repartition."
  }

  assert {
    condition     = output.stream_name == "checkout-events" && length(output.delivery_streams) == 0 && length(output.queues) == 0 && length(output.topics) == 0 && output.repository_url == null
    error_message = "The mode lambda must have a stream, and nothing else that carries records."
  }
}

run "consumer_of_the_stream" {
  command = plan
  variables {
    mode = "consumer"
  }

  assert {
    condition     = output.stream_name == "checkout-events" && length(module.consumer) == 1 && length(module.consumer[0].service_names) == 1
    error_message = "The mode consumer must have a stream and a service that reads it."
  }

  assert {
    condition     = join(" ", sort(keys(output.functions))) == "commitPartitionRoutine submitPartitionRoutineCluster" && length(output.delivery_streams) == 0 && length(output.queues) == 0
    error_message = "The mode consumer must have no functions but those of the repartition."
  }
}

run "three_workers_of_the_stream" {
  command = plan
  variables {
    mode     = "consumer"
    consumer = { workers = 3 }
  }

  assert {
    condition     = length(module.consumer[0].service_names) == 3
    error_message = "Each worker of a stream must be a service of its own, since it has a number."
  }
}

run "consumer_of_announced_objects" {
  command = plan
  variables {
    mode     = "consumer"
    consumer = { source = "sqs", workers = 3 }
  }

  assert {
    condition     = output.stream_name == null && join(" ", keys(output.topics)) == "raw" && join(" ", keys(output.queues)) == "consumer"
    error_message = "A consumer of announced objects must have the raw topic and its queue, and no stream."
  }

  assert {
    condition     = length(module.consumer[0].service_names) == 1
    error_message = "Equal tasks that share a queue must be one service."
  }
}

run "all" {
  command = plan
  variables {
    mode = "all"
  }

  assert {
    condition     = length(output.functions) == 7 && length(output.delivery_streams) == 2 && length(output.queues) == 4 && output.stream_name == "checkout-events" && length(module.consumer[0].service_names) == 1
    error_message = "The mode all must have everything."
  }
}

run "without_repartition" {
  command = plan
  variables {
    mode        = "lambda"
    repartition = { engine = "none" }
  }

  assert {
    condition     = join(" ", keys(output.functions)) == "consumeStream" && length(module.repartition) == 0
    error_message = "With the engine none nothing may repartition."
  }
}

run "repartition_on_fargate" {
  command = plan
  variables {
    repartition = { engine = "embedded" }
  }

  assert {
    condition     = length(module.consumer) == 1 && length(module.consumer[0].service_names) == 0 && length(module.repartition[0].functions) == 0
    error_message = "The engine embedded must have a repository for its image, no service and no functions."
  }
}

# ---------------------------------------------------------------------------------------------------
# Variables that are refused
# ---------------------------------------------------------------------------------------------------

run "no_such_mode" {
  command = plan
  variables {
    mode = "firehose"
  }
  expect_failures = [var.mode]
}

run "a_name_in_capitals" {
  command = plan
  variables {
    name = "Sluice"
  }
  expect_failures = [var.name]
}

run "one_bucket_for_both" {
  command = plan
  variables {
    raw_bucket  = "vtex"
    lake_bucket = "vtex"
  }
  expect_failures = [var.lake_bucket]
}

run "a_prefix_with_a_slash" {
  command = plan
  variables {
    lake_prefix = "/shop/"
  }
  expect_failures = [var.lake_prefix]
}

run "a_key_in_place_of_its_secret" {
  command = plan
  variables {
    hash_key_secret_arn = "correct horse battery staple"
  }
  expect_failures = [var.hash_key_secret_arn]
}

run "two_datasets_of_one_delivery_stream" {
  command = plan
  variables {
    datasets = {
      checkout    = { delivery_stream = "one", raw_table = "raw_checkout", consumable_table = "checkout" }
      fulfillment = { delivery_stream = "one", raw_table = "raw_fulfillment", consumable_table = "fulfillment" }
    }
  }
  expect_failures = [var.datasets]
}

run "a_delivery_stream_whose_files_are_hidden" {
  command = plan
  variables {
    datasets = { checkout = { delivery_stream = "_hidden", raw_table = "raw_checkout", consumable_table = "checkout" } }
  }
  expect_failures = [var.datasets]
}

run "a_table_of_another_name" {
  command = plan
  variables {
    datasets = { checkout = { delivery_stream = "one", raw_table = "orders", consumable_table = "checkout" } }
  }
  expect_failures = [var.datasets]
}

run "an_engine_that_there_is_not" {
  command = plan
  variables {
    repartition = { engine = "spark" }
  }
  expect_failures = [var.repartition]
}

run "a_cluster_of_which_nobody_knows_the_role" {
  command = plan
  variables {
    repartition = { engine = "emr", cluster_id = "j-1ABCDEFGHIJKL" }
  }
  expect_failures = [var.repartition]
}

run "more_workers_of_a_stream_by_themselves" {
  command = plan
  variables {
    consumer = { autoscaling = { enabled = true } }
  }
  expect_failures = [var.consumer]
}

run "a_retention_that_there_is_not" {
  command = plan
  variables {
    log_retention_days = 42
  }
  expect_failures = [var.log_retention_days]
}

run "a_stream_that_keeps_nothing" {
  command = plan
  variables {
    stream_retention_hours = 1
  }
  expect_failures = [var.stream_retention_hours]
}

run "a_budget_of_nothing" {
  command = plan
  variables {
    monthly_budget = 0
  }
  expect_failures = [var.monthly_budget]
}

run "project_that_the_image_has_elsewhere" {
  command = plan
  variables {
    mode           = "consumer"
    project_folder = "schemas/../schemas/vtex"
  }
  expect_failures = [var.consumer]
}

run "project_that_is_no_path_of_the_image" {
  command = plan
  variables {
    mode     = "consumer"
    consumer = { project = "schemas/vtex" }
  }
  expect_failures = [var.consumer]
}

run "all_where_the_function_reads" {
  command = plan
  variables {
    mode          = "all"
    stream_reader = "lambda"
  }

  assert {
    condition     = module.ingest.reads_stream && length(module.consumer) == 1 && length(module.consumer[0].service_names) == 0
    error_message = "Where the function reads the stream, no service may: both would do all work twice."
  }
}

run "all_where_the_service_reads_a_queue" {
  command = plan
  variables {
    mode     = "all"
    consumer = { source = "sqs" }
  }

  assert {
    condition     = module.ingest.reads_stream && length(module.consumer[0].service_names) == 1
    error_message = "Where the service reads a queue, the stream must be read by the function: else nobody reads it."
  }
}

run "stream_with_shards" {
  command = plan
  variables {
    mode          = "lambda"
    stream_shards = 2
  }

  assert {
    condition     = output.stream_name == "checkout-events"
    error_message = "A stream may have a number of shards."
  }
}
