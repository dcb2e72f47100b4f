import { join } from "node:path"
import { Readable } from "node:stream"
import { gzipSync } from "node:zlib"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { accessLog, csv } from "../../src/contract/format.ts"
import { Random } from "../../src/generate/random.ts"
import { type FilesOptions, filesSource } from "../../src/source/files.ts"
import { framingOf } from "../../src/source/framing.ts"
import { CsvEnds } from "../../src/source/record-ends.ts"
import { withShare } from "../../src/source/share-read.ts"
import { change, folderWith, pagesOf, positionsAfter, recordsOf, textsOf, untilFailure } from "./collect.ts"
import { sourceSuite } from "./source-suite.ts"

const format = framingOf(csv())

const over = (files: Readonly<Record<string, string | Uint8Array>>, options: Partial<FilesOptions> = {}) =>
  Effect.flatMap(folderWith(files), (input) => filesSource({ input, format, arrivedAt: 0, ...options }))

const header = 'id,"the\ntext"\r\n'
/** Some records: plain, quoted, with newlines and quotes inside. */
const rows = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => `${from + i},${['"a\nb"', "é", '"x ""y"" \r\n,"', "", '"",z'][i % 5]}\r\n`).join("")

sourceSuite(
  "CSV",
  over(
    { "b/2.csv": header + rows(20, 45), "a.CSV": header + rows(0, 20), "b/1.txt": `\n${header}${rows(50, 53)}\n7,"` },
    { pageBytes: 100 }
  )
)
sourceSuite("CSV in gzip", over({ "a.csv.gz": gzipSync(header + rows(0, 40)), "b.tsv": header + rows(40, 60) }, { pageBytes: 90 }))
sourceSuite("CSV without a header", over({ "a.csv": rows(0, 30) }, { pageBytes: 90, format: framingOf(csv({ columns: ["a"] })) }))
sourceSuite(
  "CSV with too large records",
  over(
    { "a.csv": `${header}${rows(0, 9)}1,"${"x\n".repeat(300)}"\n${rows(9, 12)}2,"${"y".repeat(900)}` },
    { pageBytes: 90, maxRecordBytes: 150 }
  )
)

describe("files of CSV", () => {
  it.effect("give records with newlines in quotes, and the header beside them", () =>
    Effect.gen(function* () {
      const source = yield* over({ "a.csv": `\uFEFF${header}1,"a\nb"\n\n2,"c""\n"\r\n"3\n"` })
      const [page, ...others] = yield* pagesOf(source)
      assert.deepStrictEqual(others, [])
      assert.deepStrictEqual(page && recordsOf(page).map(({ text, sequenceNumber }) => [Number(sequenceNumber), text]), [
        [18, '1,"a\nb"'],
        [26, ""],
        [27, '2,"c""\n"\r'],
        [37, '"3\n"']
      ])
      assert.strictEqual(Buffer.from(page?.header ?? []).toString(), '\uFEFFid,"the\ntext"\r')
    })
  )

  it.effect("are taken from a folder by their names, and measured so", () =>
    Effect.gen(function* () {
      const source = yield* over({
        "a.csv": "h\n1",
        "b.json": "{}",
        "c.tsv": "h\n2",
        "d.TXT": "h\n3",
        "e.parquet": "",
        f: "h\n4"
      })
      const { source: shared, share } = withShare(source)
      assert.deepStrictEqual(yield* textsOf(shared), ["1", "2", "3"])
      assert.strictEqual((yield* source.skipped).type, 3)
      assert.strictEqual(share(), 1)
    })
  )

  it.effect("come through a pipe, a header included", () =>
    Effect.gen(function* () {
      const pieces = Array.from(`${header}1,"a\nb"\n2,c`, (letter) => Buffer.from(letter))
      const source = yield* filesSource({ input: "-", format, stdin: Readable.from(pieces) })
      const pages = yield* pagesOf(source)
      assert.deepStrictEqual(
        pages.flatMap(recordsOf).map(({ text }) => text),
        ['1,"a\nb"', "2,c"]
      )
      for (const page of pages) assert.strictEqual(Buffer.from(page.header ?? []).toString(), header.slice(0, -1))
    })
  )

  it.effect("without records have none, whatever there is of a header", () =>
    Effect.gen(function* () {
      for (const content of ["", "\n", "id", "id\n", '"id\n', header])
        assert.deepStrictEqual(yield* textsOf(yield* over({ "a.csv": content })), [], JSON.stringify(content))
    })
  )

  it.effect("fail where the header is longer than a record may be, by name, and others are read", () =>
    Effect.gen(function* () {
      const source = yield* over({ "a.csv": `${"x".repeat(200)}\n1\n`, "b.csv": "h\n2\n" }, { maxRecordBytes: 100 })
      const { error, texts } = yield* untilFailure(source)
      assert.deepStrictEqual(texts, ["2"])
      assert.include(error.message, "a.csv")
      assert.include(error.message, "200 bytes")
    })
  )

  for (const [kind, pack] of [
    ["plain", (content: Buffer) => content],
    ["gzip", (content: Buffer) => gzipSync(content)]
  ] as const)
    it.effect(`that were cut off anywhere go on with their rest: ${kind}`, () =>
      Effect.gen(function* () {
        const content = Buffer.from(`${header}1,"a\nb"\n2,"c""d"\r\n3,é\n4,"\n\n"`)
        const whole = ['1,"a\nb"', '2,"c""d"', "3,é", '4,"\n\n"']
        const folder = yield* folderWith({})
        const input = join(folder, "a.csv")
        for (let cut = 1; cut < content.length; cut++) {
          change(folder, "a.csv", pack(content.subarray(0, cut)))
          const source = yield* filesSource({ input, format, arrivedAt: 0 })
          const before = yield* pagesOf(source)
          change(folder, "a.csv", pack(content))
          const after = yield* pagesOf(source, positionsAfter(before))
          const [first, second] = [before.flatMap(recordsOf), after.flatMap(recordsOf)]
          const numbers = [...first, ...second].map(({ sequenceNumber }) => Number(sequenceNumber))
          assert.deepStrictEqual(
            numbers,
            [...new Set(numbers)].sort((a, b) => a - b)
          )
          // The last record of the first part is read anew, unless it was whole.
          const texts = (records: typeof first) => records.map(({ text }) => text.replace(/\r$/, "")).filter((text) => text !== "")
          assert.deepInclude([texts([...first, ...second]), texts([...first.slice(0, -1), ...second])], whole, `cut at ${cut}`)
          assert.deepStrictEqual(yield* pagesOf(source, positionsAfter(after, positionsAfter(before))), [])
        }
      })
    )
})

describe("files of access logs", () => {
  it.effect("are taken from a folder by the names that logs have", () =>
    Effect.gen(function* () {
      const names = [
        "access.log",
        "access_log",
        "access.log.1",
        "access.log-20261120.gz",
        "a.txt",
        "b.csv",
        "c.json",
        "access.log.old",
        "d.1.json"
      ]
      const folder = yield* folderWith(
        Object.fromEntries(names.map((name) => [name, name.endsWith(".gz") ? gzipSync(`${name}\n`) : `${name}\n`]))
      )
      const texts = yield* textsOf(yield* filesSource({ input: folder, format: framingOf(accessLog()) }))
      assert.sameMembers([...texts], names.slice(0, 5))
    })
  )
})

describe("where records of CSV end", () => {
  const quoting = { delimiter: 44, quote: 34 }
  const limit = 12

  it("does not depend on the pieces that the bytes come in, and goes on alike behind any of them", () => {
    for (let seed = 1; seed <= 3000; seed++) {
      const random = new Random(seed)
      const letters = Array.from({ length: random.between(1, 80) }, () => random.pick(['"', ",", "\n", "a", "\r", "\uFEFF", "é"]))
      const bytes = Buffer.from(letters.join(""))
      const endsOf = (bytes: Buffer, piece: () => number) => {
        const ends = new CsvEnds(quoting, limit)
        for (let at = 0; at < bytes.length; ) {
          const to = Math.min(bytes.length, at + piece())
          ends.see(bytes, at, to)
          at = to
        }
        return [...ends.of()]
      }
      const whole = endsOf(bytes, () => bytes.length)
      assert.deepStrictEqual(
        endsOf(bytes, () => random.between(1, 5)),
        whole
      )
      for (const [i, end] of whole.entries())
        assert.deepStrictEqual(
          endsOf(bytes.subarray(end + 1), () => 100).map((at) => at + end + 1),
          whole.slice(i + 1)
        )
      assert.deepStrictEqual(whole, slowly(bytes.toString("latin1")))
    }
  })

  /** The same, said in another way. */
  const slowly = (text: string): ReadonlyArray<number> => {
    const ends: Array<number> = []
    for (let start = 0; start < text.length; ) {
      const mark = text.startsWith("\xef\xbb\xbf", start) ? 3 : 0
      const rest = text.slice(start + mark)
      const record = /^(?:(?:"(?:[^"]|"")*(?:"(?!")|$)|(?!"))[^,\n]*(?:,|(?=\n)|$))+?(?=\n|$)/.exec(rest)
      const long = text.indexOf("\n", start + limit + 1)
      const end = start + mark + (record?.[0].length ?? 0)
      const found = [end, long].filter((at) => at >= 0 && at < text.length && text[at] === "\n")
      if (found.length === 0) break
      const next = Math.min(...found)
      ends.push(next)
      start = next + 1
    }
    return ends
  }
})
