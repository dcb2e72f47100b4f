import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdirSync, readdirSync, readFileSync, statSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { type DuckDBConnection, DuckDBInstance, DuckDBTimestampTZValue, TIMESTAMPTZ } from "@duckdb/node-api"
import { parseDashboard, type StoredQuery } from "../src/console/dashboard.ts"
import { type AskedTable, copiedRows } from "../src/console/query-messages.ts"
import { startBrowser } from "../test/browser/chromium.ts"
import { freePort } from "../test/free-port.ts"
import { type Bench, median } from "./bench.ts"
import { measured } from "./child.ts"
import { multiplyOrders } from "./input/many-orders.ts"

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const boardFile = join(root, "schemas/vtex/dashboards/black-friday.yaml")
/** All that is generated: the period that leaves nothing out. */
const [from, to] = ["2026-11-20", "2026-12-10"]
const period = `from=${from}&to=${to}`

/**
 * `sluice console` on a lake of a million orders, a process of its own: until it answers, until its copy is there, the Black Friday board whole and filtered, in a
 * browser where there is one, the same statements in DuckDB on the same copy, and how long a commit takes to be shown.
 *
 * What would make it lie: orders that were multiplied compress better than ones that came by themselves; answers that a browser has already, which is why each page
 * is another browser's; and a period with little in it, which is why it is all of them.
 */
export const console: Bench = async ({ short, seed, say }, folder) => {
  const [generated, times] = short ? [100, 4] : [10_000, 99]
  const orders = generated * (times + 1)
  const rounds = short ? 2 : 5
  const lake = await lakeOf(generated, times, seed, folder, say)
  const temporary = join(folder, "temporary")
  mkdirSync(temporary)
  const at = `http://127.0.0.1:${await freePort()}`
  const begun = performance.now()
  const server = started(lake, new URL(at).port, temporary)
  try {
    await until(async () => (await fetch(`${at}/healthz`).catch(() => null))?.ok === true, server)
    const health = performance.now() - begun
    const shownOrders = async () => Number((await answer(at, `bf_orders?${period}`)).rows[0]?.[0])
    say("console: the copy")
    const first = await shownOrders()
    if (first !== orders) throw new Error(`${first} orders are shown, and there are ${orders}`)
    const copied = performance.now() - begun
    const copyBytes = sizeOf(temporary)

    say("console: pages and filters")
    const queries = queriesOfBoard()
    const board = (asked: string) =>
      timed(() => Promise.all(queries.map(({ name }) => answer(at, `${name}?${period}&compare=previous${asked}`))))
    const pages = await repeated(rounds, () => board(""))
    const filters = await repeated(rounds, () => board("&f.origin=Fulfillment"))
    const browser = await inBrowser(at, rounds, say)
    const direct = await openCopy(temporary)
    const each: Array<{ readonly name: string; readonly ours: number; readonly direct: number }> = []
    for (const query of queries)
      each.push({
        name: query.name,
        ours: median(await repeated(rounds, () => timed(() => answer(at, `${query.name}?${period}`)))),
        direct: median(await repeated(rounds, () => timed(() => asked(direct, query))))
      })
    direct.closeSync()

    say("console: commits")
    const shown: Array<number> = []
    for (let round = 1; round <= 3; round++) {
      await multiplyOrders(lake, 1)
      const committed = performance.now()
      await until(async () => (await shownOrders()) === orders + round * generated, server)
      shown.push(performance.now() - committed)
    }
    const sum = (what: "ours" | "direct") => each.reduce((total, query) => total + query[what], 0)
    const ratio = sum("ours") / sum("direct")
    const page = browser === null ? median(pages) : median(browser.pages)
    const filter = browser === null ? median(filters) : median(browser.filters)
    return {
      bench: "console",
      title: `console: a board of ${orders} orders`,
      seed,
      details: { orders, health, copied, copyBytes, pages, filters, browser, each, shown },
      ratios: {},
      targets: [
        { name: "first page, s", wanted: "< 1", found: page / 1000, met: page < 1000 },
        { name: "a filter, ms", wanted: "< 300", found: filter, met: filter < 300 },
        { name: "statements, × DuckDB on the same copy", wanted: "≤ 2", found: ratio, met: ratio <= 2 }
      ],
      tables: [
        {
          title: "medians",
          columns: ["what", "ms"],
          rows: [
            ["start until /healthz", health],
            ["start until the copy is there and asked", copied],
            ["the board's queries at once, compared", median(pages)],
            ["the same, filtered", median(filters)],
            ["the board in a browser, new each time", browser === null ? null : median(browser.pages)],
            ["the same, filtered by a click", browser === null ? null : median(browser.filters)],
            [`a commit of ${generated} orders until it is shown`, median(shown)]
          ]
        },
        {
          title: "each query by itself",
          columns: ["query", "console ms", "DuckDB ms"],
          rows: each.map((one) => [one.name, one.ours, one.direct])
        }
      ],
      plots: [],
      notes: [`The copy takes ${(copyBytes / 1e6).toFixed(1)} MB; the lake ${(sizeOf(lake) / 1e6).toFixed(1)} MB.`]
    }
  } finally {
    const closed = once(server, "close")
    server.kill("SIGTERM")
    await closed
  }
}

/** A lake that the product's own commands made, its orders multiplied. */
const lakeOf = async (generated: number, times: number, seed: number, folder: string, say: (text: string) => void): Promise<string> => {
  const lake = join(folder, "lake")
  const input = join(folder, "in")
  const sluice = async (...args: ReadonlyArray<string>) => {
    const { code, stderr } = await measured([join(root, "src/main.ts"), ...args], folder, {})
    if (code !== 0) throw new Error(`sluice ${args[0]} ended with ${code}: ${stderr}`)
  }
  say(`console: ${generated} orders, ${times + 1} times`)
  await sluice("generate", "--orders", String(generated), "--seed", String(seed % 1_000_000), "--out", input)
  await sluice("ingest", "--input", input, "--lake", lake)
  await sluice("repartition", "--lake", lake)
  await multiplyOrders(lake, times)
  return lake
}

const started = (lake: string, port: string, temporary: string): ChildProcess => {
  const server = spawn(process.execPath, [join(root, "src/main.ts"), "console", "--lake", lake, "--port", port], {
    stdio: "ignore",
    env: { ...process.env, TMPDIR: temporary }
  })
  process.prependListener("exit", () => server.kill("SIGKILL"))
  return server
}

const until = async (holds: () => Promise<boolean>, server: ChildProcess): Promise<void> => {
  while (!(await holds())) {
    if (server.exitCode !== null) throw new Error(`sluice console ended with ${server.exitCode}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

interface Answered {
  readonly rows: ReadonlyArray<ReadonlyArray<unknown>>
}

const answer = async (at: string, path: string): Promise<Answered> => {
  const found = await fetch(`${at}/api/q/${path}`)
  if (!found.ok) throw new Error(`${path}: ${found.status} ${await found.text()}`)
  return (await found.json()) as Answered
}

const timed = async (what: () => Promise<unknown>): Promise<number> => {
  const begun = performance.now()
  await what()
  return performance.now() - begun
}

/** Once before, which does not count. */
const repeated = async (rounds: number, what: () => Promise<number>): Promise<ReadonlyArray<number>> => {
  await what()
  const found: Array<number> = []
  for (let round = 0; round < rounds; round++) found.push(await what())
  return found
}

const sizeOf = (folder: string): number =>
  readdirSync(folder, { recursive: true, encoding: "utf8" }).reduce((sum, name) => {
    const found = statSync(join(folder, name), { throwIfNoEntry: false })
    return sum + (found?.isFile() === true ? found.size : 0)
  }, 0)

/** Those that the page asks, of the dashboard's file. */
const queriesOfBoard = (): ReadonlyArray<StoredQuery> => {
  const board = parseDashboard("black-friday", boardFile, readFileSync(boardFile, "utf8"), [])
  if (board === null) throw new Error(`${boardFile} cannot be read`)
  return board.queries.filter(({ name }) => board.charts.some(({ query }) => query === name))
}

/** The console's copy, opened as it opens it, with a thread as it has one. */
const openCopy = async (temporary: string): Promise<DuckDBConnection> => {
  const name = readdirSync(temporary, { recursive: true, encoding: "utf8" }).find((each) => /copy-[^/]*\.json$/.test(each))
  const tables: ReadonlyArray<AskedTable> = JSON.parse(readFileSync(join(temporary, name ?? ""), "utf8"))
  const connection = await (await DuckDBInstance.create(":memory:", { threads: "1" })).connect()
  for (const [i, { columns, name, path }] of tables.entries()) {
    await connection.run(`ATTACH '${path}' AS copied_${i} (READ_ONLY)`)
    await connection.run(
      `CREATE VIEW "${name}" AS SELECT ${columns.map((each) => `"${each}"`).join(", ")} FROM copied_${i}.main.${copiedRows}`
    )
  }
  return connection
}

/** A query of the board for all that there is. */
const asked = async (connection: DuckDBConnection, query: StoredQuery): Promise<void> => {
  const prepared = await connection.prepare(query.sql)
  const values = {
    from: new DuckDBTimestampTZValue(BigInt(Date.parse(from)) * 1000n),
    to: new DuckDBTimestampTZValue(BigInt(Date.parse(to)) * 1000n),
    grain: "minute"
  }
  const names = Array.from({ length: prepared.parameterCount }, (_, i) => prepared.parameterName(i + 1))
  const used = Object.fromEntries(Object.entries(values).filter(([name]) => names.includes(name)))
  prepared.bind(used, { from: TIMESTAMPTZ, to: TIMESTAMPTZ })
  await (await prepared.run()).getRows()
}

/** The board in a real browser, until nothing is loading; null where there is none. */
const inBrowser = async (at: string, rounds: number, say: (text: string) => void) => {
  const browser = await startBrowser().catch((error: unknown) => {
    say(`console: without a browser: ${String(error).split("\n")[0]}`)
    return null
  })
  if (browser === null) return null
  try {
    const pages: Array<number> = []
    const filters: Array<number> = []
    const quiet = "document.querySelector('.figure') !== null && document.querySelector('.loading, [aria-busy=true]') === null"
    for (let round = -1; round < rounds; round++) {
      const page = await (await browser.newContext()).newPage()
      // Without `eval`, which the pages' policy forbids.
      const shown = async () => {
        while (!(await page.evaluate(quiet))) await page.waitForTimeout(5)
      }
      const loaded = await timed(async () => {
        await page.goto(`${at}/?v=1&page=dashboards&name=black-friday&preset=custom&${period}&compare=previous&refresh=0`)
        await shown()
      })
      const filtered = await timed(async () => {
        await page
          .getByRole("button", { name: /^Fulfillment/ })
          .first()
          .click()
        await page.waitForURL(/f\.origin=/)
        await shown()
      })
      await page.context().close()
      if (round < 0) continue
      pages.push(loaded)
      filters.push(filtered)
    }
    return { pages, filters }
  } finally {
    await browser.close()
  }
}
