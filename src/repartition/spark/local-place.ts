import { spawn } from "node:child_process"
import { access, constants, mkdir, open, readdir, readFile, rename, rm, writeFile } from "node:fs/promises"
import { tmpdir, userInfo } from "node:os"
import { delimiter, join } from "node:path"
import { Clock, Effect } from "effect"
import { EngineError } from "../engine.ts"
import type { JobPlace, JobState, SparkJob } from "../job-place.ts"
import { driverFile } from "./job-plan.ts"

export interface SparkPlaceSettings {
  /** `spark-submit`, or a path of it. */
  readonly command: string
  /** Of this machine, unless `conf` says another master. */
  readonly threads: number
  /** `key=value` each, over what stands here. */
  readonly conf: ReadonlyArray<string>
  /** URL of a store that speaks S3, where it is not Amazon's. */
  readonly endpoint?: string | null | undefined
  /** Where what is known of jobs is kept, with their logs. Default: below the folder for temporary files, since a process does not outlive the machine's start. */
  readonly folder?: string | undefined
}

/** What is noted of an attempt. */
interface Attempt {
  /** The process that starts it. */
  readonly starter: number
  /** Spark's process, which leads a group of its own; null: not started yet. */
  readonly pid: number | null
  readonly startedAt: string
}

interface Found {
  readonly number: number
  readonly attempt: Attempt
}

/**
 * Runs jobs with `spark-submit` on this machine. A driver is a process of its own: it goes on where Sluice is killed, and what it leaves is found by the next
 * run. Each attempt has a file that says which process it is, made by one of those who would start it at once, and a log.
 */
export const sparkPlace = (settings: SparkPlaceSettings): JobPlace => {
  const root = settings.folder ?? join(tmpdir(), `sluice-spark-${userInfo().username}`)
  const folderOf = ({ id }: SparkJob) => join(root, id)
  const file = (job: SparkJob, attempt: number) => join(folderOf(job), `${attempt}.json`)
  const logOf = (job: SparkJob, attempt: number) => join(folderOf(job), `${attempt}.log`)

  /** Number and note of the newest attempt; null: there is none. */
  const newest = async (job: SparkJob): Promise<Found | null> => {
    const names = await readdir(folderOf(job)).catch(ignoreMissing)
    const number = Math.max(0, ...(names ?? []).flatMap((name) => /^(\d+)\.json$/.exec(name)?.[1] ?? []).map(Number))
    if (number === 0) return null
    const text = await readFile(file(job, number), "utf8")
    // `submit` wrote it. An empty one is being written.
    return { number, attempt: text === "" ? { starter: process.pid, pid: null, startedAt: "" } : (JSON.parse(text) as Attempt) }
  }

  const stateOf = async (job: SparkJob, found: Found | null): Promise<JobState | null> => {
    if (found === null) return null
    const { number, attempt } = found
    const logs = logOf(job, number)
    const common = { run: `spark-submit${attempt.pid === null ? "" : ` ${attempt.pid}`}`, startedAt: attempt.startedAt || null, logs }
    if (attempt.pid === null) {
      if (isAlive(attempt.starter)) return { ...common, phase: "waiting", says: "starting" }
      return { ...common, phase: "failed", says: "never started", reason: "who was to start it was ended first" }
    }
    if (await isOurs(attempt.pid, job)) return { ...common, phase: "running", says: "running" }
    const reason = reasonIn(await endOf(logs).catch(() => ""))
    // Whether it left a result is for others to see.
    return { ...common, phase: "failed", says: "ended", ...(reason === null ? {} : { reason }) }
  }

  const start = async (job: SparkJob, now: number): Promise<JobState | null> => {
    await mkdir(folderOf(job), { recursive: true, mode: 0o700 })
    const before = await newest(job)
    const state = await stateOf(job, before)
    if (state?.phase === "waiting" || state?.phase === "running") return state
    // The one after the attempt that was seen to have ended: whoever saw the same wants the same.
    const number = (before?.number ?? 0) + 1
    const attempt: Attempt = { starter: process.pid, pid: null, startedAt: new Date(now).toISOString() }
    try {
      await writeFile(file(job, number), JSON.stringify(attempt), { flag: "wx" })
    } catch (error) {
      // Another process starts it.
      if (isErrno(error, "EEXIST")) return await stateOf(job, await newest(job))
      throw error
    }
    const log = await open(logOf(job, number), "a")
    try {
      const pid = await run(settings, job, log.fd)
      const unfinished = `${file(job, number)}.part`
      await writeFile(unfinished, JSON.stringify({ ...attempt, pid } satisfies Attempt))
      await rename(unfinished, file(job, number))
    } catch (error) {
      // Nobody waits for what never began.
      await rm(file(job, number), { force: true })
      throw error
    } finally {
      await log.close()
    }
    return await stateOf(job, await newest(job))
  }

  const attempt = <A>(doing: string, use: () => Promise<A>): Effect.Effect<A, EngineError> =>
    Effect.tryPromise({ try: use, catch: (cause) => failure(settings.command, doing, cause) })

  return {
    name: "spark",
    find: (job) => attempt(`looking for job ${job.id}`, async () => stateOf(job, await newest(job))),
    submit: (job) =>
      Effect.gen(function* () {
        const now = yield* Clock.currentTimeMillis
        const state = yield* Effect.uninterruptible(attempt("starting Spark", () => start(job, now)))
        return state ?? (yield* Effect.fail(failure(settings.command, "starting Spark", "what was noted of it is gone")))
      }),
    abandon: (job) =>
      Effect.promise(async () => {
        const pid = (await newest(job).catch(() => null))?.attempt.pid
        if (pid !== null && pid !== undefined && (await isOurs(pid, job))) endGroup(pid)
      })
  }
}

/** Looks whether the command is there: where, for people. */
export const probeSpark = (command: string): Effect.Effect<string, EngineError> => {
  const folders = command.includes("/") ? [""] : (process.env["PATH"] ?? "").split(delimiter)
  const isThere = (path: string) =>
    Effect.promise(() =>
      access(path, constants.X_OK).then(
        () => true,
        () => false
      )
    )
  return Effect.flatMap(
    Effect.filter(
      folders.map((folder) => (folder === "" ? command : join(folder, command))),
      isThere
    ),
    ([path]) => (path === undefined ? Effect.fail(noCommand(command)) : Effect.succeed(`${path} is there`))
  )
}

const masterKey = "spark.master="

/** Starts the driver apart from this process, which it outlives. Gives its process id. */
const run = ({ command, threads, conf, endpoint }: SparkPlaceSettings, job: SparkJob, log: number): Promise<number> => {
  const isInFolder = job.driver.startsWith("file:")
  const master = conf.findLast((each) => each.startsWith(masterKey))?.slice(masterKey.length) ?? `local[${threads}]`
  const own = [
    // Not --master, over which no setting goes.
    `${masterKey}${master}`,
    `spark.app.name=sluice-${job.dataset}-${job.id}`,
    "spark.sql.extensions=io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog=org.apache.spark.sql.delta.catalog.DeltaCatalog",
    "spark.ui.enabled=false",
    // Other machines would not find the driver there.
    ...(master.startsWith("local") ? ["spark.driver.host=127.0.0.1", "spark.driver.bindAddress=127.0.0.1"] : []),
    // Without files of checksums beside those of the table. The client of S3 needs the usual ones for what it has on its way.
    ...(isInFolder
      ? [
          "spark.hadoop.fs.file.impl=org.apache.hadoop.fs.RawLocalFileSystem",
          "spark.hadoop.fs.AbstractFileSystem.file.impl=org.apache.hadoop.fs.local.RawLocalFs"
        ]
      : []),
    ...(endpoint == null ? [] : [`spark.hadoop.fs.s3a.endpoint=${endpoint}`, "spark.hadoop.fs.s3a.path.style.access=true"])
  ]
  // It looks for its program before it has the jars that it was told of, and with them the client of S3.
  const driver = isInFolder ? job.driver : driverFile.href
  const args = [...[...own, ...conf].flatMap((each) => ["--conf", each]), driver, ...job.args]
  return new Promise((done, fail) => {
    const child = spawn(command, args, { detached: true, stdio: ["ignore", log, log], env: { ...process.env, TZ: "UTC" } })
    child.on("error", fail)
    child.on("spawn", () => {
      child.unref()
      if (child.pid !== undefined) done(child.pid)
    })
  })
}

const isErrno = (error: unknown, code: string): boolean => error instanceof Error && "code" in error && error.code === code

const ignoreMissing = (error: unknown): null => {
  if (isErrno(error, "ENOENT")) return null
  throw error
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return isErrno(error, "EPERM")
  }
}

/** Does a process live that is this job's? Its number may have become another one's; where the system does not tell, it is believed. */
const isOurs = async (pid: number, { id }: SparkJob): Promise<boolean> => {
  if (!isAlive(pid)) return false
  const line = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => null)
  // Empty: it is about to run another program, as the scripts that start Spark do one after the other; or it has ended, and nobody has asked how.
  if (line === "") return !/\) [ZX] /.test(await readFile(`/proc/${pid}/stat`, "utf8").catch(() => ") X "))
  return line === null ? process.platform !== "linux" : line.includes(id)
}

const endGroup = (pid: number): void => {
  try {
    process.kill(-pid, "SIGTERM")
  } catch {
    // It has ended by itself.
  }
}

/** Of a log, which may be of any size, what tells why it ended. */
const endBytes = 256 * 1024

const endOf = async (path: string): Promise<string> => {
  const file = await open(path, "r")
  try {
    const { size } = await file.stat()
    const end = Buffer.alloc(Math.min(size, endBytes))
    const { bytesRead } = await file.read(end, 0, end.length, size - end.length)
    return end.toString("utf8", 0, bytesRead)
  } finally {
    await file.close()
  }
}

/** What the end of a log says of a failure: the last error that it names, else its last line that is more than a note. */
const reasonIn = (log: string): string | null => {
  const lines = log.split("\n").filter((line) => line.trim() !== "" && !/ (?:INFO|WARN|DEBUG) /.test(line))
  const error = lines.findLast((line) => /^(?:Caused by: |Error: |Exception in thread )?[\w.$]*(?:Error|Exception)\b/.test(line))
  const line = error ?? lines.at(-1)
  return line === undefined ? null : line.trim().slice(0, 300)
}

const failure = (command: string, doing: string, cause: unknown): EngineError =>
  isErrno(cause, "ENOENT") && cause instanceof Error && "syscall" in cause && String(cause.syscall).startsWith("spawn")
    ? noCommand(command, cause)
    : new EngineError({
        engine: "spark",
        problem: `${doing}: ${cause instanceof Error ? cause.message : String(cause)}`,
        hint: "Nothing was committed; mend it, and run again.",
        cause
      })

const noCommand = (command: string, cause?: unknown): EngineError =>
  new EngineError({
    engine: "spark",
    problem: `there is no ${command}`,
    hint: "Install Spark 3.5 or 4.0 with Delta, and put spark-submit on the PATH or say --spark-submit where it is.",
    isRefused: true,
    ...(cause === undefined ? {} : { cause })
  })
