/** The real console of a lake that the commands make of what a project generates, and what its dashboards answer. */
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect } from "vitest"
import type { Answer, Dashboard } from "../../src/console/api.ts"
import { root, sluice, start } from "../cli/sluice.ts"
import { eventually } from "../passing-time.ts"

export interface ProjectConsole {
  readonly origin: string
  readonly stop: () => Promise<void>
}

/** Where a console says that it is. */
export const originOf = async ({ child }: ReturnType<typeof start>): Promise<string> => {
  let said = ""
  for (const stream of [child.stdout, child.stderr])
    stream?.on("data", (chunk: Buffer) => {
      said += chunk.toString()
    })
  const address = /http:\/\/(127\.0\.0\.1|localhost):\d+/
  await eventually(() => address.test(said) || child.exitCode !== null)
  const [found = ""] = address.exec(said) ?? []
  expect(found, said).not.toBe("")
  return found
}

/** @param generate arguments of `sluice generate` */
export const startProjectConsole = async (project: string, generate: ReadonlyArray<string>): Promise<ProjectConsole> => {
  const folder = await mkdtemp(join(tmpdir(), "sluice-project-console-"))
  const clean = () => rm(folder, { recursive: true, force: true })
  const lake = ["--project", join(root, "schemas", project), "--lake", join(folder, "lake")]
  try {
    for (const args of [
      ["generate", "--project", join(root, "schemas", project), ...generate, "--out", join(folder, "in")],
      ["run", "--once", ...lake, "--input", join(folder, "in")]
    ]) {
      // Without a key nobody can tell visitors apart, and there are no sessions.
      const ran = await sluice(args, { SLUICE_HASH_KEY: "a key of this test alone, of no use elsewhere" })
      expect(ran.code, ran.stderr).toBe(0)
    }
    const running = start(["console", ...lake, "--port", "0"])
    const stop = async () => {
      running.child.kill("SIGTERM")
      await running.done
      await clean()
    }
    return { origin: await originOf(running), stop }
  } catch (cause) {
    await clean()
    throw cause
  }
}

const isZero = (cell: unknown): boolean => cell === null || cell === undefined || Number(cell) === 0

/** The grains, each with or without comparison: every one of both is asked, and not each with each. */
const ways = [
  "grain=minute&compare=none",
  "grain=hour&compare=previous",
  "grain=day&compare=year",
  "grain=week",
  "grain=month&compare=previous"
]

/**
 * Asks every query of all dashboards. Gives what is wrong: one that fails or has no row, a chart whose columns there are not, or that shows nothing but zero.
 *
 * @param dashboards those that there must be
 * @param period days of which there is something, the later ones of what there is, so that there is an earlier period
 */
export const wrongOf = async (origin: string, dashboards: ReadonlyArray<string>, period: string): Promise<ReadonlyArray<string>> => {
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
    for (const query of queries)
      for (const way of query.grained ? ways : query.periodic ? ways.slice(0, 2) : ways.slice(0, 1)) {
        const answer = await get<Answer>(`/api/q/${query.name}?${period}&${way}`).catch((cause: unknown) => String(cause))
        if (typeof answer === "string") {
          wrong.push(answer)
          continue
        }
        if (answer.rows.length === 0) wrong.push(`${query.name} has no row, by ${way}`)
        for (const { series, title, x, y } of charts.filter((chart) => chart.query === query.name)) {
          const at = (column: string) => answer.columns.findIndex((each) => each.name === column)
          for (const column of [x, y, series]) if (column !== null && at(column) < 0) wrong.push(`${title}: ${query.name} has no ${column}`)
          if (y !== null && answer.rows.every((row) => isZero(row[at(y)]))) wrong.push(`${title} shows nothing but zero, by ${way}`)
        }
      }
  }
  return wrong
}
