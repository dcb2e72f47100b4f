/**
 * Runs Terraform's core (Terraform or OpenTofu) on the configuration, with the stand-in for the AWS provider: plans, applies, plans again, destroys. Nothing is
 * written beside the configuration: it is copied to a folder of its own.
 */
import { spawn } from "node:child_process"
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join, relative } from "node:path"
import { fileURLToPath } from "node:url"
import { motoWorld } from "../../terraform/moto/world.ts"
import { startProvider } from "../../terraform/provider.ts"
import { setUpTerraform } from "../setup.ts"

export const repository = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))))

export const modes = ["consumer", "lambda", "managed", "all"] as const
export type Mode = (typeof modes)[number]

/** A resource or data source, as `tofu show -json` says it. */
export interface Shown {
  readonly address: string
  readonly mode: "managed" | "data"
  readonly type: string
  readonly name: string
  readonly index?: string | number
  /** In a plan, what is not yet known is absent. Nested blocks are lists of objects. */
  readonly values: Readonly<Record<string, unknown>>
}

interface ShownModule {
  readonly resources?: ReadonlyArray<Shown>
  readonly child_modules?: ReadonlyArray<ShownModule>
}

/** `tofu show -json` of a plan or a state, as far as it is read here. */
export interface ShownFile {
  readonly planned_values?: { readonly root_module?: ShownModule }
  readonly values?: {
    readonly root_module?: ShownModule
    readonly outputs?: Readonly<Record<string, { readonly value: unknown }>>
  }
  readonly resource_changes?: ReadonlyArray<{ readonly address: string; readonly change: { readonly actions: ReadonlyArray<string> } }>
}

/** Resources and data sources of all modules, by address. */
export const resourcesOf = (shown: ShownFile): ReadonlyMap<string, Shown> => {
  const all = new Map<string, Shown>()
  const visit = ({ resources = [], child_modules = [] }: ShownModule): void => {
    for (const resource of resources) all.set(resource.address, resource)
    for (const module of child_modules) visit(module)
  }
  visit((shown.planned_values ?? shown.values)?.root_module ?? {})
  return all
}

export interface Said {
  readonly code: number | null
  readonly out: string
  readonly errors: string
}

/** A copy of a configuration, and a provider that waits for it. */
export interface House {
  readonly folder: string
  /** Runs tofu there. Whatever it answers is given: who wants success says so with `orFail`. */
  readonly tofu: (...args: ReadonlyArray<string>) => Promise<Said>
  readonly environment: Readonly<Record<string, string>>
  readonly close: () => Promise<void>
}

export const run = (command: string, args: ReadonlyArray<string>, cwd: string, env: NodeJS.ProcessEnv = process.env): Promise<Said> =>
  new Promise((done, fail) => {
    const child = spawn(command, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] })
    const [out, errors]: [Array<Buffer>, Array<Buffer>] = [[], []]
    child.stdout.on("data", (chunk: Buffer) => out.push(chunk))
    child.stderr.on("data", (chunk: Buffer) => errors.push(chunk))
    child.on("error", fail)
    child.on("close", (code) => done({ code, out: Buffer.concat(out).toString(), errors: Buffer.concat(errors).toString() }))
  })

/** Gives what was printed; fails with what was said. */
export const orFail = async (what: string, saying: Promise<Said>): Promise<string> => {
  const { code, out, errors } = await saying
  if (code !== 0) throw new Error(`${what} ended with ${code}:\n${errors}${out}`)
  return out
}

/** Opens a folder of Terraform files, with a provider of its own. With an endpoint, what moto can hold is made there. */
export const openHouse = async (root: string = repository, moto?: string, refuses = true): Promise<House> => {
  const tofu = setUpTerraform()
  const parent = mkdtempSync(join(tmpdir(), "sluice-terraform-"))
  const folder = join(parent, "house")
  copyFiles(root, folder, (text) => text)
  writeFileSync(join(parent, "tofurc"), "")
  const provider = await startProvider(moto === undefined ? null : (region) => motoWorld(moto, region), refuses)
  const environment = {
    ...provider.environment,
    // What this machine has of either is none of the tests' business.
    TF_CLI_CONFIG_FILE: join(parent, "tofurc"),
    TF_DATA_DIR: join(parent, "data"),
    TF_INPUT: "0",
    TF_IN_AUTOMATION: "1",
    CHECKPOINT_DISABLE: "1",
    // Collecting less takes a fifth less of the processor; without a limit a run of all tests of the configuration holds 20 GB.
    GOGC: "off",
    GOMEMLIMIT: "1GiB"
  }
  return {
    folder,
    environment,
    tofu: (...args) => run(tofu, args, folder, { ...process.env, ...environment }),
    close: async () => {
      await provider.stop()
      rmSync(parent, { recursive: true, force: true })
    }
  }
}

const isTerraform = (path: string): boolean => /\.(?:tf|tftest\.hcl|tfvars)$/.test(path)
/** Folders that hold Terraform files are copied, so that they can be changed; others are what those read. */
const copied = ["infra-terraform", "examples", "test"]
const left = [".git", "node_modules", ".terraform"]

const copyFiles = (from: string, to: string, edit: (text: string, path: string) => string): void => {
  mkdirSync(to, { recursive: true })
  const copy = (source: string): void => {
    const path = relative(from, source)
    mkdirSync(dirname(join(to, path)), { recursive: true })
    writeFileSync(join(to, path), edit(readFileSync(source, "utf8"), path))
  }
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const source = join(from, entry.name)
    if (left.includes(entry.name)) continue
    if (copied.includes(entry.name)) {
      for (const path of readdirSync(source, { recursive: true, encoding: "utf8" })) if (isTerraform(path)) copy(join(source, path))
    } else if (isTerraform(entry.name)) copy(source)
    else if (entry.isDirectory() || entry.isSymbolicLink()) symlinkSync(source, join(to, entry.name))
    else cpSync(source, join(to, entry.name))
  }
}

/** A copy of the configuration in a temporary folder, changed by `edit` (text and path of each file give its new text). Remove it when done. */
export const copyConfiguration = (edit: (text: string, path: string) => string, root: string = repository): string => {
  const folder = mkdtempSync(join(tmpdir(), "sluice-configuration-"))
  copyFiles(root, folder, edit)
  return folder
}

/** Names the folder of the functions' zips and their list, which are bundled before the first test. */
export const functionsVariable = "SLUICE_BUILT_FUNCTIONS"
export const builtFunctions = (): string => {
  const folder = process.env[functionsVariable]
  if (folder === undefined) throw new Error(`${functionsVariable} is not set: set-up-servers.ts builds them`)
  return folder
}

export interface Application {
  readonly mode: Mode
  /** Variables of the root besides `mode`. `functions_dir` is what `npm run build` makes, unless it is given. */
  readonly variables?: Readonly<Record<string, unknown>>
  /** Where a moto listens: what it can hold is made there too. */
  readonly moto?: string
  /** Another configuration than the repository's. */
  readonly root?: string
}

export interface Plan {
  readonly plan: ShownFile
  /** What will be, by address. */
  readonly resources: ReadonlyMap<string, Shown>
}

export interface Applied {
  readonly plan: ShownFile
  readonly state: ShownFile
  /** What is, by address. */
  readonly resources: ReadonlyMap<string, Shown>
  readonly outputs: Readonly<Record<string, unknown>>
  /** Plans once more: the addresses that would change. */
  readonly planAgain: () => Promise<ReadonlyArray<string>>
  /** Destroys all, and removes the folder. */
  readonly destroy: () => Promise<void>
}

const variablesOf = ({ mode, variables = {} }: Application) =>
  JSON.stringify({ mode, ...(variables["functions_dir"] === undefined ? { functions_dir: builtFunctions() } : {}), ...variables })

const planIn = async (house: House, application: Application): Promise<ShownFile> => {
  writeFileSync(join(house.folder, "run.tfvars.json"), variablesOf(application))
  await orFail("tofu init", house.tofu("init", "-no-color"))
  await orFail("tofu plan", house.tofu("plan", "-no-color", "-var-file=run.tfvars.json", "-out=run.plan"))
  return JSON.parse(await orFail("tofu show", house.tofu("show", "-json", "run.plan")))
}

/** Plans a configuration. Fails with what tofu says of it. */
export const planConfiguration = async (application: Application): Promise<Plan> => {
  const house = await openHouse(application.root, application.moto)
  try {
    const plan = await planIn(house, application)
    return { plan, resources: resourcesOf(plan) }
  } finally {
    await house.close()
  }
}

/** Plans and applies a configuration. Fails with what tofu says of it. */
export const applyConfiguration = async (application: Application): Promise<Applied> => {
  const house = await openHouse(application.root, application.moto)
  try {
    const plan = await planIn(house, application)
    await orFail("tofu apply", house.tofu("apply", "-no-color", "run.plan"))
    const state: ShownFile = JSON.parse(await orFail("tofu show", house.tofu("show", "-json")))
    const outputs = Object.entries(state.values?.outputs ?? {}).map(([name, { value }]) => [name, value])
    return {
      plan,
      state,
      resources: resourcesOf(state),
      outputs: Object.fromEntries(outputs),
      planAgain: () => changesIn(house),
      destroy: async () => {
        try {
          await orFail("tofu destroy", house.tofu("destroy", "-no-color", "-auto-approve", "-var-file=run.tfvars.json"))
          const rest = resourcesOf(JSON.parse(await orFail("tofu show", house.tofu("show", "-json"))))
          if (rest.size > 0) throw new Error(`tofu destroy left ${[...rest.keys()].join(", ")}`)
        } finally {
          await house.close()
        }
      }
    }
  } catch (error) {
    await house.close()
    throw error
  }
}

const changesIn = async (house: House): Promise<ReadonlyArray<string>> => {
  const { code, out, errors } = await house.tofu("plan", "-no-color", "-detailed-exitcode", "-var-file=run.tfvars.json", "-out=again.plan")
  if (code === 0) return []
  if (code !== 2) throw new Error(`tofu plan ended with ${code}:\n${errors}${out}`)
  const { resource_changes = [] }: ShownFile = JSON.parse(await orFail("tofu show", house.tofu("show", "-json", "again.plan")))
  const changes = resource_changes
    .filter(({ change }) => !["no-op", "read"].includes(change.actions[0] ?? ""))
    .map(({ address }) => address)
  return changes.length === 0 ? ["outputs"] : changes
}
