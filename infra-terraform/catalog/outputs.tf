output "database" {
  description = "Name of the database."
  value       = aws_glue_catalog_database.this.name
}

output "raw_tables" {
  description = "The table of each dataset's stage."
  value       = { for dataset, it in aws_glue_catalog_table.raw : dataset => { name = it.name, arn = it.arn } }
}

output "crawler_names" {
  description = "Names of the crawlers: raw, consumable."
  value       = { for which, it in aws_glue_crawler.this : which => it.name }
}

output "workgroup" {
  description = "Workgroup of Athena of readers."
  value       = aws_athena_workgroup.this["reader"].name
}

output "writer_workgroup" {
  description = "Workgroup of Athena of writers."
  value       = aws_athena_workgroup.this["writer"].name
}

output "reader_role_arn" {
  description = "ARN of the role that reads tables for users, stages and runs, and no dead letters."
  value       = aws_iam_role.access["reader"].arn
}

output "writer_role_arn" {
  description = "ARN of the role that reads and writes all of the lake."
  value       = aws_iam_role.access["writer"].arn
}
