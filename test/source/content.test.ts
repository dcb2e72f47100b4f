import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { Readable } from "node:stream"
import { deflateSync, gzipSync, zstdCompressSync } from "node:zlib"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { type FilesOptions, filesSource } from "../../src/source/files.ts"
import { folderWith, put, textsOf, untilFailure } from "./collect.ts"

const reading = (name: string, content: Uint8Array, options: Partial<FilesOptions> = {}) =>
  Effect.flatMap(folderWith({ [name]: content }), (input) => filesSource({ input, format: "auto", ...options }))

describe("files: gzip", () => {
  it.effect("is told by content, whatever the name says", () =>
    Effect.gen(function* () {
      for (const name of ["a.ndjson", "a.log", "a", "a.json", "a.ndjson.gz"]) {
        for (const content of [gzipSync('{"n":1}\n{"n":2}\n'), Buffer.from('{"n":1}\n{"n":2}\n')])
          assert.deepStrictEqual(yield* textsOf(yield* reading(name, content)), ['{"n":1}', '{"n":2}'])
      }
    })
  )

  it.effect("may have zeros between its members and behind them, however many, wherever the pieces end in which it is read", () =>
    Effect.gen(function* () {
      const noise = (length: number) => Array.from({ length }, (_, i) => String.fromCharCode(97 + ((i * i) % 23))).join("")
      for (const zeros of [1, 512, 32 * 1024, 40_000, 300_000]) {
        // Members that end on the border of a piece, and just beside it.
        for (const length of [1, 32 * 1024 - 24, 32 * 1024 - 23, 32 * 1024 - 22, 200_000]) {
          const first = gzipSync(`${noise(length)}\n`, { level: 0 })
          const parts = [
            first,
            Buffer.alloc(zeros),
            gzipSync("2\n"),
            gzipSync("3\n"),
            Buffer.alloc(zeros),
            gzipSync("4\n"),
            Buffer.alloc(zeros)
          ]
          const texts = yield* textsOf(yield* reading("a.ndjson.gz", Buffer.concat(parts)))
          assert.deepStrictEqual(texts.slice(1), ["2", "3", "4"], `${zeros} zeros behind ${first.length} bytes`)
          assert.strictEqual(texts[0]?.length, length)
        }
      }
    })
  )

  it.effect("is damaged, by name and place, where something else stands behind the zeros", () =>
    Effect.gen(function* () {
      const member = gzipSync("1\n")
      for (const tail of [[0, 0, 0x7b], [0, 0x1f], [0x7b]]) {
        const { error, texts } = yield* untilFailure(yield* reading("a.ndjson.gz", Buffer.concat([member, Buffer.from(tail)])))
        assert.deepStrictEqual(texts, ["1"])
        assert.strictEqual(error.reason, "Unreadable")
        assert.include(error.message, "a.ndjson.gz")
        const place = /byte (\d+) of the file/.exec(error.message)?.[1]
        assert.isAtMost(Math.abs(Number(place) - (member.length + tail.length - 1)), 1)
      }
    })
  )

  it.effect("is told, with what to do, where it comes through a pipe", () =>
    Effect.gen(function* () {
      const source = yield* filesSource({ input: "-", format: "auto", stdin: Readable.from([gzipSync("1\n")]) })
      const { error } = yield* untilFailure(source)
      assert.include(error.message, "The content is gzip data: standard input. Decompress it on the way")
    })
  )
})

describe("files: what is not read", () => {
  it.effect("is told by what it is, and not taken apart", () =>
    Effect.gen(function* () {
      const text = Buffer.from('{"n":1}\n'.repeat(100))
      const cases: ReadonlyArray<readonly [string, Uint8Array]> = [
        ["Zstandard data", zstdCompressSync(text)],
        ["bzip2 data", Buffer.from("BZh91AY&SY....")],
        ["xz data", Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, 0, 4])],
        ["a ZIP archive", Buffer.concat([Buffer.from("PK\x03\x04"), deflateSync(text)])],
        ["a Parquet file", Buffer.from("PAR1\x15\x04")],
        ["text in UTF-16", Buffer.concat([Buffer.from([0xff, 0xfe]), text.swap16()])],
        ["text in UTF-16", Buffer.from('{"n":1}\n', "utf16le")],
        ["text in UTF-16", Buffer.from('{"n":1}\n', "utf16le").swap16()]
      ]
      for (const [kind, content] of cases) {
        const folder = yield* folderWith({ "a.ndjson": content, "b.ndjson": "1\n" })
        const { error, texts } = yield* untilFailure(yield* filesSource({ input: folder, format: "auto" }))
        assert.deepStrictEqual(texts, ["1"], kind)
        assert.include(error.message, `The content is ${kind}: ${join(folder, "a.ndjson")}.`)
      }
      // What only begins alike is a line.
      assert.deepStrictEqual(yield* textsOf(yield* reading("a.ndjson", Buffer.from("BZhello\nPK\n"))), ["BZhello", "PK"])
      assert.deepStrictEqual(yield* textsOf(yield* reading("b.ndjson", Buffer.from('\uFEFF{"n":1}\n'))), ['\uFEFF{"n":1}'])
    })
  )

  it.effect("is what Sluice wrote: the lake in its input, the lake around it, any Delta table; what lies beside them is read", () =>
    Effect.gen(function* () {
      const folder = yield* folderWith({
        "a.json": "1",
        "stage/orders/_delta_log/0.json": "{}",
        "stage/orders/ingest_date=2026-11-20/x.json": "no",
        "dead_letters/_delta_log/0.json": "{}",
        "lineage/events.ndjson": "no\n",
        "in/b.json": "2",
        "other/lake/dead_letters/_delta_log/0.json": "{}",
        "other/lake/lineage/2026-11-20/x.json": "no",
        "other/table/_delta_log/0.json": "{}",
        "other/table/part.json": "no",
        "plain/lineage/c.json": "3",
        "plain/stage/d.json": "4"
      })
      const source = yield* filesSource({ input: folder, format: "auto" })
      assert.deepStrictEqual(yield* textsOf(source), ["1", "2", "3", "4"])
      assert.deepStrictEqual(
        yield* source.notes,
        [folder, join(folder, "other/lake"), join(folder, "other/table")].map(
          (lake) => `${lake} is a lake or a table: what Sluice wrote there is passed over.`
        )
      )
      for (const path of ["lineage", "lineage/events.ndjson", "stage/orders", "other/table"]) {
        const error = yield* Effect.flip(filesSource({ input: join(folder, path), format: "auto" }))
        assert.strictEqual(error.reason, "Invalid")
        assert.include(error.message, "The input belongs to what Sluice wrote in")
      }
      assert.deepStrictEqual(yield* textsOf(yield* filesSource({ input: join(folder, "in"), format: "auto" })), ["2"])
    })
  )

  it.effect("is a name that is not UTF-8, of a file or of a folder: it is told, and the others are read", () =>
    Effect.gen(function* () {
      const folder = yield* folderWith({ "a.ndjson": "1\n", "s\uFFFDo.ndjson": "2\n" })
      const name = Buffer.concat([Buffer.from(join(folder, "s")), Buffer.from([0xe3]), Buffer.from("o.ndjson")])
      try {
        writeFileSync(name, "no\n")
      } catch {
        return // This file system takes no such names.
      }
      mkdirSync(Buffer.concat([name, Buffer.from(".d")]))
      put(folder, "z.ndjson", "3\n")
      const { error, texts } = yield* untilFailure(yield* filesSource({ input: folder, format: "auto" }))
      assert.deepStrictEqual(texts, ["1", "2", "3"])
      for (const part of [
        "2 files could not be read",
        "s\\xe3o.ndjson (The name is not UTF-8)",
        "s\\xe3o.ndjson.d (The name is not UTF-8)"
      ])
        assert.include(error.message, part)
    })
  )
})
