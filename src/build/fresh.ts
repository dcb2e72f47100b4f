/** Finds the bundle of the command. Loads next to nothing: it is what each start costs. */
import { spawnSync } from "node:child_process"
import { accessSync, constants, existsSync, lstatSync, mkdirSync, readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import { pathToFileURL } from "node:url"

/** Folder of a clone's bundles, beside the code that is kept as it was compiled. */
export const bundlesOf = (root: string): string => join(root, "node_modules", ".cache", "bundle")

/** File there that says which bundle is the latest one, by the name of its folder, and what it was made of: see {@link stamped}. */
export const latestOf = (root: string): string => join(bundlesOf(root), "latest")

/** A file with how large it is and when it was written, as one line. @param path below the clone */
export const stamped = (root: string, path: string): string => {
  const stats = statSync(`${root}/${path}`, { throwIfNoEntry: false })
  return `${stats?.mtimeMs} ${stats?.size} ${path}`
}

/** URL of the module of a package that starts its command. Null: it has been packed without. */
export const packedBundle = (root: string): string | null => existing(join(root, "dist", "bundle"))

/**
 * URL of the module that starts a clone's command as its sources are now: made first, in another process, where they have changed. Null: this clone
 * cannot have one, since esbuild or the right to write is not there, its packages are another clone's, or its sources are none.
 */
export const freshBundle = (root: string): string | null => {
  const found = latest(root)
  if (found !== null || !mayBuild(root)) return found
  spawnSync(process.execPath, [join(root, "src", "build", "command.ts")], { cwd: root, stdio: "ignore" })
  return latest(root)
}

const latest = (root: string): string | null => {
  const file = latestOf(root)
  if (!existsSync(file)) return null
  const [folder = "", ...inputs] = readFileSync(file, "utf8").split("\n")
  const isFresh = inputs.every((line) => line === stamped(root, line.slice(line.indexOf(" ", line.indexOf(" ") + 1) + 1)))
  return isFresh ? existing(join(bundlesOf(root), folder)) : null
}

const existing = (folder: string): string | null => {
  const file = join(folder, "main.mjs")
  return existsSync(file) ? pathToFileURL(file).href : null
}

const mayBuild = (root: string): boolean => {
  const packages = join(root, "node_modules")
  if (!existsSync(join(packages, "esbuild")) || lstatSync(packages).isSymbolicLink()) return false
  try {
    mkdirSync(bundlesOf(root), { recursive: true })
    accessSync(bundlesOf(root), constants.W_OK)
    return true
  } catch {
    return false
  }
}
