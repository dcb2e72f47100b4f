import { once } from "node:events"
import { createWriteStream } from "node:fs"
import { Effect, Option } from "effect"
import { Command, Flag } from "effect/cli"
import { Failed, UsageError } from "../app/failures.ts"
import { timed } from "../app/timed.ts"
import { trafficSettings } from "../generate/hits/options.ts"
import { generateHits } from "../generate/hits/traffic.ts"
import { type Data, dataOf } from "../pump/data.ts"
import type { LatencySummary } from "../pump/latencies.ts"
import { type PumpResult, pump as pumpAll } from "../pump/pump.ts"
import { count, number } from "../record/count.ts"
import { atLeast, json, positive, withDefault } from "./common.ts"
import { print, seconds, table, top } from "./output.ts"
import { makeProgress } from "./progress.ts"
import { Shutdown } from "./shutdown.ts"

/** Where hits go: an endpoint's own address has the paths that endpoints have. */
const urlOf = (text: string, batch: boolean): Effect.Effect<URL, UsageError> => {
  const url = URL.parse(text)
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:"))
    return Effect.fail(new UsageError({ problem: `--to ${text} is no URL of HTTP`, hint: "Give one such as http://localhost:8080." }))
  if (url.pathname === "/") url.pathname = batch ? "/batch" : "/collect"
  return Effect.succeed(url)
}

/** The made-up shop, or a file. */
const openData = (data: string, visitors: number, seed: number): Effect.Effect<Data, unknown> => {
  if (data !== "shop") return dataOf(data, seed)
  return Effect.try({
    try: () => {
      trafficSettings({ visitors, seed })
      return { kind: "shop", hits: generateHits({ visitors, seed }), unreadable: 0 }
    },
    catch: (cause) => new UsageError({ problem: cause instanceof Error ? cause.message : String(cause), hint: "See sluice pump --help." })
  })
}

/** A line for each hit that was acknowledged, in the order of the answers; all are written when the scope closes. */
const openLedger = (path: string) =>
  Effect.acquireRelease(
    Effect.tryPromise({
      try: async () => {
        const file = createWriteStream(path)
        await once(file, "open")
        return file
      },
      catch: (cause) =>
        new Failed({
          problem: `${path} cannot be written: ${cause instanceof Error ? cause.message : String(cause)}`,
          hint: "Name another file with --ledger."
        })
    }),
    (file) => Effect.promise(() => new Promise<void>((resolve) => file.end(resolve)))
  )

const latencyText = ({ p50, p90, p99, max }: LatencySummary): string =>
  [p50, p90, p99, max].map((millis, i) => `${["half", "90 %", "99 %", "all"][i]} ≤ ${millis ?? "–"} ms`).join(", ")

const pumpText = (result: PumpResult, unreadable: number, stopped: boolean, millis: number): string =>
  [
    `${count(result.sent, "hit was", "hits were")} sent in ${seconds(millis)} (${number(Math.round((result.sent / Math.max(1, millis)) * 1000))}/s): ${number(result.acknowledged)} acknowledged, ${number(result.refused)} refused, ${number(result.unanswered)} given up. ${count(result.retried, "was", "were")} tried again.`,
    ...(result.acknowledged === 0
      ? []
      : [`Answered: ${latencyText(result.answered)}.`, `Acknowledged after they were due: ${latencyText(result.acknowledgedAfter)}.`]),
    ...(stopped ? ["Stopped as asked: what comes after these was not sent."] : []),
    ...(unreadable === 0 ? [] : [`${count(unreadable, "line says", "lines say")} nothing that could be sent.`]),
    ...(Object.keys(result.reasons).length === 0 ? [] : [table(top(result.reasons, 10))])
  ].join("\n")

export const pump = Command.make(
  "pump",
  {
    data: withDefault(
      Flag.String("data"),
      "What to replay: `shop`, the visitors of a made-up shop, or a file: clicks of YooChoose, or an access log (combined).",
      "shop"
    ),
    to: Flag.String("to").pipe(Flag.withDescription("Endpoint, such as http://localhost:8080."), Flag.withMetavar("URL")),
    speed: Flag.Finite("speed").pipe(
      Flag.filter(
        (x) => x > 0,
        () => "a number above 0"
      ),
      Flag.withDescription("So many times as fast as the hits came. A visit that took an hour takes a minute with 60. Default: 1."),
      Flag.withDefault(1)
    ),
    visitors: withDefault(positive("visitors"), "Of the made-up shop: within four hours, at a speed of 1.", 1_000),
    seed: withDefault(Flag.Int("seed"), "Same seed, same hits: an endpoint takes those of a second run for the first ones, sent again.", 1),
    batch: positive("batch").pipe(Flag.withDescription("Hits of a request. Without it, each is a request of its own."), Flag.optional),
    concurrency: withDefault(positive("concurrency"), "Requests on their way at a time.", 64),
    retries: withDefault(atLeast(0, "retries"), "Times that a hit is sent again where it may help.", 8),
    limit: positive("limit").pipe(Flag.withDescription("Hits at the most. Without it, all there are."), Flag.optional),
    duration: positive("duration").pipe(
      Flag.withDescription("Seconds after which no other hit is sent. Without it, all are."),
      Flag.optional
    ),
    ledger: Flag.String("ledger").pipe(
      Flag.withDescription("File for what was acknowledged: a line of JSON for each hit."),
      Flag.withMetavar("FILE"),
      Flag.optional
    ),
    json
  },
  Effect.fnUntraced(function* ({ data, to, visitors, ledger, json, ...flags }) {
    const batch = Option.getOrNull(flags.batch)
    const limit = Option.getOrUndefined(flags.limit)
    const duration = Option.getOrUndefined(Option.map(flags.duration, (each) => each * 1000))
    const url = yield* urlOf(to, batch !== null)
    const { kind, hits, unreadable } = yield* openData(data, visitors, flags.seed)
    const shutdown = yield* Shutdown
    let stopped = false
    const [result, millis] = yield* Effect.gen(function* () {
      const file = Option.isSome(ledger) ? yield* openLedger(ledger.value) : null
      const progress = yield* makeProgress("pump", !json)
      yield* shutdown.drain
      return yield* timed(
        pumpAll({
          ...flags,
          hits,
          url,
          batch,
          limit,
          duration,
          stop: Effect.andThen(
            shutdown.requested,
            Effect.sync(() => {
              stopped = true
            })
          ),
          onAcknowledged: (hit, at, tries) => file?.write(`${JSON.stringify({ at, tries, hit })}\n`),
          onProgress: ({ sent, acknowledged, refused, unanswered, retried }) =>
            progress.show(
              limit === undefined ? null : sent / limit,
              `${count(acknowledged, "hit")} of ${number(sent)} acknowledged, ${number(refused + unanswered)} not, ${number(retried)} again`
            )
        })
      )
    }).pipe(Effect.scoped)
    yield* print(json, { data: kind, to: url.href, ...result, unreadable, stopped: stopped ? "drain" : "end", millis }, () =>
      pumpText(result, unreadable, stopped, millis)
    )
    if (stopped) return yield* Effect.interrupt
    const lost = result.refused + result.unanswered
    if (lost > 0)
      return yield* new Failed({
        problem: `${count(lost, "hit was", "hits were")} not acknowledged`,
        hint: "The result says why. Those given up may be stored all the same."
      })
  }, Effect.scoped)
).pipe(
  Command.withDescription("Replay traffic to an HTTP endpoint with its spacing, many times as fast, each hit at least once."),
  Command.withExamples([
    { description: "A made-up shop, an hour in a minute", command: "sluice pump --to http://localhost:8080 --speed 60" },
    {
      description: "A day of an access log in quarter of an hour, with a note of what was acknowledged",
      command: "sluice pump --data access.log --to http://localhost:8080 --speed 100 --ledger acknowledged.ndjson"
    }
  ])
)
