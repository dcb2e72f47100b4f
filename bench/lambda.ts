import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { transformSync } from "esbuild"
import { bundle } from "../src/build/bundle.ts"
import { functionNames } from "../src/build/functions.ts"
import { type Command, type Running, runFunction } from "../test/lambda/runtime-api.ts"
import { type Bench, median } from "./bench.ts"
import { shapes } from "./input/shapes.ts"
import { writeInput } from "./input/write.ts"

/**
 * What functions of Lambda cost. Cold: from the start of a process to its first handled event, against a function that does nothing, in turns; each function
 * with an event that it refuses, which is all that it loads, and two with one order of 18 KB, which they handle to the end. Warm: one order, and a batch of a stream
 * as large as a call may be (6 MB), in a process that stays.
 *
 * What would make it lie: the disk (bundles are in the page cache, and the lake is a folder of it: S3 costs a round trip where that costs none), the client of the
 * runtime API, which is one of few lines and the same for all, and the processor, of which a function has as much as its memory is worth.
 */
export const lambda: Bench = async ({ short, seed, say }, folder) => {
  const client = join(folder, "client.mjs")
  const source = readFileSync(join(root, "test/lambda/runtime-client.ts"), "utf8")
  writeFileSync(client, transformSync(source, { loader: "ts", format: "esm" }).code)
  const command: Command = { args: [client] }
  const put = (name: string, code: string | Uint8Array) => {
    mkdirSync(join(folder, name))
    writeFileSync(join(folder, name, "index.mjs"), code)
  }
  put("nothing", "export const handler = async () => null\n")
  const names = functionNames(root)
  for (const name of names) {
    say(`lambda: bundling ${name}`)
    put(name, (await bundle(root, `src/lambda/${name}.ts`, join(root, "schemas/vtex/project.ts"))).code)
  }
  const orders = ordersOf(folder, seed)
  const env = { SLUICE_LAKE: join(folder, "lake"), SLUICE_DELIVERY_STREAMS: `checkout=${stream}`, SLUICE_LOG_LEVEL: "error" }
  const start = (name: string) => runFunction(join(folder, name), env, command)
  let sequence = 0
  const batchOf = (count: number) => kinesisEvent(Array.from({ length: count }, () => [++sequence, orders[sequence % orders.length] ?? ""]))
  const handled: ReadonlyArray<Cold> = [
    { name: "transformFirehoseRecords, 1 order", function: "transformFirehoseRecords", event: () => firehoseEvent([orders[0] ?? ""]) },
    { name: "consumeStream, 1 order", function: "consumeStream", event: () => batchOf(1) }
  ]
  const contestants: ReadonlyArray<Cold> = [
    { name: "nothing", function: "nothing", event: () => ({}) },
    ...names.map((name) => ({ name, function: name, event: () => ({}) })),
    ...handled
  ]

  // The lake is made.
  await using(start("consumeStream"), (running) => handle(running, batchOf(1)))
  say("lambda: cold starts")
  const cold = new Map(contestants.map(({ name }) => [name, [] as number[]]))
  const cpu = new Map(contestants.map(({ name }) => [name, [] as number[]]))
  const rounds = short ? 5 : 15
  for (let round = -1; round < rounds; round++) {
    for (const contestant of round % 2 === 0 ? contestants : contestants.toReversed()) {
      const event = contestant.event()
      const running = await start(contestant.function)
      const begun = performance.now()
      const outcome = await running.invoke(event)
      if (outcome.kind !== (names.includes(contestant.name) ? "error" : "answer")) throw new Error(JSON.stringify(outcome))
      if (round >= 0) {
        cold.get(contestant.name)?.push(performance.now() - begun)
        cpu.get(contestant.name)?.push(running.cpuMillis())
      }
      await running.stop()
    }
  }
  say("lambda: warm")
  const warm: Array<readonly [string, number, number]> = []
  const events = { "1 order of 18 KB": 1, "6 MB of orders": Math.floor(6e6 / ((orders[0]?.length ?? 1) * (4 / 3) + 700)) }
  for (const [what, count] of Object.entries(events)) {
    const millis = await using(start("consumeStream"), async (running) => {
      const found: Array<number> = []
      const times = count === 1 ? 40 : short ? 6 : 12
      for (let i = 0; i < times; i++) {
        const event = batchOf(count)
        const begun = performance.now()
        await handle(running, event)
        if (i >= times / 4) found.push(performance.now() - begun)
      }
      return median(found)
    })
    warm.push([what, count, millis])
  }

  const empty = median(cold.get("nothing") ?? [])
  const overOf = (all: ReadonlyMap<string, ReadonlyArray<number>>) => (name: string) =>
    median((all.get(name) ?? []).map((millis, i) => millis - (all.get("nothing")?.[i] ?? Number.NaN)))
  const over = overOf(cold)
  return {
    bench: "lambda",
    title: "functions of Lambda: cold starts over a function that does nothing, and warm calls",
    seed,
    details: {
      cold: Object.fromEntries(cold),
      cpu: Object.fromEntries(cpu),
      warm: Object.fromEntries(warm.map(([what, , millis]) => [what, millis]))
    },
    ratios: {},
    targets: contestants.slice(1).map(({ name }) => ({
      name: `${name}: first event over nothing, ms`,
      wanted: "≤ 250",
      found: over(name),
      met: over(name) <= 250
    })),
    tables: [
      {
        title: "cold: process start to first event, ms",
        columns: ["function", "median", "over nothing", "processor time over nothing"],
        rows: contestants.map(({ name }) => [name, median(cold.get(name) ?? []), over(name), overOf(cpu)(name)])
      },
      {
        title: "warm: consumeStream, the lake in a folder, ms a call",
        columns: ["event", "records", "median"],
        rows: warm.map((row) => [...row])
      }
    ],
    plots: [],
    notes: [
      `a function that does nothing takes ${empty.toFixed(0)} ms here, which is Node itself; some 40 ms where nothing else runs`,
      "processor time is that of all threads, to the hundredth of a second: it says more where other load is on the machine"
    ]
  }
}

interface Cold {
  readonly name: string
  readonly function: string
  readonly event: () => unknown
}

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const stream = "orders"
const arrivedAt = Date.UTC(2026, 10, 20, 7)

/** Orders of 18 KB, one text each. */
const ordersOf = (folder: string, seed: number): ReadonlyArray<string> => {
  const { orders } = shapes
  if (orders === undefined) throw new Error("there is no shape of orders")
  const { file } = writeInput(join(folder, "orders.ndjson"), orders, 3, seed)
  return readFileSync(file, "utf8").trimEnd().split("\n")
}

const base64 = (text: string): string => Buffer.from(text).toString("base64")

/** As an event source mapping gives records. */
const kinesisEvent = (records: ReadonlyArray<readonly [sequence: number, text: string]>) => ({
  Records: records.map(([sequence, text]) => ({
    kinesis: {
      kinesisSchemaVersion: "1.0",
      partitionKey: "k",
      sequenceNumber: String(10 ** 15 + sequence),
      data: base64(text),
      approximateArrivalTimestamp: (arrivedAt + sequence) / 1000
    },
    eventSource: "aws:kinesis",
    eventVersion: "1.0",
    eventID: `shardId-000000000000:${10 ** 15 + sequence}`,
    eventName: "aws:kinesis:record",
    invokeIdentityArn: "arn:aws:iam::123456789012:role/f",
    awsRegion: "us-east-1",
    eventSourceARN: `arn:aws:kinesis:us-east-1:123456789012:stream/${stream}`
  }))
})

const firehoseEvent = (texts: ReadonlyArray<string>) => ({
  invocationId: "i",
  deliveryStreamArn: `arn:aws:firehose:us-east-1:123456789012:deliverystream/${stream}`,
  region: "us-east-1",
  records: texts.map((text, i) => ({ recordId: `r-${i}`, approximateArrivalTimestamp: arrivedAt, data: base64(text) }))
})

/** Calls, and fails unless it was handled. */
const handle = async (running: Running, event: unknown): Promise<void> => {
  const outcome = await running.invoke(event)
  if (outcome.kind !== "answer") throw new Error(`not handled: ${JSON.stringify(outcome)}\n${running.log().join("\n")}`)
}

const using = async <A>(starting: Promise<Running>, use: (running: Running) => Promise<A>): Promise<A> => {
  const running = await starting
  try {
    return await use(running)
  } finally {
    await running.stop()
  }
}
