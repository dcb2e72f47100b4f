import { describe, expect, it } from "vitest"
import { hopProblems } from "./check-deployed.ts"
import { deadLetterProblems, mappingSettings } from "./check-failures.ts"
import { readDeployed } from "./deployed.ts"
import { goodState, keyArn, rawBucket, stateOf, type Values } from "./fixture-state.ts"
import { routeOf } from "./routes.ts"

/** The fixture, of which some resources have other values, or are gone. */
const deployedWith = (changes: { readonly [address: string]: object | null } = {}) => {
  const values: Values = Object.fromEntries(
    Object.entries(goodState).flatMap(([address, values]) =>
      changes[address] === null ? [] : [[address, { ...values, ...changes[address] }]]
    )
  )
  return readDeployed(stateOf(values))
}

const problems = (changes: { readonly [address: string]: object | null } = {}) => {
  const deployed = deployedWith(changes)
  return [...hopProblems(deployed), ...deadLetterProblems(deployed), ...mappingSettings(deployed)]
}

it("the model has what the state says, its modules' too", () => {
  const deployed = deployedWith()
  expect([deployed.account, deployed.region]).toEqual(["123456789012", "us-east-1"])
  const [topic] = deployed.topics.values()
  expect(topic).toMatchObject({
    key: keyArn,
    subscriptions: [{ protocol: "sqs", isRaw: true, deadLetters: expect.stringMatching(/-dead$/) }]
  })
  const [called] = deployed.functions.values()
  expect(called).toMatchObject({
    name: "structure",
    file: "sendCheckoutDataToFirehouse",
    timeout: 60,
    environment: { SLUICE_LAKE: "s3://lake/checkout" }
  })
  expect(deployed.mappings).toMatchObject([{ isEnabled: true, batchSize: 10, reportsItems: true, concurrency: 2, retries: -1 }])
  expect([...deployed.queues.values()].map(({ name, visibility, redrive }) => [name, visibility, redrive?.after])).toEqual([
    ["raw-objects", 360, 10],
    ["raw-objects-dead", 30, undefined]
  ])
})

it("nothing is wrong with a good one", () => {
  expect(problems()).toEqual([])
})

describe("the news of an object", () => {
  const told = (key: string, changes: { readonly [address: string]: object | null } = {}) => {
    const deployed = deployedWith(changes)
    const bucket = deployed.buckets.get(rawBucket)
    if (bucket === undefined) throw new Error("there is no bucket")
    return [...routeOf(deployed, bucket, key).functions].map((arn) => deployed.functions.get(arn)?.name)
  }
  it("comes to the function, through topic and queue", () => {
    expect(told("raw/1.json")).toEqual(["structure"])
  })
  it("comes to nobody where it is of another prefix, suffix, or a mapping is disabled", () => {
    expect(told("other/1.json")).toEqual([])
    expect(told("raw/1.txt")).toEqual([])
    expect(told("raw/1.json", { "aws_lambda_event_source_mapping.raw": { enabled: false } })).toEqual([])
  })
  it("comes to nobody where a hop is not allowed", () => {
    expect(told("raw/1.json", { "aws_sns_topic_policy.raw": null })).toEqual([])
    expect(told("raw/1.json", { "aws_sqs_queue_policy.raw": null })).toEqual([])
  })
})

const policy = (value: object) => ({ policy: JSON.stringify({ Statement: [value] }) })

describe("a wire that dangles is told by name", () => {
  const cases: ReadonlyArray<readonly [string, { readonly [address: string]: object | null }, string, string]> = [
    ["a notification of a topic that is not there", { "module.stream.aws_sns_topic.raw": null }, "dangling", "raw-topic"],
    ["a topic without a policy", { "aws_sns_topic_policy.raw": null }, "publish denied", "does not let s3.amazonaws.com sns:Publish"],
    [
      "a topic for another bucket",
      {
        "aws_sns_topic_policy.raw": policy({
          Effect: "Allow",
          Principal: { Service: "s3.amazonaws.com" },
          Action: "sns:Publish",
          Resource: "*",
          Condition: { ArnEquals: { "aws:SourceArn": "arn:aws:s3:::another" } }
        })
      },
      "publish denied",
      "raw-topic"
    ],
    [
      "a queue that does not let the topic send",
      { "aws_sqs_queue_policy.raw": null },
      "publish denied",
      "sns.amazonaws.com sqs:SendMessage for raw-topic"
    ],
    ["a subscription of no queue", { "aws_sqs_queue.raw": { arn: "arn:aws:sqs:us-east-1:123456789012:other" } }, "dangling", "raw-objects"],
    [
      "a key that lets S3 not in",
      { "aws_kms_key.this": policy({ Effect: "Allow", Principal: { Service: "sns.amazonaws.com" }, Action: "kms:*", Resource: "*" }) },
      "key denied",
      "s3.amazonaws.com"
    ],
    ["a key of AWS's own", { "module.stream.aws_sns_topic.raw": { kms_master_key_id: "alias/aws/sns" } }, "key denied", "raw-topic"],
    [
      "a role that may not read its queue",
      { "aws_iam_role_policy.structure": policy({ Effect: "Allow", Action: "sqs:ReceiveMessage", Resource: "*" }) },
      "policy too narrow",
      "sqs:DeleteMessage"
    ],
    [
      "a role that may not decrypt its queue",
      {
        "aws_iam_role_policy.structure": policy({
          Effect: "Allow",
          Action: ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"],
          Resource: "*"
        })
      },
      "key denied",
      "may not decrypt"
    ],
    [
      "a mapping of a function that is not there",
      { "aws_lambda_event_source_mapping.raw": { function_name: "another" } },
      "dangling",
      "another"
    ],
    [
      "a queue without dead letters",
      { "aws_sqs_queue.raw": { redrive_policy: null } },
      "no dead letters",
      "raw-objects has no dead-letter queue"
    ],
    [
      "dead letters that nobody looks at",
      { "aws_cloudwatch_metric_alarm.dead": null },
      "no dead letters",
      "nobody looks at raw-objects-dead"
    ],
    [
      "a subscription without dead letters",
      { "aws_sns_topic_subscription.raw": { redrive_policy: null } },
      "no dead letters",
      "cannot hand over"
    ],
    [
      "messages that are given up too early",
      {
        "aws_sqs_queue.raw": {
          redrive_policy: JSON.stringify({ deadLetterTargetArn: "arn:aws:sqs:us-east-1:123456789012:raw-objects-dead", maxReceiveCount: 5 })
        }
      },
      "wrong setting",
      "5 receipts"
    ],
    [
      "a queue that hides messages too short",
      { "aws_sqs_queue.raw": { visibility_timeout_seconds: 60 } },
      "wrong setting",
      "six times 60 s"
    ],
    [
      "a mapping without partial answers",
      { "aws_lambda_event_source_mapping.raw": { function_response_types: null } },
      "wrong setting",
      "single items"
    ]
  ]
  it.each(cases)("%s", (_, changes, name, says) => {
    const found = problems(changes)
    expect(found.map((each) => each.name)).toContain(name)
    expect(
      found
        .filter((each) => each.name === name)
        .map((each) => each.says)
        .join("\n")
    ).toContain(says)
  })
})

it("a second notification of a bucket is an error, since it overwrites the first", () => {
  const twice = { ...goodState, "aws_s3_bucket_notification.other": { bucket: "raw", queue: [] } }
  expect(() => readDeployed(stateOf(twice))).toThrow("overwrites")
})
