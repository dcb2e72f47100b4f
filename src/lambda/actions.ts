/** What functions call on the objects of a lake. */
export const lakeActions = [
  "s3:AbortMultipartUpload",
  "s3:DeleteObject",
  "s3:GetObject",
  "s3:ListBucket",
  "s3:ListBucketMultipartUploads",
  "s3:PutObject"
] as const

/** What functions call on the catalog that is kept in step with the lake. */
export const catalogActions = ["glue:CreateDatabase", "glue:CreateTable", "glue:GetTables", "glue:UpdateTable"] as const
