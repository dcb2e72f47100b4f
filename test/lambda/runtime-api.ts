import { type ChildProcess, spawn } from "node:child_process"
import { readFileSync } from "node:fs"
import { createServer, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { fileURLToPath } from "node:url"

/** What became of an event. */
export type Outcome =
  | { readonly kind: "answer"; readonly answer: unknown }
  | { readonly kind: "error"; readonly type: string; readonly message: string; readonly trace: ReadonlyArray<string> }
  /** The process was not done in time, and was ended. */
  | { readonly kind: "time-out" }
  /** The process ended, or could not begin, with what it said. */
  | { readonly kind: "crash"; readonly said: string }

export interface Running {
  /**
   * Hands out an event and waits for what becomes of it. Where there is no process, one is started, as Lambda does.
   *
   * @param time milliseconds: what the process is told that it has, and after which it is killed. Lambda's own most is the default of both, so that a
   * busy machine alone ends none.
   */
  readonly invoke: (event: unknown, time?: { readonly deadline?: number; readonly killed?: number }) => Promise<Outcome>
  /** Between two events: the process stands still, and goes on with the next. */
  readonly freeze: () => void
  /** Processes that were started. */
  readonly starts: () => number
  /** Processor time of the process so far, milliseconds, to the hundredth of a second; NaN where the system does not tell. */
  readonly cpuMillis: () => number
  /** All that was logged, by line. */
  readonly log: () => ReadonlyArray<string>
  readonly stop: () => Promise<void>
}

/** What starts a process that asks for events. */
export interface Command {
  readonly args: ReadonlyArray<string>
  readonly env?: Readonly<Record<string, string>>
}

export const ownClient: Command = { args: [fileURLToPath(new URL("./runtime-client.ts", import.meta.url))] }

/** What a process needs that takes the test's Node for a function's. */
export const functionEnvironment = (root: string): Readonly<Record<string, string>> => ({
  PATH: process.env["PATH"] ?? "",
  _HANDLER: "index.handler",
  LAMBDA_TASK_ROOT: root,
  AWS_LAMBDA_FUNCTION_NAME: "f",
  AWS_LAMBDA_FUNCTION_VERSION: "$LATEST",
  AWS_LAMBDA_FUNCTION_MEMORY_SIZE: "512",
  AWS_LAMBDA_LOG_GROUP_NAME: "/aws/lambda/f",
  AWS_LAMBDA_LOG_STREAM_NAME: "s",
  AWS_LAMBDA_INITIALIZATION_TYPE: "on-demand",
  AWS_REGION: "us-east-1",
  AWS_ACCESS_KEY_ID: "test",
  AWS_SECRET_ACCESS_KEY: "test"
})

const longest = 900_000

interface Waiting {
  readonly id: string
  readonly event: unknown
  readonly deadline: number
  readonly settle: (outcome: Outcome) => void
}

/**
 * Lambda's runtime API for one process at a time, which it starts, and kills where it is not done in time.
 *
 * @param root folder with the unpacked function
 * @param env beside what every function has
 */
export const runFunction = async (root: string, env: Readonly<Record<string, string>>, command = ownClient): Promise<Running> => {
  const lines: Array<string> = []
  let child: ChildProcess | null = null
  let [started, asked] = [0, 0]
  let isStill = false
  let idle: ServerResponse | null = null
  let next: Waiting | null = null
  let current: Waiting | null = null

  const hand = () => {
    if (next === null || idle === null) return
    current = next
    next = null
    const response = idle
    idle = null
    response.writeHead(200, {
      "content-type": "application/json",
      "Lambda-Runtime-Aws-Request-Id": current.id,
      "Lambda-Runtime-Deadline-Ms": String(current.deadline),
      "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:us-east-1:123456789012:function:f"
    })
    response.end(JSON.stringify(current.event))
  }
  const settle = (outcome: Outcome) => {
    const done = current ?? next
    current = null
    next = null
    done?.settle(outcome)
  }
  const server = createServer((request, response) => {
    const chunks: Array<Buffer> = []
    request.on("data", (chunk: Buffer) => chunks.push(chunk))
    request.on("end", () => {
      const body = Buffer.concat(chunks).toString()
      const [, what = ""] = /\/2018-06-01\/runtime\/(.*)$/.exec(request.url ?? "") ?? []
      if (what === "invocation/next") {
        idle = response
        hand()
        return
      }
      response.writeHead(202).end("{}")
      const [, id, kind] = /^invocation\/([^/]+)\/(response|error)$/.exec(what) ?? []
      if (what === "init/error") settle({ kind: "crash", said: body })
      else if (id === current?.id && kind === "response") settle({ kind: "answer", answer: JSON.parse(body) })
      else if (id === current?.id) {
        const { errorType, errorMessage, trace } = JSON.parse(body)
        settle({ kind: "error", type: errorType, message: errorMessage, trace: trace ?? [] })
      }
    })
  })
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done))
  const api = `127.0.0.1:${(server.address() as AddressInfo).port}`

  const start = () => {
    started++
    const made = spawn(process.execPath, command.args, {
      env: { ...functionEnvironment(root), ...command.env, ...env, AWS_LAMBDA_RUNTIME_API: api },
      stdio: ["ignore", "pipe", "pipe"]
    })
    child = made
    let said = ""
    const hear = (text: string) => {
      said += text
      lines.push(...text.split("\n").filter((line) => line !== ""))
    }
    made.stdout.setEncoding("utf8").on("data", hear)
    made.stderr.setEncoding("utf8").on("data", hear)
    made.on("close", () => {
      if (child !== made) return
      child = null
      idle = null
      settle({ kind: "crash", said })
    })
  }
  const kill = async () => {
    const ending = child
    child = null
    idle = null
    if (ending === null) return
    const closed = new Promise((done) => ending.on("close", done))
    ending.kill("SIGCONT")
    ending.kill("SIGKILL")
    await closed
  }

  return {
    invoke: (event, { deadline = longest, killed = longest } = {}) =>
      new Promise((done) => {
        const timer = setTimeout(() => void kill().then(() => settle({ kind: "time-out" })), killed)
        next = {
          id: `request-${++asked}`,
          event,
          deadline: Date.now() + deadline,
          settle: (outcome) => {
            clearTimeout(timer)
            done(outcome)
          }
        }
        if (child === null) start()
        if (isStill) child?.kill("SIGCONT")
        isStill = false
        hand()
      }),
    freeze: () => {
      isStill = child?.kill("SIGSTOP") ?? false
    },
    starts: () => started,
    cpuMillis: () => {
      try {
        const [, , ...fields] = readFileSync(`/proc/${child?.pid}/stat`, "utf8")
          .replace(/\(.*\)/, "")
          .split(" ")
        // User and system time, in ticks of a hundredth of a second, as fields 14 and 15 of which two are gone.
        return (Number(fields[10]) + Number(fields[11])) * 10
      } catch {
        return Number.NaN
      }
    },
    log: () => lines,
    stop: async () => {
      await kill()
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    }
  }
}
