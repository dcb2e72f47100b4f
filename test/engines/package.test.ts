import { execFileSync, spawnSync } from "node:child_process"
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, beforeAll, describe, expect, it } from "vitest"

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

/** A folder in which nothing is installed but the package, from the registry that npm is told of. */
const folder = mkdtempSync(join(tmpdir(), "sluice-package-"))
let packed: ReadonlyArray<string> = []

const npm = (cwd: string, ...args: ReadonlyArray<string>): string => execFileSync("npm", args, { cwd, encoding: "utf8" })
const shell = (cwd: string, script: string) => {
  const { status, stdout, stderr } = spawnSync("sh", ["-ec", script], {
    cwd,
    encoding: "utf8",
    env: { ...process.env, PATH: `${join(folder, "node_modules", ".bin")}:${process.env["PATH"]}` }
  })
  return { status, stdout, stderr }
}

beforeAll(() => {
  const [made] = JSON.parse(npm(root, "pack", "--json", "--pack-destination", folder))
  packed = made.files.map(({ path }: { readonly path: string }) => path)
  npm(folder, "install", `./${made.filename}`)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe("the package, installed into an empty folder", () => {
  it("holds what runs, and neither sources nor tests", () => {
    expect(packed).toEqual(
      expect.arrayContaining([
        "README.md",
        "LICENSE",
        "docs/contracts.md",
        "src/sluice",
        "dist/src/main.js",
        "dist/bundle/main.mjs",
        "dist/src/console/web/index.html",
        "dist/src/repartition/spark/driver.py"
      ])
    )
    expect(packed.filter((path) => /^(test|bench)\/|(?<!\.d)\.ts$|\.test\.|node_modules/.test(path))).toEqual([])
    expect(readdirSync(join(folder, "node_modules", "sluice")).sort()).toEqual([
      "LICENSE",
      "README.md",
      "dist",
      "docs",
      "package.json",
      "src"
    ])
  })

  it("makes a project that works as its README says, with threads of its own", () => {
    expect(shell(folder, "npx sluice init 'my shop'")).toMatchObject({ status: 0 })
    const shop = join(folder, "my shop")
    const [, script = ""] = /```sh\n([\s\S]*?)```/.exec(readFileSync(join(shop, "README.md"), "utf8")) ?? []
    // All but the last one, which goes on until it is stopped.
    const commands = script.trimEnd().split("\n").slice(0, -1).join("\n")
    const ran = shell(shop, `export SLUICE_THREADS=2\n${commands}`)
    expect(ran).toMatchObject({ status: 0 })
    for (const text of ["5 records became 5 rows", "A-1003", "checks hold", "stage/orders"]) expect(ran.stdout).toContain(text)
  })

  it("proposes a contract, and checks it", () => {
    writeFileSync(join(folder, "sales.csv"), "order;total\nA1;1,50\nA2;2,75\n")
    const ran = shell(folder, "npx sluice contracts --infer sales.csv > sales.ts; npx sluice contracts --lint sales.ts")
    expect(ran).toMatchObject({ status: 0, stdout: expect.stringContaining("1 contract can be used") })
  })

  it("carries the projects that come with it", () => {
    const ran = shell(folder, "npx sluice generate --orders 50 --out raw; npx sluice run --once --input raw --lake lake --json")
    expect(ran).toMatchObject({ status: 0 })
    expect(shell(folder, "npx sluice verify --lake lake")).toMatchObject({ status: 0 })
    expect(shell(folder, "npx sluice contracts --check")).toMatchObject({
      status: 2,
      stderr: expect.stringContaining("the project vtex is part of the package")
    })
  })

  it("has types for contracts", () => {
    writeFileSync(join(folder, "wrong.ts"), 'import { text } from "sluice/contract"\nexport const wrong: number = text("An id.")\n')
    const options = { module: "NodeNext", target: "ES2024", strict: true, noEmit: true, allowImportingTsExtensions: true, types: [] }
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions: options, include: ["my shop/*.ts", "wrong.ts"] }))
    const { stdout } = spawnSync(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", folder], {
      cwd: folder,
      encoding: "utf8"
    })
    // Nothing of the project that was made, and of Sluice itself, and what is wrong.
    expect(stdout.match(/error TS\d+.*/g)).toEqual(["error TS2322: Type 'Field<string>' is not assignable to type 'number'."])
  })

  it("says which Node it needs, where it has none of its own", () => {
    const path = join(folder, "node_modules", "sluice")
    const bin = join(folder, "old")
    mkdirSync(bin)
    writeFileSync(join(bin, "node"), "#!/bin/sh\necho 20.1.0\n", { mode: 0o755 })
    rmSync(join(folder, "node_modules", "node"), { recursive: true })
    const { status, stderr } = spawnSync("sh", [join(path, "src", "sluice"), "--version"], {
      encoding: "utf8",
      env: { PATH: `${bin}:/usr/bin:/bin` }
    })
    expect([status, stderr]).toEqual([1, expect.stringContaining("Sluice runs on Node 24, and here is 20.1.0")])
  })
})
