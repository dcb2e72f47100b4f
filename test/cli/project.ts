import { execFile } from "node:child_process"
import { existsSync } from "node:fs"
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { type Ran, root } from "./sluice.ts"

/** A copy of this repository that may be changed: its commands, and its contracts. */
export interface Project {
  readonly folder: string
  /** Writes a file, below the folder. */
  readonly write: (path: string, text: string) => Promise<void>
  /** Changes a file, which must hold what is replaced. */
  readonly replace: (path: string, from: string, to: string) => Promise<void>
  readonly sluice: (args: ReadonlyArray<string>, env?: Readonly<Record<string, string>>) => Promise<Ran>
  readonly remove: () => Promise<void>
}

export const copyOfProject = async (): Promise<Project> => {
  const folder = await mkdtemp(join(tmpdir(), "sluice-project-"))
  // As they were written, so that the command's bundle is that of the copy, too, until its sources change.
  const options = { recursive: true, preserveTimestamps: true }
  for (const name of ["src", "schemas", "docs", "package.json", join("node_modules", ".cache", "bundle")])
    if (existsSync(join(root, name))) await cp(join(root, name), join(folder, name), options)
  await mkdir(join(folder, "node_modules"), { recursive: true })
  for (const name of await readdir(join(root, "node_modules")))
    if (name !== ".cache") await symlink(join(root, "node_modules", name), join(folder, "node_modules", name))
  const write = async (path: string, text: string) => {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), text)
  }
  return {
    folder,
    write,
    replace: async (path, from, to) => {
      const text = await readFile(join(folder, path), "utf8")
      if (!text.includes(from)) throw new Error(`${path} does not hold ${JSON.stringify(from)}`)
      await write(path, text.replace(from, to))
    },
    sluice: (args, env = {}) =>
      new Promise((resolve) => {
        const options = { cwd: folder, env: { ...process.env, ...env } }
        execFile(process.execPath, ["--no-warnings", join(folder, "src", "main.ts"), ...args], options, (error, stdout, stderr) =>
          resolve({
            code: error === null ? 0 : typeof error.code === "number" ? error.code : null,
            signal: error?.signal ?? null,
            stdout,
            stderr
          })
        )
      }),
    remove: () => rm(folder, { recursive: true, force: true })
  }
}
