/** Puts records until it is killed: `producer.ts FOLDER NAME`. Tells each that was acknowledged on standard output: where it is, and what it is. */
import { writeSync } from "node:fs"
import { Effect } from "effect"
import { localStream } from "../../../src/stream/local/local-stream.ts"

const [folder = "", name = ""] = process.argv.slice(2)

const keys = 8
const perCall = 20

const program = Effect.gen(function* () {
  const stream = yield* localStream({ folder, shards: 3, segmentBytes: 20_000 })
  yield* Effect.forEach(
    Array.from({ length: keys }, (_, key) => key),
    (key) =>
      Effect.gen(function* () {
        for (let n = 0; ; n += perCall) {
          const records = Array.from({ length: perCall }, (_, i) => ({
            partitionKey: `key-${key}`,
            data: Buffer.from(`${name}/${key}/${n + i}/${"x".repeat((n + i) % 97)}`)
          }))
          const answers = yield* stream.putRecords(folder, records)
          const told = answers.map((answer, i) => (answer.ok ? `${answer.shardId} ${answer.sequenceNumber} ${records[i]?.data}\n` : ""))
          writeSync(1, told.join(""))
        }
      }),
    { concurrency: "unbounded", discard: true }
  )
})

await Effect.runPromise(Effect.scoped(program))
