import { type CompiledContract, compileContract } from "../../src/contract/compile.ts"
import { defineContract, versions } from "../../src/contract/contract.ts"
import { boolean, decimal, document, entries, json, list, long, text, timestamp } from "../../src/contract/field.ts"
import type { EventSettings } from "../../src/lineage/openlineage.ts"
import {
  type BatchReport,
  emptyCounts,
  type MaintainReport,
  type RepartitionReport,
  type ReplayReport,
  type RunEvent
} from "../../src/record/report.ts"

/** A small contract with one of everything that lineage says something about. */
export const orders: CompiledContract = compileContract(
  defineContract({
    name: "orders",
    title: "Orders",
    owner: "team:checkout",
    sensitivity: "personal",
    description: "Orders of a shop.",
    fields: {
      orderId: text("Identifies the order."),
      lastChange: timestamp("When this version came to be."),
      creationDate: timestamp("When the order was placed."),
      value: long("Total in cents."),
      isCompleted: boolean("Is the order placed?"),
      clientProfile: document("The buyer.", {
        email: text("Address of the buyer.", { sensitive: "hash" }),
        phone: text("Phone of the buyer.", { sensitive: "drop" }),
        firstName: text("Name, encrypted at the source.", { sensitive: "keep" })
      }),
      items: list(
        "What was bought.",
        document("One line.", {
          unitPrice: decimal(12, 2, "Price of one."),
          productCategories: entries("Categories.", { key: ["id", text("Id.")], value: ["name", text("Name.")] })
        })
      ),
      customData: document("What the store added.", { customApps: json("Apps.") })
    },
    table: versions({ key: ["orderId"], version: "lastChange", by: { day: "lastChange" } }),
    eventTime: { field: "lastChange", fallback: "creationDate" },
    drops: [
      { name: "attachments", reason: "customizable names", keyContains: "attachment", from: "stage" },
      { name: "assembly-options", reason: "keys are free text", path: "items[].assemblyOptions", from: "stage" },
      { name: "custom-data", reason: "every store has its own", path: "CustomData", from: "consumable" }
    ],
    expectations: [
      {
        name: "value_not_negative",
        description: "A total is not negative.",
        column: "value",
        reads: ["value"],
        severity: "warn",
        holds: () => true
      },
      {
        name: "price_there",
        description: "Every line has a price.",
        column: "items.unit_price",
        reads: ["items.unit_price"],
        severity: "reject",
        holds: () => true
      }
    ],
    keepUnknown: false,
    tags: { domain: "checkout" }
  })
)

export const settings = (contracts: ReadonlyArray<CompiledContract> = [orders]): EventSettings => ({
  namespace: "sluice.test",
  producer: "https://github.com/example/sluice/tree/v0.1.0",
  version: "0.1.0",
  contracts,
  parent: { runId: "01a1f640-bc00-7717-b864-bf4ab62095ab", job: "pipeline", processing: "STREAMING", announce: true },
  repository: { url: "https://github.com/example/sluice", version: "0123abc", branch: "main" },
  tags: { environment: "test" }
})

const runId = "01a1f7c1-4180-7a72-925b-2a8f51990919"
const startedAt = "2026-11-20T07:00:00.000Z"
const at = "2026-11-20T07:05:00.000Z"
const lake = "file:///data/my%20lake"

export const batchReport = (dataset: string): BatchReport => ({
  kind: "batch",
  runId,
  dataset,
  source: { name: "files", location: "file:///data/in" },
  startedAt,
  rotation: "size",
  shards: [
    { shard: "2026/11/20/07/a.ndjson", to: { sequenceNumber: "4096", subSequenceNumber: 0 }, records: 10 },
    {
      shard: "2026/11/20/07/b.ndjson",
      from: { sequenceNumber: "7", subSequenceNumber: 0 },
      to: { sequenceNumber: "9", subSequenceNumber: 1 },
      records: 2
    }
  ],
  counts: {
    ...emptyCounts(),
    records: 12,
    rows: 9,
    bytes: 5000,
    deadLetters: { not_json: 2, missing_key: 1 },
    drops: { attachments: 4 },
    rescued: { value: 1 },
    drift: { "ana@example.com": 3 },
    masked: { "client_profile.email": 9 },
    quality: { value_not_negative: 2 }
  },
  files: 1,
  fileBytes: 2000
})

export const repartitionReport = (dataset: string): RepartitionReport => ({
  kind: "repartition",
  runId,
  dataset,
  engine: "duckdb",
  startedAt,
  fromVersion: -1,
  toVersion: 4,
  rebuild: false,
  stageFiles: 2,
  stageBytes: 4000,
  rowsRead: 18,
  rowsAdded: 15,
  duplicates: 3,
  files: 2,
  fileBytes: 3000,
  days: ["2026-11-19", "2026-11-20"]
})

export const replayReport = (dataset: string): ReplayReport => ({
  kind: "replay",
  runId,
  dataset,
  startedAt,
  counts: { ...emptyCounts(), records: 3, rows: 2, bytes: 900, deadLetters: { not_json: 1 } },
  files: 1,
  fileBytes: 700
})

export const maintainReport = (dataset: string): MaintainReport => ({
  kind: "maintain",
  runId,
  dataset,
  startedAt,
  table: `stage/${dataset}`,
  filesBefore: 2,
  bytesBefore: 4000,
  files: 1,
  fileBytes: 3500,
  commitsExpired: 0,
  filesDeleted: 0,
  bytesDeleted: 0
})

const sourceInput = { uri: "file:///data/in", rows: 12, bytes: 5000 }
const table = (path: string, version: number) => ({ uri: `${lake}/${path}`, table: { path, version }, rows: 18, bytes: 4000, files: 2 })
const output = (path: string, created: boolean, rows = 9) => ({
  uri: `${lake}/${path}`,
  path,
  version: 5,
  created,
  rows,
  bytes: 2000,
  files: 1
})

/** Every event that a dataset's runs can emit, by a name for test titles. */
export const everyEvent = (dataset: string): { readonly [name: string]: RunEvent } => {
  const about = { runId, dataset, at }
  const inputs = {
    batch: [sourceInput],
    repartition: [table(`stage/${dataset}`, 4)],
    replay: [table("dead_letters", 2)],
    maintain: [table(`stage/${dataset}`, 4)]
  }
  const of = (kind: keyof typeof inputs) => ({
    [`${kind} start`]: { event: "start" as const, kind, ...about, inputs: inputs[kind].map(({ uri }) => ({ uri })) },
    [`${kind} fail`]: {
      event: "fail" as const,
      outcome: "fail" as const,
      kind,
      ...about,
      startedAt,
      message: "Table stage/orders: the disk is full. Free some space.",
      inputs: inputs[kind]
    }
  })
  return {
    ...of("batch"),
    "batch complete": {
      event: "complete",
      at,
      report: batchReport(dataset),
      inputs: inputs.batch,
      outputs: [output(`stage/${dataset}`, true), output("dead_letters", false, 3)]
    },
    ...of("repartition"),
    "repartition complete": {
      event: "complete",
      at,
      report: repartitionReport(dataset),
      inputs: inputs.repartition,
      outputs: [output(`consumable/${dataset}`, false, 15)]
    },
    ...of("replay"),
    "replay complete": {
      event: "complete",
      at,
      report: replayReport(dataset),
      inputs: inputs.replay,
      outputs: [output(`stage/${dataset}`, false, 2), output("dead_letters", false, 1)]
    },
    ...of("maintain"),
    "maintain complete": {
      event: "complete",
      at,
      report: maintainReport(dataset),
      inputs: inputs.maintain,
      outputs: [output(`stage/${dataset}`, false, 18)]
    }
  }
}
