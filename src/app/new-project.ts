/** A small project that works as it is: the files of its folder, by path, and what stands in them. @param folder name of the folder: the project is called after it */
export const newProject = (folder: string): ReadonlyMap<string, string> => {
  const name = nameOf(folder)
  return new Map([
    ["project.ts", projectText(name)],
    ["orders.ts", contractText],
    ["data/orders-2026-11-20.ndjson", records.map((record) => `${JSON.stringify(record)}\n`).join("")],
    ["dashboards/orders.yaml", dashboardText],
    ["README.md", readmeText(name)],
    [".gitignore", "lake/\n"]
  ])
}

const nameOf = (folder: string): string =>
  folder
    .toLowerCase()
    .replace(/[^a-z0-9_-]+/g, "-")
    .replace(/^[^a-z]+|-+$/g, "") || "shop"

const projectText = (name: string): string => `import { defineProject } from "sluice/contract"
import { orders } from "./orders.ts"

/** What this business has. Another dataset is another file beside this one, and its name in this list. */
export default defineProject({ name: "${name}", contracts: [orders] })
`

const contractText = `import { decimal, defineContract, document, integer, list, text, timestamp, versions } from "sluice/contract"

/** What an order is: columns, types, what is sensitive, what makes two records one. Everything else is derived from it. */
export const orders = defineContract({
  name: "orders",
  title: "Orders",
  owner: "shop",
  sensitivity: "personal",
  description: "Every version of every order, from the moment it is placed until it is delivered.",
  // Files of the input that hold orders, in whatever folder.
  arrives: ["orders-*.ndjson"],
  fields: {
    orderId: text("Id of the order."),
    changedAt: timestamp("When the order last changed: the version of this row."),
    status: text("Where the order stands: \`placed\`, \`paid\`, \`delivered\`."),
    email: text("Address of the customer.", { sensitive: "hash" }),
    comment: text("What the customer wrote; may name people.", { sensitive: "drop" }),
    total: decimal(12, 2, "What is paid."),
    currency: text("Currency, as ISO 4217 names it."),
    items: list("What was bought.", document("An item.", { sku: text("Article."), quantity: integer("How many."), price: decimal(12, 2, "Price of one.") }))
  },
  // Each version of an order once, by the day of its change; events(…) is for what never changes.
  table: versions({ key: ["orderId"], version: "changedAt", by: { day: "changedAt" } }),
  eventTime: { field: "changedAt" },
  drops: [],
  expectations: [
    {
      name: "total-not-negative",
      description: "No order costs less than nothing.",
      column: "total",
      reads: ["total"],
      severity: "warn",
      holds: ({ total }) => typeof total !== "bigint" || total >= 0n
    }
  ],
  keepUnknown: true
})
`

const firstOrder = {
  orderId: "A-1001",
  changedAt: "2026-11-20T08:15:00Z",
  status: "placed",
  email: "ana@example.com",
  total: "59.80",
  currency: "EUR",
  items: [
    { sku: "mug", quantity: 2, price: "9.95" },
    { sku: "teapot", quantity: 1, price: "39.90" }
  ]
}

const records: ReadonlyArray<object> = [
  firstOrder,
  {
    orderId: "A-1002",
    changedAt: "2026-11-20T09:02:30Z",
    status: "placed",
    email: "bo@example.com",
    comment: "Please ring at Mrs Berg's door.",
    total: 24.5,
    currency: "EUR",
    items: [{ sku: "tray", quantity: 1, price: 24.5 }]
  },
  { ...firstOrder, changedAt: "2026-11-20T10:40:00Z", status: "paid" },
  {
    orderId: "A-1003",
    changedAt: "2026-11-21T07:30:00Z",
    status: "placed",
    email: "Ana@example.com ",
    total: "9.95",
    currency: "EUR",
    items: [{ sku: "mug", quantity: 1, price: "9.95" }]
  },
  {
    orderId: "A-1002",
    changedAt: "2026-11-21T16:05:10Z",
    status: "delivered",
    email: "bo@example.com",
    total: 24.5,
    currency: "EUR",
    items: [{ sku: "tray", quantity: 1, price: 24.5 }]
  }
]

const dashboardText = `title: Orders
description: What is ordered, by the day of the change.
timezone: UTC
period: { default: last-12-months }
grain: day
parameters: { least: { type: number, default: 0, label: Least total } }
filters:
  - { field: status, label: Status }
  - { field: currency, label: Currency }
queries:
  orders_by_time:
    description: Versions of orders and what they come to.
    sql: >-
      select date_trunc($grain, changed_at) as moment, currency, sum(total) as total, count(distinct order_id) as orders
      from consumable_orders
      where changed_at >= $from and changed_at < $to and total >= $least
      group by 1, 2 order by 1, 2
    drill: order_rows
  order_rows:
    description: The versions themselves.
    sql: >-
      select order_id, changed_at, status, total, currency from consumable_orders
      where changed_at >= $from and changed_at < $to and total >= $least order by changed_at, order_id
charts:
  - { title: Total, query: orders_by_time, kind: bar, x: moment, y: total, series: currency, compare: true }
  - { title: Orders, query: order_rows, kind: table }
`

const readmeText = (name: string): string => `# ${name}

A project of Sluice: what an order is (\`orders.ts\`), which datasets there are (\`project.ts\`), a dashboard (\`dashboards/\`), and five sample records (\`data/\`).
\`sluice\` is the command: \`npx sluice\` where the package is installed in this folder or above it, \`src/sluice\` of a clone. In this folder:

\`\`\`sh
export SLUICE_PROJECT=. SLUICE_HASH_KEY=$(openssl rand -hex 32)     # keep the key: one value has one hash under it
sluice run --once --input data --lake lake                          # what is new: into stage, and into the table for users
sluice query --lake lake "SELECT order_id, status, total, currency FROM consumable_orders ORDER BY changed_at"
sluice verify --lake lake                                           # nothing lost, nothing twice
sluice status --lake lake                                           # what the lake holds, and how far it is
sluice run --input data --lake lake                                 # follows new files until Ctrl-C
\`\`\`

What you change next: the fields in \`orders.ts\`, to what your records hold; \`arrives\`, to how your files are called. A contract that cannot be
used is told with what to mend: \`sluice contracts --lint\`. \`sluice contracts --infer FILE\` proposes one for records of yours. \`sluice contracts --write\` writes JSON Schema, Glue columns and a page for each dataset to \`derived/\`.
`
