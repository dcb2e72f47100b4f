import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { afterAll, beforeAll, expect, it } from "vitest"
import { root, sluice, sluiceJson } from "../cli/sluice.ts"
import { freePort } from "../free-port.ts"
import { eventually } from "../passing-time.ts"
import { contextOf, copy, execForm, instructionsIn, variablesOf } from "./dockerfile.ts"

/** The steps of the Dockerfile, done in an empty folder in place of an empty root: there is no engine here. What it starts is the first process of a space of its own. */
const instructions = instructionsIn(readFileSync(join(root, "Dockerfile"), "utf8"))
const all = (name: string) => instructions.flatMap((each) => (each.name === name ? [each.rest] : []))
const last = (name: string) => all(name).at(-1) ?? ""

const folder = mkdtempSync(join(tmpdir(), "sluice-image-"))
/** That of the user `node` of the image. */
const user = 1000
const isRoot = process.getuid?.() === 0
/** Paths of the image, below the folder. */
const inImage = (text: string) => text.replaceAll(/(?<=^|["'\s=])\/(?=sluice)/g, `${folder}/`)

beforeAll(() => {
  chmodSync(folder, 0o755)
  const context = contextOf(root)
  let to = folder
  for (const { name, rest } of instructions) {
    if (name === "WORKDIR") {
      to = join(folder, rest)
      mkdirSync(to, { recursive: true })
    } else if (name === "COPY") copy(root, context, rest, to)
    else if (name === "RUN") {
      // A builder reaches the network as this machine does: its certificates and proxies, and where its npm looks.
      const env = { ...process.env, PATH: path(), HOME: folder }
      const { status, stderr } = spawnSync("sh", ["-ec", rest], { cwd: to, encoding: "utf8", env })
      if (status !== 0) throw new Error(`RUN ${rest} ended with ${status}: ${stderr}`)
    }
  }
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** The image has Node 24 of its own. */
const path = () => `${dirname(process.execPath)}:${process.env["PATH"] ?? ""}`
const environment = () => ({ ...Object.assign({}, ...all("ENV").map(variablesOf)), PATH: path() })

/** Starts the entrypoint, as the first process and as its user, where this process may make that so. */
const run = (args: ReadonlyArray<string>, env: Readonly<Record<string, string>>) => {
  const command = [...execForm(last("ENTRYPOINT")).map(inImage), ...args]
  const within = ["--pid", "--fork", "--kill-child", "--setuid", String(user), "--setgid", String(user)]
  const [program = "", ...rest] = isRoot ? ["unshare", ...within, ...command] : command
  const child = spawn(program, rest, { cwd: folder, env: { ...environment(), ...env }, stdio: ["ignore", "pipe", "pipe"] })
  let said = ""
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => {
      said += text
    })
  return { child, said: () => said }
}

/** The process itself, behind the one that has made its space. */
const pidOf = ({ pid = 0 }: ChildProcess): number =>
  isRoot ? Number(readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ")[0]) : pid

it("is made of Node 24, has what runs and nothing else, and is nobody's but root's to write", () => {
  expect(all("FROM")).toEqual(["node:24-slim"])
  expect(last("USER")).toBe("node")
  const home = join(folder, last("WORKDIR"))
  expect(readdirSync(home).sort()).toEqual(["LICENSE", "node_modules", "package-lock.json", "package.json", "schemas", "src"])
  const packages = readdirSync(join(home, "node_modules"))
  for (const development of ["vitest", "typescript", "esbuild", "kinesis-local"]) expect(packages).not.toContain(development)
  expect(existsSync(join(home, "node_modules", "effect"))).toBe(true)
})

it("follows, says that it is well and ready, and drains at SIGTERM as the first process", async () => {
  const input = join(folder, "input")
  const lake = join(folder, "lake")
  for (const made of [input, lake]) mkdirSync(made)
  await sluice(["generate", "--orders", "20", "--out", input])
  for (const made of [input, lake]) chmodSync(made, 0o777)
  const port = await freePort()
  const { child, said } = run([...execForm(last("CMD")), "--input", input, "--lake", lake], { SLUICE_METRICS_PORT: String(port) })
  const closed = once(child, "close")
  const get = (page: string) =>
    fetch(`http://127.0.0.1:${port}/${page}`).then(
      ({ status }) => status,
      () => null
    )
  await eventually(async () => child.exitCode !== null || (await get("readyz")) === 200)
  expect([child.exitCode, said()]).toEqual([null, expect.any(String)])
  if (isRoot)
    expect(readFileSync(`/proc/${pidOf(child)}/status`, "utf8")).toMatch(new RegExp(`^Uid:\\s${user}\\s[\\s\\S]*^NSpid:.*\\s1$`, "m"))

  const [, command = ""] = /CMD (.*)$/.exec(last("HEALTHCHECK")) ?? []
  const [program = "", ...args] = execForm(command)
  const healthAt = (port: number) => spawnSync(program, args, { env: { ...environment(), SLUICE_METRICS_PORT: String(port) } }).status
  expect([healthAt(port), healthAt(1)]).toEqual([0, 1])

  process.kill(pidOf(child), "SIGTERM")
  await closed
  expect([child.exitCode, said()]).toEqual([0, expect.stringContaining("finishing the batch")])
  for (const line of said()
    .trim()
    .split("\n")
    .filter((line) => line.startsWith("{")))
    expect(JSON.parse(line)).toHaveProperty("level")
  expect(await sluiceJson(["verify", "--lake", lake])).toMatchObject({ ok: true })
})
