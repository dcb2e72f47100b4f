import { type ChildProcess, fork } from "node:child_process"
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { moduleBeside } from "../record/module-beside.ts"
import type { QueryJob, QueryMessage, QueryReply, QueryRows } from "./query-messages.ts"

export interface PoolSettings {
  /** Statements that run at a time, each in a process of its own. */
  readonly running: number
  /** Statements that wait; more are refused. */
  readonly queue: number
  /** Milliseconds that a statement may take; then its process is killed. */
  readonly timeout: number
  /** Megabytes that DuckDB may use in each. */
  readonly memory: number
  readonly threads: number
}

export const defaultPool: PoolSettings = { running: 4, queue: 32, timeout: 10_000, memory: 256, threads: 1 }

/** Megabytes of a process beside what DuckDB is told: itself, and what DuckDB does not count. Beyond that it is killed. */
const beside = 512

/** Why a statement has no answer, as a status of HTTP. */
export class QueryFailure extends Error {
  readonly status: 400 | 408 | 413 | 503
  readonly hint: string
  constructor(status: QueryFailure["status"], problem: string, hint: string) {
    super(problem)
    this.status = status
    this.hint = hint
  }
}

interface Waiting {
  /** Asked when its turn comes: by then there may be a newer file. */
  readonly begin: () => QueryMessage
  readonly resolve: (rows: QueryRows) => void
  readonly reject: (failure: QueryFailure) => void
  readonly signal: AbortSignal | undefined
}

interface Worker {
  readonly child: ChildProcess
  ready: boolean
  job: Waiting | null
  timer: NodeJS.Timeout | undefined
  watch: NodeJS.Timeout | undefined
}

/** Processes that ask DuckDB. One that takes too long, or too much memory, is killed, and another takes its place. */
export class QueryPool {
  readonly #settings: PoolSettings
  readonly #workers = new Set<Worker>()
  readonly #waiting: Array<Waiting> = []
  #isClosed = false

  constructor(settings: PoolSettings) {
    this.#settings = settings
  }

  /** Starts the first process, so that nobody waits for it. */
  warm(): void {
    if (this.#workers.size === 0) this.#start()
  }

  /** Processes that are alive, by their ids. */
  get pids(): ReadonlyArray<number> {
    return [...this.#workers].flatMap(({ child }) => child.pid ?? [])
  }

  /** @param begin gives the file, when the statement's turn comes */
  run(job: QueryJob, begin: () => string, signal?: AbortSignal): Promise<QueryRows> {
    const running = [...this.#workers].filter((worker) => worker.job !== null).length
    if (this.#isClosed || (running >= this.#settings.running && this.#waiting.length >= this.#settings.queue))
      return Promise.reject(new QueryFailure(503, "too much is asked at once", "Ask again in some seconds."))
    return new Promise((resolve, reject) => {
      this.#waiting.push({ begin: () => ({ ...job, database: begin() }), resolve, reject, signal })
      this.#next()
    })
  }

  close(): void {
    this.#isClosed = true
    for (const { reject } of this.#waiting.splice(0)) reject(new QueryFailure(503, "the console ends", "Start it again."))
    for (const worker of this.#workers) this.#end(worker, new QueryFailure(503, "the console ends", "Start it again."))
  }

  #next(): void {
    while (this.#waiting.length > 0) {
      const free = [...this.#workers].find(({ job, ready }) => ready && job === null)
      if (free === undefined) {
        const coming = [...this.#workers].filter(({ ready }) => !ready).length
        if (this.#workers.size < this.#settings.running && coming < this.#waiting.length) this.#start()
        else return
        continue
      }
      const job = this.#waiting.shift()
      // Nobody waits for it any more.
      if (job?.signal?.aborted === true) job.reject(new QueryFailure(503, "nobody waits for it", "Ask again."))
      if (job === undefined || job.signal?.aborted === true) continue
      this.#give(free, job)
    }
  }

  #start(): void {
    const { memory, threads } = this.#settings
    const child = fork(fileURLToPath(moduleBeside("query-child", import.meta.url)), [String(memory), String(threads)], {
      serialization: "advanced",
      execArgv: [],
      // What DuckDB's library may print is for who looks after the server.
      stdio: ["ignore", "ignore", "inherit", "ipc"],
      // No key of the server's is its business.
      env: { PATH: process.env["PATH"], TMPDIR: process.env["TMPDIR"], NODE_OPTIONS: process.env["NODE_OPTIONS"] }
    })
    const worker: Worker = { child, ready: false, job: null, timer: undefined, watch: undefined }
    this.#workers.add(worker)
    child.on("message", (reply: QueryReply) => this.#take(worker, reply))
    const gone = () => this.#end(worker, new QueryFailure(503, "the process that asked DuckDB ended", "Ask again, or for less at a time."))
    child.on("error", gone)
    child.on("exit", gone)
  }

  #give(worker: Worker, job: Waiting): void {
    const { memory, timeout } = this.#settings
    worker.job = job
    const kill = (problem: string) =>
      this.#end(worker, new QueryFailure(408, problem, "Ask for less at a time: a shorter period, or fewer rows."))
    worker.timer = setTimeout(() => kill(`it took longer than ${timeout / 1000} s, and was ended`), timeout)
    worker.watch = setInterval(() => {
      if (residentMegabytes(worker.child.pid) > memory + beside) kill(`it took more memory than ${memory + beside} MB, and was ended`)
    }, 100)
    try {
      worker.child.send(job.begin(), (error) => {
        if (error !== null) kill("the process that asks DuckDB is gone")
      })
    } catch {
      kill("the process that asks DuckDB is gone")
    }
  }

  #take(worker: Worker, reply: QueryReply): void {
    if (reply.kind === "ready") worker.ready = true
    else {
      const { job } = worker
      clearTimeout(worker.timer)
      clearInterval(worker.watch)
      worker.job = null
      if (reply.kind === "rows") job?.resolve(reply)
      else job?.reject(new QueryFailure(400, reply.problem, reply.hint))
    }
    this.#next()
  }

  #end(worker: Worker, failure: QueryFailure): void {
    if (!this.#workers.delete(worker)) return
    clearTimeout(worker.timer)
    clearInterval(worker.watch)
    worker.child.kill("SIGKILL")
    worker.job?.reject(failure)
    // One that never began is not begun again and again.
    if (worker.ready) this.#next()
    else if (this.#workers.size === 0) for (const { reject } of this.#waiting.splice(0)) reject(failure)
  }
}

const pageBytes = 4096

/** Where the system does not tell, the time limit alone counts. */
const residentMegabytes = (pid: number | undefined): number => {
  try {
    const [, pages = "0"] = readFileSync(`/proc/${pid}/statm`, "latin1").split(" ")
    return (Number(pages) * pageBytes) / 1e6
  } catch {
    return 0
  }
}
