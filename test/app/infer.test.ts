import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { gzipSync } from "node:zlib"
import { Effect } from "effect"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { inferContract } from "../../src/app/infer/infer.ts"
import type { Contract } from "../../src/contract/contract.ts"
import { findShape } from "../../src/contract/field.ts"
import { loadContracts } from "../../src/contract/load.ts"
import { root, sluiceJson } from "../cli/sluice.ts"
import { query } from "../parquet/support.ts"

let folder = ""
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sluice-infer-"))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const lines = (records: ReadonlyArray<unknown>): string => records.map((record) => `${JSON.stringify(record)}\n`).join("")
const times = <A>(n: number, make: (i: number) => A): ReadonlyArray<A> => Array.from({ length: n }, (_, i) => make(i))
const two = (n: number): string => String(n).padStart(2, "0")

/** Writes a sample, proposes a contract for it, and loads that. */
const proposed = async (name: string, sample: string | Uint8Array): Promise<{ readonly text: string; readonly contract: Contract }> => {
  await writeFile(join(folder, name), sample)
  const { dataset, text } = await Effect.runPromise(inferContract(join(folder, name), null))
  await writeFile(join(folder, `${dataset}.ts`), text)
  // The command gives contracts what they import as this; here nobody does.
  const module = join(folder, `${dataset}.here.ts`)
  await writeFile(module, text.replace("sluice/contract", join(root, "src", "contract", "index.ts")))
  const { compiled, error } = await loadContracts(module)
  expect([error, text]).toEqual([null, text])
  const contract = compiled.get(dataset)?.contract
  if (contract === undefined) throw new Error(`there is no ${dataset}`)
  return { text, contract }
}

/** Types of fields, by key: `decimal(18,2)`, with how they are read where that is said. */
const typesOf = (fields: Contract["fields"]): { readonly [key: string]: unknown } =>
  Object.fromEntries(Object.entries(fields).map(([key, field]) => [key, typeOf(field)]))
const typeOf = (field: unknown): unknown => {
  const shape = findShape(field)
  switch (shape?.kind) {
    case "leaf": {
      const { leaf, reading, sensitive } = shape
      const type = leaf.type === "decimal" ? `decimal(${leaf.precision},${leaf.scale})` : leaf.type
      const how = Object.values(reading).map((each) => (typeof each === "object" ? each.pattern : each))
      return [type, ...how, ...(sensitive === undefined ? [] : [sensitive])].join(" ")
    }
    case "document":
      return typesOf(shape.fields)
    case "list":
      return [typeOf(shape.element)]
    default:
      return shape?.kind
  }
}

const person = (i: number) => ({
  first_name: `Ana${i}`,
  email: `ana${i}@example.com`,
  phone: `+55 11 9${i}000-0000`,
  isMember: i % 2 === 0
})

/** Samples by the name of their file. Of some, values that a proposal must not show. */
const samples: { readonly [name: string]: string | Uint8Array } = {
  "orders-2026-11-20.ndjson": lines(
    times(20, (i) => ({
      _id: `o-${i >> 1}`,
      updatedAt: `2026-11-20T08:00:${two(i)}Z`,
      customer: { ...person(i), name: `Ana Berg ${i}`, document: `123.456.789-${two(i)}` },
      items: [{ sku: `s-${i}`, price: 9.5, quantity: i + 1 }],
      payment: JSON.stringify({ method: "card", value: `${i}.90` }),
      stock: { "101": 3, "102": i },
      score: i === 7 ? "none" : i,
      note: i % 2 === 0 ? i : "text",
      password: "hunter2",
      filename: `f${i}`,
      "order-source": "web",
      empty: [],
      __proto__x: 1,
      nothing: null
    }))
  ),
  "sales.csv": `Order ID;Lançado em;Preço;CEP;Nota\r\n${times(12, (i) => `A${i};${two(i + 13)}/11/2026;1${i},50;0131${two(i)};"a;\n""b"""`).join("\r\n")}\r\n`,
  "clicks.jsonl": lines(
    times(10, (i) => ({
      click_id: 5_000_000_000 + i,
      ts: 1_795_000_000 + i,
      seen: 1_795_000_000_000 + i,
      created_us: `${1_795_000_000_000_000 + i}`,
      ean: 4_006_381_333_931
    }))
  ),
  "lines.tsv": `order\tline\tprice\tevent_date\n${times(12, (i) => `${1000 + (i >> 2)}\t${i % 4}\t${i}.125\t2026-11-${two(i + 1)}`).join("\n")}\n`,
  "plain.csv.gz": gzipSync(times(6, (i) => `${i};x${i % 2};2026-11-2${i}T10:00:00\n`).join("")),
  "pages.txt": times(5, (i) => `cid=${i}&t=pageview&dl=http%3A%2F%2Fshop%2F${i}\n`).join(""),
  "access.log": times(
    5,
    (i) => `10.0.0.${i} - - [17/May/2026:10:05:0${i} +0000] "GET /a?b=${i} HTTP/1.1" 200 ${i + 1}00 "-" "Mozilla"\n`
  ).join(""),
  "one.json": JSON.stringify({ id: "a", createdAt: "2026-11-20T08:00:00Z", emails: ["x@example.com"] }, null, 2),
  "nulls.csv": `id,score\n${times(8, (i) => `${i},${i === 3 ? "NULL" : i / 2}`).join("\n")}\n`
}

describe("a contract that is proposed", () => {
  it("says types, also of what is nested, stands in texts, or is mixed; and keeps what has no column's name", async () => {
    const { contract, text } = await proposed("orders-2026-11-20.ndjson", samples["orders-2026-11-20.ndjson"] ?? "")
    expect(typesOf(contract.fields)).toEqual({
      id: "text",
      updatedAt: "timestamp",
      customer: {
        first_name: "text hash",
        email: "text hash",
        phone: "text hash",
        isMember: "boolean",
        name: "text hash",
        document: "text hash"
      },
      items: [{ sku: "text", price: "decimal(18,2)", quantity: "integer" }],
      payment: { method: "text", value: "decimal(18,2)" },
      stock: "json",
      score: "integer",
      note: "text",
      password: "text drop",
      "order-source": "text",
      empty: "json",
      proto__x: "integer",
      nothing: "text"
    })
    expect([contract.name, contract.arrives, contract.table, contract.eventTime, contract.sensitivity]).toEqual([
      "orders",
      ["orders-*.ndjson"],
      { kind: "versions", key: ["id"], version: "updatedAt", by: { day: "updatedAt" } },
      { field: "updatedAt" },
      "personal"
    ])
    expect(text).toContain("1 value of 20 does not fit: kept in _rescued.")
    expect(text).toContain("Mixed: 10 numbers, of 20 values")
    for (const value of ["example.com", "Ana", "123.456", "hunter2", "+55"]) expect(text).not.toContain(value)
  })

  it("of CSV finds delimiter, decimal sign, days and codes", async () => {
    const { contract } = await proposed("sales.csv", samples["sales.csv"] ?? "")
    expect(contract.format).toMatchObject({ delimiter: ";", header: true, columns: null })
    expect(typesOf(contract.fields)).toEqual({
      orderId: "text",
      lancadoEm: "date dd/MM/yyyy",
      preco: "decimal(18,2) ,",
      cep: "text",
      nota: "text"
    })
    expect(contract.table).toEqual({ kind: "events", key: ["orderId"], by: { day: "lancadoEm" } })
  })

  it("tells seconds, milliseconds and microseconds since 1970 from other numbers", async () => {
    const { contract } = await proposed("clicks.jsonl", samples["clicks.jsonl"] ?? "")
    expect(typesOf(contract.fields)).toEqual({
      click_id: "long",
      ts: "timestamp epochSeconds",
      seen: "timestamp epochMillis",
      created_us: "timestamp epochMicros",
      ean: "long"
    })
    expect([contract.table.key, contract.eventTime]).toEqual([["click_id"], { field: "created_us" }])
  })

  it("takes keys that differ by case for one, and words of a system for null, as conventions", async () => {
    const records = times(6, (i) => (i % 2 === 0 ? { Id: i, Status: "null", note: "x" } : { id: i, status: "open", Note: "null" }))
    const { contract } = await proposed("spelt.ndjson", lines(records))
    expect([contract.conventions, typesOf(contract.fields), contract.table.key]).toEqual([
      { nullText: true, anyCase: true },
      { id: "long", status: "text", note: "text" },
      ["id"]
    ])
  })

  it("finds a key of two columns, and lays by day only where no column is called so", async () => {
    const { contract, text } = await proposed("lines.tsv", samples["lines.tsv"] ?? "")
    expect([contract.table, typesOf(contract.fields)]).toEqual([
      { kind: "events", key: ["order", "line"], by: "none" },
      { order: "integer", line: "integer", price: "decimal(18,3)", eventDate: "date" }
    ])
    expect(text).toContain("Key: order and line are together another one in each of 12 records.")
  })

  it("of a file without a header numbers its columns, unpacked or not", async () => {
    const { contract } = await proposed("plain.csv.gz", samples["plain.csv.gz"] ?? "")
    expect(contract.format).toMatchObject({ delimiter: ";", header: false, columns: ["column_1", "column_2", "column_3"] })
    expect(typesOf(contract.fields)).toEqual({ column_1: "integer", column_2: "text", column_3: "timestamp" })
  })

  it("knows form data, access logs, one document, Parquet, and words for null", async () => {
    const forms = await proposed("pages.txt", samples["pages.txt"] ?? "")
    expect([forms.contract.format?.kind, typesOf(forms.contract.fields)]).toEqual(["form", { cid: "integer", t: "text", dl: "text" }])
    const logs = await proposed("access.log", samples["access.log"] ?? "")
    expect([logs.contract.format, typesOf(logs.contract.fields)]).toMatchObject([
      { kind: "accessLog", layout: "combined" },
      { host: "text hash", datetime: "timestamp", method: "text", response: "integer", bytes: "integer" }
    ])
    expect(logs.contract.table).toMatchObject({ kind: "events", by: { day: "datetime" } })
    const one = await proposed("one.json", samples["one.json"] ?? "")
    expect(typesOf(one.contract.fields)).toEqual({ id: "text", createdAt: "timestamp", emails: ["text hash"] })
    expect(one.text).not.toContain("example.com")
    await query(
      `COPY (SELECT i AS id, TIMESTAMP '2026-11-20 10:00:00' + INTERVAL (i) HOUR AS created_at, (i * 1.5)::DECIMAL(9, 2) AS price FROM range(9) t(i))
       TO '${join(folder, "rows.parquet")}' (FORMAT parquet)`
    )
    const { text } = await Effect.runPromise(inferContract(join(folder, "rows.parquet"), "parcels"))
    expect(text).toContain("format: parquet,")
    expect(text).toContain("id: long(")
    expect(text).toContain("created_at: timestamp(")
    expect(text).toContain("price: decimal(18, 2, ")
    const nulls = await proposed("nulls.csv", samples["nulls.csv"] ?? "")
    expect([nulls.contract.format, typesOf(nulls.contract.fields)]).toMatchObject([
      { nullText: "NULL" },
      { id: "long", score: "decimal(18,2)" }
    ])
  })

  it("makes a row of every record, each sample a dataset of one project", async () => {
    const names = Object.keys(samples)
    const made = await Promise.all(names.map((name) => proposed(name, samples[name] ?? "")))
    const imports = made.map(({ contract }, i) => `import * as c${i} from "./${contract.name}.ts"\n`)
    await writeFile(
      join(folder, "project.ts"),
      `import { defineProject } from "sluice/contract"\n${imports.join("")}export default defineProject({ name: "tried", contracts: [${made.map((_, i) => `...Object.values(c${i})`).join(", ")}] })\n`
    )
    const { problems, contracts } = await sluiceJson(["contracts", "--lint", folder])
    expect([problems, contracts.length]).toEqual([[], names.length])
    const lake = ["--project", folder, "--lake", join(folder, "lake")]
    const ran = await sluiceJson(["run", "--once", "--input", folder, ...lake])
    expect(ran.counts).toMatchObject({ deadLetters: {}, rows: 20 + 12 + 10 + 12 + 6 + 5 + 5 + 1 + 8 })
    expect((await sluiceJson(["verify", ...lake])).ok).toBe(true)
  })

  it.each([
    ["empty.json", "", "is empty"],
    ["blank.csv", " \n\n", "is empty"],
    ["only-header.csv", "id,name\n", "has no record"],
    ["list.json", '[{"id":1},{"id":2}]', "one JSON list"],
    ["prose.txt", "Once upon a time\nthere was a shop.\n", "neither JSON, CSV"],
    ["broken.ndjson", '{"id":\n{"id"\n', "no record can be read"]
  ])("is not made of %s, and why is said", async (name, sample, said) => {
    await writeFile(join(folder, name), sample)
    const failed = await Effect.runPromise(Effect.flip(inferContract(join(folder, name), null)))
    expect(failed.message).toContain(said)
    expect(failed.message).toContain(name)
    await rm(join(folder, name))
  })

  it("is given no name that a dataset cannot have", async () => {
    const failed = await Effect.runPromise(Effect.flip(inferContract(join(folder, "one.json"), "Bad name")))
    expect(failed.message).toContain("is no name of a dataset")
  })

  it("is told where there is no file, or a folder", async () => {
    const nowhere = await Effect.runPromise(Effect.flip(inferContract(join(folder, "nowhere.json"), null)))
    expect(nowhere.message).toContain("nowhere.json")
    const of = await Effect.runPromise(Effect.flip(inferContract(folder, null)))
    expect(of.message).toContain("is no file")
  })
})
