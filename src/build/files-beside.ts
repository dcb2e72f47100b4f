import { readFileSync } from "node:fs"
import { dirname, isAbsolute, join, relative, sep } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import { transformSync } from "esbuild"
import type { Bundle } from "./bundle.ts"

/** What a module reads from where it lies, as a build can follow it. */
const named = /new URL\(\s*(["'`])([^"'`$]+)\1,\s*import\.meta\.url\s*\)/g

/**
 * Files that modules of a bundle, and of its project, read from where they lie, by their paths beside the bundle, which is one module: there they look for them then. Throws, by
 * name, where what a module of the project looks for would not be there: the command would find it, and the function could not start.
 *
 * @param root the repository
 */
export const filesBeside = (root: string, { inputs }: Pick<Bundle, "inputs">): ReadonlyMap<string, Uint8Array> => {
  const files = new Map<string, Uint8Array>()
  for (const path of inputs.keys()) {
    if (!/\.[cm]?[jt]s$/.test(path) || /(^|\/)node_modules\//.test(path)) continue
    const module = join(root, path)
    const text = readFileSync(module, "utf8")
    if (!text.includes("import.meta")) continue
    // Without comments and types.
    const { code } = transformSync(text, { loader: /ts$/.test(path) ? "ts" : "js", format: "esm" })
    const isOurs = path.startsWith("src/")
    for (const [, , given = ""] of code.matchAll(named)) {
      const name = nameBeside(module, given)
      if (name === null) {
        // Of what is ours some is for the command alone.
        if (isOurs) continue
        throw new Error(`${path} looks for ${given}, which is not below its folder: put it there`)
      }
      const bytes = contentOf(path, join(dirname(module), name))
      const other = files.get(name)
      if (name === "index.mjs" || (other !== undefined && !Buffer.from(other).equals(bytes)))
        throw new Error(`${path} looks for ${name}, and another file of a function has that name: call it otherwise`)
      files.set(name, bytes)
    }
    if (!isOurs && /\bimport\.meta\b/.test(code.replace(named, "")))
      throw new Error(`${path} looks for what lies beside it in a way that a build cannot follow: write new URL("./NAME", import.meta.url)`)
  }
  return files
}

/** The path of a file below the folder of a module; null: it is not there. */
const nameBeside = (module: string, given: string): string | null => {
  const url = new URL(given, pathToFileURL(module))
  if (url.protocol !== "file:") return null
  const name = relative(dirname(module), fileURLToPath(url))
  return name === "" || name.startsWith("..") || isAbsolute(name) ? null : name.split(sep).join("/")
}

const contentOf = (module: string, file: string): Uint8Array => {
  try {
    return readFileSync(file)
  } catch (cause) {
    throw new Error(`${module} looks for ${file}, which cannot be read as a file`, { cause })
  }
}
