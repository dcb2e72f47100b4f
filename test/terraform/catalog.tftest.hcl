# Tables, crawlers, queries and who may read what: of the module catalog.

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
  name                = "sluice"
  datasets            = { checkout = { raw_table = "raw_checkout" }, fulfillment = { raw_table = "raw_fulfillment" } }
  project_folder      = "schemas/vtex"
  lake_uri            = "s3://lake/shop"
  lake_bucket_arn     = "arn:aws:s3:::lake"
  lake_prefix         = "shop"
  artifact_bucket     = "artifacts"
  artifact_bucket_arn = "arn:aws:s3:::artifacts"
  kms_key_arn         = "arn:aws:kms:us-east-1:123456789012:key/k"
}

run "tables" {
  command = plan
  module {
    source = "./infra-terraform/catalog"
  }

  assert {
    condition     = aws_glue_catalog_database.this.name == "checkout" && { for dataset, it in aws_glue_catalog_table.raw : dataset => it.name } == { checkout = "raw_checkout", fulfillment = "raw_fulfillment" }
    error_message = "Database and raw tables must have the names of the original. Tables for users are made by Sluice."
  }

  assert {
    condition = alltrue([
      for dataset, it in aws_glue_catalog_table.raw :
      [for column in it.storage_descriptor[0].columns : "${column.name} ${column.type}"] == [for column in jsondecode(file("schemas/vtex/derived/${dataset}.glue.json")).stage.columns : "${column.Name} ${column.Type}"]
    ])
    error_message = "Columns must be those of the contract."
  }

  assert {
    condition     = alltrue([for it in aws_glue_catalog_table.raw : [for key in it.partition_keys : "${key.name} ${key.type}"] == ["ingest_date date", "ingest_hour int"]])
    error_message = "Stages must be partitioned by the hour in which records came."
  }

  assert {
    condition     = alltrue([for dataset, it in aws_glue_catalog_table.raw : it.parameters["table_type"] == "DELTA" && it.storage_descriptor[0].location == "s3://lake/shop/stage/${dataset}/" && it.storage_descriptor[0].ser_de_info[0].parameters["path"] == "s3://lake/shop/stage/${dataset}/"])
    error_message = "A stage must be a Delta table where it lies, so that Sluice takes it over."
  }
}

run "crawlers" {
  command = plan
  module {
    source = "./infra-terraform/catalog"
  }

  assert {
    condition     = output.crawler_names == { raw = "checkoutOrder", consumable = "consumable_checkout_crawler" }
    error_message = "Crawlers must have the names of the original."
  }

  assert {
    condition     = alltrue([for it in aws_glue_crawler.this : it.delta_target[0].create_native_delta_table && !it.delta_target[0].write_manifest])
    error_message = "Crawlers must make native Delta tables, without manifests."
  }

  assert {
    condition = { for which, it in aws_glue_crawler.this : which => join(" ", sort(it.delta_target[0].delta_tables)) } == {
      raw        = "s3://lake/shop/stage/checkout/ s3://lake/shop/stage/fulfillment/"
      consumable = "s3://lake/shop/consumable/checkout/ s3://lake/shop/consumable/fulfillment/"
    } && aws_glue_crawler.this["raw"].table_prefix == "raw_"
    error_message = "One crawler must find stages, the other tables for users."
  }

  assert {
    condition     = alltrue([for it in aws_glue_crawler.this : it.schema_change_policy[0].update_behavior == "LOG" && it.schema_change_policy[0].delete_behavior == "LOG"])
    error_message = "Crawlers must leave what is there to Sluice."
  }
}

run "queries" {
  command = plan
  module {
    source = "./infra-terraform/catalog"
  }

  assert {
    condition     = alltrue([for it in aws_athena_workgroup.this : it.configuration[0].enforce_workgroup_configuration && it.configuration[0].bytes_scanned_cutoff_per_query == 107374182400])
    error_message = "No query may read more than the limit, whatever its client says."
  }

  assert {
    condition     = alltrue([for which, it in aws_athena_workgroup.this : it.configuration[0].result_configuration[0].output_location == "s3://artifacts/athena/${which}/" && it.configuration[0].result_configuration[0].encryption_configuration[0].encryption_option == "SSE_KMS"])
    error_message = "Results must be encrypted, and those of writers be where readers may not read."
  }

  assert {
    condition     = toset(flatten([for it in data.aws_iam_policy_document.reader.statement : it.resources if it.effect == "Deny"])) == toset(["arn:aws:s3:::lake/shop/dead_letters/*", "arn:aws:s3:::lake/shop/errors/*"])
    error_message = "Readers must be denied dead letters and errors."
  }

  assert {
    condition     = toset(flatten([for it in data.aws_iam_policy_document.reader.statement : it.resources if it.sid == "Tables"])) == toset(["arn:aws:s3:::lake/shop/consumable/*", "arn:aws:s3:::lake/shop/runs/*", "arn:aws:s3:::lake/shop/stage/*"])
    error_message = "Readers may read tables for users, stages and runs."
  }

  assert {
    condition     = !anytrue([for it in data.aws_iam_policy_document.reader.statement : anytrue([for action in it.actions : can(regex("Put|Delete", action))])])
    error_message = "Readers may write nothing of the lake."
  }

  assert {
    condition     = toset(flatten([for it in data.aws_iam_policy_document.query["reader"].statement : it.resources if it.sid == "Results"])) == toset(["arn:aws:s3:::artifacts/athena/reader/*"])
    error_message = "Readers may see results of readers alone."
  }
}

run "a_limit_below_that_of_athena" {
  command = plan
  module {
    source = "./infra-terraform/catalog"
  }
  variables {
    bytes_per_query = 1
  }
  expect_failures = [var.bytes_per_query]
}
