import { type ChildProcess, spawn } from "node:child_process"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const main = join(root, "src", "main.ts")

export interface Ran {
  /** Null when a signal ended it. */
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** Starts the real command in a process of its own. */
export const start = (
  args: ReadonlyArray<string>,
  env: Readonly<Record<string, string>> = {}
): { child: ChildProcess; done: Promise<Ran> } => {
  const child = spawn(process.execPath, [main, ...args], { env: { ...process.env, ...env }, stdio: ["pipe", "pipe", "pipe"] })
  const out: Array<Buffer> = []
  const err: Array<Buffer> = []
  child.stdout.on("data", (chunk: Buffer) => out.push(chunk))
  child.stderr.on("data", (chunk: Buffer) => err.push(chunk))
  const done = new Promise<Ran>((resolve, reject) => {
    child.on("error", reject)
    child.on("close", (code, signal) =>
      resolve({ code, signal, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() })
    )
  })
  return { child, done }
}

/** Runs the command to its end. @param input what it reads from standard input */
export const sluice = (args: ReadonlyArray<string>, env: Readonly<Record<string, string>> = {}, input = ""): Promise<Ran> => {
  const { child, done } = start(args, env)
  child.stdin?.end(input)
  return done
}

/** Runs the command, which must succeed, and gives the JSON that it prints. */
export const sluiceJson = async (args: ReadonlyArray<string>, env: Readonly<Record<string, string>> = {}) => {
  const { code, stdout, stderr } = await sluice([...args, "--json"], env)
  if (code !== 0) throw new Error(`sluice ${args.join(" ")} ended with ${code}: ${stderr}${stdout}`)
  return JSON.parse(stdout)
}
