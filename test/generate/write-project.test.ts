import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { gunzipSync } from "node:zlib"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { afterEach, beforeEach } from "vitest"
import { defineProject, type ProjectGenerator } from "../../src/contract/index.ts"
import { manifestName } from "../../src/generate/write.ts"
import { writeProject } from "../../src/generate/write-project.ts"

let folder = ""
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sluice-generate-"))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const generator = (paths: ReadonlyArray<string>): ProjectGenerator => ({
  description: "what two tables of a shop take",
  counts: "rows",
  defaultSize: 2,
  folders: ["a", "b"],
  make: ({ size }) => {
    let rows = 0
    return {
      files: paths.map((path) => {
        rows += size
        return { path, content: "1\n".repeat(size), records: size }
      }),
      expected: () => ({ rows })
    }
  }
})

const write = (paths: ReadonlyArray<string>, size = 2, gzip = false) =>
  writeProject(generator(paths), { seed: 1, size }, { out: folder, gzip }).pipe(Effect.provide(NodeFileSystem.layer))

const text = (path: string): string => readFileSync(join(folder, path), "utf8")

describe("writeProject", () => {
  it.effect("writes what the project makes, and a manifest with what must come of it", () =>
    Effect.gen(function* () {
      const manifest = yield* write(["a/one.csv", "b/x/two.csv"], 3)
      expect([text("a/one.csv"), text("b/x/two.csv")]).toEqual(["1\n1\n1\n", "1\n1\n1\n"])
      expect(JSON.parse(text(manifestName))).toEqual(manifest)
      expect(manifest).toMatchObject({ complete: true, records: 6, rawBytes: 12, expected: { rows: 6 } })
    })
  )

  it.effect("replaces what was generated, and packs text where it is asked to, but no Parquet", () =>
    Effect.gen(function* () {
      yield* write(["a/one.csv"])
      const { files } = yield* write(["b/two.csv", "b/three.parquet"], 2, true)
      expect(existsSync(join(folder, "a"))).toBe(false)
      expect(files.map(({ path }) => path)).toEqual(["b/two.csv.gz", "b/three.parquet"])
      expect(gunzipSync(readFileSync(join(folder, "b/two.csv.gz"))).toString()).toBe("1\n1\n")
    })
  )

  it.effect("refuses files outside of the project's folders, two of one name, and a folder with what it did not make", () =>
    Effect.gen(function* () {
      for (const wrong of ["c/one.csv", "one.csv", "a/../../one.csv", "a//one.csv"])
        expect((yield* Effect.flip(write([wrong]))).message).toContain(`the project makes ${wrong}`)
      expect((yield* Effect.flip(write(["a/one.csv", "a/one.csv"]))).reason).toBe("Write")
      yield* write(["a/one.csv"])
      writeFileSync(join(folder, "mine.txt"), "")
      expect((yield* Effect.flip(write(["a/one.csv"]))).reason).toBe("NotEmpty")
      expect(existsSync(join(folder, "mine.txt"))).toBe(true)
    })
  )
})

describe("defineProject", () => {
  it("tells what is wrong with a generator", () => {
    const { problems } = defineProject({ name: "shop", contracts: [], generator: { ...generator([]), folders: ["../a"], defaultSize: 0 } })
    expect(problems).toEqual([
      "contracts is an empty list: give at least one contract.",
      "generator.defaultSize is 0: give a whole number from 1.",
      'generator.folders has "../a": give names of folders, letters, digits, "_", "-" and ".".'
    ])
  })
})
