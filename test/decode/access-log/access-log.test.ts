import { assert, describe, it } from "@effect/vitest"
import { type Fields, long, text } from "../../../src/contract/field.ts"
import { type AccessLogFormat, accessLog } from "../../../src/contract/format.ts"
import type { DecodeSettings } from "../../../src/decode/decoder.ts"
import type { DeadLetterReason } from "../../../src/record/dead-letter-reasons.ts"
import { closes, type Decoded, decodePages, pageOf } from "../support.ts"
import { definition, hits } from "./contract.ts"

const line = 'h - - [17/May/2015:10:05:03 +0200] "GET /a/b.png?x=1&y= HTTP/1.1" 200 203023 "http://é/" "Mozilla/5.0 (X)"'

const decode = (
  record: string | Uint8Array,
  change: {
    readonly layout?: AccessLogFormat["layout"]
    readonly settings?: Partial<DecodeSettings>
    readonly keepUnknown?: boolean
  } = {}
): Decoded => {
  const contract = hits(change.layout, { keepUnknown: change.keepUnknown ?? false })
  const decoded = decodePages(contract, [pageOf([record])], change.settings)
  const defined = decodePages(contract, [pageOf([record])], change.settings, { by: "definition" })
  const plain = ({ rows, letters, counts }: Decoded) => ({ rows, letters, counts: { ...counts, handedOver: {} } })
  assert.deepStrictEqual(plain(decoded), plain(defined))
  assert.isTrue(closes(decoded))
  return decoded
}

/** The same by a format of its own; both ways agree. */
const decodeBy = (format: AccessLogFormat, record: string, fields: Fields = {}) => {
  const contract = hits(undefined, { format, fields: { ...definition().fields, ...fields } })
  const decoded = decodePages(contract, [pageOf([record])])
  assert.deepStrictEqual(decodePages(contract, [pageOf([record])], {}, { by: "definition" }).rows, decoded.rows)
  assert.isTrue(closes(decoded))
  return decoded
}

const rowOf = (record: string | Uint8Array, layout?: AccessLogFormat["layout"]) => {
  const { rows, letters } = decode(record, layout === undefined ? {} : { layout })
  assert.deepStrictEqual(letters, [])
  return rows[0] ?? {}
}

describe("lines of access logs", () => {
  it("are rows of what they say", () => {
    const { _source, _shard, _sequence_number, _sub_sequence_number, _arrived_at, ...row } = rowOf(line)
    assert.deepStrictEqual(row, {
      time: BigInt(Date.UTC(2015, 4, 17, 8, 5, 3)) * 1000n,
      host: "h",
      ident: null,
      authuser: null,
      request: "GET /a/b.png?x=1&y= HTTP/1.1",
      method: "GET",
      path: "/a/b.png",
      query: null,
      protocol: "HTTP/1.1",
      response: 200,
      bytes: 203023n,
      referer: "http://é/",
      agent: "Mozilla/5.0 (X)",
      _rescued: null
    })
    assert.deepStrictEqual(decode(line).counts.masked, { query: 1 })
  })

  it("may be of the common layout, and have their end behind them", () => {
    const common = line.slice(0, line.indexOf(' "http'))
    for (const end of ["", "\n", "\r\n", "\r"]) {
      const row = rowOf(common + end, "common")
      assert.deepStrictEqual([row["path"], row["bytes"], row["referer"], row["agent"]], ["/a/b.png", 203023n, null, null])
    }
  })

  it("are nothing where they are blank", () => {
    for (const blank of ["", "\r", "\n", "\r\n"]) assert.strictEqual(decode(blank).counts.empty, 1)
  })

  it("come from hosts by IPv6, from users with blanks, and with - for nothing", () => {
    assert.strictEqual(rowOf(line.replace("h ", "2001:db8::1 "))["host"], "2001:db8::1")
    const named = rowOf(line.replace("- - [", "id Ana Luísa@shop ["))
    assert.strictEqual(named["ident"], "id")
    assert.match(String(named["authuser"]), /^[0-9a-f]{64}$/)
    const row = rowOf('h - - [17/May/2015:10:05:03 +0000] "-" - - "-" "-"')
    for (const column of ["request", "method", "path", "query", "protocol", "response", "bytes", "referer", "agent"])
      assert.isNull(row[column], column)
  })

  it("have escapes in quotes undone, unless that is no text", () => {
    const agent = (written: string) => rowOf(line.replace("Mozilla/5.0 (X)", written))["agent"]
    assert.strictEqual(agent('say \\"a\\\\b\\"'), 'say "a\\b"')
    assert.strictEqual(agent("caf\\xc3\\xa9 é\\tx"), "café é\tx")
    assert.strictEqual(agent("\\xe4\\xe5"), "\\xe4\\xe5")
    assert.strictEqual(agent("\\q\\x4"), "\\q\\x4")
    assert.strictEqual(agent(""), "")
  })

  it("have odd requests as they are, and parts only of those that have some", () => {
    const parts = (request: string) => {
      const row = rowOf(line.replace("GET /a/b.png?x=1&y= HTTP/1.1", request))
      return ["request", "method", "path", "protocol"].map((column) => row[column])
    }
    assert.deepStrictEqual(parts("GET /old"), ["GET /old", "GET", "/old", null])
    assert.deepStrictEqual(parts("OPTIONS * HTTP/2"), ["OPTIONS * HTTP/2", "OPTIONS", "*", "HTTP/2"])
    assert.deepStrictEqual(parts("\\x16\\x03\\x01"), ["\u0016\u0003\u0001", null, null, null])
    assert.deepStrictEqual(parts(""), ["", null, null, null])
    assert.deepStrictEqual(parts("GET /a b HTTP/1.1"), ["GET /a b HTTP/1.1", null, null, null])
  })

  it("have what stands behind them counted, and kept where the contract says so", () => {
    const more = `${line} 1234 "x"`
    assert.deepStrictEqual(decode(more).counts.drift, { rest: 1 })
    assert.strictEqual(decode(more, { keepUnknown: true }).rows[0]?.["_rescued"], '{"rest":"1234 \\"x\\""}')
    assert.deepStrictEqual(decode(line, { layout: "common" }).counts.drift, { rest: 1 })
    assert.deepStrictEqual(decode(line).counts.drift, {})
  })

  it("have a value that does not fit rescued, and are rows", () => {
    const { rows, counts } = decode(line.replace("203023", "99999999999999999999"))
    assert.strictEqual(rows[0]?.["_rescued"], '{"bytes":"99999999999999999999"}')
    assert.deepStrictEqual(counts.rescued, { bytes: 1 })
  })

  it("are counted where an expectation does not hold", () => {
    assert.deepStrictEqual(decode(line.replace(" 200 ", " 999 ")).counts.quality, { "status-known": 1 })
  })

  const prefix = 'h - - [17/May/2015:10:05:03 +0200] "GET / HTTP/1.1" '
  const cases: ReadonlyArray<readonly [string, string | Uint8Array, DeadLetterReason, number | null, string | null]> = [
    ["a quote that is not closed", line.slice(0, -1), "truncated", 106, null],
    ["one that is cut before its agent", line.slice(0, line.indexOf(' "Moz')), "truncated", 89, null],
    ["one that is cut in its status", `${prefix}20`, "truncated", prefix.length + 2, null],
    ["one that is cut in its time", "h - - [17/May/2015:10:05", "truncated", 24, null],
    ["something else", "2015-05-17 10:05:03 ERROR no such file", "not_access_log", 20, null],
    ["a status that is none", `${prefix}OK 12 "-" "-"`, "not_access_log", prefix.length - 1, null],
    ["no request", 'h - - [17/May/2015:10:05:03 +0200] GET / 200 1 "-" "-"', "not_access_log", 35, null],
    ["something stuck to the agent", `${line}x`, "not_access_log", 107, null],
    ["bytes that are not UTF-8", Buffer.concat([Buffer.from("h"), Buffer.from([0xe3]), Buffer.from(line.slice(1))]), "not_utf8", 1, null],
    ["a time that is none", line.replace("17/May", "31/Feb"), "unreadable_event_time", null, "time"],
    ["a time in words", line.replace("17/May/2015:10:05:03 +0200", "yesterday"), "unreadable_event_time", null, "time"],
    ["no key", line.replace("h -", "- -"), "missing_key", null, "host"]
  ]
  for (const [what, record, reason, offset, path] of cases)
    it(`are dead letters: ${what}`, () => {
      const { letters, rows } = decode(record)
      assert.strictEqual(rows.length, 0)
      assert.deepStrictEqual([letters[0]?.reason, letters[0]?.offset, letters[0]?.path], [reason, offset, path])
      assert.deepStrictEqual(letters[0]?.raw, new Uint8Array(Buffer.from(record)))
      if (offset !== null) assert.include(letters[0]?.detail, `byte ${offset}`)
    })

  it("are dead letters: larger than the limit", () => {
    assert.strictEqual(decode(line, { settings: { maxRecordBytes: 100 } }).letters[0]?.reason, "too_large")
  })
})

describe("lines by a LogFormat", () => {
  const format = '%v:%p %h %l %u %t \\"%r\\" %>s %b \\"%{Referer}i\\" \\"%{User-Agent}i\\" %D \\"%{visitor}C\\"'.replaceAll(
    "\\",
    ""
  ) as AccessLogFormat["layout"]
  const more = { vhost: text("Site."), durationMicros: long("How long."), cookieVisitor: text("Who.") }
  const written = `shop.example:443 2001:db8::1 - ana [17/May/2015:10:05:03 +0200] "GET /a?x=1 HTTP/1.1" 200 - "-" "say \\"hi\\"" 1234 "v1"`

  it("are rows of the fields that it names", () => {
    const { rows, letters } = decodeBy(accessLog(format), written, more)
    assert.deepStrictEqual(letters, [])
    assert.deepInclude(rows[0], { vhost: "shop.example", host: "2001:db8::1", path: "/a", response: 200, bytes: null, referer: null })
    assert.deepInclude(rows[0], { agent: 'say "hi"', duration_micros: 1234n, cookie_visitor: "v1", _rescued: null })
  })

  it("are what the usual layout is, where it is spelt out", () => {
    const spelt = accessLog('%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-agent}i"')
    assert.deepStrictEqual(decodeBy(spelt, line).rows, decodeBy(accessLog(), line).rows)
  })

  it("may be of another layout where the contract has it, and are told by what the first one lacks", () => {
    const both = accessLog(format, { others: ["combined"] })
    assert.deepInclude(decodeBy(both, written, more).rows[0], { vhost: "shop.example", host: "2001:db8::1" })
    assert.deepInclude(decodeBy(both, line, more).rows[0], { vhost: null, host: "h", agent: "Mozilla/5.0 (X)" })
    assert.deepStrictEqual(decodeBy(both, "nonsense", more).letters, decodeBy(accessLog(format), "nonsense", more).letters)
  })

  it("are dead letters where they are another one's, or cut off", () => {
    for (const [wrong, reason] of [
      [written.slice(0, -3), "truncated"],
      [written.slice(0, 60), "truncated"],
      [line, "not_access_log"],
      [`${written}x`, "not_access_log"]
    ] as const)
      assert.strictEqual(decodeBy(accessLog(format), wrong, more).letters[0]?.reason, reason, wrong)
  })
})

describe("lines that an agent carries", () => {
  const carried = accessLog("combined", { carried: true })
  const server = { server: text("Where it ran.", { formerly: ["host_name"] }) }
  const rowBy = (record: string) => {
    const { rows, letters } = decodeBy(carried, record, server)
    assert.deepStrictEqual(letters, [])
    const { server: where, ...row } = rows[0] ?? {}
    return { where, row }
  }
  const odd = '2001:db8::1 - - [17/May/2015:10:05:03 +0200] "" 408 - "-" ""'
  // As LOGTOJSON has it: texts, without brackets, and null for a dash.
  const asObject = {
    host: "h",
    ident: null,
    authuser: null,
    datetime: "17/May/2015:10:05:03 +0200",
    request: "GET /a/b.png?x=1&y= HTTP/1.1",
    response: "200",
    bytes: "203023",
    referer: "http://é/",
    agent: "Mozilla/5.0 (X)"
  }

  it("are the same row, as they are, as an object, and within one", () => {
    const expected = rowBy(line)
    assert.strictEqual(expected.where, null)
    for (const record of [
      asObject,
      { data: `${line}\n` },
      { ts: "2015-05-17T08:05:04.000Z", metadata: {}, data: line },
      { data: JSON.stringify(asObject) }
    ])
      assert.deepStrictEqual(rowBy(`${JSON.stringify(record)}\n`), expected)
  })

  it("say where they ran", () => {
    for (const data of [line, JSON.stringify(asObject)])
      assert.strictEqual(rowBy(JSON.stringify({ metadata: { host_name: "web-3", port: 80 }, data })).where, "web-3")
    assert.strictEqual(rowBy(JSON.stringify({ ...asObject, host_name: "web-3" })).where, "web-3")
  })

  it("may be lines that the agent itself would drop", () => {
    const plain = rowBy(odd)
    assert.deepInclude(plain.row, { host: "2001:db8::1", request: "", bytes: null, agent: "", response: 408 })
    assert.deepStrictEqual(rowBy(JSON.stringify({ data: odd })), plain)
  })

  it("are dead letters where they are no line, and where nothing says that agents carry them", () => {
    for (const wrong of [
      "{",
      '{"a":1}',
      '{"data":"no line"}',
      '{"data":null}',
      '{"data":"{}"}',
      JSON.stringify({ data: line.slice(0, -1) })
    ])
      assert.strictEqual(decodeBy(carried, wrong, server).letters.length, 1, wrong)
    assert.strictEqual(decodeBy(accessLog(), JSON.stringify(asObject)).letters.length, 1)
  })
})
