import { execFile } from "node:child_process"
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { root, sluice, sluiceJson } from "./sluice.ts"

let folder = ""
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sluice-init-"))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe("a new project", () => {
  it("works as its README says", async () => {
    const made = join(folder, "my shop")
    const { files } = await sluiceJson(["init", made])
    expect(files).toEqual(expect.arrayContaining(["project.ts", "README.md"]))
    expect(await readFile(join(made, "orders.ts"), "utf8")).toContain('sensitive: "hash"')
    const [, script = ""] = /```sh\n([\s\S]*?)```/.exec(await readFile(join(made, "README.md"), "utf8")) ?? []
    // All but the last one, which goes on until it is stopped.
    const commands = script.trimEnd().split("\n").slice(0, -1).join("\n")
    await writeFile(
      join(folder, "sluice"),
      `#!/bin/sh\nexec "${process.execPath}" --no-warnings "${join(root, "src", "main.ts")}" "$@"\n`,
      { mode: 0o755 }
    )
    const { failed, stdout } = await new Promise<{ readonly failed: boolean; readonly stdout: string }>((resolve) => {
      const env = { ...process.env, PATH: `${folder}:${process.env["PATH"]}` }
      execFile("sh", ["-ec", commands], { cwd: made, env }, (error, stdout) => resolve({ failed: error !== null, stdout }))
    })
    expect(failed).toBe(false)
    for (const text of ["5 records became 5 rows", "A-1003", "checks hold", "stage/orders"]) expect(stdout).toContain(text)
  })

  it("says the command that runs it at once", async () => {
    const { next } = await sluiceJson(["init", join(folder, "other's")])
    const args: ReadonlyArray<string> = await new Promise((resolve) =>
      execFile("sh", ["-c", `printf '%s\\n' ${next}`], (_, stdout) => resolve(stdout.trimEnd().split("\n").slice(1)))
    )
    const ran = await sluiceJson(args)
    expect([ran.counts.rows, ran.repartitions[0].rowsAdded]).toEqual([5, 5])
  })

  it("changes no file that is there", async () => {
    const there = join(folder, "there")
    await mkdir(there)
    await writeFile(join(there, "README.md"), "mine")
    expect((await sluiceJson(["init", there])).files).not.toContain("README.md")
    expect(await readFile(join(there, "README.md"), "utf8")).toBe("mine")
    const again = await sluice(["init", there])
    expect([again.code, again.stderr]).toEqual([
      1,
      expect.stringContaining("has project.ts, orders.ts, data/orders-2026-11-20.ndjson, dashboards/orders.yaml already")
    ])
    const file = await sluice(["init", join(there, "README.md")])
    expect([file.code, await readdir(there)]).toEqual([1, expect.arrayContaining(["README.md", "project.ts"])])
    expect((await sluice(["init"])).code).toBe(2)
  })
})
