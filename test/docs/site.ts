import { compileContract } from "../../src/contract/compile.ts"
import { type ContractDefinition, defineContract, latest } from "../../src/contract/contract.ts"
import { text } from "../../src/contract/field.ts"
import type { ProjectText } from "../../src/docs/entries.ts"
import type { LakeFacts } from "../../src/docs/lake-facts.ts"
import { siteOf } from "../../src/docs/site.ts"
import { column, dataTest, model, models, text as said } from "../models/made.ts"

/** A text that would be markup, end an attribute, run a script and turn the direction of writing, where it was not escaped. */
export const hostile = `"><script>alert('x')</script><img src=//evil.test/x onerror=alert(1)> & \`a<b\` \u202e`

const definition: ContractDefinition = {
  name: "orders",
  title: `Orders ${hostile}`,
  owner: hostile,
  steward: `steward ${hostile}`,
  sensitivity: "personal",
  description: `First ${hostile}\n\nSecond ${hostile}`,
  fields: { orderId: text("Key."), email: text(hostile, { sensitive: "hash" }), note: text("Left out.") },
  table: latest({ key: ["orderId"], by: "none" }),
  drops: [{ name: "notes", reason: hostile, path: "note", from: "consumable" }],
  expectations: [{ name: "has-key", description: hostile, column: "order_id", severity: "warn", reads: ["order_id"], holds: () => true }],
  keepUnknown: true,
  tags: { [hostile]: hostile }
}

const contract = defineContract(definition)

/** A project whose every text is hostile. */
export const project: ProjectText = {
  sensitive: new Set(["email"]),
  name: hostile,
  contracts: [compileContract(contract)],
  models: models({
    models: [
      model("daily", {
        description: hostile,
        owner: hostile,
        tags: [hostile],
        meta: { [hostile]: hostile },
        columns: [{ ...column("day"), description: hostile }, column("E-mail <b>", true)],
        source: `select '${hostile}'`,
        inputs: [
          { kind: "source", source: "consumable", table: "orders" },
          { kind: "source", source: "changes", table: "orders" }
        ]
      }),
      model(`Odd "name" <i>`, {
        inputs: [
          { kind: "model", name: "daily" },
          { kind: "source", source: "lake", table: "runs" }
        ]
      })
    ],
    tests: [
      dataTest({ kind: "unique" }, { name: "unique_daily_day", model: "daily", column: "day" }),
      dataTest(
        { kind: "accepted_values", values: ["secret@example.com"], quote: true },
        { name: "accepted_values_daily_email__secret_example_com", model: "daily", column: "email" }
      ),
      dataTest({ kind: "expression", expression: `a < b ${hostile}` }, { name: `test ${hostile}`, model: "daily", where: hostile }),
      dataTest(
        { kind: "singular", text: [said("select 1 from "), { kind: "ref", model: "daily", line: 1 }] },
        { name: "adds_up", severity: "warn" }
      )
    ],
    unitTests: [
      {
        name: "given",
        model: "daily",
        given: [{ input: "this", rows: [{ a: "row-value" }] }],
        expect: [],
        isIncremental: true,
        vars: {},
        file: hostile,
        line: 3
      }
    ],
    freshness: [
      {
        input: { kind: "source", source: "consumable", table: "orders" },
        loadedAt: hostile,
        warnAfterMillis: 3_600_000,
        errorAfterMillis: null,
        file: "models/x.yml",
        line: 1
      }
    ],
    exposures: [
      {
        name: hostile,
        type: "dashboard",
        owner: hostile,
        url: "javascript:alert(1)",
        description: hostile,
        inputs: [{ kind: "model", name: "daily" }]
      },
      { name: "board", type: "dashboard", owner: null, url: "https://boards.test/a?b=1&c=2", description: "", inputs: [] }
    ]
  })
}

export const lake: LakeFacts = {
  tables: new Map([
    ["stage/orders", { version: 4, rows: 1200, files: 3, bytes: 5000, columns: [] }],
    ["consumable/orders", { version: 2, rows: 1100, files: 1, bytes: 4000, columns: [] }],
    [
      "marts/daily",
      {
        version: 9,
        rows: null,
        files: 1,
        bytes: 10,
        columns: [
          { name: "day", type: "date" },
          { name: "beside", type: "long" }
        ]
      }
    ]
  ]),
  runs: [
    {
      kind: "build",
      dataset: "daily",
      outcome: "complete",
      begunAt: "2026-11-20T07:00:00.000000Z",
      endedAt: "2026-11-20T07:00:01.500000Z",
      records: null,
      rows: 31,
      deadLetters: null,
      broken: []
    },
    {
      kind: "ingest",
      dataset: hostile,
      outcome: hostile,
      begunAt: "2026-11-20T06:00:00.000000Z",
      endedAt: "2026-11-20T06:00:00.000000Z",
      records: 1,
      rows: 1,
      deadLetters: 0,
      broken: []
    }
  ],
  unitTests: new Map([["adds_up", { status: "fail", failures: 77_777, endedAt: "2026-11-20T07:00:01.500000Z" }]]),
  tests: new Map([
    ["unique_daily_day", { status: "fail", failures: 12_345, endedAt: "2026-11-20T07:00:01.500000Z" }],
    ["adds_up", { status: "warn", failures: 2, endedAt: "2026-11-20T07:00:01.500000Z" }]
  ])
}

export const hostileSite = siteOf(project, lake).files

/** An element as it begins: its name and its attributes, which are all in double quotes. Fails where what stands there is no such markup. */
export interface Tag {
  readonly name: string
  readonly attributes: ReadonlyMap<string, string>
}

/** The elements of a page that ends them all in the right order, and its text without them. Strict: what HTML forgives is an error here. */
export const readPage = (page: string): { readonly tags: ReadonlyArray<Tag>; readonly text: string } => {
  const empty = new Set(["meta", "link", "wbr", "rect", "circle", "path"])
  const tags: Array<Tag> = []
  const open: Array<string> = []
  let shown = ""
  let at = "<!doctype html>".length
  if (!page.startsWith("<!doctype html>")) throw new Error("no doctype")
  while (at < page.length) {
    if (page[at] !== "<") {
      const end = page.indexOf("<", at)
      shown += page.slice(at, end === -1 ? undefined : end)
      at = end === -1 ? page.length : end
      continue
    }
    const match = /<(\/?)([a-z][a-z0-9]*)((?: [a-zA-Z-]+="[^"<>]*")*)(\/?)>/y
    match.lastIndex = at
    const found = match.exec(page)
    if (found === null) throw new Error(`no tag at ${page.slice(at, at + 80)}`)
    const [whole, closing, name = "", attributes = "", selfClosing] = found
    at += whole.length
    if (closing === "/") {
      if (open.pop() !== name) throw new Error(`</${name}> ends nothing`)
      continue
    }
    tags.push({
      name,
      attributes: new Map([...attributes.matchAll(/ ([a-zA-Z-]+)="([^"]*)"/g)].map(([, key = "", value = ""]) => [key, value]))
    })
    if (!empty.has(name) && selfClosing === "") open.push(name)
  }
  if (open.length > 0) throw new Error(`not ended: ${open.join(", ")}`)
  return { tags, text: unescaped(shown) }
}

export const unescaped = (text: string): string =>
  text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&quot;", '"').replaceAll("&#39;", "'").replaceAll("&amp;", "&")
