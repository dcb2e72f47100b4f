import { readFile } from "node:fs/promises"
import { isBuiltin } from "node:module"
import { dirname, join, relative } from "node:path"
import { type BuildResult, build, type Plugin } from "esbuild"

/** What a function's bundle is made of. */
export interface Bundle {
  readonly code: Uint8Array
  readonly map: Uint8Array
  /** Files that were bundled, relative to the repository, with how many bytes of the bundle each takes; without those of which nothing is left. */
  readonly inputs: ReadonlyMap<string, number>
}

/** What no function needs: the embedded engine is native, and folds what does not fit into a function's memory. */
const leftOut = ["src/duckdb/connection.ts", "src/repartition/duckdb-engine.ts"]

/**
 * Bundles one function into one module, with all that it needs but Node itself. The same sources give the same bytes, wherever they lie.
 *
 * @param root the repository
 * @param entry relative to it
 * @param project module that is the project of the function, absolute
 */
export const bundle = async (root: string, entry: string, project: string): Promise<Bundle> => {
  const result = await build({
    absWorkingDir: root,
    entryPoints: [entry],
    outfile: "index.mjs",
    write: false,
    bundle: true,
    minify: true,
    metafile: true,
    format: "esm",
    platform: "node",
    target: "node24",
    mainFields: ["module", "main"],
    conditions: ["module"],
    legalComments: "none",
    sourcemap: "external",
    logLevel: "silent",
    // Some packages are not modules, and ask for what they need by `require`.
    banner: { js: 'import{createRequire}from"node:module";const require=createRequire(import.meta.url);' },
    plugins: [builtinsAtNeed(/./), importedAtOnce(root), ofProject(root, project)]
  })
  const [map, code] = [".map", ".mjs"].map((end) => result.outputFiles.find(({ path }) => path.endsWith(end))?.contents)
  if (map === undefined || code === undefined) throw new Error(`${entry} gave no bundle`)
  return { code, map, inputs: inputsOf(result) }
}

const inputsOf = ({ metafile }: BuildResult<{ metafile: true }>): ReadonlyMap<string, number> => {
  const output = Object.values(metafile.outputs).find(({ entryPoint }) => entryPoint !== undefined)
  const native = output?.imports.find(({ path }) => !path.startsWith("node:"))
  if (output === undefined || native !== undefined) throw new Error(`the bundle imports ${native?.path}, which a function has not got`)
  const isFile = (path: string) => !path.startsWith(`${builtin}:`)
  return new Map(
    Object.entries(output.inputs).flatMap(([path, { bytesInOutput: bytes }]) => (bytes > 0 && isFile(path) ? [[path, bytes]] : []))
  )
}

/**
 * Modules of Node are loaded by who needs them. What is imported stands at the top of a bundle, whatever needs it, and an import reads all that a module exports: of
 * `node:http` that is all of `fetch`, too.
 *
 * @param filter which of them; all that are asked for by `require` are, since a module has none
 */
export const builtinsAtNeed = (filter: RegExp): Plugin => ({
  name: "builtins-at-need",
  setup: ({ onLoad, onResolve }) => {
    onResolve({ filter: /^[a-z]|^node:/ }, ({ kind, path }) =>
      isBuiltin(path) && (kind === "require-call" || filter.test(path)) ? { path, namespace: builtin } : null
    )
    onLoad({ filter: /./, namespace: builtin }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)})`
    }))
  }
})

const builtin = "builtin"

/** Which project it is, and which Sluice: what another one made would be a stranger to it. */
const ofProject = (root: string, project: string): Plugin => ({
  name: "project",
  setup: ({ onResolve }) => {
    onResolve({ filter: /^#project$/ }, () => ({ path: project }))
    onResolve({ filter: /^sluice\/contract$/ }, () => ({ path: join(root, "src/contract/index.ts") }))
  }
})

/**
 * Modules that Sluice loads when they are needed are part of the bundle like all others: esbuild would keep all of a package that is loaded so, whatever is used of
 * it, and a hundred calls of a service are not small.
 */
const importedAtOnce = (root: string): Plugin => ({
  name: "imported-at-once",
  setup: ({ onLoad }) => {
    onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      const text = await readFile(path, "utf8")
      const imports: Array<string> = []
      const contents = text.replace(/\bimport\("([^"]+)"\)/g, (_, name: string) => {
        if (!name.startsWith(".")) throw new Error(`${path} loads ${name} when it is needed: load a module of ours that names what is used`)
        if (leftOut.includes(relative(root, join(dirname(path), name))))
          return 'Promise.reject(new Error("This is not part of a function."))'
        imports.push(`import * as loaded${imports.length} from "${name}"\n`)
        return `Promise.resolve(loaded${imports.length - 1})`
      })
      return { contents: imports.join("") + contents, loader: "ts" }
    })
  }
})
