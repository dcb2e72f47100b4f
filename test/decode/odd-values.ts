import type { Random } from "../../src/record/seeded.ts"

/** JSON texts, most of them well-formed, that a reader may take in more than one way. */

export const numbers: readonly [string, ...Array<string>] = [
  "1160",
  ..."0 -0 0.0 -0.0 00 01 -01 +1 1. .5 0.1 1.0 1.00 1.50 -1.5 100 -5 7 33 1e3 1E3 1E+2 1e-2 -1e0 1.5e5 2e0 1e400 -1e400 1e-400".split(" "),
  ..."12345678901234 123456789012345 1234567890123456 999999999999999 9007199254740991 9007199254740992 9007199254740993".split(" "),
  ..."-9007199254740993 9223372036854775807 9223372036854775808 -9223372036854775808 -9223372036854775809 18446744073709551616".split(" "),
  ..."2147483647 2147483648 -2147483648 -2147483649 999999999 1000000000 -999999999 9999999999 4294967296 -4294967297".split(" "),
  ..."99999999.99 100000000.00 -99999999.99 99999999.994 0.005 0.010 0.0000001 1.7976931348623157e308 4.9e-324 5e-324 2.5e-324".split(" "),
  ..."3.00000000000000001 123456789.123456789 0.30000000000000004 1e99999999999 -1e-99999999999 1e 1e+ - -a 0x10 1_0 1,0 NaN".split(" "),
  "1".repeat(16),
  "9".repeat(17),
  "8".repeat(40),
  `1${"0".repeat(22)}`,
  `0.${"1".repeat(30)}`,
  `0.1${"0".repeat(25)}`,
  `${"1".repeat(18)}.00`,
  `0.${"0".repeat(24)}1`
]

const timestamps =
  "2024-02-06 2024-02-30 2023-02-29T00:00:00Z 2024-02-29T00:00:00Z 2100-02-29T00:00:00Z 2024-02-06T24:00:00Z 2024-02-06T20:46:60Z 2024-02-06T20:60:11Z 2024-02-06T20:46:11.7010747+00:00 2024-02-06t20:46:11z 2024-02-06T20:46:11+0000 2024-02-06T20:46:11+00 2024-02-06T20:46:11+14:00 2024-02-06T20:46:11-23:59 2024-02-06T20:46:11+24:00 2024-02-06T20:46:11+18:01 2024-02-06T20:46:11-00:60 0001-01-01T00:00:00Z 0000-01-01T00:00:00Z 0001-01-01T00:00:00+10:00 9999-12-31T23:59:59.999999Z 9999-12-31T23:59:59-01:00 1969-12-31T23:59:59.9999999Z 1969-12-31T23:59:59.1234567Z 1684-10-19T00:00:00Z 1684-01-01T00:00:00.5Z 2255-03-14T16:00:01Z 2255-06-06T00:00:00Z 2024-02-06T20:46 2024-02-06T20 2024-02-06T20:46:11. 2024-02-06T20:46:11.Z 2024-02-06T20:46:11.1 2024-02-06T20:46:11,5Z 2024-2-6 2024/02/06T20:46:11 20240206T204611Z 1707252371 2024-02-06T20:46:11ZZ 2024-02-06T20:46:11.123456789012345678901234567890Z 2024-00-06T20:46:11Z 2024-13-06T20:46:11Z 2024-02-00T20:46:11Z -2024-02-06T20:46:11Z ２024-02-06T20:46:11Z".split(
    " "
  )

const texts: ReadonlyArray<string> = [
  ...[
    "",
    " ",
    "  ",
    "null",
    " null",
    "null ",
    "Null",
    "nullx",
    "true",
    "false",
    "True",
    " true ",
    "falsee",
    "yes",
    "0",
    "k-1",
    "forbidden"
  ],
  ...[
    " 12 ",
    "12 ",
    "1\n",
    "\t7",
    "\u00a012",
    "\ufeff12",
    "12\u0000",
    "é",
    "😀",
    "José",
    "José ",
    "\u212a",
    "İ",
    "ﬁ",
    "ß",
    "\u2028\u2029",
    "\u007f"
  ],
  ...['say "hello"', "a\\b", "C:\\new\\table", "a/b", "\b\f\n\r\t", "\u0000", "\u001f", "line\nline", '"', '\\"', "\\", "{", "[", "}", "]"],
  ...["{}", "[]", "[{", "{]", "[1,2]", '["a"]', '{"id":"1"}', '[{"id":"1","price":"x"}]', '"text"', '"{\\"a\\":1}"', '{"email":"a@x.com"}'],
  ...['{"a":{"a":1},"a":2}', '{"a":1,"a":2}', '{"Email":"a","email":"b"}', 'oops {"email":"a@x.com"}', '[{"attachments":[1],"b":[]}]'],
  ...['{"2":"a","1":"b"}', '{"1":{"1":"a"}}', '{"1":"a","1":"b"}', '{"items":[{"id":1.50}]}', "[[1],[[2]]]", "[null]", "[1,]", '{"a":1,}'],
  ...['{"a":"\\u00e3\\/\\ud83d\\ude00"}', '{"a":"\\ud83d"}', '{"\\u0061":1}', '{"apps":[{"fields":{"cart-extra.context":"\\"x\\""}}]}'],
  ...timestamps.flatMap((text) => [text, text, ` ${text}`]).filter((_, i) => i % 3 < 2 || i % 7 === 0)
]

/** String literals with what `JSON.stringify` does not write. */
const literals: ReadonlyArray<string> = [
  ..."\\/ a\\/b \\u00e3 \\u00E3 \\u0022 \\u005c \\u002f \\u0000 \\u001f \\u007f \\u0061 \\ud83d\\ude00 \\uD83D\\uDE00 \\ud83d \\ude00".split(
    " "
  ),
  ..."\\ude00\\ud83d \\ud83d\\ud83d\\ude00 \\ud83dx \\ud83d\\n \\\\u00e3 \\\\\\u00e3 \\u005cu00e3 nul\\u006c \\u006eull tru\\u0065 1\\u0032".split(
    " "
  ),
  ..."\\x \\u \\u12 \\u123g \\U0041 \\' \\0 \\v \\u{61} \\uFEFF \\ufffd \\uffff \\udbff\\udfff \\u2028 \\u0009 \\u0020 \\u00a0 \\u212a".split(
    " "
  ),
  "{\\u0022a\\u0022:1}",
  "[\\n1\\n]",
  '\\t{\\"id\\":1}\\r\\n',
  "a\tb",
  "a\nb",
  '{\t\\"id\\":1}',
  "raw \u0000 inside",
  "2024-02-06T20:46:11\\u002b00:00",
  "[1\\u002c2]"
].map((content) => `"${content}"`)

const nest = (depth: number) => "[".repeat(depth) + "]".repeat(depth)
const nestObjects = (depth: number) => '{"a":'.repeat(depth) + "1".padEnd(depth + 1, "}")
const manyKeys = (count: number, key: (i: number) => string) =>
  `{${Array.from({ length: count }, (_, i) => `${JSON.stringify(key(i))}:"${i}"`).join()}}`

const documents: ReadonlyArray<string> = [
  ...[
    "{}",
    "[]",
    "[null]",
    "[[]]",
    "[{}]",
    '{"a":1}',
    "[1,2,3]",
    "[1,[2]]",
    '{"id":"1"}',
    '[{"id":"1","id":"2"}]',
    '{"":1}',
    '{"__proto__":1}'
  ],
  ...[
    '{"2":"a","1":"b"}',
    '{"1":"a","1":"b"}',
    '{"1":{"x":1},"attachment":2}',
    '{"9":"a","10":null,"a":["b"]}',
    '{"constructor":1,"toString":2}'
  ],
  ...['{"a":{"a":1},"a":2}', '{"a":[{"a":1}],"a":2}', '{"a":{"b":{"a":1},"b":2}}', '[{"a":1},{"a":2,"a":3}]', '{"attachment":1,"b":2}'],
  ...['{"attachment":{"attachment":1},"attachment":2}', '{"email":"a@x.com","x":{"Email":null}}', '{"email":{"email":"a"},"email":1}'],
  ...[
    '{"t":"{\\"email\\":\\"a@x.com\\"}"}',
    '{"t":"say \\"email\\""}',
    '{"t":"{\\"\\\\u0065mail\\":\\"a@x.com\\"} and more"}',
    '["{\\"a\\":1}"]',
    '{"t":"[1,2]"}',
    '{"t":"\\u0022email\\u0022"}',
    '{"1":1,"0":2}'
  ],
  ...[
    '{"n":[1.50,-0,1e3,9007199254740993,0.0000001,1E+2]}',
    '{"n":1,"N":2}',
    '{"s":"\\/\\b\\f\\n\\r\\t\\\\"}',
    '{"s":"\\u00e3"}',
    '{"s":"\\ud800"}'
  ],
  ...[
    '{"apps":[{"fields":{"cart-extra.context":1,"x":2},"id":"\\n"}]}',
    '{"apps":{"fields":{"cart-extra.context":1}}}',
    '{"a\\u0062":1,"ab":2}'
  ],
  ...[
    manyKeys(33, (i) => String(i)),
    manyKeys(34, (i) => `k${i}`),
    manyKeys(40, (i) => String(40 - i)),
    manyKeys(60, (i) => `attachment${i}`)
  ],
  ...[2, 3, 4, 5, 8, 16, 60, 62, 63, 64, 65, 100].map(nest),
  ...[2, 3, 5, 8, 62, 63, 64, 65].map(nestObjects),
  ...[
    "[1",
    "{",
    '{"a"',
    '{"a":',
    '{"a":1,}',
    "[1,]",
    "[,1]",
    "{a:1}",
    "{'a':1}",
    "[1 2]",
    '{"a" 1}',
    "}",
    "]",
    "tru",
    "nul",
    "nullx",
    "undefined",
    "//"
  ]
]

const words: readonly [string, ...Array<string>] = ["null", "true", "false", '""', '"null"', "NULL", "True"]

const huge: readonly [() => string, ...Array<() => string>] = [
  () => JSON.stringify("x".repeat(300)),
  () => JSON.stringify("é\n".repeat(4000)),
  () => JSON.stringify("x".repeat(70_000)),
  () => JSON.stringify(JSON.stringify({ a: '"'.repeat(3000) })),
  () => `[${"{},".repeat(500)}{}]`,
  () => `"${"\\u00e3".repeat(1500)}"`,
  () => `1${"0".repeat(5000)}`,
  () => JSON.stringify(" ".repeat(5000)),
  () => manyKeys(1200, (i) => `data${i}x`)
]

/** A JSON value that its reader does not expect. */
export const drawValue = (random: Random): string => {
  const which = random.below(100)
  if (which < 22) return random.pick(numbers)
  if (which < 30) return JSON.stringify(random.pick(numbers))
  if (which < 36) return `${random.chance(0.3) ? "-" : ""}${random.between(1, 9)}${random.digits(random.below(24))}`
  if (which < 40) return `${random.digits(random.between(1, 10)).replace(/^0+(?=\d)/, "")}.${random.digits(random.between(1, 12))}`
  if (which < 55) return JSON.stringify(texts[random.below(texts.length)])
  if (which < 63) return literals[random.below(literals.length)] ?? '""'
  if (which < 78) return documents[random.below(documents.length)] ?? "{}"
  if (which < 84) return JSON.stringify(documents[random.below(documents.length)])
  if (which < 86) return JSON.stringify(JSON.stringify(documents[random.below(documents.length)]))
  return random.chance(0.03) ? random.pick(huge)() : random.pick(words)
}

export const blanks: readonly [string, ...Array<string>] = [" ", " ", "\n", "\t", "\r\n", "   ", "\u00a0", "\v", "\ufeff", "\u0000"]

const keys: readonly [string, ...Array<string>] = [
  "newField",
  ...["x", "a", "id", "", " ", "12", "0", "4711", "__proto__", "constructor", "toString", "hasOwnProperty", "é", "a b", "a@b.c"],
  ...[
    "attachment",
    "myAttachments",
    "ATTACHMENT",
    "email",
    "Email",
    "firstName",
    "unknownBlock",
    "secret",
    "items",
    "name",
    "orderid",
    "LASTCHANGE"
  ],
  ...[
    "price",
    "customdata",
    "value",
    "Value",
    "VALUE",
    "\u212aey",
    "a.b",
    "[]",
    "items[]",
    "k".repeat(65),
    "k".repeat(201),
    'quo"te',
    "back\\slash"
  ]
]

export const drawKey = (random: Random): string =>
  random.chance(0.85) ? random.pick(keys) : random.chance(0.5) ? `${random.pick(keys)}${random.below(3000)}` : String(random.below(100_000))

/** Members that no contract knows, with their commas: `"k1":1,"k2":2,`. Seldom more than a decoder remembers. */
export const drawMembers = (random: Random): string => {
  const count = random.chance(0.01) ? random.between(960, 1040) : random.between(1, 4)
  const first = random.below(5000)
  // Numbers come last: `JSON.parse` moves them to the front.
  const named = (i: number) => (i > count - 4 ? String(i) : [...String(first + i)].map((c) => "abcdefghij".charAt(Number(c))).join(""))
  return Array.from({ length: count }, (_, i) => `"${count > 10 ? named(i) : drawKey(random).replace(/["\\]/g, "")}":${i},`).join("")
}
