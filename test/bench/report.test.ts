import { describe, expect, it } from "vitest"
import { type BenchResult, mean, median, quantile } from "../../bench/bench.ts"
import { ratio } from "../../bench/contest.ts"
import { baselineOf, gate, tooLow } from "../../bench/gate.ts"
import { htmlOf } from "../../bench/report/html.ts"
import { jsonOf } from "../../bench/report/json.ts"
import { textOf } from "../../bench/report/text.ts"

const outcome = (...seconds: ReadonlyArray<number>) => ({ seconds, cpuSeconds: [], laps: [], peakBytes: 1 })

const result: BenchResult = {
  bench: "example",
  title: "a <title>",
  seed: 7,
  details: { records: 3 },
  ratios: { own_over_peer: 1.5 },
  targets: [{ name: "fast", wanted: "≥ 2", found: 1.5, met: false }],
  tables: [{ title: "speeds", columns: ["who", "MB/s"], rows: [["own & co", 123.456]] }],
  plots: [
    { title: "bars", kind: "bars", labels: ["own"], series: [{ name: "MB/s", values: [123.456] }], unit: "MB/s", target: 200 },
    { title: "lines", kind: "lines", labels: ["1", "2"], series: [{ name: "ms", values: [1, null] }], unit: "ms" }
  ],
  notes: ["A note."]
}

describe("figures of a bench", () => {
  it("takes medians, means and quantiles by rank", () => {
    expect([median([3, 1, 2]), median([4, 1, 3, 2]), mean([1, 2, 6])]).toEqual([2, 2.5, 3])
    const hundred = Array.from({ length: 100 }, (_, i) => i + 1)
    expect([quantile(hundred, 0.99), quantile(hundred, 1), quantile([5], 0.5)]).toEqual([99, 100, 5])
  })

  it("takes ratios round by round, so that a slow moment of the machine counts for nothing", () => {
    const outcomes = new Map([
      ["own", outcome(1, 1, 10)],
      ["peer", outcome(2, 2, 20)]
    ])
    expect(ratio(outcomes, "own", "peer")).toBe(2)
  })

  it("lets a ratio fall by 15 %, and no further; a missing one has fallen", () => {
    expect(tooLow({ a: 0.86, b: 0.84 }, { a: 1, b: 1, c: 1 })).toEqual(["b", "c"])
  })

  it("calls a ratio fallen that is too low however often it is measured, and no other", async () => {
    const good = baselineOf("core")
    const [low = "", ...others] = Object.keys(good)
    const bench = (...found: ReadonlyArray<number>) => {
      const measured = found.map((share) => ({ ...result, bench: "core", ratios: { ...good, [low]: (good[low] ?? 0) * share } }))
      const asked: Array<ReadonlyArray<string>> = []
      const said: Array<string> = []
      const again = async (only: ReadonlySet<string>) => {
        asked.push([...only])
        return measured[asked.length] ?? result
      }
      return gate(measured[0] ?? result, again, (text) => said.push(text)).then((fallen) => ({ fallen, asked, said: said.join("\n") }))
    }
    expect(others.length).toBeGreaterThan(0)
    expect(await bench(1)).toMatchObject({ fallen: 0, asked: [] })
    expect(await bench(0.5, 0.8, 0.9)).toMatchObject({ fallen: 0, asked: [[low], [low]], said: expect.not.stringContaining("FELL") })
    expect(await bench(0.5, 0.8, 0.8)).toMatchObject({ fallen: 1, asked: [[low], [low]], said: expect.stringMatching(`${low}: .*FELL`) })
  })
})

describe("reports", () => {
  it("prints one JSON object for one bench and for several", () => {
    expect(jsonOf([result], true)).toMatchObject({ bench: "example", records: 3, ratios: { own_over_peer: 1.5 }, short: true })
    expect(jsonOf([result, { ...result, bench: "other" }], false)).toMatchObject({
      benches: { example: { seed: 7 }, other: { records: 3 } }
    })
  })

  it("shows ratios beside their baseline, and targets that were missed", () => {
    const text = textOf(result, { own_over_peer: 1.4 })
    expect(text).toMatch(/own_over_peer +1\.50 +1\.40/)
    expect(text).toMatch(/fast +≥ 2 +1\.50 +NOT met/)
  })

  it("writes a page that needs nothing from elsewhere and takes no text for markup", () => {
    const page = htmlOf([result], { cores: 2 }, true)
    expect(page).toContain("a &lt;title&gt;")
    expect(page).toContain("own &amp; co")
    expect(page).toContain("prefers-color-scheme: dark")
    expect(page.match(/<svg/g)).toHaveLength(2)
    expect(page).not.toMatch(/<script|https?:|url\(|NaN|undefined/)
  })
})
