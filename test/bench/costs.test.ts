import { spawnSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "vitest"
import { type CostInput, costOf, type Deployment } from "../../bench/sizing/cost.ts"
import type { SizingInput } from "../../bench/sizing/size.ts"

const read = (name: string) => JSON.parse(readFileSync(new URL(`../../bench/sizing/${name}`, import.meta.url), "utf8"))
const sizing: SizingInput = read("input.json")
const input: CostInput = read("deployment.json")
const script = fileURLToPath(new URL("../../bench/sizing/deployment.ts", import.meta.url))
const run = (...args: ReadonlyArray<string>) => spawnSync(process.execPath, [script, ...args], { encoding: "utf8" })

const nothing: Deployment = {
  stream: false,
  functionReadsStream: false,
  firehose: false,
  tasks: 0,
  taskCores: 0,
  taskGigabytes: 0,
  engine: "spark",
  repartitionCores: 0,
  repartitionGigabytes: 0,
  endpoints: 0,
  datasets: 1,
  polledQueues: 0,
  alarms: 0,
  logMetrics: 0,
  services: 0
}
const costs = (it: Partial<Deployment>, orders: number) =>
  new Map(costOf(input, sizing, { ...nothing, ...it }, orders).map(({ what, cost }) => [what, cost]))
const total = (it: Partial<Deployment>, orders: number) => [...costs(it, orders).values()].reduce((all, cost) => all + cost, 0)

describe("what a deployment costs", () => {
  it("is what is kept by the hour where nothing comes", () => {
    const { prices, hours } = input
    const idle = costs({ stream: true, tasks: 2, taskCores: 0.5, taskGigabytes: 1, endpoints: 3, alarms: 10 }, 0)
    expect(idle.get("Kinesis, on demand")).toBeCloseTo(hours * prices.kinesisStreamHour)
    expect(idle.get("Fargate: the consumer")).toBeCloseTo(2 * hours * (0.5 * sizing.prices.taskCoreHour + sizing.prices.taskGigabyteHour))
    expect(idle.get("Endpoints of the VPC")).toBeCloseTo(3 * input.work.zones * hours * prices.endpointHour)
    expect(idle.get("CloudWatch: alarms, metrics, dashboard, logs")).toBeCloseTo(10 * prices.alarmMonth + prices.dashboardMonth)
    for (const what of ["Firehose, with conversion", "EMR Serverless: the repartition", "S3: a month's rows, stored for a month"])
      expect(idle.get(what)).toBe(0)
  })

  it("grows with the orders by what each takes: twice as many bytes are twice the price", () => {
    const of = (orders: number) => costs({ firehose: true, datasets: 2 }, orders).get("Firehose, with conversion") ?? 0
    const rows = 1e6 * sizing.load.rowsPerOrder * input.days
    // 9,000 bytes are paid as 10,240.
    expect(of(1e6)).toBeCloseTo(((rows * 10_240) / 1e9) * (input.prices.firehoseGigabyte + input.prices.firehoseGigabyteConverted))
    expect(of(2e6)).toBeCloseTo(2 * of(1e6))
    const stream = (orders: number) => costs({ stream: true }, orders).get("Kinesis, on demand") ?? 0
    expect(stream(2e6) - stream(1e6)).toBeCloseTo(stream(1e6) - stream(0))
  })

  it("never falls where more is asked for, for any example", () => {
    for (const deployment of Object.values(input.examples)) {
      const found = [0, 1, 100, 1e4, 1e6, 1e8].map((orders) => total(deployment, orders))
      expect(found).toEqual([...found].sort((a, b) => a - b))
      expect(found[0]).toBeGreaterThan(0)
    }
  })

  it("has a step for each file, and none for files that nobody fills", () => {
    // One order an hour or so: a commit for each row, not for each 300 s.
    const few = costs({ stream: true, tasks: 1 }, 10).get("S3: requests") ?? 0
    const many = costs({ stream: true, tasks: 1 }, 1e5).get("S3: requests") ?? 0
    expect(few).toBeLessThan(many)
    expect(costs({ stream: true, tasks: 1 }, 1e6).get("S3: requests")).toBeCloseTo(many)
  })

  it("stands in the README of each example as the script tells it", () => {
    expect(run("--check")).toMatchObject({ status: 0, stderr: "" })
  })

  it("takes other loads and numbers, and refuses what is none", () => {
    const { stdout } = run("5e5", "--set", "prices.kmsKeyMonth=777")
    expect(stdout).toContain("500,000 orders a day")
    expect(stdout).toMatch(/KMS +77[78]/)
    for (const args of [
      ["none"],
      ["-1"],
      ["--set", "prices.none=1"],
      ["--set", "date=1"],
      ["--check", "5"],
      ["--check", "--set", "days=1"]
    ])
      expect(run(...args)).toMatchObject({ status: 2, stdout: "" })
  })
})
