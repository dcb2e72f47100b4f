import { readdirSync, readFileSync } from "node:fs"
import { dirname, join, relative, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "vitest"

const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** Folders of `src/`, bottom up. A file imports from its own folder or from floors below it; folders of one floor do not import each other. */
const floors: ReadonlyArray<ReadonlyArray<string>> = [
  ["record", "store"],
  ["contract", "columns"],
  ["parquet"],
  ["table"],
  ["duckdb"],
  ["decode", "stream"],
  ["source", "generate"],
  ["lake"],
  ["ingest", "firehose", "repartition", "lineage", "catalog", "models", "collect", "pump"],
  ["docs"],
  ["app"],
  ["console"],
  ["cli", "lambda"],
  ["build"]
]
/** `store` names nothing of `record`, but everything may use the words of `record`. */
const everywhere = "record"

/** Files, by path below the repository, and what each imports of the repository. */
type Imports = ReadonlyMap<string, ReadonlyArray<string>>

const filesBelow = (folder: string): ReadonlyArray<string> =>
  readdirSync(join(root, folder), { recursive: true, withFileTypes: true }).flatMap((entry) =>
    entry.isFile() && entry.name.endsWith(".ts") ? [relative(root, join(entry.parentPath, entry.name))] : []
  )

const importsIn = (path: string, text: string): ReadonlyArray<string> =>
  [...text.matchAll(/(?:from|import)\s*\(?\s*["'](\.[^"']+\.ts)["']/g)].map((match) =>
    relative(root, resolve(root, dirname(path), match[1] ?? ""))
  )

const importsOf = (folder: string): Imports =>
  new Map(filesBelow(folder).map((path) => [path, importsIn(path, readFileSync(join(root, path), "utf8"))]))

const folderOf = (path: string): string => path.split(/[\\/]/)[1] ?? ""
const floorOf = (folder: string): number => floors.findIndex((floor) => floor.includes(folder))

const upward = (imports: Imports): ReadonlyArray<string> =>
  [...imports].flatMap(([path, targets]) => {
    const folder = folderOf(path)
    if (!path.slice("src/".length).includes("/")) return []
    return targets.flatMap((target) => {
      if (target.startsWith("schemas"))
        return floorOf(folder) >= floorOf("app") ? [] : [`${path} imports ${target}: only app and the doors know the contracts`]
      if (!target.startsWith("src")) return [`${path} imports ${target}, which is not in src/`]
      const other = folderOf(target)
      if (other === folder || other === everywhere) return []
      return floorOf(other) < floorOf(folder) ? [] : [`${path} imports ${target}, which is not on a lower floor`]
    })
  })

/** Groups of files each of which reaches all others of its group by imports, types included. */
const circles = (imports: Imports): ReadonlyArray<ReadonlyArray<string>> => {
  const found: Array<ReadonlyArray<string>> = []
  const order = new Map<string, number>()
  const lowest = new Map<string, number>()
  const open: Array<string> = []
  const visit = (path: string): number => {
    const at = order.size
    order.set(path, at)
    open.push(path)
    let low = at
    for (const target of imports.get(path) ?? []) {
      const seen = order.get(target)
      if (seen === undefined) low = Math.min(low, visit(target))
      else if (open.includes(target)) low = Math.min(low, lowest.get(target) ?? seen)
    }
    lowest.set(path, low)
    if (low === at) {
      const group = open.splice(open.indexOf(path))
      if (group.length > 1 || imports.get(path)?.includes(path)) found.push(group.sort())
    }
    return low
  }
  for (const path of imports.keys()) if (!order.has(path)) visit(path)
  return found
}

/** Files that import the library that reads and writes Parquet, from above its floor. */
const outsideOfParquet = (paths: Iterable<string>, read: (path: string) => string): ReadonlyArray<string> =>
  [...paths].filter((path) => folderOf(path) !== "parquet" && /(from|import)\s*\(?\s*["']hyparquet/.test(read(path)))

describe("floors", () => {
  const src = importsOf("src")

  it("every folder of src/ has a floor", () => {
    const folders = new Set([...src.keys()].flatMap((path) => (path.slice("src/".length).includes("/") ? [folderOf(path)] : [])))
    expect([...folders].filter((folder) => floorOf(folder) < 0)).toEqual([])
  })

  it("imports go downward", () => {
    expect(upward(src)).toEqual([])
  })

  it("no files import each other in a circle", () => {
    expect(circles(src)).toEqual([])
  })

  it("contracts use nothing but src/contract and what flows", () => {
    const wrong = [...importsOf("schemas")].flatMap(([path, targets]) =>
      targets.flatMap((target) => (/^(schemas|src\/contract|src\/record)\//.test(target) ? [] : [`${path} imports ${target}`]))
    )
    expect(wrong).toEqual([])
  })

  it("Parquet's inside is touched in src/parquet alone", () => {
    expect(outsideOfParquet(src.keys(), (path) => readFileSync(join(root, path), "utf8"))).toEqual([])
    const planted = 'import { parquetRead } from "hyparquet"\n'
    expect(outsideOfParquet(["src/table/planted.ts"], () => planted)).toEqual(["src/table/planted.ts"])
    expect(outsideOfParquet(["src/table/planted.ts"], () => 'await import("hyparquet-writer/src/column.js")')).toHaveLength(1)
    expect(outsideOfParquet(["src/parquet/planted.ts"], () => planted)).toEqual([])
  })

  it("would find an import that goes upward, one across, and one of a contract", () => {
    const planted = (path: string, text: string) => upward(new Map([...src, [path, importsIn(path, text)]]))
    expect(planted("src/record/planted.ts", 'import { ingest } from "../ingest/ingest.ts"')).toEqual([
      "src/record/planted.ts imports src/ingest/ingest.ts, which is not on a lower floor"
    ])
    expect(planted("src/ingest/planted.ts", 'export * from "../lineage/lineage.ts"')).toHaveLength(1)
    expect(planted("src/lake/planted.ts", 'const { x } = await import("../../schemas/vtex/project.ts")')).toHaveLength(1)
    expect(planted("src/lake/planted.ts", 'import type { Table } from "../table/table.ts"')).toEqual([])
  })

  it("would find a circle, however long", () => {
    const planted = (...edges: ReadonlyArray<readonly [string, string]>) => {
      const imports = new Map(src)
      for (const [from, to] of edges) imports.set(from, [...(imports.get(from) ?? []), to])
      return circles(imports)
    }
    const [a, b, c] = ["src/lake/a.ts", "src/lake/b.ts", "src/lake/c.ts"] as const
    expect(planted([a, b], [b, c], [c, a])).toEqual([[a, b, c]])
    expect(planted([a, b], [b, a], [c, a])).toEqual([[a, b]])
    expect(planted([a, b], [b, c], [a, c])).toEqual([])
    expect(planted([a, a])).toEqual([[a]])
  })
})
