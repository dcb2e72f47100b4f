import { spawn } from "node:child_process"
import { dirname, join } from "node:path"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import { Effect } from "effect"
import { EngineError } from "../../../src/repartition/engine.ts"
import type { JobEngine, JobPlace, JobState } from "../../../src/repartition/job-place.ts"
import { setUp } from "../setup.ts"
import { quickJava } from "./command.ts"

const script = join(dirname(fileURLToPath(import.meta.url)), "session.py")

/** A place whose jobs run in one session of real Spark, one after the other. */
export interface SparkSession {
  readonly place: JobPlace
  /** The engine there, which waits. */
  readonly engine: JobEngine
  /** Runs statements, one after the other, as somebody else does with Spark. */
  readonly sql: (...statements: ReadonlyArray<string>) => Effect.Effect<void>
  readonly close: () => void
}

export const openSparkSession = (): SparkSession => {
  const { python, jars } = setUp()
  const child = spawn(python, [script, ...jars], {
    stdio: ["pipe", "pipe", "pipe"],
    env: { ...process.env, TZ: "UTC", JAVA_TOOL_OPTIONS: quickJava }
  })
  let said = ""
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said = (said + text).slice(-4000)
  })
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const states = new Map<string, JobState>()
  let turn: Promise<unknown> = Promise.resolve()

  const run = async (job: object): Promise<string | null> => {
    child.stdin.write(`${JSON.stringify(job)}\n`)
    const answer = await answers.next()
    if (answer.done === true) return `Spark has ended: ${said}`
    const { error }: { readonly error: string | null } = JSON.parse(answer.value)
    return error
  }

  const place: JobPlace = {
    name: "spark",
    find: ({ id }) => Effect.sync(() => states.get(id) ?? null),
    submit: ({ id, driver, args }) =>
      Effect.tryPromise({
        try: () => {
          const next = turn.then(async () => {
            const error = await run({ driver: fileURLToPath(driver), plan: args[0] ?? "" })
            const common = { run: `session, job ${id}`, startedAt: null }
            const state: JobState =
              error === null ? { ...common, phase: "done", says: "done" } : { ...common, phase: "failed", says: "failed", reason: error }
            states.set(id, state)
            return state
          })
          turn = next
          return next
        },
        catch: (cause) => new EngineError({ engine: "spark", problem: String(cause), hint: "Look at the session.", cause })
      })
  }
  const sql = (...statements: ReadonlyArray<string>) =>
    Effect.promise(async () => {
      const next = turn.then(() => run({ statements }))
      turn = next
      const error = await next
      if (error !== null) throw new Error(error)
    })
  return { place, engine: { name: "spark", place, wait: true }, sql, close: () => child.kill() }
}
