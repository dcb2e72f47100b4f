import type { CompiledContract } from "../../src/contract/compile.ts"
import { type ContractDefinition, versions } from "../../src/contract/contract.ts"
import { binary, date, decimal, long, text, timestamp } from "../../src/contract/field.ts"
import type { CsvOptions } from "../../src/contract/format.ts"
import type { Random } from "../../src/record/seeded.ts"
import { hits } from "./access-log/contract.ts"
import { columns, definition, orderLines } from "./csv/contract.ts"

/** What records are made of, for one contract. */
export interface Kind {
  readonly contract: CompiledContract
  readonly header?: string
  readonly record: (random: Random) => string
  /** One that is plainly a row, and has a text of so many letters. */
  readonly plain: (random: Random, letters: number) => string
  /** Letters that mean something. */
  readonly letters: readonly [string, ...Array<string>]
  readonly encoding?: BufferEncoding
}

const texts = [
  "",
  "a",
  "ação",
  "null",
  "x y",
  " ",
  "0",
  "-",
  "\u00a0",
  "😀",
  'say "hi"',
  "a,b;c\td",
  "one\ntwo\r\n",
  "x".repeat(300)
] as const
const numbers = [
  "0",
  "-0",
  "7",
  "-12.50",
  "007",
  "1e3",
  "1.",
  ".5",
  "9007199254740993",
  "2147483648",
  "0.1",
  "-3.14159265358979",
  " 5 ",
  "99999999999.995"
] as const
const times = [
  "2026-11-20T07:00:00Z",
  "2026-11-20 07:00:00.123456789",
  "2026-02-29T07:00:00Z",
  "2026-11-20",
  "2026-11-20T07:00:00-03:00",
  " 2026-11-20T07:00:00Z ",
  "0001-01-01T00:00:00Z",
  "now"
] as const
const documents = [
  '{"height":"12","kind":"x"}',
  '{"height":1.5,"other":{"a":[1]}}',
  "[]",
  '["a",1]',
  '{"email":"a@b","n":1.50}',
  "[[[[[[1]]]]]]",
  "{"
] as const

const quoted = (text: string, quote: string) => `${quote}${text.replaceAll(quote, quote + quote)}${quote}`

const csvKind = (
  options: CsvOptions,
  change: Parameters<typeof orderLines>[1],
  names: ReadonlyArray<string>,
  encoding?: BufferEncoding
): Kind => {
  const { delimiter = ",", quote = '"' } = options
  const contract = orderLines({ ...options, ...(options.columns === null ? {} : {}) }, change)
  const field = (random: Random): string => {
    const text = random.pick([random.pick(texts), random.pick(numbers), random.pick(times), random.pick(documents), "true", "false"])
    return quote !== null && (random.chance(0.3) || /[",;\t\n\r']/.test(text)) ? quoted(text, quote) : text
  }
  const likely = (random: Random, name: string): string => {
    if (random.chance(0.1)) return field(random)
    switch (name) {
      case "orderId":
        return random.chance(0.5) ? `o-${random.below(100)}` : quoted(`o-${random.below(100)}`, quote ?? "")
      case "changedAt":
        return random.chance(0.9) ? times[0] : random.pick(times)
      case "units":
      case "stock":
        return String(random.between(-5, 2000))
      case "madeOn":
        return random.chance(0.7) ? "2026-11-20" : random.pick(["2026-02-29", "0001-01-01", "26-11-20", "2026-11-20T01:00:00Z"])
      case "seen":
        return random.pick(["1795158000000", "-1", "1e3", "2026-11-20"])
      case "tax":
        return quoted(random.pick(["1,5", "12", "1.5"]), quote ?? "")
      case "price":
      case "weight":
        return random.pick(["1.50", "12", "0.05", "-1", "1234.5"])
      case "soldAt":
      case "scannedAt":
        return random.pick(["1707252371701", "1707252371701.25", "-1", "1e3", times[0]])
      case "dueOn":
        return quoted(random.pick(["06/02/2024", "6/2/2024", "31/02/2024", "2024-02-06"]), quote ?? "")
      case "arrivedOn":
        return random.pick(["2024-02-06", "2024-02-30", times[0], "20240206"])
      case "weighed":
        return quoted(random.pick(["1,5", "1.5", "12", "-0,05", "1,5,5"]), quote ?? "")
      case "stamp":
        return random.pick(["0aFF", "0aF", "", "null"])
      case "carrier":
        return "dhl"
      default:
        return field(random)
    }
  }
  const plainly = (random: Random, name: string, letters: number): string => {
    const inQuotes = (text: string) => (quote === null ? text : quoted(text, quote))
    switch (name) {
      case "orderId":
      case "carrier":
        return `o-${random.below(1000)}`
      case "changedAt":
        return times[0]
      case "units":
        return String(random.between(-5, 2000))
      case "stock":
        return String(random.between(1, 2000))
      case "price":
        return random.chance(0.01) ? "-1" : random.pick(["1.50", "12"])
      case "weight":
        return random.pick(["1.50", "12", "0.05", "1234.5"])
      case "isGift":
        return random.pick(["true", "false"])
      case "madeOn":
      case "arrivedOn":
        return "2026-11-20"
      case "seen":
      case "soldAt":
      case "scannedAt":
        return random.pick(["1795158000000", "1707252371701"])
      case "tax":
      case "weighed":
        return inQuotes("1,5")
      case "dueOn":
        return inQuotes("06/02/2024")
      case "stamp":
        return "0aFF"
      case "extra":
      case "box":
        return inQuotes('{"height":12,"kind":"x"}')
      case "tags":
        return inQuotes('["a"]')
      default:
        return random.pick(["tea", inQuotes("ação"), inQuotes(`two ${quote ?? ""}`), "x".repeat(letters)])
    }
  }
  return {
    contract,
    ...(contract.contract.format?.kind === "csv" && contract.contract.format.header ? { header: names.join(delimiter) } : {}),
    record: (random) => names.map((name) => likely(random, name)).join(delimiter) + random.pick(["", "", "\n", "\r\n", "\r"]),
    plain: (random, letters) => names.map((name) => plainly(random, name, letters)).join(delimiter),
    letters: [delimiter, quote ?? '"', "\n", "\r", "0", "-", ".", "\uFEFF", "é", "a", "null"],
    ...(encoding === undefined ? {} : { encoding })
  }
}

const logKind = (contract: CompiledContract): Kind => ({
  contract,
  record: (random) => {
    const mostly = (usual: string, ...others: readonly [string, ...Array<string>]) => (random.chance(0.8) ? usual : random.pick(others))
    const request = mostly(
      random.pick(["GET /a/b?x=1&y HTTP/1.1", "POST / HTTP/2", "GET /old"]),
      ...(["-", "", "\\x16\\x03", "GET /a b HTTP/1.1", "OPTIONS * HTTP/1.0", "GET /é?ü=1 HTTP/1.1"] as const),
      ...(["G<T / HTTP/1.1", "GET /?? HTTP/1.", "GET / HTTPS/1.1", " / HTTP/1.1"] as const)
    )
    const time = mostly(
      "17/May/2015:10:05:03 +0000",
      ...(["01/Dec/2026:23:59:59 -0330", "31/Feb/2015:10:05:03 +0000", "17/Mai/2015:10:05:03 +0000"] as const),
      ...(["17/May/2015:24:05:03 +0000", "17/May/15:10:05:03 +0000"] as const)
    )
    const host = mostly("83.149.9.216", "2001:db8::1", "shop.example", "-")
    const user = mostly("-", "ana", "Ana Luísa", '""')
    const agent = mostly("Mozilla/5.0 (X11)", "-", 'say \\"x\\"', "", "caf\\xc3\\xa9", "null")
    const end = random.pick(["", "", "\n", "\r\n", mostly("", " 123", ' "more"')])
    const status = mostly("200", "404", "-", "999", "20", "2000")
    const bytes = mostly("203023", "-", "0", "9".repeat(20))
    return `${host} - ${user} [${time}] "${request}" ${status} ${bytes} "${mostly("-", "http://é/")}" "${agent}"${end}`
  },
  plain: (random, letters) =>
    `83.149.9.${random.below(256)} - - [17/May/2015:10:05:03 +0000] "GET /a?x=${"x".repeat(letters)} HTTP/1.1" 200 ${random.below(1e6)}${
      contract.contract.format?.kind === "accessLog" && contract.contract.format.layout === "common" ? "" : ' "-" "Mozilla/5.0 (X11)"'
    }`,
  letters: ['"', " ", "[", "]", "\\", "-", "?", "/", "\n", "0", "é", "\t", "\u00a0"]
})

/** A record with no, one or some changes. */
export const mutated = (random: Random, { record, letters, encoding = "utf8" }: Kind): Buffer => {
  const text = [...record(random)]
  for (let changes = random.pick([0, 0, 0, 0, 1, 1, 2, 5]); changes > 0; changes--) {
    const at = random.below(text.length + 1)
    if (random.chance(0.4)) text.splice(at, 0, random.pick(letters))
    else if (random.chance(0.5)) text.splice(at, 1)
    else text.splice(at, random.below(8), random.pick(letters))
  }
  const bytes = Buffer.from(text.join(""), encoding)
  if (random.chance(0.03) && bytes.length > 0) bytes[random.below(bytes.length)] = random.between(128, 255)
  return random.chance(0.03) ? bytes.subarray(0, random.below(bytes.length + 1)) : bytes
}

/** Values that are written otherwise than they usually are. */
const written: Partial<ContractDefinition> = {
  fields: {
    ...definition().fields,
    soldAt: timestamp("When it was sold.", { from: "epochMillis" }),
    dueOn: date("When it is due.", { from: { pattern: "dd/MM/yyyy" } }),
    arrivedOn: date("When it came."),
    weighed: decimal(9, 3, "Kilograms.", { decimalSign: "," }),
    stamp: binary("Its stamp.", { from: "hex" })
  }
}

/** A key of two columns, a version that is no time, and an epoch for the event time. */
const twoKeys: Partial<ContractDefinition> = {
  fields: {
    carrier: text("Who carries it."),
    stock: long("What it is."),
    scannedAt: timestamp("When it was scanned.", { from: "epochMillis" }),
    weighed: decimal(9, 3, "Kilograms.", { decimalSign: "," }),
    name: text("What it is called.")
  },
  table: versions({ key: ["carrier", "stock"], version: "name", by: { day: "scannedAt" } }),
  eventTime: { field: "scannedAt" },
  drops: [],
  expectations: []
}

const some = ["units", "orderId", "colour", "changedAt", "price", "internalNote", "name", "email"]
export const csvKinds: readonly [Kind, ...Array<Kind>] = [
  csvKind({}, {}, columns),
  csvKind({}, { keepUnknown: true }, some),
  csvKind({ delimiter: ";", nullText: "0" }, {}, [...some, "Units"]),
  csvKind({ columns: some, quote: "'" }, {}, some),
  csvKind({ columns: some, delimiter: "\t", quote: null, nullText: "null" }, { keepUnknown: true }, some),
  csvKind({ encoding: "latin1" }, {}, some, "latin1"),
  csvKind({}, written, [...some, "soldAt", "dueOn", "arrivedOn", "weighed", "stamp"]),
  csvKind({}, { conventions: { nullText: true, anyCase: true } }, [...some, "PHONE"]),
  csvKind({}, twoKeys, ["carrier", "stock", "scannedAt", "weighed", "name"])
]
export const logKinds: readonly [Kind, ...Array<Kind>] = [
  logKind(hits()),
  logKind(hits("common")),
  logKind(hits("combined", { keepUnknown: true }))
]
