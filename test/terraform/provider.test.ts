import { describe, expect, it } from "vitest"
import { identify, identities } from "./identities.ts"
import { handlersOf, type World } from "./provider.ts"
import { awsSchema, type Block } from "./schema.ts"
import { decodeValue, encodeValue, type Fields, unknown, type Value } from "./wire/msgpack.ts"

const written = (value: Value) => ({ msgpack: encodeValue(value) })
const read = (value: { readonly msgpack?: Uint8Array | undefined } | undefined): Value => decodeValue(value?.msgpack ?? Buffer.of(0xc0))

const noBlock: Block = { attributes: {}, block_types: {} }

/** A whole configuration of a block, of what is given. */
const whole = ({ attributes, block_types: blocks }: Block, given: Fields): Fields => ({
  ...Object.fromEntries(Object.keys(attributes).map((name) => [name, null])),
  ...Object.fromEntries(Object.entries(blocks).map(([name, { nesting_mode: mode }]) => [name, mode === "single" ? null : []])),
  ...given
})
const resource = (type: string, given: Fields): Fields => whole(awsSchema.resource_schemas[type] ?? noBlock, given)

/** What a test asks of a provider, as core would. */
const provider = (world: World | null = null) => {
  const handlers = handlersOf(world === null ? null : () => world)
  const plan = async (type_name: string, config: Fields, prior: Fields | null = null) =>
    handlers.PlanResourceChange({ type_name, config: written(config), prior_state: written(prior), proposed_new_state: written(config) })
  const apply = async (type_name: string, config: Fields, prior: Fields | null = null) => {
    const { planned_state } = await plan(type_name, config, prior)
    return handlers.ApplyResourceChange({ type_name, config: written(config), prior_state: written(prior), planned_state })
  }
  return {
    handlers,
    plan,
    apply,
    validate: async (type_name: string, given: Fields) => {
      const { diagnostics = [] } = await handlers.ValidateResourceConfig({ type_name, config: written(resource(type_name, given)) })
      return diagnostics.map(({ summary, attribute }) => ({
        summary,
        path: attribute?.steps?.map((step) => step.attribute_name ?? step.element_key_int)
      }))
    },
    made: async (type: string, given: Fields): Promise<Fields> => {
      const { new_state, diagnostics = [] } = await apply(type, resource(type, given))
      expect(diagnostics).toEqual([])
      return read(new_state) as Fields
    }
  }
}

describe("the stand-in for the AWS provider", () => {
  it("leaves to AWS what AWS says, and knows the rest", async () => {
    const { plan } = provider()
    const { planned_state } = await plan("aws_sqs_queue", resource("aws_sqs_queue", { name: "raw", tags: { a: "1" } }))
    expect(read(planned_state)).toMatchObject({
      name: "raw",
      arn: unknown,
      url: unknown,
      tags_all: { a: "1" },
      region: "us-east-1",
      visibility_timeout_seconds: 30,
      redrive_policy: null
    })
  })

  it("works where it is configured, and adds its tags", async () => {
    const { handlers, made } = provider()
    const config = whole(awsSchema.provider, { region: "eu-west-1", default_tags: [{ tags: { project: "sluice", a: "0" } }] })
    await handlers.ConfigureProvider({ terraform_version: "1.12.6", config: written(config) })
    expect(await made("aws_sqs_queue", { name: "raw", tags: { a: "1" } })).toMatchObject({
      arn: "arn:aws:sqs:eu-west-1:123456789012:raw",
      id: "https://sqs.eu-west-1.amazonaws.com/123456789012/raw",
      tags_all: { project: "sluice", a: "1" }
    })
  })

  it("gives identifiers and ARNs in AWS's forms", async () => {
    const { made } = provider()
    const key = await made("aws_kms_key", {})
    expect(key["arn"]).toBe(`arn:aws:kms:us-east-1:123456789012:key/${key["key_id"]}`)
    expect(key["id"]).toBe(key["key_id"])
    expect(await made("aws_glue_catalog_table", { database_name: "checkout", name: "raw" })).toMatchObject({
      id: "123456789012:checkout:raw",
      arn: "arn:aws:glue:us-east-1:123456789012:table/checkout/raw"
    })
    expect((await made("aws_vpc", { cidr_block: "10.0.0.0/16" }))["id"]).toMatch(/^vpc-[0-9a-f]{17}$/)
    const cluster = "arn:aws:ecs:us-east-1:123456789012:cluster/sluice"
    expect(await made("aws_ecs_service", { name: "consumer", cluster })).toMatchObject({
      id: "arn:aws:ecs:us-east-1:123456789012:service/sluice/consumer"
    })
    expect(await made("aws_ecs_task_definition", { family: "f", container_definitions: "[]" })).toMatchObject({ revision: 1 })
  })

  it("can identify every type of which it has a form, by attributes that the type has", () => {
    for (const [type, templates] of Object.entries(identities)) {
      const { attributes } = awsSchema.resource_schemas[type] ?? noBlock
      expect(
        Object.keys(templates).filter((name) => !(name in attributes)),
        type
      ).toEqual([])
      const given = Object.entries(attributes).flatMap(([name, { type: kind }]) =>
        kind === "string" && !(name in templates) ? [name] : []
      )
      const known = new Map(given.map((name) => [name, `given-${name}`]))
      for (const name of Object.keys(templates))
        expect(identify(type, name, known, { region: "r", account: "1" }), type).not.toMatch(/[{}]/)
    }
  })

  it("plans no change of what has not changed", async () => {
    const { made, plan } = provider()
    const config = resource("aws_kinesis_stream", { name: "s", stream_mode_details: [{ stream_mode: "ON_DEMAND" }] })
    const state = await made("aws_kinesis_stream", config)
    const { planned_state, requires_replace } = await plan("aws_kinesis_stream", config, state)
    expect(read(planned_state)).toEqual(state)
    expect(requires_replace).toEqual([])
  })

  it("replaces what cannot be renamed, and forgets what is no longer given", async () => {
    const { made, plan } = provider()
    const state = await made("aws_sqs_queue", { name: "raw", delay_seconds: 7, kms_master_key_id: "k" })
    const { planned_state, requires_replace } = await plan("aws_sqs_queue", resource("aws_sqs_queue", { name: "other" }), state)
    expect(requires_replace).toEqual([{ steps: [{ attribute_name: "name" }] }])
    expect(read(planned_state)).toMatchObject({ delay_seconds: 0, kms_master_key_id: null })
  })

  it("names the attribute that AWS would refuse", async () => {
    const { validate } = provider()
    const destination = { role_arn: "arn:aws:iam::1:role/r", bucket_arn: "arn:aws:s3:::b", buffering_size: 500, buffering_interval: 300 }
    expect(
      await validate("aws_kinesis_firehose_delivery_stream", {
        name: "d",
        destination: "extended_s3",
        extended_s3_configuration: [destination]
      })
    ).toEqual([
      {
        summary: "aws_kinesis_firehose_delivery_stream: extended_s3_configuration.buffering_size must be 1 to 128 MB, and is 500",
        path: ["extended_s3_configuration", 0, "buffering_size"]
      }
    ])
  })

  it.each<[string, Fields, string]>([
    [
      "aws_kinesis_firehose_delivery_stream",
      { extended_s3_configuration: [{ buffering_size: 32, data_format_conversion_configuration: [{ enabled: true }] }] },
      "must be 64 to 128 MB"
    ],
    ["aws_kinesis_firehose_delivery_stream", { extended_s3_configuration: [{ prefix: "a/!{timestamp:yyyy}/" }] }, "error_output_prefix"],
    ["aws_sqs_queue", { visibility_timeout_seconds: 50_000 }, "must be 0 to 43200 s"],
    ["aws_sqs_queue", { redrive_policy: '{"deadLetterTargetArn":"arn:aws:sqs:r:1:d","maxReceiveCount":"6"}' }, "maxReceiveCount"],
    ["aws_lambda_function", { filename: "f", handler: "h", runtime: "nodejs24.x", memory_size: 64 }, "must be 128 to 10240 MB"],
    ["aws_lambda_function", { filename: "f", handler: "h", runtime: "nodejs24.x", timeout: 901 }, "must be 1 to 900 s"],
    [
      "aws_lambda_function",
      { filename: "f", handler: "h", runtime: "nodejs24.x", environment: [{ variables: { AWS_REGION: "x" } }] },
      "reserved"
    ],
    ["aws_kinesis_stream", { retention_period: 12, stream_mode_details: [{ stream_mode: "ON_DEMAND" }] }, "must be 24 to 8760 hours"],
    ["aws_kinesis_stream", { shard_count: 2, stream_mode_details: [{ stream_mode: "ON_DEMAND" }] }, "shard_count"],
    [
      "aws_ecs_task_definition",
      { cpu: "1024", memory: "1024", network_mode: "awsvpc", requires_compatibilities: ["FARGATE"], container_definitions: "[]" },
      "must be 2048 to 8192 MiB"
    ],
    ["aws_cloudwatch_event_rule", { name: "r", schedule_expression: "cron(10 * * * *)" }, "six fields"],
    ["aws_cloudwatch_log_group", { retention_in_days: 100 }, "must be one of"],
    ["aws_lambda_event_source_mapping", { event_source_arn: "arn:aws:kinesis:r:1:stream/s" }, "starting_position must be given"],
    ["aws_lambda_event_source_mapping", { event_source_arn: "arn:aws:sqs:r:1:q", starting_position: "LATEST" }, "is of streams"],
    ["aws_s3_bucket", { bucket: "Upper" }, "lower-case"],
    ["aws_iam_role_policy", { policy: "{" }, "must be JSON"]
  ])("refuses a mistake in %s", async (type, given, problem) => {
    const { validate } = provider()
    const found = await validate(type, given)
    expect(found.map(({ summary }) => summary).join("\n")).toContain(problem)
  })

  it("takes what is good, and what is not known yet", async () => {
    const { validate } = provider()
    expect(await validate("aws_sqs_queue", { name: "q", visibility_timeout_seconds: 360, redrive_policy: unknown })).toEqual([])
    expect(await validate("aws_s3_bucket", { bucket: "vtex.datalake" })).toEqual([])
    const task = {
      cpu: "256",
      memory: "512",
      network_mode: "awsvpc",
      requires_compatibilities: ["FARGATE"],
      container_definitions: unknown
    }
    expect(await validate("aws_ecs_task_definition", task)).toEqual([])
  })

  it("makes in the world what it says, tells what is refused, and sees what is gone", async () => {
    const there = new Set<string>()
    const world: World = {
      put: async (type, { name }) => {
        if (name === "refused") throw new Error("no such thing")
        there.add(`${type} ${String(name)}`)
        return { url: "http://127.0.0.1/q" }
      },
      remove: async (type, { name }) => void there.delete(`${type} ${String(name)}`),
      has: async (type, { name }) => there.has(`${type} ${String(name)}`)
    }
    const { handlers, made, apply } = provider(world)
    const provided = whole(awsSchema.provider, {})
    await handlers.ConfigureProvider({ terraform_version: "1.12.6", config: written(provided) })
    const state = await made("aws_sqs_queue", { name: "q" })
    expect(state).toMatchObject({ url: "http://127.0.0.1/q" })
    const reread = async () => read((await handlers.ReadResource({ type_name: "aws_sqs_queue", current_state: written(state) })).new_state)
    expect(await reread()).toEqual(state)
    const { new_state } = await handlers.ApplyResourceChange({
      type_name: "aws_sqs_queue",
      config: written(null),
      prior_state: written(state),
      planned_state: written(null)
    })
    expect([read(new_state), there.size, await reread()]).toEqual([null, 0, null])
    const refused = await apply("aws_sqs_queue", resource("aws_sqs_queue", { name: "refused" }))
    expect([read(refused.new_state), refused.diagnostics?.[0]?.summary]).toEqual([null, "aws_sqs_queue: no such thing"])
  })

  it("answers data sources, and fails of one that it has no answer for", async () => {
    const { handlers } = provider()
    const ask = async (type_name: string, given: Fields) =>
      handlers.ReadDataSource({
        type_name,
        config: written(whole(awsSchema.data_source_schemas[type_name] ?? noBlock, given))
      })
    expect(read((await ask("aws_caller_identity", {})).state)).toMatchObject({ account_id: "123456789012" })
    expect(read((await ask("aws_region", {})).state)).toMatchObject({ region: "us-east-1" })
    const document = await ask("aws_iam_policy_document", { statement: [{ actions: ["a:B"] }] })
    expect(read(document.state)).toMatchObject({
      minified_json: '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"a:B"}]}'
    })
    const unanswered = await ask("aws_sqs_queue", { name: "q" })
    expect(unanswered.diagnostics?.[0]?.summary).toContain("data-sources.ts")
  })
})
