/**
 * `npm run build:console`: bundles the console's pages into `src/console/web/`, which is committed, so that who uses them installs none of what they are made
 * of. The same sources give the same bytes; names say what is in the files, so that browsers may keep them for ever.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { basename, dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { build } from "esbuild"

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
const sources = "src/console/web-src"
/** Where the bundle lies in the repository. */
export const webFolder = join(root, "src/console/web")

/** The files of the bundle, by name. */
export const bundleConsole = async (): Promise<ReadonlyMap<string, Uint8Array>> => {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: [`${sources}/main.ts`, `${sources}/style.css`],
    entryNames: "[name]-[hash]",
    assetNames: "[name]-[hash]",
    outdir: webFolder,
    publicPath: "/",
    write: false,
    bundle: true,
    minify: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    tsconfig: `${sources}/tsconfig.json`,
    // Shapes of maps are files of their own, which are read when a map is shown.
    loader: { ".json": "file" },
    legalComments: "none",
    logLevel: "silent"
  })
  const files = new Map<string, Uint8Array>(outputFiles.map(({ path, contents }) => [basename(path), contents]))
  const nameOf = (end: string) => [...files.keys()].find((name) => name.endsWith(end)) ?? ""
  const page = readFileSync(join(root, sources, "index.html"), "utf8")
    .replace("{style}", `/${nameOf(".css")}`)
    .replace("{script}", `/${nameOf(".js")}`)
  files.set("index.html", new TextEncoder().encode(page))
  return files
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  rmSync(webFolder, { recursive: true, force: true })
  mkdirSync(webFolder, { recursive: true })
  for (const [name, contents] of await bundleConsole()) {
    writeFileSync(join(webFolder, name), contents)
    console.log(`${name}: ${contents.length} bytes`)
  }
}
