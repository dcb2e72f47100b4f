import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdirSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import autocannon from "autocannon"
import { bodyOf } from "../src/generate/hits/hit.ts"
import { generateHits } from "../src/generate/hits/traffic.ts"
import { freePort } from "../test/free-port.ts"
import { type Bench, median } from "./bench.ts"
import { openLoop } from "./open-loop.ts"

const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** A server that is measured, and how it is started. */
interface Contestant {
  readonly name: "sluice" | "bare"
  readonly start: (port: number, folder: string) => ReadonlyArray<string>
}

/** The other side: `node:http` that reads what it is sent, answers 204 and stores nothing. */
const bare = `require("node:http").createServer((request, response) => {
  request.resume().on("end", () => response.writeHead(204).end())
}).listen(Number(process.argv[1]), "127.0.0.1")`

const contestants: ReadonlyArray<Contestant> = [
  {
    name: "sluice",
    start: (port, folder) => [join(root, "src/main.ts"), "collect", "--to", join(folder, "stream"), "--port", `127.0.0.1:${port}`, "--json"]
  },
  { name: "bare", start: (port) => ["-e", bare, String(port)] }
]

const connections = 64
const batchHits = 100
/** Few, each of which has much on its way. */
const batchConnections = 8
/** Seconds until the code is compiled that a server uses all the time, on a machine with other work. */
const warmUp = 3
const rates = [0.5, 0.7, 0.9] as const

/** What one round of requests, as fast as they are answered, came to. */
interface Closed {
  readonly perSecond: number
  readonly p50: number
  readonly p99: number
  /** Microseconds of processor time of the server for each hit: what a busy machine does not change. NaN where the system does not tell. */
  readonly cpu: number
}

/**
 * `sluice collect` into a stream in a folder, each hit durable before its answer, against a bare `node:http` that answers 204 and stores nothing; both processes of their own, in turns, in one
 * run. First as many requests as 64 connections get answered (autocannon), one hit each and a hundred each. Then requests at 50, 70 and 90 % of the most that Sluice took, at a rate that
 * does not wait for answers, each timed from when it was to be sent: a server that stops for a second is told of as late as it was.
 *
 * What would make it lie: the load, which comes from this process and has the same processors (the bare server under the same load says what of a time is its); a disk without a real sync; and
 * counting answers that are none, which is why each must be 204 and what Sluice says that it stored must be what was acknowledged, or more by what was cut off at a round's end.
 */
export const collect: Bench = async ({ short, seed, say }, folder) => {
  const bodies = [...generateHits({ seed, visitors: 100 })].map((hit) => bodyOf(hit))
  const batches = Array.from({ length: Math.floor(bodies.length / batchHits) }, (_, i) =>
    bodies.slice(i * batchHits, (i + 1) * batchHits).join("\n")
  )
  const seconds = short ? 3 : 10
  const rounds = short ? 1 : 3
  const running = await Promise.all(
    contestants.map(async ({ name, start }) => {
      const port = await freePort()
      const own = join(folder, name)
      mkdirSync(own)
      return { name, url: `http://127.0.0.1:${port}`, server: await started(start(port, own), `http://127.0.0.1:${port}/collect`) }
    })
  )
  const acknowledged = { sluice: 0, bare: 0 }
  const singles: Record<Contestant["name"], Array<Closed>> = { sluice: [], bare: [] }
  const hundreds: Record<Contestant["name"], Array<Closed>> = { sluice: [], bare: [] }
  for (let round = -1; round < rounds; round++) {
    for (const { name, url, server } of round % 2 === 0 ? running : running.toReversed()) {
      say(`collect: ${name}, ${round < 0 ? "warming up" : `round ${round + 1}`}`)
      const one = await closedLoop(`${url}/collect`, bodies, 1, server, round < 0 ? warmUp : seconds)
      const many = await closedLoop(`${url}/batch`, batches, batchHits, server, round < 0 ? warmUp : seconds)
      acknowledged[name] += one.hits + many.hits
      if (round < 0) continue
      if (one.hits === 0 || many.hits === 0)
        throw new Error(`${name} answered ${one.hits} hits by themselves and ${many.hits} in batches within ${seconds} s`)
      singles[name].push(one)
      hundreds[name].push(many)
    }
  }
  const most = median(singles.sluice.map(({ perSecond }) => perSecond))
  const open: Array<{ readonly name: Contestant["name"]; readonly share: number; readonly found: Awaited<ReturnType<typeof openLoop>> }> =
    []
  for (const share of rates) {
    for (const { name, url } of running) {
      say(`collect: ${name} at ${Math.round(share * 100)} %`)
      const found = await openLoop({ url: new URL(`${url}/collect`), bodies, perSecond: most * share, seconds })
      acknowledged[name] += found.acknowledged
      open.push({ name, share, found })
    }
  }
  let stored = 0
  for (const { name, server } of running) {
    const said = await stopped(server)
    if (name === "sluice") stored = Number(JSON.parse(said).stored)
  }
  if (stored < acknowledged.sluice) throw new Error(`${acknowledged.sluice} hits were acknowledged, and ${stored} stored`)

  const middle = (of: ReadonlyArray<Closed>, what: keyof Closed) => median(of.map((each) => each[what]))
  const ratio = (of: typeof singles) => middle(of.sluice, "perSecond") / middle(of.bare, "perSecond")
  const at = (name: Contestant["name"], share: number) => open.find((each) => each.name === name && each.share === share)?.found
  const late = at("sluice", 0.7)?.latency.quantile(0.99) ?? Number.NaN
  const perSecond = middle(hundreds.sluice, "perSecond")
  return {
    bench: "collect",
    title: "collect: hits over HTTP, durable before they are answered",
    seed,
    details: { singles, hundreds, stored, acknowledged: acknowledged.sluice },
    ratios: {},
    targets: [
      { name: "requests of one hit, × bare node:http", wanted: "≥ 0.8", found: ratio(singles), met: ratio(singles) >= 0.8 },
      { name: "99 % at 70 % of the load, ms", wanted: "≤ 50", found: late, met: late <= 50 },
      { name: "batches of 100, hits/s", wanted: "≥ 100,000", found: perSecond, met: perSecond >= 100_000 }
    ],
    tables: [
      {
        title: `as fast as ${connections} connections are answered, with batches ${batchConnections}: medians`,
        columns: ["what", "hits/s", "half ≤ ms", "99 % ≤ ms", "processor µs a hit"],
        rows: contestants.flatMap(({ name }) =>
          [
            { what: `${name}, one hit a request`, of: singles[name] },
            { what: `${name}, ${batchHits} hits a request`, of: hundreds[name] }
          ].map(({ what, of }) => [what, middle(of, "perSecond"), middle(of, "p50"), middle(of, "p99"), middle(of, "cpu")])
        )
      },
      {
        title: "at a fixed rate, from when a request was to be sent",
        columns: ["server", "load", "requests/s", "half ≤ ms", "90 % ≤ ms", "99 % ≤ ms", "all ≤ ms", "not acknowledged"],
        rows: open.map(({ name, share, found: { perSecond, latency, failed } }) => {
          const { p50, p90, p99, max } = latency.summary()
          return [name, `${Math.round(share * 100)} %`, perSecond, p50, p90, p99, max, failed]
        })
      }
    ],
    plots: [
      {
        title: "99 % are answered within, at a share of the highest rate",
        kind: "lines",
        labels: rates.map((share) => `${Math.round(share * 100)} %`),
        series: contestants.map(({ name }) => ({ name, values: rates.map((share) => at(name, share)?.latency.quantile(0.99) ?? null) })),
        unit: "ms",
        target: 50
      }
    ],
    notes: [
      `100 hits a request: ${ratio(hundreds).toFixed(2)} × the bare server, which reads the same bytes and looks at none.`,
      `${stored} hits were stored, ${acknowledged.sluice} of them acknowledged within a round.`
    ]
  }
}

/** Requests of so many hits as fast as they are answered. */
const closedLoop = async (
  url: string,
  bodies: ReadonlyArray<string>,
  hitsOfRequest: number,
  server: ChildProcess,
  duration: number
): Promise<Closed & { readonly hits: number }> => {
  const before = cpuMicros(server)
  const result = await autocannon({
    url,
    connections: hitsOfRequest === 1 ? connections : batchConnections,
    duration,
    // Each connection writes all of them first.
    requests: bodies
      .slice(0, 10)
      .map((body) => ({ method: "POST" as const, headers: { "content-type": "text/plain;charset=UTF-8" }, body }))
  })
  const answers = result.statusCodeStats?.["204"]?.count ?? 0
  if (result.non2xx + result.errors + result.timeouts > 0)
    throw new Error(`${url}: ${answers} times 204, ${result.non2xx} other answers, ${result.errors} errors, ${result.timeouts} without any`)
  const hits = answers * hitsOfRequest
  const { p50, p99 } = result.latency
  return { hits, perSecond: hits / result.duration, p50, p99, cpu: (cpuMicros(server) - before) / hits }
}

/** Processor time of a process so far, as Linux tells it, in hundredths of a second. */
const cpuMicros = ({ pid }: ChildProcess): number => {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? []
    return (Number(fields[11]) + Number(fields[12])) * 10_000
  } catch {
    return Number.NaN
  }
}

/** A process that serves, once it answers. */
const started = async (args: ReadonlyArray<string>, url: string): Promise<ChildProcess> => {
  const server = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] })
  let told = ""
  server.stderr.on("data", (text: Buffer) => {
    told += text.toString()
  })
  process.prependListener("exit", () => server.kill("SIGKILL"))
  for (let i = 0; i < 600; i++) {
    if (server.exitCode !== null) throw new Error(`${args.join(" ")} ended: ${told}`)
    const answer = await fetch(url, { method: "HEAD" }).catch(() => null)
    if (answer !== null) return server
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error(`${args.join(" ")} does not answer: ${told}`)
}

/** Ends a server as people do. @returns what it says on standard output */
const stopped = async (server: ChildProcess): Promise<string> => {
  let said = ""
  server.stdout?.on("data", (text: Buffer) => {
    said += text.toString()
  })
  const ended = once(server, "close")
  server.kill("SIGTERM")
  await ended
  return said
}
