import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { gzipSync } from "node:zlib"
import { S3 } from "@aws-sdk/client-s3"
import { afterAll, beforeAll, expect, it } from "vitest"
import { sluice, sluiceJson } from "../cli/sluice.ts"
import { type Moto, motoEnvironment, startMoto } from "./moto.ts"

/** Files in a bucket of a server that is not ours, read into a lake in the same bucket: every record once, whatever keys are made of and objects become. */
let moto: Moto
let s3: S3
let folder = ""
let env: Readonly<Record<string, string>> = {}

const project = `import { csv, defineContract, defineProject, text, timestamp, versions } from "sluice/contract"

const of = (name: string, more: object) => defineContract({
  name, title: name, owner: "shop", sensitivity: "internal", description: "Records.", fields: { id: text("Id."), at: timestamp("When.") },
  table: versions({ key: ["id"], version: "at", by: { day: "at" } }), eventTime: { field: "at" }, drops: [], expectations: [], keepUnknown: false, ...more
})
export default defineProject({ name: "shop", contracts: [of("orders", {}), of("lines", { format: csv(), arrives: ["*.csv"] })] })
`

beforeAll(async () => {
  moto = await startMoto()
  Object.assign(process.env, motoEnvironment)
  s3 = new S3({ endpoint: moto.endpoint, forcePathStyle: true })
  folder = mkdtempSync(join(tmpdir(), "sluice-s3-input-"))
  mkdirSync(join(folder, "shop"))
  writeFileSync(join(folder, "shop", "project.ts"), project)
  env = { ...motoEnvironment, SLUICE_S3_ENDPOINT: moto.endpoint, SLUICE_PROJECT: join(folder, "shop") }
})
afterAll(async () => {
  s3.destroy()
  await moto.stop()
  rmSync(folder, { recursive: true, force: true })
})

const at = "2026-11-20T07:00:00Z"
/** Ids of records `from` to before `to`, told by a name. */
const ids = (name: string, from: number, to: number) => Array.from({ length: to - from }, (_, i) => `${name}-${from + i}`)
const json = (of: ReadonlyArray<string>, filler = "") => of.map((id) => `${JSON.stringify({ id, at, filler })}\n`).join("")
/** The header is in each file's own order, and a field has a newline within. */
const csv = (of: ReadonlyArray<string>) => `at,note,id\r\n${of.map((id) => `${at},"a ""b""\n, c",${id}\r\n`).join("")}`

/** Objects by their keys below the input: what they hold, and whose records these are. */
interface Kept {
  readonly body: string | Uint8Array
  readonly dataset: "orders" | "lines"
  readonly ids: ReadonlyArray<string>
}

const orders = (of: ReadonlyArray<string>, filler?: string): Kept => ({ body: json(of, filler), dataset: "orders", ids: of })
const lines = (of: ReadonlyArray<string>): Kept => ({ body: csv(of), dataset: "lines", ids: of })
const zipped = (kept: Kept): Kept => ({ ...kept, body: gzipSync(kept.body) })

const first: Readonly<Record<string, Kept>> = {
  "2026/11/20/07/a b.ndjson": orders(ids("spaces", 0, 30)),
  "2026/11/20/08//c.ndjson": orders(ids("slashes", 0, 30)),
  "2026/11/20/08/c.ndjson": orders(ids("slash", 0, 20)),
  "2026/11/20/09/d.ndjson.gz": zipped(orders(ids("zipped", 0, 40))),
  "2026/11/20/10/e=1&f=2.csv": lines(ids("csv", 0, 25)),
  "csv/100%25 %41+é😀.csv.gz": zipped(lines(ids("csv-zipped", 0, 15))),
  "hour=11/k?x#y;z.ndjson": orders(ids("marks", 0, 5)),
  "hour=11/'\"<>&*!().ndjson": orders(ids("quotes", 0, 5)),
  "日本語/naïve~@:,$.ndjson": orders(ids("names", 0, 5)),
  // Three ranges of what is read at once.
  "large.ndjson": orders(ids("large", 0, 90), "x".repeat(100_000)),
  "document.json": { body: `{\n  "id": "document-0",\n  "at": "${at}"\n}`, dataset: "orders", ids: ["document-0"] }
}

it("files in a bucket become rows once each, whatever their keys are and whatever becomes of them", async () => {
  const bucket = await moto.bucket()
  const prefix = "some prefix/é=%41+"
  const put = (key: string, Body: string | Uint8Array) => s3.putObject({ Bucket: bucket, Key: `${prefix}/${key}`, Body: Buffer.from(Body) })
  const wanted = new Map<string, { readonly dataset: Kept["dataset"]; readonly ids: Array<string> }>()
  const keep = async (key: string, kept: Kept, fresh = kept.ids) => {
    await put(key, kept.body)
    const before = wanted.get(key)
    if (before === undefined) wanted.set(key, { dataset: kept.dataset, ids: [...fresh] })
    else before.ids.push(...fresh)
  }
  for (const [key, kept] of Object.entries(first)) await keep(key, kept)
  // What is nothing: a folder's marker, what is hidden, what has another name's end, what is empty, a neighbour.
  for (const key of ["", "2026/11/20/07/", "_x.ndjson", ".y/z.ndjson", "picture.png", "empty.ndjson"])
    await put(key, /^$|\/$|empty/.test(key) ? "" : json(["never"]))
  await s3.putObject({ Bucket: bucket, Key: `${prefix}2/a.ndjson`, Body: json(["never"]) })

  const lake = ["--lake", `s3://${bucket}/lake`]
  const from = ["--input", `s3://${bucket}/${prefix}`, ...lake, "--arrived-at", "2026-11-01T06:00:00Z"]
  const query = (sql: string) => sluiceJson(["query", ...lake, sql], env)
  const expectRows = async () => {
    const verified = await sluice(["verify", ...lake], env)
    expect(verified.code, verified.stdout + verified.stderr).toBe(0)
    for (const dataset of ["orders", "lines"] as const) {
      const rows = await query(`SELECT _shard AS shard, ingest_hour AS hour, id FROM stage_${dataset} ORDER BY ALL`)
      const rowsOf = [...wanted].flatMap(([key, kept]) => {
        const hour = Number(/^2026\/11\/20\/(\d\d)\//.exec(key)?.[1] ?? 6)
        return kept.dataset === dataset ? kept.ids.map((id) => ({ shard: `s3://${bucket}/${prefix}/${key}`, hour, id })) : []
      })
      const sorted = (all: ReadonlyArray<unknown>) => all.map((row) => JSON.stringify(row)).sort()
      expect(sorted(rows)).toEqual(sorted(rowsOf))
    }
    expect(await query("SELECT count(*)::INTEGER AS n FROM dead_letters")).toEqual([{ n: 0 }])
  }

  await sluiceJson(["ingest", ...from], env)
  await expectRows()
  expect((await sluiceJson(["ingest", ...from], env)).commits).toBe(0)

  // One is replaced by as many bytes, one goes on, one of them in a file that is compressed as a whole; one comes late into an old hour.
  await keep("2026/11/20/07/a b.ndjson", orders(ids("spacez", 0, 30)))
  await keep("2026/11/20/08//c.ndjson", orders(ids("slashes", 0, 45)), ids("slashes", 30, 45))
  await keep("2026/11/20/09/d.ndjson.gz", zipped(orders(ids("zipped", 0, 41))), ids("zipped", 40, 41))
  await keep("2026/11/20/10/e=1&f=2.csv", lines(ids("csv", 0, 40)), ids("csv", 25, 40))
  await keep("2026/11/20/07/0 late.ndjson", orders(ids("late", 0, 3)))
  await sluiceJson(["run", "--once", ...from], env)
  await expectRows()
  const all = [...wanted.values()].flatMap((kept) => (kept.dataset === "orders" ? kept.ids : []))
  expect(await query("SELECT count(*)::INTEGER AS n, count(DISTINCT id)::INTEGER AS ids FROM consumable_orders")).toEqual([
    { n: all.length, ids: new Set(all).size }
  ])

  // An upload in parts has a tag of another form than the same content had before.
  const touched = { Bucket: bucket, Key: `${prefix}/2026/11/20/08/c.ndjson` }
  const { UploadId } = await s3.createMultipartUpload(touched)
  const part = { ...touched, UploadId, PartNumber: 1, Body: Buffer.from(json(ids("slash", 0, 20))) }
  const Parts = [{ ETag: (await s3.uploadPart(part)).ETag, PartNumber: 1 }]
  await s3.completeMultipartUpload({ ...touched, UploadId, MultipartUpload: { Parts } })
  const again = await sluiceJson(["ingest", ...from], env)
  expect([again.counts.records, again.commits]).toEqual([0, 1])
  expect((await sluiceJson(["ingest", ...from], env)).commits).toBe(0)
  await expectRows()
  // The lake that lies in the bucket is no input, and objects have the same names from wherever they are reached.
  expect((await sluiceJson(["ingest", "--dataset", "orders", "--input", `s3://${bucket}/some prefix`, ...lake], env)).counts.records).toBe(
    1
  )
  await sluiceJson(["ingest", "--dataset", "lines", "--input", `s3://${bucket}`, ...lake], env)
  expect(await query("SELECT count(*)::INTEGER AS n FROM stage_orders WHERE id = 'never'")).toEqual([{ n: 1 }])
})

it("more objects than a listing tells at once are all read, on both sides of where it goes on", async () => {
  const bucket = await moto.bucket()
  const names = Array.from({ length: 1010 }, (_, i) => `ü +%20/${String(i).padStart(4, "0")}.json`)
  const rest = names.values()
  const putSome = async () => {
    for (const name of rest) await s3.putObject({ Bucket: bucket, Key: name, Body: Buffer.from(json([name])) })
  }
  await Promise.all(Array.from({ length: 8 }, putSome))
  const lake = ["--lake", join(folder, "many")]
  const from = ["--input", `s3://${bucket}/ü +%20`, ...lake, "--arrived-at", at]
  expect((await sluiceJson(["ingest", ...from], env)).counts.rows).toBe(names.length)
  expect((await sluiceJson(["ingest", ...from], env)).commits).toBe(0)
  const sql = `SELECT count(DISTINCT id)::INTEGER AS n FROM stage_orders WHERE _shard = 's3://${bucket}/' || id`
  expect(await sluiceJson(["query", ...lake, sql], env)).toEqual([{ n: names.length }])
  const verified = await sluice(["verify", ...lake], env)
  expect(verified.code, verified.stdout + verified.stderr).toBe(0)
})
