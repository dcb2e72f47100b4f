import { mkdirSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { type Engines, setUp, submitEnvironment } from "../setup.ts"

/** For jobs of few rows: code that is compiled well takes longer to compile than it saves. */
export const quickJava = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
const quickConf = ["spark.sql.codegen.wholeStage=false", "spark.sql.codegen.factoryMode=NO_CODEGEN"]

/** What the command needs to repartition with the real `spark-submit`, whose notes and logs lie below a folder. */
export const sparkEnvironment = (folder: string, engines: Engines = setUp()): Readonly<Record<string, string>> => {
  const spark = submitEnvironment(engines)
  const temporary = join(folder, "tmp")
  mkdirSync(temporary, { recursive: true })
  return {
    ...spark,
    TMPDIR: temporary,
    SLUICE_ENGINE: "spark",
    SLUICE_SPARK_CONF: [spark["SLUICE_SPARK_CONF"], "spark.driver.memory=1g", ...quickConf].join(),
    JAVA_TOOL_OPTIONS: quickJava,
    SLUICE_HASH_KEY: "a key that nobody has to guess"
  }
}

/** Processes that were started for jobs with this environment and live; each leads a group. */
export const livingDrivers = ({ TMPDIR = "" }: Readonly<Record<string, string>>): ReadonlyArray<number> =>
  readdirSync(TMPDIR, { recursive: true, encoding: "utf8" }).flatMap((name) => {
    if (!/^sluice-spark[^/]*\/[^/]*\/\d+\.json$/.test(name)) return []
    const pid = pidIn(join(TMPDIR, name))
    return pid !== null && groupOf(pid) === pid ? [pid] : []
  })

const pidIn = (file: string): number | null => {
  try {
    return JSON.parse(readFileSync(file, "utf8")).pid
  } catch {
    // It is being written, or was taken back.
    return null
  }
}

/** The process group of a living process; null: it is gone. */
const groupOf = (pid: number): number | null => {
  try {
    const [, state = "", group = ""] = /\) (\S) \d+ (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, "utf8")) ?? []
    return state === "Z" ? null : Number(group)
  } catch {
    return null
  }
}

/** All processes of a driver's group: the JVM, the Python that it runs. */
export const groupMembers = (leader: number): ReadonlyArray<number> =>
  readdirSync("/proc").flatMap((name) => (/^\d+$/.test(name) && groupOf(Number(name)) === leader ? [Number(name)] : []))
