import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { problemsOf } from "./check-deployed.ts"
import { type Deployment, deploy, type Edit } from "./deploy.ts"
import { expectedOf } from "./expected.ts"
import type { ProblemName } from "./hops.ts"
import type { Deployed } from "./model.ts"
import type { Mode } from "./tofu.ts"
import { secretArn } from "./ways.ts"

const wrongIn = async (deployed: Deployed, mode: Mode) => problemsOf(deployed, await expectedOf(mode))

describe("nothing is wrong with what is applied", () => {
  const cases: ReadonlyArray<readonly [string, Mode, { readonly [name: string]: unknown }]> = [
    [
      "a consumer of announced objects, which repartitions itself",
      "consumer",
      { consumer: { source: "sqs", workers: 2 }, repartition: { engine: "none" } }
    ],
    ["a function of the stream, and a task of the hour", "lambda", { repartition: { engine: "embedded" } }],
    [
      "everything, in a folder of its bucket, with clusters",
      "all",
      { lake_prefix: "a/lake", repartition: { engine: "emr" }, consumer: { workers: 3 }, hash_key_secret_arn: secretArn }
    ]
  ]
  it.each(cases)("%s", async (_, mode, variables) => {
    const { close, deployed } = await deploy(mode, variables)
    try {
      expect(await wrongIn(deployed, mode)).toEqual([])
    } finally {
      await close()
    }
  })
})

/** A mistake: a file, what is written there instead of something, and how it is told. */
interface Mistake {
  readonly what: string
  readonly file: string
  readonly from: string | RegExp
  readonly to: string
  readonly name: ProblemName
  readonly says: string
}

const ingest = "infra-terraform/ingest/firehose.tf"
const stream = "infra-terraform/stream/main.tf"
const called = "infra-terraform/function/main.tf"

/** Planned together are those that do not hide each other, on the way of an object or in the same words of a file: a plan takes longer than to look through it. */
const mistakes: ReadonlyArray<ReadonlyArray<Mistake>> = [
  [
    {
      what: "wrong topic",
      file: "main.tf",
      from: 'module.stream.topics["structured"], prefix',
      to: 'module.stream.topics["raw"], prefix',
      name: "publish denied",
      says: "the policy of checkout-sns-topic-1 does not let s3.amazonaws.com sns:Publish for vtex.datalake"
    },
    {
      what: "missing encryption",
      file: stream,
      from: "  kms_master_key_id = var.kms_key_arn\n",
      to: "",
      name: "not encrypted",
      says: "checkout-sns-topic-1 has no key"
    },
    {
      what: "* action",
      file: ingest,
      from: '["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"]',
      to: '["s3:*"]',
      name: "policy too wide",
      says: "the role firehose_delivery_role may s3:*"
    },
    {
      what: "buffer size",
      file: ingest,
      from: "= var.buffer_mib",
      to: "= 64",
      name: "wrong setting",
      says: "DataStreamStructuredCheckout delivers after 64 MB or 300 s"
    },
    {
      what: "schedule",
      file: "infra-terraform/repartition/main.tf",
      from: "cron(10 *",
      to: "cron(40 *",
      name: "wrong schedule",
      says: "checkout_partition_routine_trigger is not that of minute 10"
    },
    {
      what: "policy too wide",
      file: called,
      from: "actions   = statement.value\n      resources = local.places",
      to: 'actions   = concat(statement.value, ["s3:DeleteObjectVersion"])\n      resources = local.places',
      name: "policy too wide",
      says: "may s3:DeleteObjectVersion on"
    }
  ],
  [
    {
      what: "missing permission",
      file: "infra-terraform/repartition/main.tf",
      from: /(resource "aws_lambda_permission" "hour" \{\n\s*count = ).*/,
      to: "$10",
      name: "invoke denied",
      says: "submitPartitionRoutineCluster has no permission for events.amazonaws.com"
    },
    {
      what: "wrong prefix",
      file: ingest,
      from: "}stage/$",
      to: "}stages/$",
      name: "wrong route",
      says: "vtex.datalake/stages/checkout/ingest_date=2026-11-20"
    },
    {
      what: "dead-letter queue unwired",
      file: stream,
      from: /\n {2}redrive_policy = jsonencode\(\{[^}]*\}\)/,
      to: "",
      name: "no dead letters",
      says: "the queue sluice-raw-objects has no dead-letter queue"
    },
    {
      what: "table column renamed",
      file: "infra-terraform/catalog/main.tf",
      from: /(dynamic "columns" \{[^}]*?name\s*= )columns\.value\.Name/,
      to: '$1replace(columns.value.Name, "order_id", "orderid")',
      name: "wrong columns",
      says: "the table raw_checkout has not the columns of checkout: order_id"
    },
    {
      what: "policy too narrow",
      file: called,
      from: "actions   = statement.value\n      resources = local.places",
      to: 'actions   = [for each in statement.value : each if each != "s3:GetObjectVersion"]\n      resources = local.places',
      name: "policy too narrow",
      says: "the role of sendCheckoutDataToFirehouse may not s3:GetObjectVersion"
    }
  ]
]

describe("the managed way", () => {
  let deployment: Deployment
  beforeAll(async () => {
    deployment = await deploy("managed")
  })
  afterAll(() => deployment.close())

  it("has nothing wrong as it is applied, nor as it is planned with an edit that means nothing", async () => {
    expect(await wrongIn(deployment.deployed, "managed")).toEqual([])
    const same = await deployment.planned([
      "infra-terraform/repartition/main.tf",
      (text) => text.replace("Begins the repartition of", "Begins to fold")
    ])
    expect(await wrongIn(same, "managed")).toEqual([])
  })

  describe.each(mistakes.map((together) => ({ together })))("with mistakes", ({ together }) => {
    let found: Awaited<ReturnType<typeof wrongIn>>
    beforeAll(async () => {
      const broken = await deployment.planned(...together.map(({ file, from, to }): Edit => [file, (text) => text.replace(from, to)]))
      found = await wrongIn(broken, "managed")
    })

    it.each(together)("tells of each by name: $what", ({ name, says }) => {
      expect(found.flatMap((each) => (each.name === name ? [each.says] : [])).join("\n")).toContain(says)
    })
  })
})

it("a mode without its consumer is told by name", async () => {
  const { close, deployed, planned } = await deploy("consumer")
  try {
    expect(await wrongIn(deployed, "consumer")).toEqual([])
    const broken = await planned([
      "infra-terraform/consumer/main.tf",
      (text) => text.replace(/(resource "aws_ecs_service" "this" \{\n\s*for_each = ).*/, "$1{}")
    ])
    expect((await wrongIn(broken, "consumer")).map(({ says }) => says)).toContain("in the mode consumer no service runs the consumer")
  } finally {
    await close()
  }
})
