import { readdirSync, readFileSync } from "node:fs"
import { dirname, join, relative, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "vitest"

const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** Folders of `src/`, bottom up. A file imports from its own folder or from floors below it; folders of one floor do not import each other. */
const floors: ReadonlyArray<ReadonlyArray<string>> = [
  ["record", "store"],
  ["contract", "columns", "table"],
  ["decode", "parquet"],
  ["lake"],
  ["source", "generate"],
  ["ingest", "repartition", "lineage"],
  ["app"],
  ["cli", "lambda"]
]
/** `store` names nothing of `record`, but everything may use the words of `record`. */
const everywhere = "record"

const filesBelow = (folder: string): ReadonlyArray<string> =>
  readdirSync(folder, { recursive: true, withFileTypes: true }).flatMap((entry) =>
    entry.isFile() && entry.name.endsWith(".ts") ? [join(entry.parentPath, entry.name)] : []
  )

const importsOf = (file: string): ReadonlyArray<string> =>
  [...readFileSync(file, "utf8").matchAll(/(?:from|import)\s*\(?\s*["'](\.[^"']+\.ts)["']/g)].map((match) =>
    relative(root, resolve(dirname(file), match[1] ?? ""))
  )

const folderOf = (path: string): string => path.split(/[\\/]/)[1] ?? ""
const floorOf = (folder: string): number => floors.findIndex((floor) => floor.includes(folder))

const violations = (file: string): ReadonlyArray<string> => {
  const path = relative(root, file)
  const folder = folderOf(path)
  return importsOf(file).flatMap((target) => {
    if (target.startsWith("schemas"))
      return floorOf(folder) >= floorOf("cli") ? [] : [`${path} imports ${target}: only cli and lambda know the contracts`]
    if (!target.startsWith("src")) return [`${path} imports ${target}, which is not in src/`]
    const other = folderOf(target)
    if (other === folder || other === everywhere) return []
    return floorOf(other) < floorOf(folder) ? [] : [`${path} imports ${target}, which is not on a lower floor`]
  })
}

describe("floors", () => {
  const files = filesBelow(join(root, "src"))

  it("every folder of src/ has a floor", () => {
    const folders = new Set(
      files.map((file) => relative(join(root, "src"), file).split(/[\\/]/)).flatMap((p) => (p.length > 1 ? [p[0] ?? ""] : []))
    )
    expect([...folders].filter((folder) => floorOf(folder) < 0)).toEqual([])
  })

  it("imports go downward", () => {
    const inFolders = files.filter((file) => relative(join(root, "src"), file).includes("/"))
    expect(inFolders.flatMap(violations)).toEqual([])
  })

  it("contracts use nothing but src/contract and what flows", () => {
    const wrong = filesBelow(join(root, "schemas")).flatMap((file) =>
      importsOf(file).flatMap((target) =>
        target.startsWith("schemas") || target.startsWith("src/contract") || target.startsWith("src/record")
          ? []
          : [`${relative(root, file)} imports ${target}`]
      )
    )
    expect(wrong).toEqual([])
  })

  it("finds a violation", () => {
    expect(floorOf("table")).toBeLessThan(floorOf("ingest"))
    expect(floorOf("decode")).toBe(floorOf("parquet"))
  })
})
