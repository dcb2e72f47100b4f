# A stream of Kinesis, a function that reads it, and jobs of EMR Serverless. Nothing runs where nothing comes.
module "sluice" {
  source = "../../.."

  mode                = "lambda"
  region              = var.region
  lake_bucket         = var.lake_bucket
  raw_bucket          = var.raw_bucket
  functions_dir       = var.functions_dir
  hash_key_secret_arn = var.hash_key_secret_arn
  repartition         = { engine = "emr-serverless" }
  alarms              = { emails = var.emails }
  monthly_budget      = 100
}
