/**
 * Bundles the command, for clones: `src/main.ts` calls this when sources have changed. With `--packed` it bundles what `tsc` has built in
 * `dist/`, for the package.
 */
import { createHash } from "node:crypto"
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  utimesSync,
  writeFileSync
} from "node:fs"
import { readFile } from "node:fs/promises"
import { basename, dirname, extname, join, relative } from "node:path"
import { fileURLToPath } from "node:url"
import { build, type Plugin } from "esbuild"
import { builtinsAtNeed } from "./bundle.ts"
import { bundlesOf, latestOf, stamped } from "./fresh.ts"

/** Folders whose modules a project may import by their files. */
const open = ["contract", "record"]

/** Modules that are started or imported by their place, which is that of the bundle then: all lie in one folder. */
const entries = ["cli/main", "contract/index", "ingest/decode-worker", "duckdb/move/slice-worker", "console/query-child"]

/** What makes a bundle, beside what it is made of. */
const makers = ["src/build/command.ts", "src/build/bundle.ts", "node_modules/esbuild/package.json"]

/** Loaded as they are, when they are needed: what is native, and what is large. */
const external = ["@duckdb/node-bindings", "@aws-sdk/*", "@smithy/*", "esbuild"]

/** @param src folder of the sources @param out folder of the bundle, absolute, where it will lie */
const bundled = (root: string, src: string, extension: string, out: string) =>
  build({
    absWorkingDir: root,
    entryPoints: Object.fromEntries(entries.map((name) => [basename(name), `entry:${join(src, name)}${extension}`])),
    outdir: out,
    outExtension: { ".js": ".mjs" },
    write: false,
    bundle: true,
    splitting: true,
    minifySyntax: true,
    metafile: true,
    format: "esm",
    platform: "node",
    target: "node24",
    conditions: [],
    // Some packages are no modules, and ask for what is native by `require`.
    banner: { js: 'import{createRequire}from"node:module";const require=createRequire(import.meta.url);' },
    external,
    legalComments: "none",
    sourcemap: "external",
    sourcesContent: false,
    logLevel: "silent",
    plugins: [builtinsAtNeed(/^(node:)?https?$/), withTraces(src, extension), ofProjects(src, extension, out), besideSources(src, out)]
  })

/** Every module that starts a thread has its traces written as all others. */
const withTraces = (src: string, extension: string): Plugin => ({
  name: "traces",
  setup: ({ onLoad, onResolve }) => {
    onResolve({ filter: /^entry:/ }, ({ path }) => ({ path: path.slice("entry:".length), namespace: "entry" }))
    onLoad({ filter: /./, namespace: "entry" }, ({ path }) => ({
      contents: `import ${JSON.stringify(join(src, "build", `traces${extension}`))}\nexport * from ${JSON.stringify(path)}`,
      resolveDir: src
    }))
  }
})

/** What a project imports is what the bundle has, see `contract/own-modules.ts`. */
const ofProjects = (src: string, extension: string, out: string): Plugin => ({
  name: "of-projects",
  setup: ({ onLoad, onResolve }) => {
    onResolve({ filter: /^own-modules:$/ }, ({ path }) => ({ path, namespace: "own-modules" }))
    onLoad({ filter: /./, namespace: "own-modules" }, () => {
      const names = open.flatMap((folder) =>
        readdirSync(join(src, folder))
          .filter((name) => name.endsWith(extension) && !name.endsWith(`.d${extension}`))
          .map((name) => `${folder}/${name}`)
      )
      const imports = names.map((name, i) => `import * as m${i} from ${JSON.stringify(join(src, name))}`)
      const modules = names.map((name, i) => `[${JSON.stringify(name)}, m${i}]`)
      return {
        contents: `${imports.join("\n")}\nexport const modules = new Map([${modules.join(", ")}])\nexport const url = import.meta.url`,
        resolveDir: src
      }
    })
    onLoad({ filter: /contract.own-modules\.[jt]s$/ }, () => ({
      contents: `export const ownModules = async () => {
  const { modules, url } = await import("own-modules:")
  const src = new URL(${JSON.stringify(`${relative(out, src)}/`)}, import.meta.url).href
  return (module) => {
    const name = module.startsWith(src) ? module.slice(src.length) : null
    return modules.has(name)
      ? \`import { modules } from \${JSON.stringify(url)}
\${Object.keys(modules.get(name)).map((key) => \`export const \${key} = modules.get(\${JSON.stringify(name)}).\${key}\`).join("\\n")}\`
      : null
  }
}`
    }))
  }
})

/** Files that lie beside a module lie beside its source. What is asked for by `moduleBeside` is code, and part of the bundle. */
const besideSources = (src: string, out: string): Plugin => ({
  name: "beside-sources",
  setup: ({ onLoad }) => {
    onLoad({ filter: /\.[jt]s$/ }, async ({ path }) => {
      if (!path.startsWith(`${src}/`)) return null
      const text = await readFile(path, "utf8")
      if (!/\bimport\.meta\.(url|filename)\b/.test(text)) return null
      const place = JSON.stringify(relative(out, path))
      const contents = text
        .replace(/\bnew URL\(([^()]+), import\.meta\.url\)/g, `new URL($1, new URL(${place}, import.meta.url))`)
        .replace(/\bimport\.meta\.filename\b/g, `new URL(${place}, import.meta.url).pathname`)
      return { contents, loader: extname(path) === ".ts" ? "ts" : "js" }
    })
  }
})

/** Writes a bundle into a folder. @returns what it was made of, below the root */
const write = async (root: string, src: string, extension: string, out: string): Promise<ReadonlyArray<string>> => {
  const { metafile, outputFiles } = await bundled(root, src, extension, out)
  mkdirSync(out, { recursive: true })
  for (const { path, contents } of outputFiles) writeFileSync(path, contents)
  return [...Object.keys(metafile.inputs), ...makers].filter((path) => existsSync(join(root, path)))
}

/** Bundles the sources of a clone. Several processes may do so at once: each has a folder of its own, whose last name says what it holds. */
const bundleClone = async (root: string): Promise<void> => {
  const bundles = bundlesOf(root)
  mkdirSync(bundles, { recursive: true })
  const made = mkdtempSync(join(bundles, ".made-"))
  const start = statSync(made)
  try {
    const inputs = await write(root, join(root, "src"), ".ts", made)
    const stamps = inputs.map((path) => stamped(root, path))
    // What was written meanwhile may have been read before: the next start sees to it.
    if (inputs.some((path) => statSync(join(root, path)).ctimeMs >= start.ctimeMs)) return
    const hash = createHash("sha256")
    for (const name of readdirSync(made).sort()) hash.update(`${name}\n`).update(readFileSync(join(made, name)))
    const folder = hash.digest("hex").slice(0, 16)
    renameUnlessThere(made, join(bundles, folder))
    if (existsSync(latestOf(root))) replaced(bundles, readFileSync(latestOf(root), "utf8").split("\n")[0] ?? "", start)
    const latest = join(bundles, `.latest-${process.pid}`)
    writeFileSync(latest, [folder, ...stamps].join("\n"))
    renameSync(latest, latestOf(root))
    removeOld(bundles, folder, start)
  } finally {
    rmSync(made, { recursive: true, force: true })
  }
}

/** Another process may have been first. */
const renameUnlessThere = (from: string, to: string): void => {
  try {
    renameSync(from, to)
  } catch (error) {
    if (!existsSync(to)) throw error
  }
}

/** A bundle is old from when another one took its place. */
const replaced = (bundles: string, name: string, { mtime }: Stats): void => {
  if (name !== "" && existsSync(join(bundles, name))) utimesSync(join(bundles, name), mtime, mtime)
}

const week = 7 * 24 * 3600_000

/** Removes what nobody needs any more. A process may run for days, and load only then what it has not needed before. */
const removeOld = (bundles: string, latest: string, now: Stats): void => {
  for (const name of readdirSync(bundles)) {
    const path = join(bundles, name)
    const stats = statSync(path, { throwIfNoEntry: false })
    if (name !== latest && stats?.isDirectory() && stats.mtimeMs < now.mtimeMs - week) rmSync(path, { recursive: true, force: true })
  }
}

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
if (process.argv[2] === "--packed") await write(root, join(root, "dist", "src"), ".js", join(root, "dist", "bundle"))
else await bundleClone(root)
