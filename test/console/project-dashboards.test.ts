/** The dashboards that projects bring, asked by the real console of lakes that the commands make: none fails, none shows nothing. */
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import type { Answer, Dashboard } from "../../src/console/api.ts"
import { root, sluice, start } from "../cli/sluice.ts"
import { eventually } from "../passing-time.ts"

interface Case {
  readonly project: string
  readonly generate: ReadonlyArray<string>
  readonly dashboards: ReadonlyArray<string>
  /** Days of which there is something, the later ones of what there is, so that there is an earlier period. */
  readonly period: string
  /** Queries of which nothing need be there. */
  readonly mayBeEmpty: ReadonlyArray<string>
}

const cases: ReadonlyArray<Case> = [
  {
    project: "bright-light",
    generate: ["--kind", "project", "--size", "16"],
    dashboards: ["analysts", "marketing", "science"],
    period: "from=2026-06-01&to=2026-11-30",
    mayBeEmpty: []
  },
  {
    project: "vtex",
    generate: ["--orders", "120", "--seed", "3"],
    dashboards: ["black-friday"],
    period: "from=2026-11-27&to=2026-11-27",
    mayBeEmpty: []
  },
  {
    project: "web",
    generate: ["--kind", "hits", "--visitors", "40"],
    dashboards: ["overview"],
    period: "from=2026-11-26&to=2026-11-27",
    mayBeEmpty: []
  }
]

const isZero = (cell: unknown): boolean => cell === null || cell === undefined || Number(cell) === 0

/** The grains, each with or without comparison: every one of both is asked, and not each with each. */
const ways = [
  "grain=minute&compare=none",
  "grain=hour&compare=previous",
  "grain=day&compare=year",
  "grain=week",
  "grain=month&compare=previous"
]

describe.each(cases)("dashboards of $project", ({ dashboards, generate, mayBeEmpty, period, project }) => {
  it("answer every query in every grain, compared and not, with figures for their charts", async () => {
    const folder = await mkdtemp(join(tmpdir(), "sluice-dashboards-"))
    const lake = ["--project", join(root, "schemas", project), "--lake", join(folder, "lake")]
    let running: ReturnType<typeof start> | null = null
    try {
      for (const args of [
        ["generate", "--project", join(root, "schemas", project), ...generate, "--out", join(folder, "in")],
        ["run", "--once", ...lake, "--input", join(folder, "in")]
      ]) {
        // Without a key nobody can tell visitors apart, and there are no sessions.
        const ran = await sluice(args, { SLUICE_HASH_KEY: "a key of this test alone, of no use elsewhere" })
        expect(ran.code, ran.stderr).toBe(0)
      }
      running = start(["console", ...lake, "--port", "0"])
      const { child } = running
      let said = ""
      for (const stream of [child.stdout, child.stderr])
        stream?.on("data", (chunk: Buffer) => {
          said += chunk.toString()
        })
      await eventually(() => /:\d+\//.test(said) || child.exitCode !== null)
      const origin = /http:\/\/[^/]+/.exec(said)?.[0] ?? ""
      const get = async <A>(path: string): Promise<A> => {
        const answer = await fetch(`${origin}${path}`)
        const text = await answer.text()
        if (!answer.ok) throw new Error(`${path}: ${text}`)
        return JSON.parse(text) as A
      }
      const metaOf = () =>
        get<{ readonly dashboards: ReadonlyArray<{ readonly name: string }>; readonly problems: ReadonlyArray<unknown> }>("/api/meta")
      // They are read when the first copy is made.
      await eventually(async () => (await metaOf()).dashboards.length > 0 && (await fetch(`${origin}/api/status`)).ok)
      const meta = await metaOf()
      expect(meta.problems).toEqual([])
      expect(meta.dashboards.map(({ name }) => name).sort()).toEqual(dashboards)
      const wrong: Array<string> = []
      for (const name of dashboards) {
        const { charts, queries } = await get<Dashboard>(`/api/dashboards/${name}`)
        for (const query of queries) {
          const asked = query.grained ? ways : query.periodic ? ways.slice(0, 2) : ways.slice(0, 1)
          for (const way of asked) {
            const answer = await get<Answer>(`/api/q/${query.name}?${period}&${way}`).catch((cause: unknown) => String(cause))
            if (typeof answer === "string") {
              wrong.push(answer)
              continue
            }
            if (mayBeEmpty.includes(query.name)) continue
            if (answer.rows.length === 0) wrong.push(`${query.name} has no row, by ${way}`)
            for (const { series, title, x, y } of charts.filter((chart) => chart.query === query.name)) {
              const at = (column: string) => answer.columns.findIndex((each) => each.name === column)
              for (const column of [x, y, series])
                if (column !== null && at(column) < 0) wrong.push(`${title}: ${query.name} has no ${column}`)
              if (y !== null && answer.rows.every((row) => isZero(row[at(y)]))) wrong.push(`${title} shows nothing but zero, by ${way}`)
            }
          }
        }
      }
      expect(wrong).toEqual([])
    } finally {
      running?.child.kill("SIGTERM")
      await running?.done
      await rm(folder, { recursive: true, force: true })
    }
  })
})
