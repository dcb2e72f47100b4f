import { spawnSync } from "node:child_process"
import { createHash } from "node:crypto"
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { homedir } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

const here = dirname(fileURLToPath(import.meta.url))
const venv = join(here, ".venv")
const jarFolder = join(here, ".jars")
const s3aFolder = join(here, ".jars-s3a")
const requirements = join(here, "requirements.txt")

/** The release that AWS runs beside Spark 3.5 (EMR 7, Glue 5), and what it needs that Spark has not. */
const artifacts = ["io.delta:delta-spark_2.12:3.3.2", "io.delta:delta-storage:3.3.2"]

/** Hadoop's own client of S3, of the release that this Spark is made with. It is large, so it is fetched for those tests alone that need it. */
const s3aArtifacts = ["org.apache.hadoop:hadoop-aws:3.3.4", "com.amazonaws:aws-java-sdk-bundle:1.12.262"]

export interface Engines {
  /** A Python that has pyspark, deltalake, polars and pyarrow. */
  readonly python: string
  /** Paths of Delta's jars for Spark. */
  readonly jars: ReadonlyArray<string>
}

/** Installs moto's server, once, apart from the engines: these tests need neither Java nor Spark. Gives the command that starts it. */
export const setUpMoto = (): string => {
  // Outside of the folders that are linted: it brings files of its own.
  const folder = join(here, "../../.sluice/moto")
  installPython(folder, join(here, "requirements-aws.txt"))
  return join(folder, "bin", "moto_server")
}

/** Installs dbt for DuckDB, once. Gives the command that starts it. */
export const setUpDbt = (): string => {
  const folder = join(here, "../../.sluice/dbt")
  installPython(folder, join(here, "requirements-dbt.txt"))
  return join(folder, "bin", "dbt")
}

const versitygw = "github.com/versity/versitygw/cmd/versitygw@v1.8.0"

/** Builds a server that keeps the objects of S3 in a folder, once. Gives the command that starts it. */
export const setUpVersitygw = (): string => {
  const folder = join(here, "../../.sluice/versitygw")
  once(folder, versitygw, () => {
    needTool("go", ["version"], "golang-go")
    run("go", ["install", versitygw], { GOTOOLCHAIN: "local", GOBIN: folder, GOFLAGS: "-trimpath" })
  })
  return join(folder, "versitygw")
}

const lambdaClient = "aws-lambda-ric@4.0.2"

/** Installs AWS's client of Lambda's runtime API, once, without its native part. Gives its file. */
export const setUpLambdaClient = (): string => {
  const folder = join(here, "../../.sluice/lambda-client")
  once(folder, lambdaClient, () => {
    writeFileSync(join(folder, "package.json"), "{}")
    run("npm", ["install", "--prefix", folder, "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", lambdaClient])
  })
  return join(folder, "node_modules/aws-lambda-ric/index.mjs")
}

const lambdaEmulator = "github.com/aws/aws-lambda-runtime-interface-emulator/cmd/aws-lambda-rie@v0.0.0-20261030222936-bef5c4ba774d"

/** Builds AWS's emulator of Lambda, once. Gives the command that starts it; null without Go, since it shows little that other tests do not. */
export const setUpLambdaEmulator = (): string | null => {
  if (!works("go", ["version"])) return null
  const folder = join(here, "../../.sluice/lambda-emulator")
  once(folder, lambdaEmulator, () => run("go", ["install", lambdaEmulator], { GOTOOLCHAIN: "local", GOBIN: folder, GOFLAGS: "-trimpath" }))
  return join(folder, "aws-lambda-rie")
}

/** What takes long to make and has no part of the work tree is kept for all of them. */
const cache = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "sluice")

const tofuModule = join(here, "../terraform/tofu")

/** Builds OpenTofu, which is Terraform's core, once on a machine: it takes minutes. Gives the command that starts it. */
const setUpTofu = (): string => {
  const reason = reasonOf(join(tofuModule, "go.sum"))
  const folder = join(cache, `tofu-${reason.slice(0, 16)}`)
  once(folder, reason, () => {
    needTool("go", ["version"], "golang-go")
    const flags = "-s -w -X github.com/opentofu/opentofu/version.dev=no"
    const args = ["-C", tofuModule, "-trimpath", "-ldflags", flags, "-o", join(folder, "tofu"), "github.com/opentofu/opentofu/cmd/tofu"]
    run("go", ["build", ...args], { GOTOOLCHAIN: "local" })
  })
  return join(folder, "tofu")
}

/**
 * A command of Terraform's core. The configuration is for either program: taken is the one that SLUICE_TEST_TERRAFORM says (`terraform`, `tofu`, or a path), else the machine's own
 * Terraform where that is new enough, else OpenTofu, which is built once.
 */
export const setUpTerraform = (): string => {
  const said = process.env["SLUICE_TEST_TERRAFORM"]
  if (said === "tofu") return setUpTofu()
  if (said !== undefined) return said
  return isNewTerraform() ? "terraform" : setUpTofu()
}

/** Is there a Terraform, and is it what `versions.tf` asks for? */
const isNewTerraform = (): boolean => {
  const env = { ...process.env, CHECKPOINT_DISABLE: "1", TF_CLI_CONFIG_FILE: "/dev/null" }
  const { stdout } = spawnSync("terraform", ["version", "-json"], { env, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] })
  const [, major, minor] = /"terraform_version": "(\d+)\.(\d+)\./.exec(stdout ?? "") ?? []
  return Number(major) === 1 && Number(minor) >= 9
}

const tflint = "github.com/terraform-linters/tflint@v0.64.0"

/**
 * The linter of Terraform files: the machine's own, or the one that was built before. It takes five minutes of processor time to build, so that is done where `SLUICE_TEST_TFLINT` is `build`
 * alone. Gives the command that starts it; null: there is none.
 */
export const setUpTflint = (): string | null => {
  if (works("tflint", ["--version"])) return "tflint"
  const folder = join(cache, "tflint-0.64.0")
  if (!isComplete(folder, tflint) && process.env["SLUICE_TEST_TFLINT"] !== "build") return null
  once(folder, tflint, () => {
    needTool("go", ["version"], "golang-go")
    run("go", ["install", tflint], { GOTOOLCHAIN: "local", GOBIN: folder })
  })
  return join(folder, "tflint")
}

/** Installs what knows mistakes in the safety of Terraform files, once on a machine. Gives the command that starts it. */
export const setUpCheckov = (): string => {
  const requirements = join(here, "requirements-checkov.txt")
  const folder = join(cache, `checkov-${reasonOf(requirements).slice(0, 16)}`)
  installPython(folder, requirements)
  return join(folder, "bin", "checkov")
}

const chromium = "/usr/bin/chromium"

/** Installs Debian's Chromium, once on a machine, unless `SLUICE_TEST_CHROMIUM` names another. Gives the command that starts it. */
export const setUpChromium = (): string => {
  const said = process.env["SLUICE_TEST_CHROMIUM"]
  if (said !== undefined) return said
  needTool(chromium, ["--version"], "chromium")
  return chromium
}

/** What is installed already; null where something is missing. */
export const findEngines = (): Engines | null =>
  isComplete(venv, reasonOf(requirements)) && isComplete(jarFolder, artifacts.join(" ")) && works("java", ["-version"]) ? installed() : null

const installed = (): Engines => ({
  python: pythonIn(venv),
  jars: jarsIn(jarFolder)
})

const jarsIn = (folder: string): ReadonlyArray<string> =>
  readdirSync(folder).flatMap((name) => (name.endsWith(".jar") ? [join(folder, name)] : []))

/** What `sluice --engine spark` needs in its environment to start this Spark. */
export const submitEnvironment = ({ python, jars }: Engines): Readonly<Record<string, string>> => {
  const [version = ""] = readdirSync(join(venv, "lib"))
  return {
    SPARK_HOME: join(venv, "lib", version, "site-packages", "pyspark"),
    PYSPARK_PYTHON: python,
    PYSPARK_DRIVER_PYTHON: python,
    SLUICE_SPARK_SUBMIT: join(dirname(python), "spark-submit"),
    SLUICE_SPARK_CONF: `spark.jars=${jars.join(",")}`
  }
}

/** Installs what is missing, once: Python packages in `.venv`, jars in `.jars`, and on a bare machine Python, Java and Maven themselves. */
export const setUp = (): Engines => {
  needTool("java", ["-version"], "openjdk-17-jre-headless")
  installPython(venv, requirements)
  fetchJars(jarFolder, artifacts)
  return installed()
}

/** The same, with what Spark needs for `s3a:` among the jars. */
export const setUpS3a = (): Engines => {
  const { python, jars } = setUp()
  fetchJars(s3aFolder, s3aArtifacts)
  return { python, jars: [...jars, ...jarsIn(s3aFolder)] }
}

const fetchJars = (folder: string, artifacts: ReadonlyArray<string>): void =>
  once(folder, artifacts.join(" "), () => {
    needTool("mvn", ["--version"], "maven")
    for (const artifact of artifacts) {
      run("mvn", ["--batch-mode", "--quiet", "dependency:copy", `-Dartifact=${artifact}`, `-DoutputDirectory=${folder}`])
    }
  })

const pythonIn = (folder: string): string => join(folder, "bin", "python")

/** A virtual environment with the packages that a file lists. Gives its Python. */
const installPython = (folder: string, requirements: string): string => {
  const python = pythonIn(folder)
  once(folder, reasonOf(requirements), () => {
    needTool("python3", ["-c", "import venv, ensurepip"], "python3-venv")
    run("python3", ["-m", "venv", folder])
    run(python, ["-m", "pip", "install", "--quiet", "--requirement", requirements])
  })
  return python
}

const reasonOf = (requirements: string): string => createHash("sha256").update(readFileSync(requirements)).digest("hex")

/** Was a folder filled, for this reason? */
const isComplete = (folder: string, reason: string): boolean => {
  const stamp = stampOf(folder)
  return existsSync(stamp) && readFileSync(stamp, "utf8") === reason
}

const stampOf = (folder: string): string => join(folder, ".complete")

/** Fills a folder anew unless it was filled for the same reason before. */
const once = (folder: string, reason: string, fill: () => void): void => {
  if (isComplete(folder, reason)) return
  console.log(`setting up ${folder} …`)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  fill()
  writeFileSync(stampOf(folder), reason)
}

const works = (command: string, args: ReadonlyArray<string>): boolean => spawnSync(command, args, { stdio: "ignore" }).status === 0

const needTool = (command: string, probe: ReadonlyArray<string>, debianPackage: string): void => {
  if (works(command, probe)) return
  if (process.getuid?.() === 0 && works("apt-get", ["--version"])) {
    run("apt-get", ["update", "--quiet"])
    run("apt-get", ["install", "--quiet", "--yes", "--no-install-recommends", debianPackage])
    if (works(command, probe)) return
  }
  throw new Error(`these tests need ${command}, which is not there or incomplete; install it (Debian: ${debianPackage})`)
}

const run = (command: string, args: ReadonlyArray<string>, environment: Readonly<Record<string, string>> = {}): void => {
  const { status, error } = spawnSync(command, args, { stdio: ["ignore", "inherit", "inherit"], env: { ...process.env, ...environment } })
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} failed: ${error?.message ?? `exit code ${status}`}`)
}
