/** What is applied, run end to end: the deployed commands and functions with their own environments and rights, until the tables for users say what the generator says. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect } from "vitest"
import { generateOrders } from "../../../src/generate/generate.ts"
import { Ledger, type Manifest } from "../../../src/generate/ledger.ts"
import { settingsOf } from "../../../src/generate/options.ts"
import { eventually } from "../../passing-time.ts"
import { type Emulator, startKinesisLocal } from "../../wire/kinesis-local.ts"
import { deploy } from "./deploy.ts"
import type { Deployed } from "./model.ts"
import { askOfSales, writeShopProject } from "./shop-project.ts"
import { openStand, type Stand } from "./stand.ts"
import { startTask } from "./tasks.ts"

/** For the generator. */
export const options = { orders: 150, seed: 21, dirt: 0.04 }

export const secretArn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:sluice/hash-key-AbCdEf"

/** What a test has opened, to be closed when it is over. */
export const closing: Array<() => Promise<void>> = []
export const closeAll = async (): Promise<void> => {
  for (const close of closing.splice(0).reverse()) await close()
}

/** Applies a mode for a project that has models, and opens what stands in for AWS around it. @param isLive are the queues read by processes, and so on the clock of the machine? */
export const open = async (
  mode: "consumer" | "lambda" | "all",
  { consumer, ...variables }: { readonly consumer?: object; readonly [name: string]: unknown },
  kinesis?: Emulator,
  isLive = true
): Promise<{ readonly deployed: Deployed; readonly stand: Stand }> => {
  const folder = mkdtempSync(join(tmpdir(), "sluice-shop-"))
  closing.push(async () => rmSync(folder, { recursive: true, force: true }))
  const project = writeShopProject(folder)
  const { close, deployed } = await deploy(mode, { ...variables, project_folder: project, consumer: { ...consumer, project } })
  await close()
  const stand = await openStand(deployed, options.seed, kinesis?.endpoint, isLive)
  closing.push(stand.close)
  return { deployed, stand }
}

/** A stream, over the wire. */
export const emulator = async (): Promise<Emulator> => {
  const kinesis = await startKinesisLocal()
  closing.push(kinesis.stop)
  return kinesis
}

/** The repartition of the hour, and then all must be as the generator says, folded by it, and in the marts. */
export const expectOutcome = async (
  { command, endpoints, lake, nextHour, outcomeOf }: Stand,
  { consumable, deadLetters }: Manifest["expected"]
): Promise<void> => {
  await nextHour()
  const { rows, orders, value, roundingError } = consumable
  const outcome = await outcomeOf(lake)
  expect(outcome.wasFolded).toBe(true)
  expect(outcome.totals).toEqual({ rows, orders, value, roundingError })
  expect(outcome.deadLetters).toEqual(deadLetters)
  const [made, wanted] = await command("query", "--lake", lake, askOfSales)
  expect(made).toEqual(wanted)
  expect(made?.orders).toBe(orders)
  expect([...endpoints.denied]).toEqual([])
}

/** What must come of the generator's records. */
export const expected = (): Manifest["expected"] => {
  const ledger = new Ledger()
  for (const record of generateOrders(options)) ledger.add(record)
  return ledger.manifest(settingsOf(options), []).expected
}

/** Runs all services until something holds; one of their tasks is ended in between, and another one comes in its place. */
export const serve = async (
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
