output "lake_uri" {
  description = "The lake, as SLUICE_LAKE takes it."
  value       = module.lake.lake_uri
}

output "raw_bucket" {
  description = "Bucket into which raw objects are written."
  value       = module.lake.raw_bucket
}

output "artifact_bucket" {
  description = "Bucket of results of Athena and logs of jobs."
  value       = module.lake.artifact_bucket
}

output "kms_key_arn" {
  description = "Key of buckets, topics, queues, the stream and logs."
  value       = module.lake.kms_key_arn
}

output "stream_name" {
  description = "The stream into which records are put; null: there is none."
  value       = module.stream.stream_name
}

output "topics" {
  description = "Topics of raw objects and of structured JSON, as there are."
  value       = module.stream.topics
}

output "queues" {
  description = "Queues, with their dead-letter queues."
  value       = module.stream.queues
}

output "failures_queue" {
  description = "Queue of what could not be handed over, or not be done by a function that nobody waits for."
  value       = module.stream.failures_queue
}

output "functions" {
  description = "Functions, by their names in functions.json."
  value       = local.functions
}

output "collect_url" {
  description = "Where pages send hits to; null: there is no endpoint."
  value       = one(module.collect[*].url)
}

output "delivery_streams" {
  description = "Delivery stream of each dataset."
  value       = module.ingest.delivery_streams
}

output "database" {
  description = "Database of the tables in Glue."
  value       = module.catalog.database
}

output "crawlers" {
  description = "Crawlers, to be started by hand."
  value       = module.catalog.crawler_names
}

output "workgroup" {
  description = "Workgroup of Athena of readers."
  value       = module.catalog.workgroup
}

output "reader_role_arn" {
  description = "Role of who reads tables for users, stages and runs."
  value       = module.catalog.reader_role_arn
}

output "writer_role_arn" {
  description = "Role of who runs the command by hand."
  value       = module.catalog.writer_role_arn
}

output "repository_url" {
  description = "Repository of the image of tasks; null: no task runs."
  value       = one(module.consumer[*].repository_url)
}

output "service_names" {
  description = "Services of the consumer; none where it does not run."
  value       = local.has_service ? module.consumer[0].service_names : []
}

output "alarm_topic_arn" {
  description = "Topic of alarms."
  value       = module.observe.alarm_topic_arn
}

output "alarm_names" {
  description = "Names of the alarms."
  value       = module.observe.alarm_names
}

output "dashboard_name" {
  description = "Dashboard of CloudWatch."
  value       = module.observe.dashboard_name
}
