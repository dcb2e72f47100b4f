import { describe, expect, it } from "vitest"
import { readDeployed } from "./deployed.ts"
import { goodState, keyArn, stateOf } from "./fixture-state.ts"
import { guardOf, needsOfJson, needsOfS3, needsOfServerless, type Request } from "./guard.ts"
import { matches } from "./patterns.ts"
import { nextOf } from "./play.ts"

const request = (method: string, url: string, headers: Request["headers"] = {}, body: string | object = ""): Request => ({
  method,
  url,
  headers,
  body: Buffer.from(typeof body === "string" ? body : JSON.stringify(body))
})

describe("requests to S3", () => {
  const asked = (...given: Parameters<typeof request>) =>
    needsOfS3(request(...given)).map(({ action, resource }) => `${action} ${resource}`)
  it.each([
    [["GET", "/lake/a/b%20c.json"], "s3:GetObject arn:aws:s3:::lake/a/b c.json"],
    [["HEAD", "/lake/a?versionId=1"], "s3:GetObjectVersion arn:aws:s3:::lake/a"],
    [["GET", "/lake?list-type=2&prefix=a%2F"], "s3:ListBucket arn:aws:s3:::lake"],
    [["GET", "/lake/?uploads"], "s3:ListBucketMultipartUploads arn:aws:s3:::lake"],
    [["PUT", "/lake/a"], "s3:PutObject arn:aws:s3:::lake/a"],
    [["DELETE", "/lake/a"], "s3:DeleteObject arn:aws:s3:::lake/a"],
    [["DELETE", "/lake/a?uploadId=1"], "s3:AbortMultipartUpload arn:aws:s3:::lake/a"],
    [["POST", "/lake/a?uploads"], "s3:PutObject arn:aws:s3:::lake/a"]
  ] as const)("%s", ([method, url], needed) => {
    expect(asked(method, url)).toEqual([needed])
  })

  it("that delete several objects need a right to each", () => {
    expect(asked("POST", "/lake?delete", {}, "<Delete><Object><Key>a&amp;b</Key></Object><Object><Key>c</Key></Object></Delete>")).toEqual([
      "s3:DeleteObject arn:aws:s3:::lake/a&b",
      "s3:DeleteObject arn:aws:s3:::lake/c"
    ])
  })

  it("say whether they make an object, and on which condition", () => {
    const contextOf = (...given: Parameters<typeof request>) => needsOfS3(request(...given))[0]?.context
    expect(contextOf("PUT", "/lake/a", { "if-none-match": "*" })).toEqual({ "s3:ObjectCreationOperation": "true", "s3:if-none-match": "*" })
    expect(contextOf("PUT", "/lake/a?partNumber=1&uploadId=1")).toEqual({ "s3:ObjectCreationOperation": "false" })
    expect(contextOf("GET", "/lake?list-type=2&prefix=a%2F")).toEqual({ "s3:prefix": "a/" })
  })
})

describe("requests to other services", () => {
  const deployed = readDeployed(stateOf(goodState))
  const asked = (target: string, body: object) =>
    needsOfJson(deployed, request("POST", "/", { "x-amz-target": target }, body)).map(({ action, resource }) => `${action} ${resource}`)
  it("name what they are asked for", () => {
    const here = "us-east-1:123456789012"
    expect(asked("Firehose_20150804.PutRecordBatch", { DeliveryStreamName: "s" })).toEqual([
      `firehose:PutRecordBatch arn:aws:firehose:${here}:deliverystream/s`
    ])
    expect(asked("AmazonSQS.DeleteMessageBatch", { QueueUrl: "http://127.0.0.1:1/2/q" })).toEqual([
      `sqs:DeleteMessage arn:aws:sqs:${here}:q`
    ])
    expect(asked("Kinesis_20131202.ListShards", { StreamName: "s" })).toEqual([`kinesis:ListShards arn:aws:kinesis:${here}:stream/s`])
    expect(asked("AWSGlue.CreateTable", { DatabaseName: "d", TableInput: { Name: "t" } })).toEqual(
      ["catalog", "database/d", "table/d/t"].map((each) => `glue:CreateTable arn:aws:glue:${here}:${each}`)
    )
    const run = { executionRoleArn: "arn:aws:iam::1:role/job", tags: { a: "b" } }
    expect(needsOfServerless(deployed, request("POST", "/applications/app/jobruns", {}, run)).map(({ action }) => action)).toEqual([
      "emr-serverless:StartJobRun",
      "iam:PassRole",
      "emr-serverless:TagResource"
    ])
  })
})

it("what a role may not do is said, the key of a bucket included", () => {
  const [role = ""] = readDeployed(stateOf(goodState)).roles.keys()
  const withPolicy = (...actions: ReadonlyArray<object>) =>
    readDeployed(
      stateOf({
        ...goodState,
        "aws_s3_bucket_server_side_encryption_configuration.raw": {
          bucket: "raw",
          rule: [{ apply_server_side_encryption_by_default: [{ kms_master_key_id: keyArn }] }]
        },
        "aws_iam_role_policy.structure": { role: "structure", policy: JSON.stringify({ Statement: actions }) }
      })
    )
  const get = { Effect: "Allow", Action: "s3:GetObject", Resource: "arn:aws:s3:::raw/*" }
  const decrypt = { Effect: "Allow", Action: "kms:Decrypt", Resource: keyArn }
  const says = (...actions: ReadonlyArray<object>) => guardOf(withPolicy(...actions), role, needsOfS3)(request("GET", "/raw/a"))
  expect(says(get, decrypt)).toBeNull()
  expect(says(decrypt)).toContain("may not s3:GetObject on arn:aws:s3:::raw/a")
  expect(says(get)).toContain("may not kms:Decrypt with the key of raw")
})

it("patterns of rules hold for their values and prefixes", () => {
  const pattern = { source: ["aws.emr"], detail: { state: ["COMPLETED", "FAILED"], name: [{ prefix: "sluice " }] } }
  const event = { source: "aws.emr", detail: { state: "FAILED", name: "sluice repartition" } }
  expect(matches(pattern, event)).toBe(true)
  expect(matches(pattern, { ...event, source: "aws.s3" })).toBe(false)
  expect(matches(pattern, { ...event, detail: { ...event.detail, name: "other" } })).toBe(false)
  expect(() => matches({ source: [{ suffix: "x" }] }, event)).toThrow("suffix")
})

it("a schedule says the next minute", () => {
  const at = (time: string) => Date.parse(`2026-11-27T${time}:00Z`)
  expect(nextOf("cron(10 * * * ? *)", at("16:00"))).toBe(at("16:10"))
  expect(nextOf("cron(10 * * * ? *)", at("16:10"))).toBe(at("17:10"))
  expect(() => nextOf("rate(1 hour)", 0)).toThrow("rate")
})
