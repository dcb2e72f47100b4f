output "raw_bucket" {
  description = "Name of the raw bucket."
  value       = local.raw_bucket
}

output "raw_bucket_arn" {
  description = "ARN of the raw bucket."
  value       = local.raw_bucket_arn
}

output "lake_bucket" {
  description = "Name of the lake's bucket."
  value       = aws_s3_bucket.this["lake"].id
}

output "lake_bucket_arn" {
  description = "ARN of the lake's bucket."
  value       = aws_s3_bucket.this["lake"].arn
}

output "artifact_bucket" {
  description = "Name of the bucket of results of Athena (athena/) and logs of jobs (emr-logs/)."
  value       = aws_s3_bucket.this["artifact"].id
}

output "artifact_bucket_arn" {
  description = "ARN of the bucket of results of Athena and logs of jobs."
  value       = aws_s3_bucket.this["artifact"].arn
}

output "lake_uri" {
  description = "The lake, as SLUICE_LAKE takes it: s3://BUCKET or s3://BUCKET/PREFIX."
  value       = var.lake_prefix == "" ? "s3://${aws_s3_bucket.this["lake"].id}" : "s3://${aws_s3_bucket.this["lake"].id}/${var.lake_prefix}"
}

output "lake_prefix" {
  description = "Folder of the lake in its bucket, without slashes at its ends, or nothing."
  value       = var.lake_prefix
}

output "kms_key_arn" {
  description = "ARN of the key of buckets, topics, queues, the stream and logs."
  value       = aws_kms_key.this.arn
}
