# The repartition of the hour, by each engine.

variables {
  name                = "shop"
  functions_dir       = "dist/lambda"
  lake_uri            = "s3://shop.lake/orders"
  lake_bucket_arn     = "arn:aws:s3:::shop.lake"
  lake_prefix         = "orders"
  artifact_bucket     = "shop-artifacts"
  artifact_bucket_arn = "arn:aws:s3:::shop-artifacts"
  database            = "checkout"
  kms_key_arn         = "arn:aws:kms:us-east-1:123456789012:key/00000000-0000-4000-8000-000000000000"
  failures_queue      = { arn = "arn:aws:sqs:us-east-1:123456789012:shop-failures", url = "https://sqs.us-east-1.amazonaws.com/123456789012/shop-failures", name = "shop-failures" }
  subnet_ids          = ["subnet-0123456789abcdef0"]
  security_group_id   = "sg-0123456789abcdef0"
}

run "serverless" {
  command = apply
  module { source = "./infra-terraform/repartition" }

  assert {
    condition     = aws_cloudwatch_event_rule.hour.name == "checkout_partition_routine_trigger" && aws_cloudwatch_event_rule.hour.schedule_expression == "cron(10 * * * ? *)"
    error_message = "the rule must fire at minute 10 of every hour"
  }
  assert {
    condition     = aws_cloudwatch_event_target.hour.arn == output.functions["submitPartitionRoutineCluster"].arn && aws_cloudwatch_event_target.hour.dead_letter_config[0].arn == var.failures_queue.arn && aws_cloudwatch_event_target.hour.retry_policy[0].maximum_event_age_in_seconds < 3600
    error_message = "the rule must start the submitter, and tell the failures queue where it cannot"
  }
  assert {
    condition     = aws_lambda_permission.hour[0].source_arn == aws_cloudwatch_event_rule.hour.arn && aws_lambda_permission.ended[0].source_arn == aws_cloudwatch_event_rule.ended[0].arn
    error_message = "each rule must be let in, and no other"
  }
  assert {
    condition = (
      jsondecode(aws_cloudwatch_event_rule.ended[0].event_pattern).source == ["aws.emr-serverless"]
      && jsondecode(aws_cloudwatch_event_rule.ended[0].event_pattern)["detail-type"] == ["EMR Serverless Job Run State Change"]
      && jsondecode(aws_cloudwatch_event_rule.ended[0].event_pattern).detail.applicationId == [output.application_id]
      && aws_cloudwatch_event_target.ended[0].arn == output.functions["commitPartitionRoutine"].arn
    )
    error_message = "the end of a job of the application must be told to the committer"
  }
  assert {
    condition     = length(aws_emrserverless_application.this[0].initial_capacity) == 0 && aws_emrserverless_application.this[0].auto_stop_configuration[0].enabled && aws_emrserverless_application.this[0].release_label == "emr-7.13.0" && aws_emrserverless_application.this[0].maximum_capacity[0].cpu == "64 vCPU"
    error_message = "nothing must be kept warm, and capacity must be bounded"
  }
  assert {
    condition = alltrue([for policy in aws_iam_role_policy.jobs :
      length([for action in flatten([for each in jsondecode(policy.policy).Statement : each.Action]) : action if startswith(action, "elasticmapreduce:")]) == 0
      && contains(flatten([for each in jsondecode(policy.policy).Statement : each.Action]), "emr-serverless:StartJobRun")
      && !contains(flatten([for each in jsondecode(policy.policy).Statement : each.Resource]), "*")
    ])
    error_message = "functions must start jobs of this application, and none of the other kind of EMR"
  }
  assert {
    condition     = alltrue([for policy in aws_iam_role_policy.jobs : [for each in jsondecode(policy.policy).Statement : each.Condition.StringEquals["iam:PassedToService"] if each.Action == "iam:PassRole"] == ["emr-serverless.amazonaws.com"]])
    error_message = "the job's role must be passed to EMR Serverless alone"
  }
  assert {
    condition     = strcontains(aws_iam_role_policy.job[0].policy, "arn:aws:s3:::shop.lake/orders/consumable/*") && !strcontains(aws_iam_role_policy.job[0].policy, "dead_letters") && !strcontains(aws_iam_role_policy.job[0].policy, "arn:aws:s3:::shop.lake/orders/*")
    error_message = "a job must write the tables for users, and see no dead letters"
  }
  assert {
    condition     = length(aws_iam_role.service) == 0 && length(aws_iam_instance_profile.job) == 0 && output.task == null
    error_message = "there must be nothing of other engines"
  }
}

run "clusters" {
  command = apply
  module { source = "./infra-terraform/repartition" }
  variables { settings = { engine = "emr", executors = 0, machines = ["r5.xlarge", "r6i.xlarge"] } }

  assert {
    condition = alltrue([for policy in aws_iam_role_policy.jobs :
      toset(flatten([for each in jsondecode(policy.policy).Statement : each.Action])) == toset(["elasticmapreduce:AddTags", "elasticmapreduce:DescribeCluster", "elasticmapreduce:ListClusters", "elasticmapreduce:ListSteps", "elasticmapreduce:RunJobFlow", "iam:PassRole"])
      && toset(flatten([for each in jsondecode(policy.policy).Statement : each.Action if each.Resource == "*"])) == toset(["elasticmapreduce:ListClusters", "elasticmapreduce:RunJobFlow"])
    ])
    error_message = "functions must start clusters, and have * where AWS has no other"
  }
  assert {
    condition     = aws_iam_instance_profile.job[0].role == "shop-repartition-job" && length(aws_iam_role_policy_attachment.service) == 1 && length(aws_emrserverless_application.this) == 0
    error_message = "clusters must have a service role and a profile"
  }
  assert {
    condition     = toset(jsondecode(aws_cloudwatch_event_rule.ended[0].event_pattern)["detail-type"]) == toset(["EMR Step Status Change", "EMR Cluster State Change"])
    error_message = "the end of steps and clusters must be told"
  }
}

run "steps_of_a_cluster_that_is_there" {
  command = apply
  module { source = "./infra-terraform/repartition" }
  variables { settings = { engine = "emr", cluster_id = "j-1ABCDEFGHIJK" } }

  assert {
    condition = alltrue([for policy in aws_iam_role_policy.jobs :
      toset(flatten([for each in jsondecode(policy.policy).Statement : each.Action])) == toset(["elasticmapreduce:AddJobFlowSteps", "elasticmapreduce:DescribeCluster", "elasticmapreduce:ListClusters", "elasticmapreduce:ListSteps"])
      && strcontains(policy.policy, ":cluster/j-1ABCDEFGHIJK")
    ])
    error_message = "functions must add steps to that cluster, and start none"
  }
}

run "embedded" {
  command = apply
  module { source = "./infra-terraform/repartition" }
  variables {
    settings       = { engine = "embedded" }
    cluster_arn    = "arn:aws:ecs:us-east-1:123456789012:cluster/shop"
    image          = "123456789012.dkr.ecr.us-east-1.amazonaws.com/shop:0.1.0"
    repository_arn = "arn:aws:ecr:us-east-1:123456789012:repository/shop"
    project        = "/sluice/schemas/shop"
  }

  assert {
    condition = { for each in jsondecode(module.task[0].policy).Statement : each.Sid => toset(flatten([each.Resource])) if !contains(["LakeBucket", "Key", "Catalog"], each.Sid) } == {
      Read      = toset(["arn:aws:s3:::shop.lake/orders/stage/*"])
      Append    = toset(["arn:aws:s3:::shop.lake/orders/runs/*"])
      Rewrite   = toset(["arn:aws:s3:::shop.lake/orders/consumable/*"])
      Lineage   = toset(["arn:aws:s3:::shop.lake/orders/lineage/*"])
      TableLogs = toset(["arn:aws:s3:::shop.lake/orders/*/_delta_log/*"])
      Probe     = toset(["arn:aws:s3:::shop.lake/orders/.sluice-probe-*"])
    }
    error_message = "the task must read stage, replace files of the tables for users, and see no dead letters"
  }
  assert {
    condition     = contains(jsondecode(module.task[0].definitions["shop-repartition"])[0].environment, { name = "SLUICE_PROJECT", value = "/sluice/schemas/shop" })
    error_message = "the task must know its project"
  }

  assert {
    condition     = length(output.functions) == 0 && aws_cloudwatch_event_target.hour.arn == var.cluster_arn && aws_cloudwatch_event_target.hour.ecs_target[0].task_definition_arn == output.task.definition_arn && !aws_cloudwatch_event_target.hour.ecs_target[0].network_configuration[0].assign_public_ip
    error_message = "the rule must start the task, without a public address"
  }
  assert {
    condition     = jsondecode(module.task[0].definitions["shop-repartition"])[0].command == ["repartition"] && !can(jsondecode(module.task[0].definitions["shop-repartition"])[0].secrets)
    error_message = "the task must repartition, and needs no hash key"
  }
  assert {
    condition     = toset(flatten([for each in jsondecode(aws_iam_role_policy.events[0].policy).Statement : each.Action])) == toset(["ecs:RunTask", "ecs:TagResource", "iam:PassRole"])
    error_message = "the rule must be able to start the task, and no more"
  }
}

run "embedded_with_models" {
  command = apply
  module { source = "./infra-terraform/repartition" }
  variables {
    settings       = { engine = "embedded" }
    has_models     = true
    cluster_arn    = "arn:aws:ecs:us-east-1:123456789012:cluster/shop"
    image          = "123456789012.dkr.ecr.us-east-1.amazonaws.com/shop:0.1.0"
    repository_arn = "arn:aws:ecr:us-east-1:123456789012:repository/shop"
    project        = "/sluice/schemas/shop"
  }

  assert {
    condition = (
      jsondecode(module.task[0].definitions["shop-repartition"])[0].command == ["repartition", "--build"]
      && [for each in jsondecode(module.task[0].policy).Statement : toset(flatten([each.Resource])) if each.Sid == "Rewrite"] == [toset(["arn:aws:s3:::shop.lake/orders/consumable/*", "arn:aws:s3:::shop.lake/orders/marts/*"])]
      && output.marts == null
    )
    error_message = "the task that folds must build marts, and have a right to them"
  }
}

run "serverless_with_models" {
  command = apply
  module { source = "./infra-terraform/repartition" }
  variables {
    has_models     = true
    cluster_arn    = "arn:aws:ecs:us-east-1:123456789012:cluster/shop"
    image          = "123456789012.dkr.ecr.us-east-1.amazonaws.com/shop:0.1.0"
    repository_arn = "arn:aws:ecr:us-east-1:123456789012:repository/shop"
    project        = "/sluice/schemas/shop"
  }

  assert {
    condition = (
      jsondecode(module.task[0].definitions["shop-marts"])[0].command == ["build"]
      && { for each in jsondecode(module.task[0].policy).Statement : each.Sid => toset(flatten([each.Resource])) if contains(["Read", "Append", "Rewrite"], each.Sid) } == {
        Read    = toset(["arn:aws:s3:::shop.lake/orders/stage/*", "arn:aws:s3:::shop.lake/orders/consumable/*", "arn:aws:s3:::shop.lake/orders/dead_letters/*"])
        Append  = toset(["arn:aws:s3:::shop.lake/orders/runs/*"])
        Rewrite = toset(["arn:aws:s3:::shop.lake/orders/marts/*"])
      }
    )
    error_message = "the task must build marts, replace their files, and change nothing else"
  }
  assert {
    condition = (
      toset([for target in aws_cloudwatch_event_target.marts : target.rule]) == toset(["shop-marts", "shop-job-ended"])
      && alltrue([for target in aws_cloudwatch_event_target.marts : target.arn == var.cluster_arn && target.ecs_target[0].task_definition_arn == output.marts.definition_arn && target.dead_letter_config[0].arn == var.failures_queue.arn && !target.ecs_target[0].network_configuration[0].assign_public_ip])
      && aws_cloudwatch_event_rule.marts[0].schedule_expression == "cron(40 * * * ? *)"
    )
    error_message = "the end of a job and the hour must start it, without a public address"
  }
  assert {
    condition = (
      toset(flatten([for each in jsondecode(aws_iam_role_policy.events[0].policy).Statement : each.Action])) == toset(["ecs:RunTask", "ecs:TagResource", "iam:PassRole"])
      && toset(flatten([for each in jsondecode(aws_iam_role.events[0].assume_role_policy).Statement : each.Condition.ArnEquals["aws:SourceArn"]])) == toset([aws_cloudwatch_event_rule.marts[0].arn, aws_cloudwatch_event_rule.ended[0].arn])
    )
    error_message = "both rules must be able to start the task, and no more"
  }
}

run "settings_that_cannot_be" {
  command = plan
  module { source = "./infra-terraform/repartition" }
  variables { settings = { engine = "spark", release = "emr-6.15.0", size = "large", timeout = "6 hours", executors = 1.5 } }
  expect_failures = [var.settings]
}
