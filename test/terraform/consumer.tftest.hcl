# The consumer on Fargate.

variables {
  name              = "shop"
  source_kind       = "kinesis"
  stream_name       = "checkout-events"
  stream_arn        = "arn:aws:kinesis:us-east-1:123456789012:stream/checkout-events"
  lake_uri          = "s3://shop.lake/orders"
  lake_bucket_arn   = "arn:aws:s3:::shop.lake"
  lake_prefix       = "orders"
  database          = "checkout"
  kms_key_arn       = "arn:aws:kms:us-east-1:123456789012:key/00000000-0000-4000-8000-000000000000"
  subnet_ids        = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]
  security_group_id = "sg-0123456789abcdef0"
  project           = "/sluice/schemas/shop"
}

run "workers_of_a_stream_have_numbers" {
  command = apply
  module { source = "./infra-terraform/consumer" }
  variables {
    workers             = 3
    hash_key_secret_arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:hash-key-AbCdEf"
  }

  assert {
    condition     = toset(keys(aws_ecs_service.this)) == toset(["shop-worker-0", "shop-worker-1", "shop-worker-2"]) && alltrue([for each in aws_ecs_service.this : each.desired_count == 1])
    error_message = "each worker must be a service of one task"
  }
  assert {
    condition = alltrue([for index in range(3) : {
      for each in jsondecode(module.task[0].definitions["shop-worker-${index}"])[0].environment : each.name => each.value if contains(["SLUICE_WORKER", "SLUICE_WORKERS", "SLUICE_STREAM", "SLUICE_LAKE", "SLUICE_PROJECT", "SLUICE_REPARTITION_EVERY"], each.name)
      } == { SLUICE_WORKER = tostring(index), SLUICE_WORKERS = "3", SLUICE_STREAM = "checkout-events", SLUICE_LAKE = "s3://shop.lake/orders", SLUICE_PROJECT = "/sluice/schemas/shop", SLUICE_REPARTITION_EVERY = "never" }
    ])
    error_message = "each worker must know its number, how many there are, and its project"
  }
  assert {
    condition = alltrue([for each in module.task[0].definitions : alltrue([for it in jsondecode(each) :
      it.stopTimeout == 120 && it.readonlyRootFilesystem && it.mountPoints[0].containerPath == "/tmp" && it.command == ["run", "--source", "kinesis"]
    ])])
    error_message = "a task must have time to commit, and write to /tmp alone"
  }
  assert {
    condition     = alltrue([for each in module.task[0].definitions : jsondecode(each)[0].secrets[0].name == "SLUICE_HASH_KEY" && !strcontains(jsonencode(jsondecode(each)[0].environment), "HASH_KEY")])
    error_message = "the hash key must come from Secrets Manager"
  }
  assert {
    condition     = alltrue([for each in aws_ecs_service.this : each.deployment_circuit_breaker[0].enable && each.deployment_circuit_breaker[0].rollback && !each.network_configuration[0].assign_public_ip])
    error_message = "a deployment that fails must be rolled back, and no task may have a public address"
  }
  assert {
    condition     = aws_ecr_repository.this.image_tag_mutability == "IMMUTABLE" && aws_ecr_repository.this.encryption_configuration[0].encryption_type == "KMS" && aws_ecr_repository.this.image_scanning_configuration[0].scan_on_push
    error_message = "images must be immutable, encrypted and scanned"
  }
  assert {
    condition     = toset(flatten([for each in jsondecode(aws_iam_role_policy.read[0].policy).Statement : each.Action])) == toset(["kinesis:DescribeStreamSummary", "kinesis:ListShards", "kinesis:GetShardIterator", "kinesis:GetRecords"])
    error_message = "a worker must be able to read the stream, and no more"
  }
  assert {
    condition = { for each in jsondecode(module.task[0].policy).Statement : each.Sid => toset(flatten([each.Resource])) if !contains(["LakeBucket", "Key", "Catalog"], each.Sid) } == {
      Append    = toset([for each in ["stage/*", "dead_letters/*", "runs/*"] : "arn:aws:s3:::shop.lake/orders/${each}"])
      Lineage   = toset(["arn:aws:s3:::shop.lake/orders/lineage/*"])
      TableLogs = toset(["arn:aws:s3:::shop.lake/orders/*/_delta_log/*"])
      Probe     = toset([for each in [".sluice-probe-*", ".sluice-ready", "dead_letters/_delta_log/.sluice-ready"] : "arn:aws:s3:::shop.lake/orders/${each}"])
    }
    error_message = "a worker must be able to append to the tables that it fills, and not see the tables for users"
  }
  assert {
    condition     = [for each in jsondecode(module.task[0].policy).Statement : each.Sid if contains(flatten([each.Action]), "s3:DeleteObject")] == ["Probe"]
    error_message = "a worker must be able to delete no file of a table"
  }
  assert {
    condition     = [for each in jsondecode(module.task[0].execution_policy).Statement : each.Resource if each.Sid == "Image"] == [aws_ecr_repository.this.arn]
    error_message = "the image must be fetched from the repository that is made here"
  }
  assert {
    condition     = length(aws_appautoscaling_target.this) == 0
    error_message = "workers with numbers must not be scaled"
  }
}

run "readers_of_a_queue_are_equal" {
  command = apply
  module { source = "./infra-terraform/consumer" }
  variables {
    source_kind    = "sqs"
    workers        = 2
    queue          = { name = "shop-raw", url = "https://sqs.us-east-1.amazonaws.com/123456789012/shop-raw", arn = "arn:aws:sqs:us-east-1:123456789012:shop-raw" }
    raw_bucket_arn = "arn:aws:s3:::shop.raw"
  }

  assert {
    condition     = join(",", keys(aws_ecs_service.this)) == "shop-reader" && aws_ecs_service.this["shop-reader"].desired_count == 2
    error_message = "there must be one service of equal tasks"
  }
  assert {
    condition     = !strcontains(module.task[0].definitions["shop-reader"], "SLUICE_WORKER") && strcontains(module.task[0].definitions["shop-reader"], "https://sqs.us-east-1.amazonaws.com/123456789012/shop-raw")
    error_message = "a reader must know its queue, and no number"
  }
  assert {
    condition     = toset(flatten([for each in jsondecode(aws_iam_role_policy.read[0].policy).Statement : each.Action])) == toset(["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility", "s3:GetObject", "s3:GetObjectVersion", "s3:ListBucket"])
    error_message = "a reader must be able to read the queue and its objects, and no more"
  }
}

run "readers_follow_the_queue" {
  command = apply
  module { source = "./infra-terraform/consumer" }
  variables {
    source_kind    = "sqs"
    queue          = { name = "shop-raw", url = "https://sqs.us-east-1.amazonaws.com/123456789012/shop-raw", arn = "arn:aws:sqs:us-east-1:123456789012:shop-raw" }
    raw_bucket_arn = "arn:aws:s3:::shop.raw"
    autoscaling    = { enabled = true, min = 2, max = 8, messages_per_task = 500 }
  }

  assert {
    condition     = length(aws_ecs_service.this) == 0 && aws_ecs_service.scaled[0].desired_count == 2 && join(",", output.service_names) == "shop-reader" && output.tasks_per_service == 2
    error_message = "there must be one service, of the least tasks at first"
  }
  assert {
    condition     = aws_appautoscaling_target.this[0].resource_id == "service/shop/shop-reader" && aws_appautoscaling_target.this[0].max_capacity == 8 && aws_appautoscaling_policy.this[0].target_tracking_scaling_policy_configuration[0].target_value == 500
    error_message = "it must grow by the messages that wait for each task"
  }
}

run "repartitions_itself_with_an_image_of_another" {
  command = apply
  module { source = "./infra-terraform/consumer" }
  variables {
    repartitions     = true
    image            = "210987654321.dkr.ecr.us-east-1.amazonaws.com/tools/sluice:1"
    image_repository = "arn:aws:ecr:us-east-1:210987654321:repository/tools/sluice"
  }

  assert {
    condition     = [for each in jsondecode(module.task[0].policy).Statement : each.Resource if contains(flatten([each.Action]), "s3:DeleteObject") && each.Sid != "Probe"] == ["arn:aws:s3:::shop.lake/orders/consumable/*"]
    error_message = "who repartitions must be able to replace files of the tables for users, and of no other"
  }
  assert {
    condition     = [for each in jsondecode(module.task[0].execution_policy).Statement : each.Resource if each.Sid == "Image"] == [var.image_repository] && output.repository_arn == var.image_repository
    error_message = "an image of another repository must be fetched from there"
  }
}

run "an_image_of_no_registry_of_aws" {
  command = apply
  module { source = "./infra-terraform/consumer" }
  variables { image = "example.com/sluice:1" }

  assert {
    condition     = !strcontains(module.task[0].execution_policy, "ecr:BatchGetImage") && output.repository_arn == null
    error_message = "an image that is not in ECR needs no right to fetch it"
  }
}

run "an_image_that_could_not_be_fetched" {
  command = plan
  module { source = "./infra-terraform/consumer" }
  variables { image = "210987654321.dkr.ecr.us-east-1.amazonaws.com/tools/sluice:1" }
  expect_failures = [var.image_repository]
}

run "none_runs" {
  command = apply
  module { source = "./infra-terraform/consumer" }
  variables { source_kind = "none" }

  assert {
    condition     = length(aws_ecs_service.this) == 0 && length(output.task_definition_arns) == 0 && output.task_role_arn == null && output.cluster_name == "shop"
    error_message = "there must be the repository and the cluster alone"
  }
}

run "a_stream_is_not_scaled" {
  command = plan
  module { source = "./infra-terraform/consumer" }
  variables { autoscaling = { enabled = true } }
  expect_failures = [var.autoscaling]
}

run "values_that_cannot_be" {
  command = plan
  module { source = "./infra-terraform/consumer" }
  variables {
    source_kind         = "firehose"
    workers             = 0
    cpu                 = 300
    image_tag           = "a tag"
    hash_key_secret_arn = "the key itself"
  }
  expect_failures = [var.source_kind, var.workers, var.cpu, var.image_tag, var.hash_key_secret_arn]
}

run "nothing_to_read" {
  command = plan
  module { source = "./infra-terraform/consumer" }
  variables { source_kind = "sqs" }
  expect_failures = [var.queue]
}
