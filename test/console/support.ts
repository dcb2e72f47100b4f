import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { request } from "node:http"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect, Exit, Scope } from "effect"
import { runConsole } from "../../src/console/console.ts"
import { defaultPool } from "../../src/console/query-pool.ts"
import type { ConsoleOptions, RunningConsole } from "../../src/console/state.ts"
import { compileContract } from "../../src/contract/compile.ts"
import { decimal, defineContract, events, text, timestamp } from "../../src/contract/index.ts"
import { leaf } from "../../src/record/column.ts"
import { localStore } from "../../src/store/local-store.ts"
import { build, modelsOfTexts, replaceFiles } from "../models/small-lake.ts"

/** A real lake of some orders, with a mart, a dashboard, and the real console on it. */

export const orders = defineContract({
  name: "orders",
  title: "Orders",
  owner: "shop",
  steward: "data office",
  sourceSystem: "web shop",
  sensitivity: "personal",
  costTag: "shop-7",
  refreshEvery: "1 hour",
  description: "Orders of a shop.",
  fields: {
    orderId: text("Id."),
    placedAt: timestamp("When."),
    state: text("State of the customer."),
    amount: decimal(12, 2, "What is paid."),
    email: text("Address of the customer.", { sensitive: "hash" })
  },
  table: events({ key: ["orderId"], by: "none" }),
  eventTime: { field: "placedAt" },
  drops: [],
  expectations: [],
  keepUnknown: true
})

const columns = [
  leaf("order_id", "text", "Id."),
  leaf("placed_at", "timestamp", "When."),
  leaf("state", "text", "State."),
  leaf("amount", { type: "decimal", precision: 12, scale: 2 }, "Paid."),
  leaf("email", "text", "Address.")
]

export const models = modelsOfTexts(
  {
    "models/spend_by_day.sql": `{{ config(materialized='table') }}
select cast(placed_at as date) as day, state, sum(amount) as amount, count(*) as orders, count(distinct email) as people, max(email) as someone
from {{ source('consumable', 'orders') }} group by cast(placed_at as date), state`
  },
  ["orders"]
)

export const dashboard = `title: Spend
description: What is paid where.
timezone: America/New_York
period: { default: last-7-days }
parameters: { least: { type: integer, default: 0, label: Least orders } }
filters:
  - { field: state, label: State }
  - { field: email, label: Address }
queries:
  spend:
    sql: select state, sum(amount) as spend from spend_by_day where day >= $from and day < $to and orders >= $least group by state order by state
    drill: spend_rows
  spend_rows:
    sql: select * from spend_by_day where day >= $from and day < $to order by day, state
  moments:
    sql: select count(*) as orders from consumable_orders where placed_at >= $from and placed_at < $to
  endless:
    sql: select count(*) as n from range(100000000000) where $least = 0
charts:
  - { title: Spend, query: spend, kind: bar, x: state, y: spend, unit: USD, compare: true }
`

const row = (id: string, placedAt: string, state: string, amount: number, email: string): string =>
  `select '${id}' as order_id, timestamptz '${placedAt}' as placed_at, '${state}' as state, cast(${amount} as decimal(12,2)) as amount, '${email}' as email`

/** Days in New York are not those of UTC: b is of the 10th there. */
export const firstRows = [
  row("a", "2026-11-10 12:00:00Z", "NY", 10, "hash-a"),
  row("b", "2026-11-11 03:00:00Z", "NY", 5, "hash-b"),
  row("c", "2026-11-11 15:00:00Z", "=CA", 7.5, "hash-a"),
  row("d", "2026-11-03 15:00:00Z", "NY", 4, "hash-d")
].join(" union all ")

export const laterRow = row("e", "2026-11-11 18:00:00Z", "NY", 100, "hash-e")

export interface Place {
  readonly lake: string
  readonly project: string
  readonly remove: () => void
}

export const addOrders = (lake: string, select: string): Promise<void> =>
  Effect.gen(function* () {
    yield* replaceFiles("orders", columns, [], [select])
    yield* build(models, { contracts: [compileContract(orders)] })
  }).pipe(Effect.provide(localStore(lake)), Effect.asVoid, Effect.runPromise)

export const makePlace = async (): Promise<Place> => {
  const root = mkdtempSync(join(tmpdir(), "sluice-test-console-"))
  const place = { lake: join(root, "lake"), project: join(root, "project"), remove: () => rmSync(root, { recursive: true, force: true }) }
  mkdirSync(join(place.project, "dashboards"), { recursive: true })
  writeFileSync(join(place.project, "dashboards", "spend.yaml"), dashboard)
  await addOrders(place.lake, firstRows)
  return place
}

export interface Running extends RunningConsole {
  readonly stop: () => Promise<void>
}

export const startConsole = async ({ lake, project }: Place, options: Partial<ConsoleOptions> = {}): Promise<Running> => {
  const scope = await Effect.runPromise(Scope.make())
  const running = await runConsole({
    host: "127.0.0.1",
    port: 0,
    hosts: [],
    token: null,
    project: { name: "shop", contracts: [compileContract(orders)], models, sensitive: new Set(["email"]) },
    folder: project,
    sql: false,
    allowPersonal: false,
    replay: null,
    duckdb: { threads: 1 },
    pool: { ...defaultPool, running: 2, queue: 2, timeout: 1_500 },
    refreshMillis: 50,
    ...options
  }).pipe(Scope.provide(scope), Effect.provide(localStore(lake)), Effect.runPromise)
  return { ...running, stop: () => Effect.runPromise(Scope.close(scope, Exit.void)) }
}

export interface Got {
  readonly status: number
  readonly headers: Readonly<Record<string, string | ReadonlyArray<string> | undefined>>
  readonly text: string
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of any form
  readonly json: any
}

/** Asks as a program does that says what it likes: of any host, path and origin. */
export const ask = (
  port: number,
  path: string,
  {
    body,
    headers = {},
    method = body === undefined ? "GET" : "POST"
  }: { method?: string; headers?: Record<string, string>; body?: unknown } = {}
): Promise<Got> =>
  new Promise((resolve, reject) => {
    const type = body === undefined ? {} : { "content-type": "application/json" }
    const call = request({ agent: false, host: "127.0.0.1", port, path, method, headers: { ...type, ...headers } }, (response) => {
      const parts: Array<Buffer> = []
      response.on("data", (part: Buffer) => parts.push(part))
      response.on("end", () => {
        const text = Buffer.concat(parts).toString()
        const isJson = response.headers["content-type"] === "application/json" && text !== ""
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json: isJson ? JSON.parse(text) : null })
      })
    })
    call.on("error", reject)
    call.end(body === undefined ? undefined : typeof body === "string" ? body : JSON.stringify(body))
  })
