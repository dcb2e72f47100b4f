import { existsSync } from "node:fs"
import { readFile, truncate, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { SparkJob } from "../../src/repartition/job-place.ts"
import { probeSpark, sparkPlace } from "../../src/repartition/spark/local-place.ts"
import { until, untilTrue } from "../passing-time.ts"
import { freshFolder, freshStore } from "./lake.ts"

const job: SparkJob = {
  id: "0123456789abcdef",
  dataset: "order",
  stageVersion: 3,
  driver: "file:///lake/driver.py",
  args: ["file:///lake/0123456789abcdef/plan.json"]
}

/** A place whose `spark-submit` is a script, which notes how it was called and goes on until it finds a file `end`, or is ended. */
const scripted = Effect.gen(function* () {
  const folder = yield* freshFolder()
  const command = join(folder, "spark-submit")
  const script = [
    "#!/bin/sh",
    `echo "$@" >> '${folder}/calls'`,
    `trap 'echo ended >> "${folder}/signals"; exit 143' TERM`,
    `while [ ! -e '${folder}/end' ]; do sleep 0.05; done`,
    "echo it ends >&2",
    "echo 'Caused by: java.io.IOException: No space left on device' >&2",
    "echo '  at org.apache.spark.Nowhere' >&2",
    "echo '26/11/29 14:16:29 INFO ShutdownHookManager: Deleting directory' >&2",
    "exit 1"
  ]
  yield* Effect.promise(() => writeFile(command, script.join("\n"), { mode: 0o755 }))
  const place = (settings: object = {}) => sparkPlace({ command, threads: 2, conf: [], folder: join(folder, "jobs"), ...settings })
  const read = (name: string) => Effect.promise(() => readFile(join(folder, name), "utf8"))
  return { folder, place, read, end: Effect.promise(() => writeFile(join(folder, "end"), "")) }
})

describe("Spark on this machine", () => {
  it.live("runs the driver that it has, where Spark would have to fetch it from S3, and on the cluster that it is told of", () =>
    Effect.gen(function* () {
      const { folder, place, read, end } = yield* scripted
      const { find, submit } = place({ conf: ["spark.master=spark://other:7077"] })
      const away = { ...job, driver: "s3a://bucket/lake/driver.py", args: ["s3a://bucket/lake/0123456789abcdef/plan.json"] }
      yield* submit(away)
      yield* until(() => existsSync(join(folder, "calls")))
      yield* end
      yield* untilTrue(Effect.map(find(away), (state) => state?.phase === "failed"))
      const call = (yield* read("calls")).trim()
      const [, driver = ""] = / (file:\S*driver\.py) s3a:\S*plan\.json$/.exec(call) ?? []
      assert.match(yield* Effect.promise(() => readFile(new URL(driver), "utf8")), /^"""Carries out the plan of a fold/)
      // Over which --master would go, and whose machines see nothing of this one's loopback.
      assert.match(call, /spark\.master=spark:\/\/other:7077/)
      assert.notMatch(call, /--master|127\.0\.0\.1|local\[/)
    }).pipe(Effect.scoped, Effect.provide(freshStore))
  )

  it.live("starts a job once, tells of it, and starts one that has failed again", () =>
    Effect.gen(function* () {
      const { folder, place, read, end } = yield* scripted
      const { find, submit } = place({ conf: ["spark.jars=/a.jar,/b.jar", "spark.driver.memory=2g"] })
      assert.isNull(yield* find(job))
      const states = yield* Effect.all([submit(job), submit(job), place().submit(job)], { concurrency: "unbounded" })
      for (const { phase } of states) assert.include(["waiting", "running"], phase)
      yield* until(() => existsSync(join(folder, "calls")))
      assert.strictEqual((yield* submit(job)).phase, "running")
      assert.strictEqual((yield* find({ ...job, id: "another" }))?.phase, undefined)
      yield* end
      yield* untilTrue(Effect.map(find(job), (state) => state?.phase === "failed"))
      const failed = yield* find(job)
      assert.deepInclude(failed, { phase: "failed", reason: "Caused by: java.io.IOException: No space left on device" })
      assert.match(yield* read(failed?.logs?.slice(folder.length + 1) ?? ""), /No space left/)
      const calls = (yield* read("calls")).trim().split("\n")
      assert.strictEqual(calls.length, 1)
      assert.match(
        calls[0] ?? "",
        /^--conf spark.master=local\[2\] .*--conf spark.driver.host=127.0.0.1 .*--conf spark.jars=\/a.jar,\/b.jar .*file:\/\/\/lake\/driver.py file:.*plan.json$/
      )
      assert.notStrictEqual((yield* submit(job)).run, failed?.run)
      yield* untilTrue(Effect.map(read("calls"), (text) => text.trim().split("\n").length === 2))
    }).pipe(Effect.scoped, Effect.provide(freshStore))
  )

  it.live("finds in a log of gigabytes why the job failed", () =>
    Effect.gen(function* () {
      const { folder, place, end } = yield* scripted
      const { find, submit } = place()
      const logs = (yield* submit(job)).logs ?? ""
      yield* until(() => existsSync(join(folder, "calls")))
      yield* Effect.promise(() => truncate(logs, 3 * 1024 ** 3))
      yield* end
      yield* untilTrue(Effect.map(find(job), (state) => state?.phase === "failed"))
      assert.deepInclude(yield* find(job), { reason: "Caused by: java.io.IOException: No space left on device" })
    }).pipe(Effect.scoped, Effect.provide(freshStore))
  )

  it.live("ends a job that nobody waits for", () =>
    Effect.gen(function* () {
      const { folder, place, read } = yield* scripted
      const { find, submit, abandon = () => Effect.void } = place()
      yield* submit(job)
      yield* until(() => existsSync(join(folder, "calls")))
      yield* abandon(job)
      yield* untilTrue(Effect.map(find(job), (state) => state?.phase === "failed"))
      assert.strictEqual(yield* read("signals"), "ended\n")
      yield* abandon(job)
    }).pipe(Effect.scoped, Effect.provide(freshStore))
  )

  it.live("takes no job for ended whose process is about to run another program", () =>
    Effect.gen(function* () {
      const { folder, place, end } = yield* scripted
      const command = join(folder, "one-after-the-other")
      yield* Effect.promise(() => writeFile(command, `#!/bin/sh\n[ -e '${folder}/end' ] || exec "$0" "$@"\n`, { mode: 0o755 }))
      const { find, submit } = place({ command })
      yield* submit(job)
      for (let i = 0; i < 2000; i++) assert.strictEqual((yield* find(job))?.phase, "running")
      yield* end
      yield* untilTrue(Effect.map(find(job), (state) => state?.phase === "failed"))
    }).pipe(Effect.scoped, Effect.provide(freshStore))
  )

  it.live("says what to do where there is no Spark, and nothing is under way then", () =>
    Effect.gen(function* () {
      const { place } = yield* scripted
      const { find, submit } = place({ command: "/nowhere/spark-submit" })
      const error = yield* Effect.flip(submit(job))
      assert.match(error.message, /there is no \/nowhere\/spark-submit.*--spark-submit/)
      assert.match((yield* Effect.flip(probeSpark("/nowhere/spark-submit"))).message, /there is no/)
      assert.match((yield* Effect.flip(probeSpark("no-such-command-anywhere"))).message, /there is no/)
      assert.match(yield* probeSpark("sh"), /\/sh is there$/)
      assert.isNull(yield* find(job))
      assert.match((yield* Effect.flip(submit(job))).message, /there is no/)
    }).pipe(Effect.scoped, Effect.provide(freshStore))
  )
})
