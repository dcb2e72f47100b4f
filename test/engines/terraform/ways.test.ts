import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, expect, it } from "vitest"
import { generateOrders } from "../../../src/generate/generate.ts"
import { Ledger, type Manifest } from "../../../src/generate/ledger.ts"
import { settingsOf } from "../../../src/generate/options.ts"
import { Random } from "../../../src/generate/random.ts"
import { eventually } from "../../passing-time.ts"
import { type Emulator, startKinesisLocal } from "../../wire/kinesis-local.ts"
import { writeRawObjects } from "../managed/raw-objects.ts"
import { deploy } from "./deploy.ts"
import type { Deployed } from "./model.ts"
import { openStand, type Stand } from "./stand.ts"
import { mapStream } from "./stream-mapping.ts"
import { startTask } from "./tasks.ts"

/** What is applied, run end to end: the deployed commands and functions with their own environments and rights, until the tables for users say what the generator says. */

const options = { orders: 150, seed: 21, dirt: 0.04 }

const closing: Array<() => Promise<void>> = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

/** Applies a mode, and opens what stands in for AWS around it. */
const open = async (
  mode: "consumer" | "lambda" | "all",
  variables: object,
  kinesis?: Emulator
): Promise<{ readonly deployed: Deployed; readonly stand: Stand }> => {
  const { close, deployed } = await deploy(mode, { ...variables })
  await close()
  const stand = await openStand(deployed, options.seed, kinesis?.endpoint, true)
  closing.push(stand.close)
  return { deployed, stand }
}

const emulator = async (): Promise<Emulator> => {
  const kinesis = await startKinesisLocal()
  closing.push(kinesis.stop)
  return kinesis
}

const expectOutcome = async (
  { endpoints, lake, nextHour, outcomeOf }: Stand,
  { consumable, deadLetters }: Manifest["expected"]
): Promise<void> => {
  await nextHour()
  const { rows, orders, value, roundingError } = consumable
  const outcome = await outcomeOf(lake)
  expect(outcome.totals).toEqual({ rows, orders, value, roundingError })
  expect(outcome.deadLetters).toEqual(deadLetters)
  expect([...endpoints.denied]).toEqual([])
}

const expected = (): Manifest["expected"] => {
  const ledger = new Ledger()
  for (const record of generateOrders(options)) ledger.add(record)
  return ledger.manifest(settingsOf(options), []).expected
}

/** Runs all services until something holds; one of their tasks is ended in between, and another one comes in its place. */
const serve = async (
  deployed: Deployed,
  { endpoints }: Stand,
  end: "SIGKILL" | "SIGTERM",
  isDone: () => boolean | Promise<boolean>
): Promise<void> => {
  const quick = { SLUICE_BATCH_AGE: "1s", SLUICE_POLL_INTERVAL: "200ms", SLUICE_THREADS: "1" }
  const tasks = await Promise.all(deployed.services.map(({ task }) => startTask(deployed, endpoints, task, quick)))
  const [victim] = tasks
  const [service] = deployed.services
  if (victim === undefined || service === undefined) throw new Error("there is no service")
  await eventually(() => endpoints.requests() > 40)
  victim.child.kill(end)
  await victim.done
  tasks[0] = await startTask(deployed, endpoints, service.task, quick)
  for (;;) {
    if (await isDone()) break
    await new Promise((later) => setTimeout(later, 500))
  }
  for (const { child } of tasks) child.kill("SIGTERM")
  for (const { done } of tasks) {
    const { code, stderr } = await done
    expect(code, stderr).toBe(0)
  }
}

it("consumers of the stream, of which one is killed", async () => {
  const kinesis = await emulator()
  const { deployed, stand } = await open("consumer", { consumer: { workers: 2 } }, kinesis)
  const folder = mkdtempSync(join(tmpdir(), "sluice-orders-"))
  closing.push(async () => rmSync(folder, { recursive: true, force: true }))
  const [stream] = deployed.streams.values()
  if (stream === undefined) throw new Error("there is no stream")
  await kinesis.createStream(stream.name, 3)
  const { dirt, orders, seed } = options
  await stand.command("generate", ...["--orders", String(orders), "--seed", String(seed), "--dirt", String(dirt), "--out", folder])
  const { records } = await stand.command("put", "--stream", stream.name, "--input", folder).then(({ counts }) => counts)
  const read = async () => {
    const status = await stand.command("status", "--lake", stand.lake).catch(() => null)
    return Number(status?.datasets?.[0]?.records ?? 0) >= records
  }
  await serve(deployed, stand, "SIGKILL", read)
  await expectOutcome(stand, expected())
})

it("a consumer of announced objects, whose task is replaced", async () => {
  const { deployed, stand } = await open("consumer", { consumer: { source: "sqs" } })
  const { play, queues, rawBucket, s3 } = stand
  if (rawBucket === null) throw new Error("no bucket tells of raw objects")
  const raw = await writeRawObjects(s3, rawBucket.name, options.orders, options.seed, options.dirt)
  await play.tell(rawBucket, raw.objects)
  const [, waiting] = [...queues].find(([arn]) => deployed.queues.get(arn)?.redrive !== null) ?? []
  // What one that is killed holds would be hidden for minutes.
  await serve(deployed, stand, "SIGTERM", () => waiting?.messages.length === 0)
  await expectOutcome(stand, raw.expected)
})

it("the function of the stream", async () => {
  const { deployed, stand } = await open("lambda", {})
  const [mapping] = deployed.mappings
  if (mapping === undefined) throw new Error("there is no mapping")
  // As they would be put now: what is older than a stream keeps may have been lost.
  const now = Date.now()
  const records = [...generateOrders(options)].map(({ bytes }, i, { length }) => ({
    key: "",
    content: bytes,
    etag: "",
    versionId: null,
    sequencer: "",
    writtenAt: now - length + i
  }))
  const { invoke } = await stand.functions.become(mapping.target)
  await mapStream(records, invoke, mapping, new Random(options.seed, 6))
  await expectOutcome(stand, expected())
})
