import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { Effect } from "effect"
import { afterAll, describe, expect, it } from "vitest"
import { localStream } from "../../src/stream/local/local-stream.ts"
import { sluice, sluiceJson, start } from "../cli/sluice.ts"
import { freePort } from "../free-port.ts"
import { recordsOf } from "../wire/read-stream.ts"

/** How often the process is killed; the long run says more by this variable. */
const kills = Number(process.env["SLUICE_TEST_COLLECT_KILLS"] ?? 2)
/** Clients that send all the time, and milliseconds from an answer of the fresh process to its end. */
const clients = 8
const longestLife = 400

const folder = mkdtempSync(join(tmpdir(), "sluice-collect-kills-"))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A hit, how often it was sent, and whether somebody was told that it is stored. */
interface Sent {
  readonly name: string
  times: number
  isAcknowledged: boolean
}

describe("the process that takes hits", () => {
  it(`is killed ${kills} times at work: every hit that it acknowledged is in the stream, once where it was sent once, and counts once in the lake`, async () => {
    const stream = join(folder, "hits")
    const port = await freePort()
    const url = `http://127.0.0.1:${port}`
    const sent: Array<Sent> = []
    let isDone = false
    const post = async (hits: ReadonlyArray<Sent>): Promise<void> => {
      for (const hit of hits) hit.times++
      const body = hits.map(({ name }) => `v=1&t=event&cid=${name}&z=${name}&ec=kill&ea=sent&el=${name}`).join("\n")
      const status = await fetch(`${url}/batch`, { method: "POST", body }).then(
        ({ status }) => status,
        () => 0
      )
      if (status === 204) for (const hit of hits) hit.isAcknowledged = true
      else await sleep(100)
    }
    const client = async (n: number): Promise<void> => {
      for (let i = 0; !isDone; i++) {
        const hits = Array.from({ length: 1 + (i % 4) }, (_, at): Sent => ({ name: `${n}-${i}-${at}`, times: 0, isAcknowledged: false }))
        sent.push(...hits)
        await post(hits)
        // Some come again until they are told that they are stored, others give up.
        while (n % 2 === 0 && !isDone && hits.some(({ isAcknowledged }) => !isAcknowledged)) await post(hits)
      }
    }
    const collector = async () => {
      const { child, done } = start(["collect", "--to", stream, "--port", `127.0.0.1:${port}`, "--log-level", "error"])
      const isThere = async () => (await fetch(`${url}/healthz`).catch(() => null)) !== null
      while (!(await isThere())) {
        if (child.exitCode !== null) throw new Error((await done).stderr)
        await sleep(50)
      }
      return { child, done }
    }
    const all = Array.from({ length: clients }, (_, n) => client(n))
    for (let kill = 0; kill < kills; kill++) {
      const { child, done } = await collector()
      await sleep((longestLife * (kill + 1)) / kills)
      child.kill("SIGKILL")
      expect((await done).signal).toBe("SIGKILL")
    }
    const { child, done } = await collector()
    await sleep(longestLife)
    child.kill("SIGTERM")
    const ended = await done
    expect([ended.code, ended.stderr]).toEqual([0, ""])
    isDone = true
    await Promise.all(all)

    const records = await Effect.runPromise(Effect.scoped(Effect.flatMap(localStream({ folder: stream }), (api) => recordsOf(api, "hits"))))
    const found = new Map<string, number>()
    for (const { data } of records) {
      const name = new URLSearchParams(Buffer.from(data).toString()).get("cid") ?? ""
      found.set(name, (found.get(name) ?? 0) + 1)
    }
    const acknowledged = sent.filter(({ isAcknowledged }) => isAcknowledged)
    expect(acknowledged.length).toBeGreaterThan(clients)
    expect(acknowledged.filter(({ name }) => !found.has(name))).toEqual([])
    expect(sent.filter(({ name, times }) => (found.get(name) ?? 0) > times)).toEqual([])
    expect(new Set(records.map(({ data }) => new URLSearchParams(Buffer.from(data).toString()).get("_c_id"))).size).toBe(records.length)
    // Through ingest, fold and models, each counts once, however often it was sent.
    const lake = join(folder, "lake")
    const of = ["--project", "schemas/web", "--lake", lake]
    const env = { SLUICE_HASH_KEY: "a key of this test, 32 characters" }
    const carried = await sluice(["run", "--once", ...of, "--source", "stream", "--stream", stream], env)
    expect(carried.code, carried.stderr).toBe(0)
    const rows: ReadonlyArray<{ readonly name: string; readonly n: number }> = await sluiceJson(
      ["query", ...of, "SELECT event_label AS name, count(*)::INT AS n FROM logs GROUP BY ALL"],
      env
    )
    expect(rows.filter(({ n }) => n !== 1)).toEqual([])
    expect(new Set(rows.map(({ name }) => name))).toEqual(new Set(found.keys()))
    // Some were sent when it was killed.
    expect(sent.some(({ isAcknowledged }) => !isAcknowledged) || sent.some(({ times }) => times > 1)).toBe(true)
  })
})
