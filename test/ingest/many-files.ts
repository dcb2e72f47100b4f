/**
 * `node src/setup.mjs test/ingest/many-files.ts [--files 1000000] [--per-folder 1000]`: so many files of one record, in hourly folders, ingested into a lake; then a new
 * process that starts on it, finds nothing new but a file that came late into an old folder, and reads that. The files are named, and not there: it is the
 * positions that are measured.
 */
import { spawnSync } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import { Effect, Layer } from "effect"
import { defaultBatchLimits } from "../../src/ingest/options.ts"
import { stagePath } from "../../src/lake/layout.ts"
import { positionTotals, retiredPages } from "../../src/lake/retired.ts"
import type { ReadPosition } from "../../src/record/position.ts"
import type { RecordPage } from "../../src/record/record.ts"
import { isUnchanged, knownOf } from "../../src/source/resume-point.ts"
import { fromGenerator, type Source } from "../../src/source/source.ts"
import { localStore } from "../../src/store/local-store.ts"
import { openTable } from "../../src/table/table.ts"
import { pageOf } from "../decode/support.ts"
import { recordText, run } from "./support.ts"

const { values } = parseArgs({
  options: {
    files: { type: "string", default: "1000000" },
    "per-folder": { type: "string", default: "1000" },
    lake: { type: "string" }
  }
})
const files = Number(values.files)
const perFolder = Number(values["per-folder"])
const hour = 3_600_000
const begin = Date.UTC(2020, 0, 1)

/** All files in the order of their paths, folder by folder. @param late one that came into an old folder */
function* listed(late: boolean): Generator<{ readonly path: string; readonly arrivedAt: number; readonly number: number }> {
  for (let i = 0; i < files; i++) {
    const arrivedAt = begin + Math.floor(i / perFolder) * hour
    const folder = `/data/orders/${new Date(arrivedAt).toISOString().slice(0, 13).replaceAll("-", "/").replace("T", "/")}`
    yield { path: `${folder}/part-${String(i % perFolder).padStart(6, "0")}.ndjson`, arrivedAt, number: i }
    if (late && i === perFolder * 3) yield { path: `${folder}/part-000000a.ndjson`, arrivedAt, number: files }
  }
}

const size = 200
const changedAt = begin + 0.25

const pageOfFile = (path: string, number: number, arrivedAt: number): RecordPage => ({
  ...pageOf([recordText(number, 1_000_000_000)], { shard: path, sequenceNumbers: ["0"], arrivedAt }),
  resume: { end: size, sum: 0x9e3779b9 ^ number, size, changedAt: changedAt + number, done: true, format: "line" }
})

const told: Record<string, string | number> = {}
const seconds = (since: number) => Number(((performance.now() - since) / 1000).toFixed(2))

/** What `filesSource` does with a folder, but for the folder. */
const source = (late: boolean, since: number): Source => ({
  name: "files",
  location: "file:///data/orders",
  restingSince: (_: string, { source }: ReadPosition) => (source?.["done"] === true ? Number(source["changedAt"]) : null),
  pages: (resume) =>
    fromGenerator(async function* () {
      told["first file looked at after, s"] = seconds(since)
      for (const { path, arrivedAt, number } of listed(late)) {
        const found = resume.find?.(path)
        const known = knownOf((found instanceof Promise ? await found : found)?.position)
        const file = { kind: "file", path, size, modifiedAt: 0, changedAt: changedAt + number, inode: 0 } as const
        if (!isUnchanged(file, known)) yield pageOfFile(path, number, arrivedAt)
      }
    })
})

const ingestAll = (lake: string, late: boolean) =>
  Effect.gen(function* () {
    const since = performance.now()
    const { counts, commits } = yield* run(source(late, since), { limits: { ...defaultBatchLimits } })
    told["done after, s"] = seconds(since)
    told["records"] = counts.records
    told["commits"] = commits
    const { domains } = yield* (yield* openTable(stagePath("order"))).snapshot
    const bytes = [...domains].reduce((sum, [domain, text]) => sum + Buffer.byteLength(domain) + Buffer.byteLength(text), 0)
    told["positions in the snapshot, bytes"] = bytes
    told["positions in the log"] = [...domains.keys()].filter((domain) => domain.startsWith("sluice.position/")).length
    told["objects"] = retiredPages(domains).length
    told["shards"] = positionTotals(domains).shards
    told["peak memory, MB"] = Math.round(process.resourceUsage().maxRSS / 1024)
  }).pipe(Effect.provide(Layer.orDie(localStore(lake))))

if (values.lake === undefined) {
  const lake = mkdtempSync(join(tmpdir(), "sluice-many-"))
  try {
    for (const what of ["filled", "again, with a late file"]) {
      const args = [fileURLToPath(import.meta.url), "--files", values.files, "--per-folder", values["per-folder"], "--lake", lake]
      console.log(`— ${what}`)
      const { status } = spawnSync(process.execPath, [...args], { stdio: "inherit" })
      if (status !== 0) process.exit(status ?? 1)
    }
  } finally {
    rmSync(lake, { recursive: true, force: true })
  }
} else {
  const isThere =
    (await Effect.runPromise(Effect.exit(Effect.provide(openTable(stagePath("order")), Layer.orDie(localStore(values.lake))))))._tag ===
    "Success"
  await Effect.runPromise(ingestAll(values.lake, isThere))
  for (const [name, value] of Object.entries(told)) console.log(`${name}: ${value}`)
}
