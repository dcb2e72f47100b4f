import { existsSync, rmSync } from "node:fs"
import { join } from "node:path"
import { Firehose } from "@aws-sdk/client-firehose"
import { Glue } from "@aws-sdk/client-glue"
import { Kinesis } from "@aws-sdk/client-kinesis"
import { S3 } from "@aws-sdk/client-s3"
import { SQS } from "@aws-sdk/client-sqs"
import { NodeHttpHandler } from "@smithy/node-http-handler"
import { afterAll, describe, expect, it } from "vitest"
import { startMoto } from "../moto.ts"
import { applyConfiguration, copyConfiguration, openHouse, planConfiguration, repository, resourcesOf } from "./tofu.ts"

const root = join(repository, "test/terraform/fixture")
const application = { root, mode: "all", variables: { functions_dir: "" } } as const

const copies: Array<string> = []
/** The fixture with a text replaced. */
const broken = (before: string, after: string): string => {
  let count = 0
  const folder = copyConfiguration((text) => {
    const parts = text.split(before)
    count += parts.length - 1
    return parts.join(after)
  }, root)
  copies.push(folder)
  if (count !== 1) throw new Error(`${before} is there ${count} times`)
  return folder
}
afterAll(() => {
  for (const folder of copies) rmSync(folder, { recursive: true })
})

describe("Terraform's core with the stand-in for the AWS provider", () => {
  it("validates what is right", async () => {
    const house = await openHouse(root)
    try {
      expect(await house.tofu("init", "-no-color")).toMatchObject({ code: 0 })
      expect(await house.tofu("validate", "-no-color")).toMatchObject({ code: 0, errors: "" })
      // No provider was installed.
      expect(existsSync(join(house.folder, ".terraform.lock.hcl"))).toBe(false)
    } finally {
      await house.close()
    }
  })

  it.each([
    ["an argument that there is not", "retention_period ", "retention_perid ", "retention_perid"],
    ["a value of the wrong type", "buffering_interval  = 300", 'buffering_interval  = "often"', "buffering_interval"],
    [
      "an attribute that there is not",
      "topic_arn     = aws_sns_topic_policy.this.arn",
      "topic_arn     = aws_sns_topic_policy.this.arnn",
      "arnn"
    ],
    ["a block too few", '  destination = "extended_s3"\n', "", "destination"],
    ["an output that the module has not", 'module.queue["raw"].url', 'module.queue["raw"].uri', "uri"],
    ["a schedule that AWS would refuse", "cron(10 * * * ? *)", "cron(10 * * * *)", "six fields"],
    ["a buffer that AWS would refuse", "buffering_interval  = 300", "buffering_interval  = 901", "0 to 900 s"]
  ])("refuses %s", async (_, before, after, said) => {
    await expect(planConfiguration({ ...application, root: broken(before, after) })).rejects.toThrow(said)
  })

  it("refuses a value at its place when only a variable has it", async () => {
    const failure = planConfiguration({ ...application, variables: { ...application.variables, buffer_size: 32 } })
    await expect(failure).rejects.toThrow(/must be 64 to 128 MB[\s\S]*on main\.tf line \d+[\s\S]*buffer/)
  })

  it("applies, has nothing left to change, and destroys", async () => {
    const applied = await applyConfiguration(application)
    try {
      expect(applied.outputs["topic"]).toBe("arn:aws:sns:eu-west-1:123456789012:fixture-topic")
      expect(applied.outputs["vpc"]).toMatch(/^vpc-[0-9a-f]{17}$/)
      const queue = applied.resources.get('module.queue["raw"].aws_sqs_queue.this')
      expect(queue?.values).toMatchObject({ visibility_timeout_seconds: 360, tags_all: { project: "sluice" } })
      expect(JSON.parse(String(queue?.values["redrive_policy"]))).toEqual({
        deadLetterTargetArn: "arn:aws:sqs:eu-west-1:123456789012:fixture-raw-dead",
        maxReceiveCount: 6
      })
      const policy = applied.resources.get("aws_sns_topic_policy.this")?.values["policy"]
      expect(JSON.parse(String(policy)).Statement).toEqual([
        {
          Effect: "Allow",
          Action: "sns:Publish",
          Resource: "arn:aws:sns:eu-west-1:123456789012:fixture-topic",
          Principal: { Service: "s3.amazonaws.com" },
          Condition: { StringEquals: { "aws:SourceAccount": "123456789012" } }
        }
      ])
      // What only AWS says is not known in a plan.
      expect(resourcesOf(applied.plan).get("aws_sns_topic.this")?.values).not.toHaveProperty("arn")
      expect(await applied.planAgain()).toEqual([])
    } finally {
      await applied.destroy()
    }
  })

  it("makes in moto what moto can hold, sees what somebody removed, and removes the rest", async () => {
    const moto = await startMoto()
    try {
      const client = { endpoint: moto.endpoint, region: "eu-west-1", credentials: { accessKeyId: "test", secretAccessKey: "test" } }
      const [s3, sqs, kinesis] = [
        new S3({ ...client, forcePathStyle: true }),
        new SQS(client),
        new Kinesis({ ...client, requestHandler: new NodeHttpHandler() })
      ]
      const [glue, firehose] = [new Glue(client), new Firehose(client)]
      const applied = await applyConfiguration({ ...application, moto: moto.endpoint })
      try {
        const { TopicConfigurations } = await s3.getBucketNotificationConfiguration({ Bucket: "fixture-raw" })
        expect(TopicConfigurations).toMatchObject([
          {
            Events: ["s3:ObjectCreated:*"],
            TopicArn: applied.outputs["topic"],
            Filter: { Key: { FilterRules: [{ Value: "orders/" }, { Value: ".json" }] } }
          }
        ])
        expect(await s3.getBucketVersioning({ Bucket: "fixture-raw" })).toMatchObject({ Status: "Enabled" })
        expect(await s3.getPublicAccessBlock({ Bucket: "fixture-raw" })).toMatchObject({
          PublicAccessBlockConfiguration: { BlockPublicPolicy: true }
        })
        const { StreamDescriptionSummary: stream } = await kinesis.describeStreamSummary({ StreamName: "fixture-events" })
        expect(stream).toMatchObject({ RetentionPeriodHours: 168, StreamModeDetails: { StreamMode: "ON_DEMAND" }, EncryptionType: "KMS" })
        const { Table } = await glue.getTable({ DatabaseName: "checkout", Name: "raw_checkout" })
        expect(Table?.StorageDescriptor?.Columns).toMatchObject([{ Name: "order_id" }, { Name: "value", Type: "bigint" }])
        const { DeliveryStreamDescription } = await firehose.describeDeliveryStream({ DeliveryStreamName: "fixture-delivery" })
        expect(DeliveryStreamDescription?.Destinations?.[0]?.ExtendedS3DestinationDescription).toMatchObject({
          Prefix: "stage/ingest_hour=!{timestamp:HH}/",
          BufferingHints: { SizeInMBs: 128, IntervalInSeconds: 300 }
        })

        // The queue's URL is moto's, the topic is subscribed to: what is said to the one arrives at the other.
        const { raw: QueueUrl = "" } = applied.outputs["queues"] as Readonly<Record<string, string>>
        const { VersionId } = await s3.putObject({ Bucket: "fixture-raw", Key: "orders/1.json", Body: "{}" })
        // A bucket with versions cannot be removed.
        await s3.deleteObject({ Bucket: "fixture-raw", Key: "orders/1.json", VersionId })
        const { Messages = [] } = await sqs.receiveMessage({ QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 1 })
        expect(Messages.map(({ Body = "" }) => Body).join("\n")).toContain('"key": "orders%2F1.json"')

        expect(await applied.planAgain()).toEqual([])
        await kinesis.deleteStream({ StreamName: "fixture-events" })
        expect(await applied.planAgain()).toEqual(["aws_kinesis_stream.this"])
      } finally {
        await applied.destroy()
      }
      expect((await sqs.listQueues({})).QueueUrls ?? []).toEqual([])
      expect((await glue.getDatabases({})).DatabaseList).toEqual([])
      expect((await firehose.listDeliveryStreams({})).DeliveryStreamNames).toEqual([])
    } finally {
      await moto.stop()
    }
  })

  it("says at a resource what moto refused of it", async () => {
    const moto = await startMoto()
    try {
      const nowhere = broken("topic    = aws_sns_topic.this.arn", 'topic    = "arn:aws:sns:eu-west-1:123456789012:nowhere"')
      const failure = applyConfiguration({ ...application, root: nowhere, moto: moto.endpoint })
      await expect(failure).rejects.toThrow(
        /aws_sns_topic_subscription: sns:Subscribe was refused \(404\)[\s\S]*aws_sns_topic_subscription\.this/
      )
    } finally {
      await moto.stop()
    }
  })
})
