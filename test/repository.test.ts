import { execFileSync } from "node:child_process"
import { existsSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "vitest"

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const read = (path: string): string => readFileSync(join(root, path), "utf8")

/** Files that belong to the repository, or would with the next commit. */
const files = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], { cwd: root, encoding: "utf8" })
  .split("\n")
  .filter((path) => path !== "" && existsSync(join(root, path)))
const sources = files.filter((path) => /^(src|schemas|bench)\/.*\.ts$/.test(path))

describe("the repository keeps its own rules", () => {
  it("pins every dependency by exact version", () => {
    const manifest: { dependencies: Record<string, string>; devDependencies: Record<string, string> } = JSON.parse(read("package.json"))
    const loose = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies }).filter(
      ([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version)
    )
    expect(loose).toEqual([])
  })

  it("names no registry in the lockfile", () => {
    expect(read("package-lock.json")).not.toContain('"resolved"')
  })

  it("keeps files short", () => {
    const long = sources.map((path) => [path, read(path).split("\n").length - 1] as const).filter(([, lines]) => lines > 400)
    expect(long).toEqual([])
  })

  it("has no escape hatches in the product", () => {
    const found = sources.flatMap((path) =>
      read(path)
        .split("\n")
        .flatMap((line, i) => (/: any\b|\bas any\b|<any>|@ts-ignore|@ts-expect-error|biome-ignore/.test(line) ? [`${path}:${i + 1}`] : []))
    )
    expect(found).toEqual([])
  })

  it("knows no shop: what one business has is a project's", () => {
    // What is generated are orders of one shop's making.
    const isFree = (path: string) => !path.startsWith("src/") || path.startsWith("src/generate/")
    // The name of a function, which is settled.
    const isNamed = (text: string) => /vtex|checkout|fulfillment|olist/i.test(text.replaceAll("sendCheckoutDataToFirehouse", ""))
    const naming = (paths: ReadonlyArray<string>, text: (path: string) => string) =>
      paths.filter((path) => !isFree(path) && isNamed(text(path)))
    expect(naming(sources, read)).toEqual([])
    expect(naming(["src/lake/planted.ts"], () => 'const stage = "stage/Checkout"')).toEqual(["src/lake/planted.ts"])
  })

  it("loads no module by a name that the package has not: there they are built", () => {
    const found = sources.filter((path) => path.startsWith("src/") && /new URL\([^)]*\.ts["'`]/.test(read(path)))
    expect(found).toEqual([])
  })

  it("takes time and randomness from services", () => {
    const found = sources
      .filter((path) => path.startsWith("src/"))
      .flatMap((path) =>
        read(path)
          .split("\n")
          .flatMap((line, i) => (/^(?!\s*(\*|\/\/)).*\b(Date\.now\(|Math\.random\(|new Date\(\))/.test(line) ? [`${path}:${i + 1}`] : []))
      )
    expect(found).toEqual([])
  })
})
