# An application of EMR Serverless. It reaches S3 and KMS of its region without a network of ours.

resource "aws_emrserverless_application" "this" {
  count = local.is_serverless ? 1 : 0

  name          = "${var.name}-repartition"
  type          = "spark"
  release_label = var.settings.release
  architecture  = var.settings.architecture
  tags          = merge(var.tags, { Name = "${var.name}-repartition" })

  # Nothing is kept warm, and so nothing is paid between jobs. A start takes a minute or two.
  auto_start_configuration {
    enabled = true
  }

  auto_stop_configuration {
    enabled              = true
    idle_timeout_minutes = var.settings.idle_minutes
  }

  # Of all jobs together: what a mistake can cost at most.
  maximum_capacity {
    cpu    = "${var.settings.max_cpu} vCPU"
    memory = "${var.settings.max_memory} GB"
  }

  # What does not fit waits, in place of failing.
  scheduler_configuration {
    max_concurrent_runs   = 10
    queue_timeout_minutes = 60
  }
}
