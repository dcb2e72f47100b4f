/**
 * `node test/build-kernel.ts [--check]`: compiles the kernels, `src/decode/bytes/kernel.as` and `src/decode/csv/marks.as`, and writes each as base64
 * beside it, so that the product needs no file of its own at run time. With `--check` nothing is written, and the exit code is 1 when a committed file
 * is stale.
 *
 * The compiler (AssemblyScript, 100 MB) is needed for nothing else, so it is no dependency of the project: it is fetched the first time, in the
 * version that is named here, into `node_modules/.cache`.
 */
import { execFileSync } from "node:child_process"
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

const version = "0.28.20"
const root = dirname(dirname(fileURLToPath(import.meta.url)))
/** @property pages of 64 KiB that the memory has, `layout.size` in memory.ts; null: any number */
const kernels = [
  { folder: "bytes", name: "kernel", pages: "768" },
  { folder: "csv", name: "marks", pages: null }
] as const
const cache = join(root, "node_modules", ".cache", `assemblyscript-${version}`)
const compiler = join(cache, "node_modules", "assemblyscript", "bin", "asc.js")

const fetchCompiler = () => {
  if (existsSync(compiler)) return
  mkdirSync(cache, { recursive: true })
  writeFileSync(join(cache, "package.json"), JSON.stringify({ private: true }))
  execFileSync("npm", ["install", "--no-audit", "--no-fund", "--loglevel=error", "--save-exact", `assemblyscript@${version}`], {
    cwd: cache,
    stdio: ["ignore", 2, 2]
  })
}

const compile = (source: string, pages: string | null): Buffer => {
  const folder = mkdtempSync(join(tmpdir(), "kernel-"))
  try {
    // The compiler takes no other ending.
    copyFileSync(source, join(folder, "kernel.ts"))
    const options = ["-O3", "--noAssert", "--runtime", "stub", "--enable", "simd", "--enable", "bulk-memory"]
    const place = pages === null ? ["--importMemory"] : ["--importMemory", "--initialMemory", pages, "--maximumMemory", pages]
    execFileSync(process.execPath, [compiler, "kernel.ts", ...options, ...place, "-o", "kernel.wasm"], {
      cwd: folder,
      stdio: ["ignore", 2, 2]
    })
    return readFileSync(join(folder, "kernel.wasm"))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

fetchCompiler()
for (const { folder, name, pages } of kernels) {
  const path = join(root, "src", "decode", folder, name)
  const text = `/** Generated from ${name}.as by \`node test/build-kernel.ts\`: the compiled module, in base64. */
export const code =
  "${compile(`${path}.as`, pages).toString("base64")}"
`
  if (!process.argv.includes("--check")) writeFileSync(`${path}-code.ts`, text)
  else if (readFileSync(`${path}-code.ts`, "utf8") !== text) {
    console.error(`src/decode/${folder}/${name}-code.ts is stale: run \`node test/build-kernel.ts\``)
    process.exitCode = 1
  }
}
