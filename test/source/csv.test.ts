import { assert, describe, it } from "@effect/vitest"
import { CsvFault, parseRows } from "../../src/source/csv.ts"

const rows = (text: string) => parseRows(Buffer.from(text), true).rows

describe("CSV", () => {
  it("reads quotes, commas, line ends and doubled quotes inside fields", () => {
    assert.deepStrictEqual(rows('a,"b,c","d\r\ne","f""g"""\n"",,h\n'), [
      ["a", "b,c", "d\r\ne", 'f"g"'],
      ["", "", "h"]
    ])
  })

  it("takes LF and CRLF, with or without a last one, and passes over rows without bytes", () => {
    const expected = [
      ["a", "b"],
      ["ç", ""]
    ]
    for (const text of ["a,b\nç,", "a,b\r\nç,\r\n", 'a,b\r\n\r\n"ç",""', "a,b\n\nç,\n\n", 'a,b\r\nç,""\r']) {
      assert.deepStrictEqual(rows(text), expected, JSON.stringify(text))
    }
    assert.deepStrictEqual(rows(""), [])
    assert.deepStrictEqual(rows("a\n\nb"), [["a"], ["b"]])
    assert.deepStrictEqual(rows('""\n""'), [[""], [""]])
  })

  it("gives the same rows however the bytes are cut", () => {
    const bytes = Buffer.from('x,y,z\r\n"1,""q""","line\r\nbreak",é\r\n,,\r\n"","a""","b"\r\n')
    const whole = parseRows(bytes, true).rows
    assert.strictEqual(whole.length, 4)
    for (let cut = 0; cut <= bytes.length; cut++) {
      const front = parseRows(bytes.subarray(0, cut), false)
      const back = parseRows(bytes.subarray(front.consumed), true)
      assert.deepStrictEqual([...front.rows, ...back.rows], whole, `cut at ${cut}`)
    }
  })

  it("refuses what is not CSV", () => {
    assert.throws(() => rows('a,"b\n'), CsvFault)
    assert.throws(() => rows('"a"b,c\n'), CsvFault)
  })
})
