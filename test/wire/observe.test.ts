import { once } from "node:events"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as pause } from "node:timers/promises"
import { Effect } from "effect"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { parse } from "yaml"
import { generateOrders } from "../../src/generate/generate.ts"
import { awsKinesis } from "../../src/stream/kinesis/aws-kinesis.ts"
import { type Family, readExposition } from "../cli/exposition.ts"
import { root, start } from "../cli/sluice.ts"
import { emulatorEnvironment, startKinesisLocal } from "./kinesis-local.ts"

/** One expression of PromQL, and the labels that texts beside it take from its result. */
interface Use {
  readonly title: string
  readonly expr: string
  readonly shown: ReadonlyArray<string>
}

const namesIn = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map(([, name = ""]) => name)

const alarms = (): ReadonlyArray<Use> => {
  const file: { groups: ReadonlyArray<{ rules: ReadonlyArray<{ alert: string; expr: string; annotations: object }> }> } = parse(
    readFileSync(join(root, "docs", "observe", "alarms.yaml"), "utf8")
  )
  return file.groups.flatMap(({ rules }) =>
    rules.map(({ alert, expr, annotations }) => ({
      title: alert,
      expr,
      shown: namesIn(JSON.stringify(annotations), /\$labels\.(\w+)/g)
    }))
  )
}

const dashboard: {
  readonly panels: ReadonlyArray<{
    readonly title: string
    readonly targets?: ReadonlyArray<{ readonly expr: string; readonly legendFormat: string }>
  }>
  readonly templating: { readonly list: ReadonlyArray<{ readonly name: string; readonly definition?: string }> }
} = JSON.parse(readFileSync(join(root, "docs", "observe", "dashboard.json"), "utf8"))

const panels = (): ReadonlyArray<Use> => [
  ...dashboard.panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr, legendFormat }) => ({ title, expr, shown: namesIn(legendFormat, /\{\{\s*(\w+)\s*\}\}/g) }))
  ),
  ...dashboard.templating.list.flatMap(({ name, definition }) => {
    const [, metric, label = ""] = /^label_values\((\w+), (\w+)\)$/.exec(definition ?? "") ?? []
    return metric === undefined ? [] : [{ title: `variable ${name}`, expr: metric, shown: [label] }]
  })
]

/** What Prometheus adds when it scrapes. */
const scraped = ["job", "instance"]

/** What an expression asks for that the exposition does not have. */
const missing = ({ expr, shown }: Use, families: ReadonlyMap<string, Family>): ReadonlyArray<string> => {
  const selectors = [...expr.matchAll(/\b((?:sluice|process)_[a-z_]+)(?:\{([^}]*)\})?/g)]
  const grouped = [...expr.matchAll(/\bby \(([^)]*)\)/g)].map(([, names = ""]) => names.split(/,\s*/))
  const lacks = selectors.flatMap(([, name = "", matchers = ""]) => {
    const samples = [...families.values()].flatMap((family) => family.samples.filter((sample) => sample.name === name))
    if (samples.length === 0) return [name]
    const wanted = [...namesIn(matchers, /(\w+)\s*[=!]/g), ...grouped.flat(), ...(grouped.length === 0 ? shown : [])]
    return wanted
      .filter((label) => !scraped.includes(label) && !samples.every(({ labels }) => Object.hasOwn(labels, label)))
      .map((label) => `${name}{${label}}`)
  })
  const lost = grouped.flatMap((names) => shown.filter((label) => !names.includes(label)))
  return [...lacks, ...lost.map((label) => `${label} of the result`), ...(selectors.length === 0 ? ["any metric"] : [])]
}

let families: ReadonlyMap<string, Family>
/** Orders, bad ones among them, and one that is not as the contract expects. */
const records = () => {
  const orders = [...generateOrders({ orders: 40, seed: 1, dirt: 0.3 })].map(({ bytes }) => bytes)
  const texts = orders.map((bytes) => Buffer.from(bytes).toString())
  const plain = texts.find((text) => text.startsWith('{"orderId"')) ?? ""
  const cheap = Buffer.from(JSON.stringify({ ...JSON.parse(plain), value: -1 }))
  return [...orders.filter(({ length }) => length > 0), cheap].map((data, i) => ({ partitionKey: String(i), data }))
}

const before = { ...process.env }
const folder = mkdtempSync(join(tmpdir(), "sluice-observe-"))

beforeAll(async () => {
  const emulator = await startKinesisLocal()
  const stream = ["--stream", "orders", "--endpoint", emulator.endpoint]
  await emulator.createStream("orders", 1)
  Object.assign(process.env, emulatorEnvironment)
  await Effect.runPromise(
    Effect.scoped(Effect.flatMap(awsKinesis({ endpoint: emulator.endpoint }), (api) => api.putRecords("orders", records())))
  )
  const lake = ["--lake", join(folder, "lake"), "--threads", "1", "--batch-age", "1s", "--repartition-every", "1s"]
  const { child, done } = start(["run", "--source", "kinesis", ...stream, ...lake, "--metrics-port", "127.0.0.1:0"])
  let said = ""
  child.stderr?.on("data", (text: Buffer) => {
    said += String(text)
  })
  const url = async () => {
    for (;;) {
      const found = /http:\S+\/metrics/.exec(said)?.[0]
      if (found !== undefined) return found
      if (child.exitCode !== null || child.stderr === null) throw new Error(`the command ended: ${said}`)
      await once(child.stderr, "data")
    }
  }
  const metrics = await url()
  do {
    // As Prometheus does: the command tells nobody that a figure is there.
    await pause(200)
    families = readExposition(await (await fetch(metrics)).text())
  } while (!families.has("sluice_last_repartition_timestamp_seconds") || !families.has("sluice_drops_total"))
  child.kill("SIGKILL")
  await done
  await emulator.stop()
})
afterAll(() => {
  process.env = before
  rmSync(folder, { recursive: true })
})

describe("what the running command shows has everything that is asked for by", () => {
  it.each(alarms().map((use) => [use.title, use] as const))("alarm %s", (_, use) => expect(missing(use, families)).toEqual([]))
  it.each(panels().map((use) => [`${use.title}: ${use.expr}`, use] as const))("panel %s", (_, use) =>
    expect(missing(use, families)).toEqual([])
  )
})
