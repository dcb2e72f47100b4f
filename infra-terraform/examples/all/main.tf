# Everything at once: the stream with its consumer, the function that could take its place, and the way around Firehose. For moving from one to another, and to compare them.
module "sluice" {
  source = "../../.."

  mode                = "all"
  region              = var.region
  lake_bucket         = var.lake_bucket
  raw_bucket          = var.raw_bucket
  functions_dir       = var.functions_dir
  hash_key_secret_arn = var.hash_key_secret_arn
  consumer            = { source = "kinesis", workers = 1, image_tag = var.image_tag }
  repartition         = { engine = "emr-serverless" }
  alarms              = { emails = var.emails }
  monthly_budget      = 300

  network = {
    create     = var.network == null
    vpc_id     = try(var.network.vpc_id, null)
    subnet_ids = try(var.network.subnet_ids, [])
    endpoints  = ["ecr.api", "ecr.dkr", "glue", "kinesis-streams", "logs", "secretsmanager"]
  }
}
