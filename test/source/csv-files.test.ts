import { join } from "node:path"
import { Readable } from "node:stream"
import { gzipSync } from "node:zlib"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { accessLog, csv } from "../../src/contract/format.ts"
import { Random } from "../../src/record/seeded.ts"
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
/** A beginning of it that no record may follow. */
const openHeader = /^id,"[^"]*$/
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

  it.effect("without records have none, whatever there is of a header, and say so where there is one", () =>
    Effect.gen(function* () {
      for (const [content, notes] of [
        ["", 0],
        ["\n", 0],
        ["id", 1],
        ["id\n", 1],
        ["id\r\n\r\n", 1],
        ["id\r", 1],
        [header, 1],
        ['id,"a\r"\n', 1],
        ["secret,1\n", 1],
        ["id\n1\n", 0]
      ] as const) {
        for (const packed of [content, gzipSync(content)]) {
          const source = yield* over({ [packed === content ? "a.csv" : "a.csv.gz"]: packed })
          const texts = (yield* textsOf(source)).filter((text) => text.trim() !== "")
          assert.deepStrictEqual(texts, content.endsWith("1\n") && notes === 0 ? ["1"] : [], JSON.stringify(content))
          const told = yield* source.notes
          assert.strictEqual(told.length, notes, JSON.stringify(content))
          for (const note of told) {
            assert.match(note, /a\.csv(?:\.gz)? has no record/)
            assert.notInclude(note, "secret")
          }
        }
      }
      const piped = yield* filesSource({ input: "-", format, stdin: Readable.from([Buffer.from("secret,1\n")]) })
      assert.deepStrictEqual(yield* textsOf(piped), [])
      assert.match((yield* piped.notes).join(), /^standard input has no record/)
    })
  )

  it.effect("fail where records are taken for a header, for their line ends or a quote, and others are read", () =>
    Effect.gen(function* () {
      for (const [content, why] of [
        ["id,n\r1,secret\r2,b\r", "carriage returns"],
        ['id,"n\r"\r1,secret', "carriage returns"],
        ['id,n\r1,"secret\n', "carriage returns"],
        ['id,"n\n1,secret\n2,b\n', "a quote in it is not closed"],
        ['\n"id,n\r\n1,secret\r\n', "a quote in it is not closed"]
      ] as const)
        for (const pageBytes of [4, 1000]) {
          const failed = yield* untilFailure(yield* over({ "a.csv": content, "b.csv": "h\n2\n" }, { pageBytes }))
          assert.deepStrictEqual(failed.texts, ["2"], JSON.stringify(content))
          const piped = yield* untilFailure(yield* filesSource({ input: "-", format, stdin: Readable.from([Buffer.from(content)]) }))
          for (const [error, name] of [
            [failed.error, "a.csv"],
            [piped.error, "standard input"]
          ] as const) {
            assert.strictEqual(error.reason, "Invalid")
            for (const what of [why, name]) assert.include(error.message, what, JSON.stringify(content))
            assert.notInclude(error.message, "secret")
          }
        }
      // Without quotes there are none to close.
      const plain = { format: framingOf(csv({ quote: null })) }
      assert.deepStrictEqual(yield* textsOf(yield* over({ "a.csv": 'id,"n\n1,a\n' }, plain)), ["1,a"])
      assert.include((yield* untilFailure(yield* over({ "a.csv": 'id,"n\r1,a\r' }, plain))).error.message, "carriage returns")
    })
  )

  it.effect("fail on and on where what replaced them is taken for a header, until it is mended", () =>
    Effect.gen(function* () {
      const folder = yield* folderWith({ "a.csv": "id,n\n1,a\n" })
      const source = yield* filesSource({ input: folder, format, arrivedAt: 0 })
      let positions = positionsAfter(yield* pagesOf(source))
      change(folder, "a.csv", "id,n\r2,b\r")
      for (let look = 0; look < 2; look++) {
        const failed = yield* untilFailure(source, positions)
        assert.include(failed.error.message, "carriage returns")
        positions = new Map([...positions, ...failed.positions])
      }
      change(folder, "a.csv", "id,n\r\n2,b\r\n")
      assert.deepStrictEqual(yield* textsOf(source, positions), ["2,b\r"])
    })
  )

  for (const [kind, pack] of [
    ["plain", (content: string) => content],
    ["gzip", (content: string) => gzipSync(content)]
  ] as const)
    it.effect(`that are written anew are read anew, however little of them is seen first: ${kind}`, () =>
      Effect.gen(function* () {
        const folder = yield* folderWith({})
        const input = join(folder, "a.csv")
        const whole = `${header}9,"a\nb"\r\n`
        for (let cut = 0; cut <= header.length; cut++) {
          change(folder, "a.csv", pack(`${header}1,a\n2,b\n`))
          const source = yield* filesSource({ input, format, arrivedAt: 0 })
          let positions = positionsAfter(yield* pagesOf(source))
          const seen: Array<string> = []
          // Also by who has only what a table keeps; twice the same gives nothing.
          for (const content of [whole.slice(0, cut), whole.slice(0, cut), whole, `${whole}10,c\r\n`, header, `${header}11,d\n`]) {
            change(folder, "a.csv", pack(content))
            const before = [...positions.values()].map(({ sequenceNumber }) => Number(sequenceNumber))
            const pages = openHeader.test(content) ? [] : yield* pagesOf(source, positions)
            for (const { text, sequenceNumber } of pages.flatMap(recordsOf)) {
              assert.isAbove(Number(sequenceNumber), before[0] ?? 0)
              seen.push(text.trimEnd())
            }
            positions = positionsAfter(pages, positions)
          }
          assert.deepStrictEqual(seen, ['9,"a\nb"', "10,c", "11,d"], `cut at ${cut}`)
        }
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
          const isOpen = openHeader.test(content.subarray(0, cut).toString())
          if (isOpen) assert.include((yield* untilFailure(source)).error.message, "not closed")
          const before = isOpen ? [] : yield* pagesOf(source)
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
