import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { Effect } from "effect"
import { describe, expect, it } from "vitest"
import { bodyOf, eventAt, type Hit, lineOf, parameterOf, repeatKey } from "../../src/generate/hits/hit.ts"
import { trafficSettings } from "../../src/generate/hits/options.ts"
import { generateHits } from "../../src/generate/hits/traffic.ts"
import { manifestName, pipeHits, writeHits } from "../../src/generate/write.ts"

const halfHour = 30 * 60_000
const day = 24 * 3_600_000

const linesOf = (seed: number, visitors = 40): ReadonlyArray<string> =>
  [...generateHits({ seed, visitors })].map((hit) => lineOf(hit, "id"))

/** Hits by client, without what was sent again, in the order in which they happened. */
const byClient = (hits: ReadonlyArray<Hit>): ReadonlyArray<ReadonlyArray<Hit>> => {
  const once = new Map(hits.toReversed().map((hit) => [repeatKey(hit) ?? Symbol(), hit]))
  const found = Map.groupBy(once.values(), (hit) => parameterOf(hit, "cid"))
  found.delete(null)
  return [...found.values()].map((each) => each.toSorted((a, b) => eventAt(a) - eventAt(b)))
}

describe("generateHits", () => {
  const hits = [...generateHits({ seed: 7, visitors: 40 })]

  it("gives the same hits for the same options, others for another seed", () => {
    expect(linesOf(3)).toEqual(linesOf(3))
    const clients = (seed: number) => new Set([...generateHits({ seed, visitors: 40 })].map((hit) => parameterOf(hit, "cid")))
    clients(3).delete(null)
    expect(clients(3).intersection(clients(4))).toEqual(new Set([null]))
  })

  it("gives hits in order of arrival, of as many visitors as there are, whatever comes after them", () => {
    expect(hits.map(({ arrivedAt }) => arrivedAt)).toEqual(hits.map(({ arrivedAt }) => arrivedAt).sort((a, b) => a - b))
    expect(byClient(hits).length).toBeGreaterThan(30)
    const later = [...generateHits({ seed: 7, visitors: 40, start: "2027-03-01T05:30:00Z", hours: 1 })]
    expect(new Date(later[0]?.arrivedAt ?? 0).toISOString().slice(0, 13)).toBe("2027-03-01T05")
  })

  it("holds what is easily counted wrong, also where there is little of it", () => {
    const pairs = byClient(hits).flatMap((of) => of.slice(1).map((hit, i) => [of[i] ?? hit, hit] as const))
    const gaps = pairs.map(([before, hit]) => eventAt(hit) - eventAt(before))
    const actions = hits.map((hit) => parameterOf(hit, "pa"))
    const purchases = hits.filter((hit) => parameterOf(hit, "pa") === "purchase")
    const transactions = purchases.map((hit) => parameterOf(hit, "ti"))
    const keys = hits.map(repeatKey)
    expect({
      exactPauses: gaps.includes(halfHour),
      shorterPauses: gaps.includes(halfHour - 1),
      ties: gaps.includes(0),
      pastMidnight: pairs.some(
        ([a, b]) => Math.floor(eventAt(a) / day) < Math.floor(eventAt(b) / day) && eventAt(b) - eventAt(a) < halfHour
      ),
      late: hits.some((hit) => hit.waited > 60_000),
      // What comes late lies between two that are more than a visit apart.
      bridges: byClient(hits).some((of) =>
        of.some((hit, i) => hit.waited > halfHour && eventAt(of[i + 1] ?? hit) - eventAt(of[i - 1] ?? hit) >= halfHour)
      ),
      sentTwice: keys.some((key, i) => key !== null && keys.indexOf(key) < i),
      toldTwice: transactions.some((ti, i) => ti !== null && transactions.indexOf(ti) < i),
      unnamedPurchase: transactions.includes(null),
      nameless: hits.some((hit) => parameterOf(hit, "cid") === null),
      robots: hits.some(({ agent }) => agent.isRobot),
      refunds: hits.filter((hit) => parameterOf(hit, "pa") === "refund").map((hit) => parameterOf(hit, "pr1id") === null),
      actions: new Set(actions),
      kinds: new Set(hits.map((hit) => parameterOf(hit, "t")))
    }).toEqual({
      exactPauses: true,
      shorterPauses: true,
      ties: true,
      pastMidnight: true,
      late: true,
      bridges: true,
      sentTwice: true,
      toldTwice: true,
      unnamedPurchase: true,
      nameless: true,
      robots: true,
      refunds: expect.arrayContaining([true, false]),
      actions: new Set([null, "click", "detail", "add", "remove", "checkout", "checkout_option", "purchase", "refund"]),
      kinds: new Set(["pageview", "event", "timing", "exception", "social", "Event", "PAGEVIEW"])
    })
  })

  it("waits a shorter time where time runs faster", () => {
    const waiting = hits.find(({ waited }) => waited > 60_000)
    if (waiting === undefined) throw new Error("nothing waits")
    expect(new URLSearchParams(bodyOf(waiting)).get("qt")).toBe(String(waiting.waited))
    expect(new URLSearchParams(bodyOf(waiting, 60)).get("qt")).toBe(String(Math.round(waiting.waited / 60)))
  })

  it("takes no options that make no sense", () => {
    expect(() => trafficSettings({ seed: 1, visitors: -1 })).toThrow("visitors must be an integer")
    expect(() => trafficSettings({ seed: 1, visitors: 1, hours: 0 })).toThrow("hours must be an integer from 1 to 8760, got 0.")
    expect(() => trafficSettings({ seed: 1, visitors: 1, start: "soon" })).toThrow("start must be an ISO 8601 instant, got soon.")
  })
})

describe("writeHits", () => {
  it("writes lines by the hour of their arrival, and what they are beside them", async () => {
    const out = mkdtempSync(join(tmpdir(), "sluice-hits-"))
    try {
      const manifest = await Effect.runPromise(Effect.provide(writeHits({ seed: 7, visitors: 40, out }), NodeFileSystem.layer))
      expect(JSON.parse(readFileSync(join(out, manifestName), "utf8"))).toEqual(manifest)
      const texts = manifest.files.map(({ path }) => readFileSync(join(out, path), "utf8"))
      for (const { path } of manifest.files) expect(path).toMatch(/^2026\/11\/2[678]\/\d\d\/hits-0000\.txt$/)
      const lines = texts.join("").split("\n").slice(0, -1)
      expect(lines.map((line) => line.replace(/_c_id=[^&]*/, "_c_id=id"))).toEqual(linesOf(7))
      expect(new Set(lines.map((line) => new URLSearchParams(line).get("_c_id"))).size).toBe(lines.length)
      expect(manifest).toMatchObject({
        records: lines.length,
        actions: { purchase: expect.any(Number) },
        kinds: { PAGEVIEW: expect.any(Number) }
      })
      expect(manifest.repeated).toBeGreaterThan(0)
      expect(manifest.late).toBeGreaterThan(0)
      const piped: Array<Uint8Array> = []
      await Effect.runPromise(pipeHits({ seed: 7, visitors: 40 }, (piece) => Effect.sync(() => void piped.push(piece))))
      expect(Buffer.concat(piped).toString()).toBe(texts.join(""))
    } finally {
      rmSync(out, { recursive: true, force: true })
    }
  })
})
