import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { gunzipSync } from "node:zlib"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Exit } from "effect"
import { afterEach, beforeEach } from "vitest"
import { manifestName, pipeGenerated, type WriteOptions, writeGenerated } from "../../src/generate/write.ts"

let folder = ""
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sluice-generate-"))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const write = (options: Omit<WriteOptions, "out"> & { readonly out?: string }) =>
  writeGenerated({ out: folder, ...options }).pipe(Effect.provide(NodeFileSystem.layer))

const lines = (bytes: Uint8Array): ReadonlyArray<string> => new TextDecoder().decode(bytes).split("\n").slice(0, -1)

describe("writeGenerated", () => {
  it.effect("writes files by arrival hour, and a manifest that says what is in them", () =>
    Effect.gen(function* () {
      const seen: Array<number> = []
      const manifest = yield* write({ orders: 200, seed: 1, dirt: 0.3, onProgress: ({ records }) => seen.push(records) })
      expect(JSON.parse(readFileSync(join(folder, manifestName), "utf8"))).toEqual(manifest)
      const hours: { [hour: string]: number } = {}
      for (const file of manifest.files) {
        const bytes = readFileSync(join(folder, file.path))
        expect(bytes.length).toBe(file.bytes)
        expect(lines(bytes)).toHaveLength(file.records)
        const [, year, month, day, hour] = /^(\d{4})\/(\d\d)\/(\d\d)\/(\d\d)\/part-0000\.ndjson$/.exec(file.path) ?? []
        hours[`${year}-${month}-${day}T${hour}`] = file.records
      }
      expect(hours).toEqual(manifest.hours)
      expect(manifest.files.reduce((sum, file) => sum + file.rawBytes, 0)).toBe(manifest.rawBytes)
      const dead = Object.values(manifest.expected.deadLetters).reduce((sum, n) => sum + n, 0)
      expect(manifest.expected.stage.rows + dead + manifest.expected.empty).toBe(manifest.records)
      expect(seen.at(-1)).toBe(manifest.records)
    })
  )

  it.effect("writes the same with gzip, compressed", () =>
    Effect.gen(function* () {
      const plain = yield* write({ orders: 60, seed: 2, dirt: 0.2, out: join(folder, "plain") })
      const packed = yield* write({ orders: 60, seed: 2, dirt: 0.2, gzip: true, out: join(folder, "gzip") })
      expect(packed.files.map(({ path }) => path)).toEqual(plain.files.map(({ path }) => `${path}.gz`))
      for (const { path } of plain.files)
        expect(gunzipSync(readFileSync(join(folder, "gzip", `${path}.gz`))).equals(readFileSync(join(folder, "plain", path)))).toBe(true)
      expect({ ...packed, files: [], options: {} }).toEqual({ ...plain, files: [], options: {} })
    })
  )

  it.effect("gives the same, piece by piece, to whoever writes it elsewhere", () =>
    Effect.gen(function* () {
      const manifest = yield* write({ orders: 60, seed: 2, dirt: 0.2 })
      const pieces: Array<Uint8Array> = []
      const given = yield* pipeGenerated({ orders: 60, seed: 2, dirt: 0.2 }, (piece) => Effect.sync(() => void pieces.push(piece)))
      expect(given).toEqual({ records: manifest.records, rawBytes: manifest.rawBytes })
      expect(Buffer.concat(pieces).equals(Buffer.concat(manifest.files.map(({ path }) => readFileSync(join(folder, path)))))).toBe(true)
      expect(yield* Effect.flip(pipeGenerated({ orders: 1, seed: 1, dirt: 2 }, () => Effect.void))).toMatchObject({ reason: "Options" })
    })
  )

  it.effect("replaces what it has written before", () =>
    Effect.gen(function* () {
      const before = yield* write({ orders: 40, seed: 1 })
      const after = yield* write({ orders: 40, seed: 1, gzip: true })
      for (const { path } of before.files) expect(existsSync(join(folder, path))).toBe(false)
      for (const { path } of after.files) expect(existsSync(join(folder, path))).toBe(true)
    })
  )

  it.effect("touches no folder that holds something else", () =>
    Effect.gen(function* () {
      writeFileSync(join(folder, "thesis.txt"), "mine")
      const refused = yield* Effect.exit(write({ orders: 1, seed: 1 }))
      expect(Exit.isFailure(refused) && String(refused.cause)).toMatch(/NotEmpty|thesis/)
      expect(existsSync(join(folder, manifestName))).toBe(false)
    })
  )

  it.effect("says what is wrong with options and folders", () =>
    Effect.gen(function* () {
      const options = yield* Effect.flip(write({ orders: 1, seed: 1, dirt: 2 }))
      expect(options).toMatchObject({ _tag: "GenerateError", reason: "Options" })
      expect(options.message).toMatch(/dirt must be from 0 to 1/)
      writeFileSync(join(folder, "file"), "")
      const notFolder = yield* Effect.flip(write({ orders: 1, seed: 1, out: join(folder, "file", "below") }))
      expect(notFolder).toMatchObject({ _tag: "GenerateError", reason: "Write" })
    })
  )
})
