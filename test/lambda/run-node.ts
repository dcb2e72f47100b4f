import { spawn } from "node:child_process"

/** Runs this Node, and gives what it said and its exit code. */
export const runNode = (
  args: ReadonlyArray<string>
): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }> =>
  new Promise((done, fail) => {
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] })
    let [stdout, stderr] = ["", ""]
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text
    })
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text
    })
    child.on("error", fail)
    child.on("close", (code) => done({ code, stdout, stderr }))
  })
