import { assert, describe, it } from "@effect/vitest"
import { type CompiledContract, compileContract } from "../../../src/contract/compile.ts"
import { coordinates, defineContract, events } from "../../../src/contract/contract.ts"
import { type CsvOptions, csv } from "../../../src/contract/format.ts"
import { headerTest } from "../../../src/decode/csv/header.ts"
import type { DecodeSettings } from "../../../src/decode/decoder.ts"
import type { DeadLetterReason } from "../../../src/record/dead-letter-reasons.ts"
import type { RecordPage } from "../../../src/record/record.ts"
import { closes, type Decoded, decodePages, pageOf } from "../support.ts"
import { definition, orderLines } from "./contract.ts"

const few = { columns: ["orderId", "changedAt", "name", "units"] }
const line = (name: string, units = "1") => `o-1,2026-11-20T07:00:00Z,${name},${units}`

/** Decodes both ways, which give the same. */
const decode = (
  record: string | Uint8Array,
  options: CsvOptions = few,
  change: {
    readonly settings?: Partial<DecodeSettings>
    readonly page?: Partial<RecordPage>
    readonly keepUnknown?: boolean
    readonly contract?: CompiledContract
  } = {}
): Decoded => {
  const contract = change.contract ?? orderLines(options, { keepUnknown: change.keepUnknown ?? false })
  const pages = [pageOf([record], change.page)]
  const decoded = decodePages(contract, pages, change.settings)
  const defined = decodePages(contract, pages, change.settings, { by: "definition" })
  const plain = ({ rows, letters, counts }: Decoded) => ({ rows, letters, counts: { ...counts, handedOver: {} } })
  assert.deepStrictEqual(plain(decoded), plain(defined))
  assert.isTrue(closes(decoded))
  return decoded
}

const withHeader = (header: string | Uint8Array): { readonly page: Partial<RecordPage> } => ({ page: { header: Buffer.from(header) } })

const nameOf = (record: string | Uint8Array, options: CsvOptions = few) => decode(record, options).rows[0]?.["name"]

const letterOf = (record: string | Uint8Array, options: CsvOptions = few, settings: Partial<DecodeSettings> = {}) => {
  const { letters, rows } = decode(record, options, { settings })
  assert.strictEqual(rows.length, 0)
  const [letter] = letters
  assert.deepStrictEqual(letter?.raw, new Uint8Array(Buffer.from(record)))
  return letter
}

describe("CSV records that cannot be rows", () => {
  const cases: ReadonlyArray<readonly [string, string | Uint8Array, DeadLetterReason, number | null, CsvOptions?]> = [
    ["too few fields", "o-1,2026-11-20T07:00:00Z,ação", "not_csv", 31],
    ["too few fields, before the end of the line", "o-1,x\r\n", "not_csv", 5],
    ["too many fields", `${line("ação")},more,`, "not_csv", 34],
    ["something behind a closing quote", 'o-1,2026-11-20T07:00:00Z,"ação"x,1', "not_csv", 33],
    ["two records in one", `${line("a")}\n${line("b")}`, "not_csv", 28],
    ["a quote that is not closed", 'o-1,2026-11-20T07:00:00Z,"ação,1\n', "truncated", 34],
    [
      "bytes that are not UTF-8",
      Buffer.concat([Buffer.from("o-1,2026-11-20T07:00:00Z,"), Buffer.from([0xe3]), Buffer.from(",1")]),
      "not_utf8",
      25
    ],
    ["bytes that are not UTF-8, behind a byte order mark", Buffer.from([0xef, 0xbb, 0xbf, 0x61, 0xff]), "not_utf8", 4],
    ["no header", line("a"), "no_header", null, {}]
  ]
  for (const [what, record, reason, offset, options] of cases)
    it(what, () => {
      const letter = letterOf(record, options)
      assert.deepStrictEqual([letter?.reason, letter?.offset], [reason, offset])
      if (offset !== null) assert.include(letter?.detail, `byte ${offset}`)
      assert.notInclude(letter?.detail, "ação")
    })

  it("a header that cannot be read", () => {
    const { letters } = decode(line("a"), {}, withHeader('orderId,"changedAt'))
    assert.strictEqual(letters[0]?.reason, "no_header")
    assert.deepStrictEqual(letters[0]?.header, new Uint8Array(Buffer.from('orderId,"changedAt')))
  })

  it("no key, or no event time, or one that is none, by its path", () => {
    const of = (record: string) => {
      const letter = letterOf(record)
      return [letter?.reason, letter?.path]
    }
    assert.deepStrictEqual(of(",2026-11-20T07:00:00Z,a,1"), ["missing_key", "orderId"])
    assert.deepStrictEqual(of('"",2026-11-20T07:00:00Z,a,1'), ["missing_key", "orderId"])
    assert.deepStrictEqual(of("o-1,,a,1"), ["missing_event_time", "changedAt"])
    assert.deepStrictEqual(of("o-1,yesterday,a,1"), ["unreadable_event_time", "changedAt"])
  })

  it("larger or deeper than the limits", () => {
    assert.strictEqual(letterOf(line("x".repeat(100)), few, { maxRecordBytes: 100 })?.reason, "too_large")
    const options = { columns: ["orderId", "changedAt", "extra"] }
    const deep = `o-1,2026-11-20T07:00:00Z,"${"[".repeat(6)}${"]".repeat(6)}"`
    assert.strictEqual(letterOf(deep, options, { maxDepth: 6 })?.reason, "too_deep")
    assert.strictEqual(decode(deep, options, { settings: { maxDepth: 7 } }).rows.length, 1)
  })

  it("refused by an expectation", () => {
    const { letters } = decode("o-1,2026-11-20T07:00:00Z,-0.01", { columns: ["orderId", "changedAt", "price"] })
    assert.deepStrictEqual([letters[0]?.reason, letters[0]?.path], ["quality_rejected", "price-not-negative"])
  })
})

describe("CSV records that are rows", () => {
  it("have fields with delimiters, quotes and newlines in quotes", () => {
    assert.strictEqual(nameOf(line('"a,b"')), "a,b")
    assert.strictEqual(nameOf(line('"say ""ação"""')), 'say "ação"')
    assert.strictEqual(nameOf(line('"one\r\ntwo\n"')), "one\r\ntwo\n")
    assert.strictEqual(nameOf(line('5" pipe')), '5" pipe')
    assert.strictEqual(nameOf(line('"a;b"').replaceAll(",", ";"), { ...few, delimiter: ";" }), "a;b")
    assert.strictEqual(nameOf(line("'it''s'"), { ...few, quote: "'" }), "it's")
    assert.strictEqual(nameOf(line('"a"'), { ...few, quote: null }), '"a"')
    assert.strictEqual(nameOf(line("a").replaceAll(",", "\t"), { ...few, delimiter: "\t" }), "a")
  })

  it("may have the end of their line behind them, and a byte order mark in front", () => {
    for (const record of [`${line("a")}\n`, `${line("a")}\r\n`, `${line("a")}\r`, `\uFEFF${line("a")}`, `\uFEFF"o-1"${line("a").slice(3)}`])
      assert.deepStrictEqual(decode(record).rows[0]?.["order_id"], "o-1", JSON.stringify(record))
    assert.strictEqual(decode(`${line("a")}\r\n`).rows[0]?.["units"], 1)
  })

  it("are nothing where there is nothing", () => {
    for (const blank of ["", "\r", "\n", "\r\n", "\uFEFF"]) assert.strictEqual(decode(blank).counts.empty, 1, JSON.stringify(blank))
  })

  it("have null where a field is empty, and an empty text where its quotes are", () => {
    assert.isNull(nameOf(line("")))
    assert.strictEqual(nameOf(line('""')), "")
    assert.isNull(decode(line("a", '""')).rows[0]?.["units"])
    const options = { ...few, nullText: "\\N" }
    assert.isNull(nameOf(line("\\N"), options))
    assert.strictEqual(nameOf(line('"\\N"'), options), "\\N")
    assert.strictEqual(nameOf(line(""), options), "")
    assert.isNull(decode(line("a", "\\N"), options).rows[0]?.["units"])
  })

  it("are read in the encoding that the contract says", () => {
    assert.strictEqual(nameOf(Buffer.from(line("ação \u0080"), "latin1"), { ...few, encoding: "latin1" }), "ação \u0080")
    assert.strictEqual(nameOf(Buffer.from(line("10 \u0080"), "latin1"), { ...few, encoding: "windows-1252" }), "10 €")
    const letter = letterOf(Buffer.from(line('"ação"x'), "latin1"), { ...few, encoding: "latin1" })
    assert.strictEqual(letter?.offset, 31)
  })

  it("have a value that does not fit rescued, and are rows", () => {
    const { rows, counts } = decode(line("a", "many"))
    assert.isNull(rows[0]?.["units"])
    assert.strictEqual(rows[0]?.["_rescued"], '{"units":"many"}')
    assert.deepStrictEqual(counts.rescued, { units: 1 })
  })

  it("have texts as what their columns are: numbers exactly, documents, lists", () => {
    const columns = ["orderId", "changedAt", "stock", "price", "weight", "isGift", "extra", "tags", "box"]
    const record = `o-1,2026-11-20 07:00:00.5,9007199254740993,1234567890.12,1.5e3,true,"{""b"":1.50,""a"":[]}","[""x"",null]","{""height"":""12"",""kind"":""flat""}"`
    const [row] = decode(record, { columns }).rows
    assert.strictEqual(row?.["stock"], 9007199254740993n)
    assert.strictEqual(row?.["price"], 123456789012n)
    assert.strictEqual(row?.["weight"], 1500)
    assert.strictEqual(row?.["is_gift"], true)
    assert.strictEqual(row?.["extra"], '{"b":1.50,"a":[]}')
    assert.deepStrictEqual(row?.["tags"], ["x", null])
    assert.deepStrictEqual(row?.["box"], { height: 12, kind: "flat" })
    assert.strictEqual(row?.["changed_at"], BigInt(Date.UTC(2026, 10, 20, 7, 0, 0, 500)) * 1000n)
  })

  it("have sensitive values hashed or dropped, also what does not fit", () => {
    const columns = ["orderId", "changedAt", "email", "phone"]
    const { rows, counts } = decode("o-1,2026-11-20T07:00:00Z, Ana@Example.com ,+55 11", { columns })
    const [same] = decode('o-1,2026-11-20T07:00:00Z,"ana@example.com",', { columns }).rows
    assert.match(String(rows[0]?.["email"]), /^[0-9a-f]{64}$/)
    assert.strictEqual(rows[0]?.["email"], same?.["email"])
    assert.isNull(rows[0]?.["phone"])
    assert.deepStrictEqual(counts.masked, { email: 1, phone: 1 })
    assert.isNull(decode("o-1,2026-11-20T07:00:00Z,a@b,1", { columns }, { settings: { hashKey: null } }).rows[0]?.["email"])
  })

  it("have unknown fields counted, kept where the contract says so, and dropped where a rule does", () => {
    const columns = ["orderId", "Colour", "changedAt", "internalNote", "size"]
    const record = "o-1,red,2026-11-20T07:00:00Z,hush,"
    const { rows, counts } = decode(record, { columns })
    assert.isNull(rows[0]?.["_rescued"])
    assert.deepStrictEqual(counts.drift, { Colour: 1, size: 1 })
    assert.deepStrictEqual(counts.drops, { notes: 1 })
    assert.strictEqual(decode(record, { columns }, { keepUnknown: true }).rows[0]?.["_rescued"], '{"Colour":"red"}')
  })

  it("are counted where an expectation does not hold", () => {
    assert.deepStrictEqual(decode(line("a", "0")).counts.quality, { "units-positive": 1 })
  })
})

describe("CSV records without a header", () => {
  const lacking = { columns: ["name", "orderId", "changedAt", "units"], mayLack: ["name"] }

  it("may lack the columns that the contract says, all of them, and no others", () => {
    const all = decode("n,o-1,2026-11-20T07:00:00Z,1", lacking).rows[0]
    assert.deepStrictEqual({ ...decode("o-1,2026-11-20T07:00:00Z,1", lacking).rows[0], name: "n" }, all)
    for (const wrong of ["o-1,2026-11-20T07:00:00Z", "n,o-1,2026-11-20T07:00:00Z,1,2"])
      assert.strictEqual(letterOf(wrong, lacking)?.reason, "not_csv")
    assert.strictEqual(letterOf("o-1,2026-11-20T07:00:00Z,1", few)?.reason, "not_csv")
  })

  it("are of files of which some have one, which names their fields", () => {
    const some = { ...lacking, header: "some" as const }
    const expected = decode("n,o-1,2026-11-20T07:00:00Z,1", some).rows
    assert.deepStrictEqual(decode("o-1,2026-11-20T07:00:00Z,n,1", some, withHeader("order_id,ChangedAt,name,units")).rows, expected)
    const isHeader = headerTest(csv(some))
    for (const header of ["name,order_id,changed_at,units", '"Order ID",units', "name,order_id,new_column"])
      assert.isTrue(isHeader(Buffer.from(header)), header)
    for (const record of ["n,o-1,2026-11-20T07:00:00Z,1", "name,o-1,2026-11-20T07:00:00Z,1", "", "name,name,units", '"'])
      assert.isFalse(isHeader(Buffer.from(record)), record)
  })
})

describe("the header of CSV records", () => {
  const record = "1,2026-11-20T07:00:00Z,o-1,a"

  it("names fields as the contract or its columns do, or did before, in any order", () => {
    for (const header of [
      "units,changedAt,orderId,name",
      'UNITS,"Changed At",ORDER_ID,Product',
      "\uFEFFunits,changed_at, order id ,product\r\n"
    ]) {
      const [row] = decode(record, {}, withHeader(header)).rows
      assert.deepStrictEqual([row?.["order_id"], row?.["units"], row?.["name"]], ["o-1", 1, "a"], header)
    }
  })

  it("may be another one in each page", () => {
    const contract = orderLines()
    const pages = [
      pageOf([record], { header: Buffer.from("units,changedAt,orderId,name") }),
      pageOf(["b,o-2,2026-11-20T07:00:00Z"], { header: Buffer.from("name,orderId,changedAt") }),
      pageOf([record], { header: Buffer.from("units,changedAt,orderId,name") })
    ]
    const { rows } = decodePages(contract, pages)
    assert.deepStrictEqual(
      rows.map((row) => [row["order_id"], row["units"], row["name"]]),
      [
        ["o-1", 1, "a"],
        ["o-2", null, "b"],
        ["o-1", 1, "a"]
      ]
    )
  })

  it("counts the last of names that are one field's, and keeps the values before it that say something else", () => {
    const of = (fields: string, names: string, keepUnknown = false) => {
      const { rows, letters, counts } = decode(
        `o-1,2026-11-20T07:00:00Z,${fields}`,
        {},
        { ...withHeader(`orderId,changedAt,${names}`), keepUnknown }
      )
      assert.deepStrictEqual(letters, [])
      return { row: rows[0], kept: JSON.parse(String(rows[0]?.["_rescued"] ?? "{}")), rescued: counts.rescued, counts }
    }
    for (const [fields, names, name, kept] of [
      ["a,b", "name,Name", "b", { "name (column 3)": "a" }],
      ["a,b", "Product,name", "b", { Product: "a" }],
      ["a,b", "name,name", "b", { "name (column 3)": "a" }],
      ["a,b,c", "NAME,name,NAME", "c", { "NAME (column 3)": "a", "name (column 4)": "b" }],
      ["a,", "Product,name", null, { Product: "a" }],
      [",b", "Product,name", "b", {}],
      ['"",b', "Product,name", "b", { Product: "" }],
      ["a,a", "Product,name", "a", {}]
    ] as const) {
      const { row, kept: found, rescued } = of(fields, names)
      assert.deepStrictEqual([row?.["name"], found], [name, kept], names)
      assert.deepStrictEqual(rescued, Object.fromEntries(Object.keys(kept).map((key) => [key, 1])))
    }
    const anyCase = decode(
      "o-0,o-1,2026-11-20T07:00:00Z",
      {},
      {
        ...withHeader("ORDERID,orderId,changedAt"),
        contract: orderLines({}, { conventions: { anyCase: true } })
      }
    )
    assert.deepStrictEqual([anyCase.rows[0]?.["order_id"], anyCase.rows[0]?.["_rescued"]], ["o-1", '{"ORDERID":"o-0"}'])
    // What does not fit is kept beside it.
    assert.deepStrictEqual(of("1,many", "Units,units").kept, { Units: "1", units: "many" })
    assert.deepStrictEqual(of("1,many", "units,units").kept, { "units (column 3)": "1", units: "many" })
    // A key that comes twice.
    const keyed = decode("o-0,o-1,2026-11-20T07:00:00Z", {}, withHeader("order_id,orderId,changedAt"))
    assert.deepStrictEqual([keyed.rows[0]?.["order_id"], keyed.rows[0]?.["_rescued"]], ["o-1", '{"order_id":"o-0"}'])
    const keyless = decode("o-0,,2026-11-20T07:00:00Z", {}, withHeader("orderId,orderId,changedAt"))
    assert.deepStrictEqual(
      keyless.letters.map(({ reason }) => reason),
      ["missing_key"]
    )
    // Sensitive values are not to be read there.
    for (const fields of ["ana@example.com,b@example.com", "ana@example.com,"]) {
      const { row, kept } = of(fields, "Email,email")
      assert.notInclude(String(row?.["_rescued"]), "ana")
      assert.match(kept["Email"].masked, /^[0-9a-f]{64}$/)
    }
    // Unknown ones are kept where the contract says so, and what a rule drops is not.
    assert.deepStrictEqual(of("x,y", "Colour,Colour", true).kept, { "Colour (column 3)": "x", Colour: "y" })
    assert.deepStrictEqual(of("x,y", "Colour,Colour").kept, {})
    assert.deepStrictEqual(of("x,y", "internalNote,internalNote", true).kept, {})
  })

  it("is none where it names no field of the contract, whatever makes two rows the same", () => {
    const { eventTime: _, ...timeless } = definition()
    const byPlace = compileContract(defineContract({ ...timeless, table: events({ key: coordinates, by: "none" }), keepUnknown: true }))
    for (const first of ["o-0,2026-11-20T07:00:00Z,ana@example.com", '{"orderId":1,"name":"a"}', "x,,", '"a, b"'])
      for (const contract of [byPlace, orderLines()]) {
        const { rows, letters, counts } = decode(record, {}, { ...withHeader(first), contract })
        assert.deepStrictEqual(rows, [])
        const [letter] = letters
        assert.deepStrictEqual(
          [letter?.reason, Buffer.from(letter?.raw ?? []).toString(), Buffer.from(letter?.header ?? []).toString()],
          ["no_header", record, first]
        )
        // What may be a value is neither in what is told nor in what is counted.
        assert.notInclude(letter?.detail, "ana")
        assert.deepStrictEqual([counts.drift, counts.deadLetters], [{}, { no_header: 1 }])
        // A blank line is nothing all the same.
        assert.strictEqual(decode("\r", {}, { ...withHeader(first), contract }).counts.empty, 1)
      }
    const anyCase = orderLines({}, { conventions: { anyCase: true } })
    const shouted = withHeader("UNITS,CHANGEDAT,ORDERID,ISGIFT")
    assert.deepStrictEqual(decode(record, {}, { ...shouted, contract: anyCase }).rows[0]?.["order_id"], "o-1")
    for (const header of ["a,b,c,Product", "units,b,c,d"])
      assert.strictEqual(decode(record, {}, { ...withHeader(header), contract: byPlace }).rows.length, 1, header)
  })

  it("is left out where the contract names the columns all the same", () => {
    const header = withHeader("x,y,z,w")
    assert.strictEqual(decode(line("a"), { ...few, header: true }, header).rows[0]?.["name"], "a")
  })
})
