import { spawn } from "node:child_process"
import { fileURLToPath } from "node:url"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { Random } from "../../../src/record/seeded.ts"
import { localStream } from "../../../src/stream/local/local-stream.ts"
import { drain, stream, text } from "../stream-suite.ts"
import { temporaryFolder } from "./temporary-folder.ts"

/** How often a producer is killed. */
const kills = Number(process.env["SLUICE_TEST_STREAM_KILLS"] ?? 3)
const producer = fileURLToPath(new URL("./producer.ts", import.meta.url))

/** A producer that is killed so many milliseconds after its first record was acknowledged. Gives what it told. */
const killed = (folder: string, name: string, after: number): Promise<string> =>
  new Promise((done, fail) => {
    const child = spawn(process.execPath, ["--no-warnings", producer, folder, name], { stdio: ["ignore", "pipe", "inherit"] })
    let told = ""
    child.stdout.on("data", (bytes: Buffer) => {
      if (told === "") setTimeout(() => child.kill("SIGKILL"), after)
      told += bytes.toString()
    })
    child.on("error", fail)
    child.on("close", (code) => (code === null ? done(told) : fail(new Error(`the producer ended with ${code}`))))
  })

it.live(
  `has every acknowledged record of a producer that is killed ${kills} times, once and where it was told`,
  () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const random = new Random(5)
      const told: Array<string> = []
      for (let i = 0; i < kills; i++) {
        const lines = (yield* Effect.promise(() => killed(folder, `life-${i}`, random.below(150)))).split("\n")
        // What was not told whole may be there, and may not.
        told.push(...lines.slice(0, -1))
      }
      const api = yield* localStream({ folder })
      const { shards } = yield* api.listShards(stream, null)
      const found = yield* Effect.forEach(shards, ({ shardId }) =>
        Effect.map(drain({ api, pass: () => Effect.void }, shardId, { type: "TRIM_HORIZON" }), (records) =>
          records.map((record) => `${shardId} ${record.sequenceNumber} ${text(record)}`)
        )
      )
      const all = found.flat()
      const there = new Set(all)
      assert.strictEqual(there.size, all.length)
      assert.isAbove(told.length, kills)
      assert.deepStrictEqual(
        told.filter((line) => !there.has(line)),
        []
      )
      // Of each key in order, without a hole: a call is there whole, or not at all.
      const last = new Map<string, number>()
      for (const line of all) {
        const [life, key, n] = (line.split(" ")[2] ?? "").split("/")
        assert.strictEqual(Number(n), (last.get(`${life}/${key}`) ?? -1) + 1, line)
        last.set(`${life}/${key}`, Number(n))
      }
      // Whoever comes next goes on, and the lock of the dead is nobody's.
      yield* api.claim
    }),
  60_000 + kills * 10_000
)
