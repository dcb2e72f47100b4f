import { assert, describe, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import { engineOf } from "../../src/app/engines.ts"
import { list, processSize, tags } from "../../src/app/setting-types.ts"
import { engineSettings, type Given, lakeNames, readSettings } from "../../src/app/settings.ts"

/** The engine of these settings, or why there is none. */
const engine = (given: Readonly<Record<string, string>>) =>
  Effect.gen(function* () {
    const texts: Given = Object.fromEntries(Object.entries(given).map(([name, text]) => [name, Option.some(text)]))
    const { name } = yield* engineOf(yield* readSettings([...lakeNames, ...engineSettings], texts), false)
    return name
  }).pipe(Effect.catch(({ message }) => Effect.succeed(message)))

const serverless = {
  lake: "s3://b/lake",
  engine: "emr-serverless",
  emrApplication: "app1",
  emrRole: "arn:aws:iam::123456789012:role/jobs"
}

describe("an engine on EMR", () => {
  it.effect("is there where the settings say all that it needs", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* engine(serverless), "emr-serverless")
      assert.strictEqual(yield* engine({ lake: "s3://b/lake", engine: "emr" }), "emr")
    })
  )

  it.effect("is refused with what is missing, before anything is asked for", () =>
    Effect.gen(function* () {
      for (const [more, said] of [
        [{ lake: "lake" }, "--engine emr-serverless cannot reach the folder lake. Keep the lake in S3"],
        [{ lake: "lake", engine: "emr" }, "--engine emr cannot reach the folder lake"],
        [{ emrRole: "jobs" }, "--emr-role cannot be used. --engine emr-serverless needs a role's ARN"],
        [{ emrExecutors: "0" }, "--emr-executors cannot be used"],
        [{ emrTimeout: "8d" }, "--emr-timeout cannot be used. EMR Serverless takes 5m to 7d."],
        [{ sparkConf: "spark.a=b c" }, "--spark-conf cannot be used"],
        [{ emrLogs: "logs" }, '--emr-logs: "logs" cannot be used. Give s3://bucket/prefix.'],
        [{ engine: "spork" }, "--engine"]
      ] as const)
        assert.include(yield* engine({ ...serverless, ...more }), said)
      const { emrApplication: _, ...without } = serverless
      assert.include(yield* engine(without), "--emr-application is missing")
    })
  )

  it("has its sizes, lists and tags said as text", () => {
    assert.deepStrictEqual(processSize.parse("4x14GiB"), { cores: 4, memory: 14 * 1024 ** 3 })
    assert.strictEqual(processSize.show(processSize.parse("16 x 32GiB")), "16x32768MiB")
    for (const text of ["", "4", "x14GiB", "0x14GiB", "4x", "4x14", "4x14XB", "-1x1GiB"]) assert.isNull(processSize.parse(text), text)
    assert.deepStrictEqual(list.parse("r5.xlarge, r5a.xlarge"), ["r5.xlarge", "r5a.xlarge"])
    for (const text of ["", "a,,b", "a,"]) assert.isNull(list.parse(text), text)
    assert.deepStrictEqual(tags.parse("team=shop, url=a=b,empty="), { team: "shop", url: "a=b", empty: "" })
    for (const text of ["", "team", "=shop", "a=1,a=2", "a=1,"]) assert.isNull(tags.parse(text), text)
  })
})
