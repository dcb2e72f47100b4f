import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import type { CatalogApi, CatalogError } from "../../src/catalog/api.ts"
import { awsGlue } from "../../src/catalog/aws-glue.ts"
import { passMillis } from "../passing-time.ts"
import { type Answer, anyCredentials, s3Endpoint } from "../store/s3-endpoint.ts"

Object.assign(process.env, anyCredentials, { AWS_EC2_METADATA_DISABLED: "true" })

const refusal = (type: string, message: string, status = 400): Answer => ({ status, body: JSON.stringify({ __type: type, message }) })
const success = (body: unknown): Answer => ({ body: JSON.stringify(body) })

/** Does something with the real SDK, whose calls are answered in order, the last answer again and again, while time passes for what waits. */
const asking = <A, E>(answers: ReadonlyArray<Answer>, use: (api: CatalogApi) => Effect.Effect<A, E>) =>
  Effect.gen(function* () {
    let n = 0
    const { asked, endpoint } = yield* s3Endpoint(() => answers[Math.min(n++, answers.length - 1)] ?? {})
    const api = yield* awsGlue({ region: "eu-central-1", endpoint })
    const fiber = yield* Effect.forkChild(Effect.result(use(api)))
    while (fiber.pollUnsafe() === undefined) yield* passMillis(50)
    const calls = asked.map(({ headers, body }) => ({ operation: headers["x-amz-target"], body: JSON.parse(body.toString()) }))
    return { calls, result: yield* Fiber.join(fiber) }
  }).pipe(Effect.scoped)

const failureOf = (answer: Answer) =>
  Effect.map(
    asking([answer], (api) => api.createTable("shop", { Name: "orders" })),
    ({ result }): CatalogError => {
      if (result._tag === "Success") throw new Error("it succeeded")
      return result.failure
    }
  )

describe("the catalog of AWS", () => {
  it.effect("gives all pages of tables, and tells an absent database from an empty one", () =>
    Effect.gen(function* () {
      const pages = [success({ TableList: [{ Name: "a" }], NextToken: "t" }), success({ TableList: [{ Name: "b" }] })]
      const { calls, result } = yield* asking(pages, (api) => api.tables("shop"))
      assert.deepStrictEqual(result._tag === "Success" && result.success?.map(({ Name }) => Name), ["a", "b"])
      assert.deepStrictEqual(
        calls.map(({ body }) => body.NextToken),
        [undefined, "t"]
      )
      const absent = yield* asking([refusal("EntityNotFoundException", "Database shop not found.")], (api) => api.tables("shop"))
      assert.deepStrictEqual(absent.result._tag === "Success" && absent.result.success, null)
    })
  )

  it.effect("is asked again where it is throttled or away, and updates by version", () =>
    Effect.gen(function* () {
      const answers = [
        refusal("ThrottlingException", "Rate exceeded"),
        refusal("InternalServiceException", "Try again", 500),
        refusal("OperationTimeoutException", "Try again"),
        success({})
      ]
      const { calls, result } = yield* asking(answers, (api) => api.updateTable("shop", { Name: "orders" }, "7"))
      assert.strictEqual(result._tag, "Success")
      assert.lengthOf(calls, 4)
      assert.deepInclude(calls[3], { operation: "AWSGlue.UpdateTable" })
      assert.deepInclude(calls[3]?.body, { SkipArchive: true, VersionId: "7" })
      const given = yield* asking([refusal("ThrottlingException", "Rate exceeded.")], (api) => api.tables("shop"))
      assert.lengthOf(given.calls, 8)
      assert.match(
        given.result._tag === "Failure" ? given.result.failure.message : "",
        /^GetTables of shop in Glue failed: Rate exceeded\. Glue asks for fewer calls/
      )
    })
  )

  it.effect("says what was overtaken, and what to allow", () =>
    Effect.gen(function* () {
      for (const name of ["AlreadyExistsException", "ConcurrentModificationException", "EntityNotFoundException"])
        assert.strictEqual((yield* failureOf(refusal(name, "No."))).reason, "Changed")
      const iam =
        "User: arn:aws:sts::123456789012:assumed-role/worker/x is not authorized to perform: glue:CreateTable on resource: arn:aws:glue:eu-central-1:123456789012:table/shop/orders because no identity-based policy allows the glue:CreateTable action"
      const denied = yield* failureOf(refusal("AccessDeniedException", iam))
      assert.deepStrictEqual(
        [denied.reason, denied.hint],
        ["Denied", "Allow glue:CreateTable on arn:aws:glue:eu-central-1:123456789012:table/shop/orders to the role of this process."]
      )
      const guarded = yield* failureOf(
        refusal("AccessDeniedException", "Insufficient Lake Formation permission(s): Required Create Table on shop")
      )
      assert.match(guarded.hint, /^Lake Formation guards it: grant the role of this process Create Table there/)
      assert.match((yield* failureOf(refusal("AccessDeniedException", "No."))).hint, /^Allow glue:GetTables, glue:CreateDatabase/)
      assert.match((yield* failureOf(refusal("GlueEncryptionException", "No."))).hint, /kms:Decrypt/)
      assert.match((yield* failureOf(refusal("ResourceNumberLimitExceededException", "No."))).hint, /quota/)
      assert.strictEqual((yield* failureOf(refusal("InvalidInputException", "No."))).reason, "Invalid")
    })
  )
})
