# The original's way: raw objects, functions around Firehose, and jobs of EMR Serverless.
module "sluice" {
  source = "../../.."

  mode                = "managed"
  region              = var.region
  lake_bucket         = var.lake_bucket
  raw_bucket          = var.raw_bucket
  functions_dir       = var.functions_dir
  hash_key_secret_arn = var.hash_key_secret_arn
  repartition         = { engine = "emr-serverless" }
  alarms              = { emails = var.emails }
  monthly_budget      = 50
}
