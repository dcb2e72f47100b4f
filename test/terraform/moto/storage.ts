/** Buckets and what is set of them; databases, tables and crawlers. */
import type { Maker, Makers } from "./maker.ts"
import type { Aws } from "./requests.ts"
import type { View } from "./view.ts"

const s3 = (aws: Aws, method: string, path: string, body?: string) => aws.rest("s3", method, path, body)
const glue = (aws: Aws, action: string, body: object) => aws.json("glue", "1.1", `AWSGlue.${action}`, body)

const escaped = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;")
const element = (name: string, ...content: ReadonlyArray<string>) => `<${name}>${content.join("")}</${name}>`
const leaf = (name: string, text: string | number | undefined) => (text === undefined ? "" : element(name, escaped(String(text))))

const bucket: Maker = {
  make: (aws, resource) => {
    // S3's first region must not be named, all others must.
    const place = element("CreateBucketConfiguration", leaf("LocationConstraint", aws.region))
    return s3(aws, "PUT", `/${resource.text("bucket")}`, aws.region === "us-east-1" ? undefined : place)
  },
  // Tags and such: nothing that is kept here.
  change: async () => undefined,
  remove: (aws, resource) => s3(aws, "DELETE", `/${resource.text("bucket")}`),
  find: (aws, resource) => s3(aws, "HEAD", `/${resource.text("bucket")}`)
}

/** A document that is set of a bucket. */
const setting = (query: string, document: (resource: View) => string, isRemoved = true): Maker => ({
  make: (aws, resource) => s3(aws, "PUT", `/${resource.text("bucket")}?${query}`, document(resource)),
  ...(isRemoved ? { remove: (aws: Aws, resource: View) => s3(aws, "DELETE", `/${resource.text("bucket")}?${query}`) } : {})
})

const notified = (kind: string, name: string, arn: string) => (resource: View) =>
  resource.blocks(kind).map((block) => {
    const rules = (["prefix", "suffix"] as const).flatMap((part) => {
      const value = block.optional(`filter_${part}`)
      return value === undefined ? [] : [element("FilterRule", leaf("Name", part), leaf("Value", value))]
    })
    const filter = rules.length === 0 ? "" : element("Filter", element("S3Key", ...rules))
    const [tag, at] = name.split(" ")
    return element(
      tag ?? "",
      leaf("Id", block.optional("id")),
      leaf(at ?? "", block.text(arn)),
      ...block.texts("events").map((event) => leaf("Event", event)),
      filter
    )
  })

/** Moto fails of a document that is empty to the last attribute. */
const notifications = (parts: ReadonlyArray<string>) =>
  `<NotificationConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${parts.join("")}</NotificationConfiguration>`

const notification: Maker = {
  make: (aws, resource) => {
    const parts = [
      notified("topic", "TopicConfiguration Topic", "topic_arn"),
      notified("queue", "QueueConfiguration Queue", "queue_arn"),
      notified("lambda_function", "CloudFunctionConfiguration CloudFunction", "lambda_function_arn")
    ]
    return s3(aws, "PUT", `/${resource.text("bucket")}?notification`, notifications(parts.flatMap((part) => part(resource))))
  },
  remove: (aws, resource) => s3(aws, "PUT", `/${resource.text("bucket")}?notification`, notifications([]))
}

const columns = (blocks: ReadonlyArray<View>) =>
  blocks.map((column) => ({ Name: column.text("name"), Type: column.optional("type"), Comment: column.optional("comment") }))

const table = (resource: View) => {
  const storage = resource.block("storage_descriptor")
  const serde = storage?.block("ser_de_info")
  return {
    DatabaseName: resource.text("database_name"),
    TableInput: {
      Name: resource.text("name"),
      Description: resource.optional("description"),
      TableType: resource.optional("table_type"),
      Parameters: resource.map("parameters"),
      PartitionKeys: columns(resource.blocks("partition_keys")),
      StorageDescriptor: {
        Location: storage?.optional("location"),
        InputFormat: storage?.optional("input_format"),
        OutputFormat: storage?.optional("output_format"),
        Columns: columns(storage?.blocks("columns") ?? []),
        SerdeInfo: { SerializationLibrary: serde?.optional("serialization_library"), Parameters: serde?.map("parameters") ?? {} }
      }
    }
  }
}

const crawler = (resource: View) => ({
  Name: resource.text("name"),
  Role: resource.text("role"),
  DatabaseName: resource.text("database_name"),
  Targets: {
    S3Targets: resource.blocks("s3_target").map((target) => ({ Path: target.text("path") })),
    DeltaTargets: resource.blocks("delta_target").map((target) => ({
      DeltaTables: target.texts("delta_tables"),
      WriteManifest: target.flag("write_manifest") ?? false,
      CreateNativeDeltaTable: target.flag("create_native_delta_table") ?? false
    }))
  }
})

export const storage: Makers = {
  aws_s3_bucket: bucket,
  aws_s3_bucket_versioning: setting(
    "versioning",
    (resource) => element("VersioningConfiguration", leaf("Status", resource.block("versioning_configuration")?.text("status"))),
    false
  ),
  // No aws_s3_bucket_policy: moto denies what a statement denies without regard to its conditions, and then takes no object at all.
  aws_s3_bucket_server_side_encryption_configuration: setting("encryption", (resource) => {
    const rules = resource.blocks("rule").map((rule) => {
      const by = rule.block("apply_server_side_encryption_by_default")
      const how = element(
        "ApplyServerSideEncryptionByDefault",
        leaf("SSEAlgorithm", by?.text("sse_algorithm")),
        leaf("KMSMasterKeyID", by?.optional("kms_master_key_id"))
      )
      return element("Rule", how, leaf("BucketKeyEnabled", rule.flag("bucket_key_enabled")?.toString()))
    })
    return element("ServerSideEncryptionConfiguration", ...rules)
  }),
  aws_s3_bucket_public_access_block: setting("publicAccessBlock", (resource) =>
    element(
      "PublicAccessBlockConfiguration",
      leaf("BlockPublicAcls", String(resource.flag("block_public_acls") ?? false)),
      leaf("BlockPublicPolicy", String(resource.flag("block_public_policy") ?? false)),
      leaf("IgnorePublicAcls", String(resource.flag("ignore_public_acls") ?? false)),
      leaf("RestrictPublicBuckets", String(resource.flag("restrict_public_buckets") ?? false))
    )
  ),
  aws_s3_bucket_notification: notification,
  aws_glue_catalog_database: {
    make: (aws, resource) =>
      glue(aws, "CreateDatabase", { DatabaseInput: { Name: resource.text("name"), LocationUri: resource.optional("location_uri") } }),
    change: (aws, resource) => glue(aws, "UpdateDatabase", { Name: resource.text("name"), DatabaseInput: { Name: resource.text("name") } }),
    remove: (aws, resource) => glue(aws, "DeleteDatabase", { Name: resource.text("name") }),
    find: (aws, resource) => glue(aws, "GetDatabase", { Name: resource.text("name") })
  },
  aws_glue_catalog_table: {
    make: (aws, resource) => glue(aws, "CreateTable", table(resource)),
    change: (aws, resource) => glue(aws, "UpdateTable", table(resource)),
    remove: (aws, resource) => glue(aws, "DeleteTable", { DatabaseName: resource.text("database_name"), Name: resource.text("name") }),
    find: (aws, resource) => glue(aws, "GetTable", { DatabaseName: resource.text("database_name"), Name: resource.text("name") })
  },
  aws_glue_crawler: {
    make: (aws, resource) => glue(aws, "CreateCrawler", crawler(resource)),
    change: (aws, resource) => glue(aws, "UpdateCrawler", crawler(resource)),
    remove: (aws, resource) => glue(aws, "DeleteCrawler", { Name: resource.text("name") }),
    find: (aws, resource) => glue(aws, "GetCrawler", { Name: resource.text("name") })
  }
}
