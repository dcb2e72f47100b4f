import { chmodSync, copyFileSync, renameSync, symlinkSync, utimesSync } from "node:fs"
import { join } from "node:path"
import { Readable } from "node:stream"
import { pathToFileURL } from "node:url"
import { gzipSync } from "node:zlib"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Stream } from "effect"
import { TestClock } from "effect/testing"
import { type FilesOptions, filesSource } from "../../src/source/files.ts"
import { change, folderWith, pagesOf, positionsAfter, put, recordsOf, textsOf, untilFailure } from "./collect.ts"
import { sourceSuite } from "./source-suite.ts"

const lines = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => `{"n":${from + i},"s":"${"é".repeat(i % 7)}"}\n`).join("")

const over = (files: Readonly<Record<string, string | Uint8Array>>, options: Partial<FilesOptions> = {}) =>
  Effect.flatMap(folderWith(files), (input) => filesSource({ input, format: "auto", arrivedAt: 0, ...options }))

sourceSuite(
  "lines",
  over({ "b/2.ndjson": lines(20, 45), "a.ndjson": lines(0, 20), "b/1.ndjson": `${lines(50, 53)}\n \r\n{"n":1}` }, { pageBytes: 200 })
)
sourceSuite("documents", over(Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`d/${i}.json`, `{\n  "n": ${i}\n}\n`]))))
sourceSuite(
  "gzip",
  over({ "a.ndjson.gz": gzipSync(lines(0, 40)), "b.gz": gzipSync(lines(40, 60)), "c.json.gz": gzipSync('{"n":1}') }, { pageBytes: 300 })
)
sourceSuite(
  "too large records",
  over({ "a.ndjson": `${lines(0, 9)}${"x".repeat(700)}\n${lines(9, 12)}${"y".repeat(900)}` }, { pageBytes: 90, maxRecordBytes: 150 })
)

describe("files: what is read", () => {
  it.effect("takes files by extension, in byte order of their paths, and says what it passed over", () =>
    Effect.gen(function* () {
      const names = [
        "a.json",
        "a/z.jsonl",
        "a-b/x.log",
        "a/B.txt",
        "a/b.ndjson.gz",
        "noext",
        "Z.JSON",
        "é.json",
        "c.csv",
        "c.parquet",
        "_SUCCESS",
        ".x.json",
        "_tmp/x.json"
      ]
      const input = yield* folderWith(Object.fromEntries(names.map((name) => [name, name.endsWith(".gz") ? gzipSync("1") : "1"])))
      const source = yield* filesSource({ input, format: "auto" })
      const shards = (yield* pagesOf(source)).map((page) => page.shard.slice(input.length + 1))
      assert.deepStrictEqual(shards, ["Z.JSON", "a-b/x.log", "a.json", "a/B.txt", "a/b.ndjson.gz", "a/z.jsonl", "noext", "é.json"])
      assert.deepStrictEqual(yield* source.skipped, { hidden: 3, type: 2, special: 0 })
      assert.strictEqual(source.location, pathToFileURL(input).href)
    })
  )

  it.effect("takes a single file whatever it is called", () =>
    Effect.gen(function* () {
      const folder = yield* folderWith({ "_x.data": "{}\n{}\n" })
      const source = yield* filesSource({ input: join(folder, "_x.data"), format: "auto" })
      assert.deepStrictEqual(yield* textsOf(source), ["{}", "{}"])
    })
  )

  it.effect("follows links out of the folder, and reads nothing twice through them", () =>
    Effect.gen(function* () {
      const [folder, other] = [yield* folderWith({ "a/1.json": "1" }), yield* folderWith({ "2.json": "2" })]
      symlinkSync(join(folder, "a"), join(folder, "b"))
      symlinkSync(folder, join(folder, "a/loop"))
      symlinkSync(other, join(folder, "c"))
      symlinkSync(other, join(folder, "d"))
      const pages = yield* pagesOf(yield* filesSource({ input: folder, format: "auto" }))
      assert.deepStrictEqual(
        pages.map((page) => page.shard),
        [join(folder, "a/1.json"), join(other, "2.json")]
      )
    })
  )

  it.effect("has nothing to give for empty folders and empty files", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* pagesOf(yield* over({})), [])
      assert.deepStrictEqual(
        yield* pagesOf(yield* over({ "a.json": "", "b.ndjson": "", "c.ndjson.gz": "", "d.ndjson.gz": gzipSync("") })),
        []
      )
    })
  )

  it.effect("says when the input is not there, or is neither file nor folder", () =>
    Effect.gen(function* () {
      const missing = yield* Effect.flip(filesSource({ input: "/no/such/folder", format: "auto" }))
      assert.strictEqual(missing.reason, "NotFound")
      assert.strictEqual(missing.message, "There is no such file or folder: /no/such/folder. Check the path.")
      assert.strictEqual((yield* Effect.flip(filesSource({ input: "/dev/null", format: "auto" }))).reason, "Invalid")
    })
  )

  it.effect("gives records the hour of their path, else what was said, else the file's time", () =>
    Effect.gen(function* () {
      const folder = yield* folderWith({ "2024/02/29/07/a.json": "1", "b.json": "2" })
      utimesSync(join(folder, "b.json"), 1000, 1234.5)
      const hour = Date.UTC(2024, 1, 29, 7)
      utimesSync(join(folder, "2024/02/29/07/a.json"), 1000, hour / 1000 + 2)
      const times = (arrivedAt?: number) =>
        Effect.map(
          Effect.flatMap(filesSource({ input: folder, format: "auto", arrivedAt }), (source) => pagesOf(source)),
          (pages) => pages.map((page) => page.arrivedAt)
        )
      assert.deepStrictEqual(yield* times(), [hour + 0.002, 1_234_500])
      assert.deepStrictEqual(yield* times(1_234_400), [hour + 0.002, 1_234_400])
    })
  )
})

describe("files: what a record is", () => {
  const texts = (name: string, content: string | Uint8Array, options: Partial<FilesOptions> = {}) =>
    Effect.flatMap(over({ [name]: content }, options), (source) => textsOf(source))

  it.effect("a line, wherever the extension says so: CRLF, blank and unterminated lines included", () =>
    Effect.gen(function* () {
      for (const name of ["a.ndjson", "a.jsonl", "a.log", "a.txt", "a.ndjson.gz"]) {
        const content = '{"a":1}\r\n\n  \n{\n{"b":2}'
        assert.deepStrictEqual(yield* texts(name, name.endsWith("gz") ? gzipSync(content) : content), [
          '{"a":1}\r',
          "",
          "  ",
          "{",
          '{"b":2}'
        ])
      }
    })
  )

  it.effect("else what the content shows", () =>
    Effect.gen(function* () {
      const document = '{\n "a": 1\n}\n'
      for (const name of ["a.json", "a", "a.json.gz"]) {
        const give = (content: string) => texts(name, name.endsWith("gz") ? gzipSync(content) : content)
        assert.deepStrictEqual(yield* give(document), [document])
        assert.deepStrictEqual(yield* give('{"a":1}\n \n'), ['{"a":1}\n \n'])
        assert.deepStrictEqual(yield* give('{"a":1}'), ['{"a":1}'])
        assert.deepStrictEqual(yield* give('{"a":1}\n{"b":'), ['{"a":1}', '{"b":'])
        assert.deepStrictEqual(yield* give('\n\uFEFF{"a":1}\n2'), ['\n\uFEFF{"a":1}\n2'])
        assert.deepStrictEqual(yield* give('\uFEFF{"a":1}\n2'), ['\uFEFF{"a":1}', "2"])
        assert.deepStrictEqual(yield* give("\n\n1\n2"), ["", "", "1", "2"])
      }
      const long = `{"a":"${"x".repeat(200_000)}"}`
      assert.deepStrictEqual(yield* texts("a.json", `${long}\n${long}\n`), [long, long])
      assert.deepStrictEqual(yield* texts("a.json", `${long}\n{`, { maxRecordBytes: 100_000 }), [long.slice(0, 100_001), "{"])
    })
  )

  it.effect("lines, though the first is broken, when another is a record of its own", () =>
    Effect.gen(function* () {
      const good = '{"a":1}'
      const isLines = [
        `{"a":\n${good}\n`,
        `no json\n${good}`,
        `[\n${good},\n${good}\n`,
        `{"a":1,\n${good}\n${good}\n`,
        `{"a":\r\n \r\n${good}\r\n`,
        `\n\n{"a\n{"b\n${good}\n{"c`,
        `\uFEFF{"a\n${good}\n`,
        `\n\uFEFF${good}\n${good}\n`,
        `${good}\n{"a\n${good}`,
        `{"a":"${"x".repeat(100_000)}\n{"a":"${"y".repeat(100_000)}"}\n${good}`,
        `[${good},\n${good}${"\n".repeat(70_000)}${good}`
      ]
      const isDocument = [
        `[\n${good},\n${good}\n]\n`,
        `[\n${good}\n,\n${good}\n]`,
        `[\n${good}${"\n".repeat(70_000)}]`,
        `{"a":\n${good}\n}`,
        JSON.stringify([{ a: [{}, { b: {} }] }, {}], null, 1),
        JSON.stringify({ a: [{}, { b: {} }] }, null, 4).replaceAll("\n", "\r\n"),
        `\uFEFF\n{\n"a": 1\n}`,
        '{\n "a": 1,\n "b',
        '{"a":1',
        '{"a\n{"b\n{"c}\n',
        `[\n${`${good},\n`.repeat(30_000)}${good}\n]`
      ]
      for (const name of ["a.json", "a", "a.json.gz"]) {
        const give = (content: string) => texts(name, name.endsWith("gz") ? gzipSync(content) : content)
        for (const content of isLines) assert.deepStrictEqual(yield* give(content), content.replace(/\n$/, "").split("\n"))
        for (const content of isDocument) assert.deepStrictEqual(yield* give(content), [content])
      }
      // Nothing is looked for beyond the size of a record.
      const late = `{"a":\n${" ".repeat(200_000)}\n${good}`
      assert.deepStrictEqual(yield* texts("a.json", late, { maxRecordBytes: 100_000 }), [late.slice(0, 100_001)])
    })
  )

  it.effect("each of thousands of orders behind a broken line", () =>
    Effect.gen(function* () {
      const given = yield* texts("orders.json", `{"n":0,"s":"\n${lines(1, 3000)}`)
      assert.strictEqual(given.length, 3000)
    })
  )

  it.effect("or what was asked for", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* texts("a.ndjson", "1\n2\n", { format: "document" }), ["1\n2\n"])
      assert.deepStrictEqual(yield* texts("a.json", "{\n}", { format: "lines" }), ["{", "}"])
    })
  )

  it.effect("cut where it is too large, with its true length, the same whatever the page size", () =>
    Effect.gen(function* () {
      const big = "x".repeat(1000)
      for (const pageBytes of [1, 64, 500, 5000]) {
        for (const name of ["a.ndjson", "a.ndjson.gz"]) {
          const content = `1\n${big}\n2\n${big}${big}`
          const source = yield* over({ [name]: name.endsWith("gz") ? gzipSync(content) : content }, { pageBytes, maxRecordBytes: 100 })
          const pages = yield* pagesOf(source)
          assert.deepStrictEqual(
            pages.flatMap(recordsOf).map((record) => [record.sequenceNumber, record.text]),
            [
              ["0", "1"],
              ["2", big.slice(0, 101)],
              ["1003", "2"],
              ["1005", big.slice(0, 101)]
            ]
          )
          assert.deepStrictEqual(
            pages.flatMap((page) => [...(page.cut?.values() ?? [])]),
            [1000, 2000]
          )
          assert.deepStrictEqual(pages.at(-1)?.resume?.["done"], true)
        }
      }
      const document = yield* pagesOf(yield* over({ "a.json": big }, { format: "document", maxRecordBytes: 100, pageBytes: 10 }))
      assert.deepStrictEqual(
        document.map((page) => [page.ends[0], page.cut?.get(0)]),
        [[101, 1000]]
      )
    })
  )
})

describe("files: memory", () => {
  it.effect("of large records is used again, and a record that grows through several sizes of it is whole", () =>
    Effect.gen(function* () {
      const records = Array.from({ length: 24 }, (_, i) => String.fromCharCode(97 + i).repeat([900_000, 10, 300_000, 70_000][i % 4] ?? 0))
      const source = yield* over({ "a.ndjson": records.join("\n") }, { pageBytes: 64 * 1024, maxRecordBytes: 1_000_000 })
      const texts: Array<string> = []
      const buffers = new Set<ArrayBufferLike>()
      yield* Stream.runForEach(source.pages(new Map()), (page) =>
        Effect.sync(() => {
          texts.push(...recordsOf(page).map(({ text }) => text))
          buffers.add(page.bytes.buffer)
          page.release?.()
        })
      )
      assert.deepStrictEqual(texts, records)
      assert.isAtMost(buffers.size, 6)
    })
  )
})

describe("files: what changes between two runs", () => {
  it.effect("unchanged files are not opened again", () =>
    Effect.gen(function* () {
      const folder = yield* folderWith({ "a.ndjson": "1\n2", "b.json": "{}", "c.ndjson.gz": gzipSync("1") })
      const source = yield* filesSource({ input: folder, format: "auto" })
      const done = positionsAfter(yield* pagesOf(source))
      for (const name of ["a.ndjson", "b.json", "c.ndjson.gz"]) chmodSync(join(folder, name), 0)
      assert.deepStrictEqual(yield* pagesOf(source, done), [])
    })
  )

  it.effect("grown files go on where they ended", () =>
    Effect.gen(function* () {
      const folder = yield* folderWith({ "a.ndjson": "1\n", "b.json": "1\n", "c.ndjson.gz": gzipSync("1\n") })
      const source = yield* filesSource({ input: folder, format: "auto" })
      const done = positionsAfter(yield* pagesOf(source))
      put(folder, "a.ndjson", "1\n2\n3")
      put(folder, "b.json", "1\n2\n3")
      put(folder, "c.ndjson.gz", Buffer.concat([gzipSync("1\n"), gzipSync("2\n"), gzipSync("3")]))
      const more = yield* pagesOf(source, done)
      assert.deepStrictEqual(
        more.flatMap(recordsOf).map((record) => record.sequenceNumber + record.text),
        ["22", "43", "22", "43", "22", "43"]
      )
      assert.deepStrictEqual(yield* pagesOf(source, positionsAfter(more, done)), [])
    })
  )

  it.effect("what was one broken document goes on as lines when lines follow it", () =>
    Effect.gen(function* () {
      const folder = yield* folderWith({ "a.json": '{"n":\n' })
      const source = yield* filesSource({ input: folder, format: "auto" })
      const first = yield* pagesOf(source)
      assert.deepStrictEqual(
        first.map((page) => page.resume?.["format"]),
        ["document"]
      )
      put(folder, "a.json", '{"n":\n{"n":1}\n{"n":2}\n')
      const more = yield* pagesOf(source, positionsAfter(first))
      assert.deepStrictEqual(
        more.flatMap(recordsOf).map((record) => record.text),
        ['{"n":1}', '{"n":2}']
      )
      assert.strictEqual(more.at(-1)?.resume?.["format"], "line")
    })
  )

  it.effect("replaced files are read anew, with sequence numbers behind those that they had, and are named", () =>
    Effect.gen(function* () {
      const names = ["a.ndjson", "b.json", "c.ndjson.gz", "d.ndjson"]
      const write = (folder: string, [a, b, c, d]: ReadonlyArray<string>) => {
        for (const [i, text] of [a, b, gzipSync(c ?? ""), d].entries()) change(folder, names[i] ?? "", text ?? "")
      }
      const folder = yield* folderWith({})
      write(folder, ["11\n22\n", "{\n}", "1\n2\n", "old\n"])
      const source = yield* filesSource({ input: folder, format: "auto" })
      const first = positionsAfter(yield* pagesOf(source))
      assert.deepStrictEqual(yield* source.notes, [])
      // As many bytes, more, fewer, and one that still begins with what it was.
      write(folder, ["11\n33\n", '{\n"a": 1\n}', "9\n", "old\nnew\n"])
      const pages = yield* pagesOf(source, first)
      assert.deepStrictEqual(
        pages.flatMap(recordsOf).map((record) => [record.shard.slice(folder.length + 1), record.sequenceNumber, record.text]),
        [
          ["a.ndjson", "6", "11"],
          ["a.ndjson", "9", "33"],
          ["b.json", "3", '{\n"a": 1\n}'],
          ["c.ndjson.gz", "4", "9"],
          ["d.ndjson", "4", "new"]
        ]
      )
      assert.deepStrictEqual(
        yield* source.notes,
        names
          .slice(0, 3)
          .map((name) => `${join(folder, name)} was replaced since it was read: what it holds now is read from its beginning.`)
      )
      const second = positionsAfter(pages, first)
      assert.deepStrictEqual(yield* pagesOf(source, second), [])
      // It goes on behind what is there now; and what it was first is new once more.
      write(folder, ["11\n33\n44\n", "{\n}", "9\n", "old\nnew\n"])
      assert.deepStrictEqual(
        (yield* pagesOf(source, second)).flatMap(recordsOf).map((record) => [record.sequenceNumber, record.text]),
        [
          ["12", "44"],
          ["13", "{\n}"]
        ]
      )
    })
  )

  it.effect("what was not read of a file before it was replaced is told", () =>
    Effect.gen(function* () {
      const folder = yield* folderWith({ "a.ndjson": lines(0, 20) })
      const source = yield* filesSource({ input: folder, format: "auto", pageBytes: 100 })
      const [page] = yield* pagesOf(source)
      assert.isDefined(page)
      change(folder, "a.ndjson", "1\n")
      assert.deepStrictEqual(yield* textsOf(source, positionsAfter([page])), ["1"])
      assert.include((yield* source.notes)[0], `What it held before was read up to byte ${page.resume?.["end"]}, and the rest is gone.`)
    })
  )

  it.effect("files that were touched, moved away and back, packed, emptied or cut and filled again give nothing", () =>
    Effect.gen(function* () {
      const folder = yield* folderWith({ "a.ndjson": "1\n22", "b.json": "{\n}", "c.ndjson.gz": gzipSync("1\n2\n") })
      const source = yield* filesSource({ input: folder, format: "auto" })
      const done = positionsAfter(yield* pagesOf(source))
      for (const name of ["a.ndjson", "b.json", "c.ndjson.gz"]) utimesSync(join(folder, name), 1000, 1000)
      assert.deepStrictEqual(yield* pagesOf(source, done), [])
      for (const name of ["a.ndjson", "b.json", "c.ndjson.gz"]) {
        copyFileSync(join(folder, name), join(folder, "_aside"))
        put(folder, name, "")
        assert.deepStrictEqual(yield* pagesOf(source, done), [])
        renameSync(join(folder, "_aside"), join(folder, name))
      }
      assert.deepStrictEqual(yield* pagesOf(source, done), [])
      change(folder, "a.ndjson", gzipSync("1\n22"))
      change(folder, "c.ndjson.gz", gzipSync("1\n2\n", { level: 0 }))
      assert.deepStrictEqual(yield* pagesOf(source, done), [])
      assert.deepStrictEqual(yield* source.notes, [])
    })
  )

  it.effect("a record that was not finished when it was read is read anew once it is", () =>
    Effect.gen(function* () {
      const halves = { "a.ndjson": ['1\n{"n":', "2}\n3\n"], "b.json": ['{\n"a":', "1\n}\n"], "c.ndjson.gz": ["1\n2", "2\n"] } as const
      const names = ["a.ndjson", "b.json", "c.ndjson.gz"] as const
      const pack = (name: string, text: string) => (name.endsWith(".gz") ? gzipSync(text) : text)
      const folder = yield* folderWith({})
      for (const name of names) change(folder, name, pack(name, halves[name][0]))
      const source = yield* filesSource({ input: folder, format: "auto" })
      const first = yield* pagesOf(source)
      assert.deepStrictEqual(
        first.flatMap(recordsOf).map((record) => record.text),
        ["1", '{"n":', '{\n"a":', "1", "2"]
      )
      const done = positionsAfter(first)
      assert.deepStrictEqual(yield* pagesOf(source, done), [])
      for (const name of names) change(folder, name, pack(name, halves[name].join("")))
      const more = yield* pagesOf(source, done)
      assert.deepStrictEqual(
        more.flatMap(recordsOf).map((record) => [record.sequenceNumber, record.text]),
        [
          ["7", '{"n":2}'],
          ["15", "3"],
          ["6", '{\n"a":1\n}\n'],
          ["3", "22"]
        ]
      )
      assert.deepStrictEqual(
        yield* source.notes,
        names.map((name) => `The last record of ${join(folder, name)} was not finished when it was read: it is read anew.`)
      )
      assert.deepStrictEqual(yield* pagesOf(source, positionsAfter(more, done)), [])
    })
  )

  it.effect("positions of an older version, which know no sums, go on", () =>
    Effect.gen(function* () {
      const folder = yield* folderWith({ "a.ndjson": "1\n2\n", "b.ndjson": "1\n", "c.ndjson": "11\n22\n" })
      const source = yield* filesSource({ input: folder, format: "auto" })
      const older = new Map(
        [...positionsAfter(yield* pagesOf(source))].map(([shard, position]) => {
          const { end = 0, size = 0, done = true, format = "line" } = position.source ?? {}
          return [shard, { ...position, source: { end, size, done, format } }]
        })
      )
      assert.deepStrictEqual(yield* pagesOf(source, older), [])
      put(folder, "b.ndjson", "1\n2\n")
      put(folder, "c.ndjson", "3\n")
      const pages = yield* pagesOf(source, older)
      assert.deepStrictEqual(
        pages.flatMap(recordsOf).map((record) => [record.sequenceNumber, record.text]),
        [
          ["2", "2"],
          ["6", "3"]
        ]
      )
      // From here on the sum of all that was read is known.
      change(folder, "b.ndjson", "9\n2\n")
      assert.deepStrictEqual(yield* textsOf(source, positionsAfter(pages, older)), ["9", "2"])
    })
  )
})

describe("files: damage", () => {
  it.effect("what precedes it is delivered, the other files too, then the file is named; a good copy goes on", () =>
    Effect.gen(function* () {
      const content = lines(0, 5000)
      const good = gzipSync(content)
      const folder = yield* folderWith({ "a.ndjson.gz": good.subarray(0, good.length - 9000), "b.ndjson": "last\n" })
      const source = yield* filesSource({ input: folder, format: "auto", pageBytes: 4096 })
      const { error, texts, positions } = yield* untilFailure(source)
      assert.strictEqual(error.reason, "Unreadable")
      assert.strictEqual(error.location, join(folder, "a.ndjson.gz"))
      assert.include(error.message, "Copy the file again")
      assert.strictEqual(texts.at(-1), "last")
      const before = texts.slice(0, -1)
      assert.isAbove(before.length, 100)
      assert.deepStrictEqual(before, content.split("\n").slice(0, before.length))

      put(folder, "a.ndjson.gz", good)
      assert.deepStrictEqual([...before, ...(yield* textsOf(source, positions)), ""], content.split("\n"))
    })
  )

  it.effect("in the middle of the data, behind it, or in place of it", () =>
    Effect.gen(function* () {
      const good = gzipSync(lines(0, 3000))
      const flipped = Buffer.from(good)
      for (let i = 0; i < 50; i++) flipped[good.length - 3000 + i] = 0xff
      for (const [damaged, least] of [
        [flipped, 1000],
        [Buffer.concat([gzipSync("1\n2\n"), Buffer.from("junk")]), 2],
        [Buffer.from([0x1f, 0, 0, 1]), 0],
        [Buffer.from("1\n2\n"), 0]
      ] as const) {
        const { error, texts } = yield* untilFailure(yield* over({ "a.ndjson.gz": damaged }, { pageBytes: 4096 }))
        assert.strictEqual(error.reason, "Unreadable")
        assert.isAtLeast(texts.length, least)
      }
    })
  )
})

describe("files: standard input", () => {
  it.effect("is one shard, named and timed by when reading began", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(Date.UTC(2024, 4, 6, 7))
      const stdin = (chunks: ReadonlyArray<string>, options: Partial<FilesOptions> = {}) =>
        Effect.flatMap(
          filesSource({ input: "-", format: "auto", stdin: Readable.from(chunks.map((chunk) => Buffer.from(chunk))), ...options }),
          pagesOf
        )
      const pages = yield* stdin(['{"a":', "1}\n2\n", "3"])
      assert.deepStrictEqual(
        pages.flatMap(recordsOf),
        [
          ["0", '{"a":1}'],
          ["8", "2"],
          ["10", "3"]
        ].map(([sequenceNumber = "", text = ""]) => ({
          shard: "stdin-2024-05-06T07:00:00.000Z",
          sequenceNumber,
          subSequenceNumber: 0,
          text,
          arrivedAt: Date.UTC(2024, 4, 6, 7)
        }))
      )
      assert.deepStrictEqual(
        (yield* stdin(["{\n", "}"], { arrivedAt: 5 })).flatMap(recordsOf).map((record) => [record.text, record.arrivedAt]),
        [["{\n}", 5]]
      )
      assert.deepStrictEqual(yield* stdin([]), [])
    })
  )

  it.live("gives what is there without waiting for more, and can be stopped while it waits", () =>
    Effect.gen(function* () {
      const stdin = new Readable({ read() {} })
      const source = yield* filesSource({ input: "-", format: "lines", stdin })
      stdin.push("1\n2\n3")
      const first = yield* source.pages(new Map()).pipe(Stream.take(1), Stream.runCollect)
      assert.deepStrictEqual(
        first.flatMap(recordsOf).map((record) => record.text),
        ["1", "2"]
      )

      const silent = yield* filesSource({ input: "-", format: "lines", stdin: new Readable({ read() {} }) })
      const fiber = yield* Effect.forkChild(Stream.runDrain(silent.pages(new Map())), { startImmediately: true })
      yield* Effect.yieldNow
      assert.isTrue(Exit.isFailure(yield* Effect.andThen(Fiber.interrupt(fiber), Fiber.await(fiber))))
    })
  )
})
