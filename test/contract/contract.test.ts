import { describe, expect, it } from "@effect/vitest"
import { Schema } from "effect"
import { adviceOn } from "../../src/contract/advice.ts"
import { compileContract } from "../../src/contract/compile.ts"
import {
  type ContractDefinition,
  ContractError,
  type ContractTable,
  defineContract,
  events,
  latest,
  versions
} from "../../src/contract/contract.ts"
import { parsePath } from "../../src/contract/drops.ts"
import { binary, date, decimal, document, entries, list, long, text, timestamp } from "../../src/contract/field.ts"
import { NumberText } from "../../src/contract/json.ts"
import { loadModule, readContracts } from "../../src/contract/load.ts"
import { snakeCase } from "../../src/contract/names.ts"
import { patternLetters } from "../../src/contract/time-pattern.ts"
import { compiledOrders, definition, orders } from "./orders.ts"

describe("names", () => {
  it.each([
    ["orderId", "order_id"],
    ["baseURL", "base_url"],
    ["lockTTL", "lock_ttl"],
    ["cvv2", "cvv2"],
    ["SubscriptionGroupId", "subscription_group_id"],
    ["isHTTPSOnly", "is_https_only"]
  ])("%s → %s", (key, column) => expect(snakeCase(key)).toBe(column))
})

/** A contract as a file without types may hold it. */
const problems = (change: object): string => defineContract({ ...definition, ...change }).problems.join("\n")
/** A field, whose arguments may be any. */
const field = (make: unknown, ...args: ReadonlyArray<unknown>): unknown => Reflect.apply(make as () => unknown, null, args)
const withField = (added: unknown) => problems({ fields: { ...definition.fields, added } })
const table = { key: ["orderId"], version: "lastChange", by: { day: "lastChange" } }
const newest = { key: ["orderId"], by: "none" } as const
const drop = { name: "a", reason: "r", from: "stage" } as const
const expectation = { name: "e", description: "", reads: [], severity: "warn", holds: () => true } as const

describe("a contract that contradicts itself", () => {
  it.each<[string, Partial<ContractDefinition>, RegExp]>([
    ["a bad name", { name: "My Orders" }, /name is "My Orders": give at most 100 lower case/],
    [
      "a key that is no field",
      { table: versions({ ...table, key: ["orderID"] }) },
      /table.key is "orderID", which is no field: give one of type text or long or integer or timestamp or date. Did you mean orderId\?/
    ],
    [
      "a version that is a document",
      { table: versions({ ...table, version: "items" }) },
      /table.version is "items", which has the type list/
    ],
    [
      "an event time that is text",
      { eventTime: { field: "status" } },
      /eventTime.field is "status", which has the type text: give a field of type timestamp/
    ],
    [
      "a common field that is none",
      { commonFields: ["orderId", "statos"] },
      /commonFields has statos, which is no field. Did you mean status\?/
    ],
    ["a fallback that is missing", { eventTime: { field: "lastChange", fallback: "x" } }, /eventTime.fallback is "x", which is no field/],
    ["a rule on a declared field", { drops: [{ ...drop, keyContains: "ITEM" }] }, /field items is declared and dropped by rule a/],
    ["a path on a declared field", { drops: [{ ...drop, path: "items[].Price" }] }, /field items\[\]\.price is declared/],
    ["a rule without what", { drops: [drop] }, /give either keyContains or path/],
    ["a rule for every key", { drops: [{ ...drop, keyContains: " " }] }, /every key/],
    ["a path that is none", { drops: [{ ...drop, path: "items[" }] }, /not a path/],
    ["two rules of one name", { drops: [1, 2].map(() => ({ ...drop, path: "x" })) }, /several of drop rule "a"/],
    ["hiding what is not there", { drops: [{ ...drop, from: "consumable", path: "x" }] }, /leaves out nothing/],
    ["hiding the key", { drops: [{ ...drop, from: "consumable", path: "orderId" }] }, /drops orderId, which the contract needs/],
    [
      "an expectation of no column",
      { expectations: [{ ...expectation, column: "nope" }] },
      /expectation e: column has nope, which is no column/
    ],
    [
      "an expectation that reads no column",
      { expectations: [{ ...expectation, reads: ["items[].price"] }] },
      /items\[\]\.price, which is no column. Did you mean items.price/
    ],
    ["a key of nothing", { table: versions({ ...table, key: [] }) }, /table.key is empty: give the fields/],
    [
      "a key of one field twice",
      { table: versions({ ...table, key: ["orderId", "orderId"] }) },
      /table.key\[1\] is "orderId", which stands in the key before/
    ],
    [
      "a version in the key",
      { table: versions({ ...table, key: ["orderId", "lastChange"] }) },
      /table.version is "lastChange", which is in the key/
    ],
    [
      "a part of the key that cannot tell rows apart",
      { table: events({ key: ["orderId", "rate"], by: "none" }) },
      /table.key\[1\] is "rate", which has the type double/
    ],
    [
      "a day of a text",
      { table: events({ ...table, by: { day: "status" } }) },
      /table.by.day is "status", which has the type text: give a field of type timestamp or date/
    ],
    [
      "an hour of no field",
      { table: events({ key: ["orderId"], by: { hour: "lastChnge" } }) },
      /table.by.hour is "lastChnge", which is no field.*Did you mean lastChange/
    ],
    ["no bucket", { table: events({ key: ["orderId"], by: { bucket: 0 } }) }, /table.by.bucket is 0: give a whole number from 1 to 10000/],
    [
      "hiding the day",
      { drops: [{ ...drop, from: "consumable", path: "creationDate" }], table: events({ key: ["orderId"], by: { day: "creationDate" } }) },
      /drops creationDate, which the contract needs/
    ],
    [
      "a deletion that is a text",
      { table: latest({ key: ["orderId"], order: "lastChange", deleted: "status", by: "none" }) },
      /table.deleted is "status", which has the type text: give a field of type boolean/
    ],
    [
      "an order of fields of which one is none",
      { table: latest({ ...newest, order: ["lastChange", "nothing"] }) },
      /table.order is "nothing", which is no field/
    ],
    [
      "a word that deletes, of a field that is no text",
      { table: latest({ ...newest, deleted: { lastChange: "D" } }) },
      /table.deleted is "lastChange", which has the type timestamp: give a field of type text/
    ],
    [
      "several words that delete",
      { table: latest({ ...newest, deleted: { status: "a", orderId: "b" } }) },
      /table.deleted is an object: give a boolean field, or a text field/
    ],
    [
      "a load of files that cannot be",
      { table: latest({ ...newest, loads: { files: ["/LOAD"], begin: ["LOAD"] } }) },
      /table.loads.files has "\/LOAD", which is no path/
    ],
    [
      "a load that says no time",
      { table: latest({ ...newest, loads: { files: ["LOAD"], begin: ["LOAD"], at: "status" } }) },
      /table.loads.at is "status", which has the type text: give a field of type timestamp/
    ],
    [
      "a field that is called as a partition",
      { table: events({ key: ["orderId"], by: { hour: "lastChange" } }), fields: { ...definition.fields, eventHour: text("x") } },
      /field event_hour: column event_hour is the name of a system column/
    ],
    ["keys that differ by case", { fields: { ...definition.fields, ITEMS: text("x") } }, /same name/],
    [
      "keys that give one column",
      { fields: { ...definition.fields, order_id: text("x") } },
      /fields orderId and order_id have the same name: column order_id/
    ],
    [
      "a former name that is another field",
      { fields: { ...definition.fields, a: text("x", { formerly: ["status"] }) } },
      /fields status and a have the same name/
    ],
    [
      "system columns",
      { fields: { ...definition.fields, ingestDate: text("x"), _rescued: text("x"), fileName: text("x"), filename: text("x") } },
      /ingest_date is the name[\s\S]*_rescued is the name[\s\S]*filename is the name/
    ],
    [
      "a former name that is a system column's",
      { fields: { ...definition.fields, file: text("x", { formerly: ["filename"] }), from: text("x", { formerly: ["_source"] }) } },
      /field file: formerly has "filename"[\s\S]*field from: formerly has "_source"/
    ],
    [
      "a sensitive key",
      { fields: { ...definition.fields, orderId: text("x", { sensitive: "hash" }) } },
      /key is "orderId", which is sensitive \(hash\)/
    ],
    ["an empty document", { fields: { ...definition.fields, nothing: document("x", {}) } }, /document nothing has no fields/],
    ["a retired column that is filled", { retired: ["items.price"] }, /retired has items.price, which is a column/]
  ])("rejects %s", (_, change, message) => expect(problems(change)).toMatch(message))
})

describe("a contract is input", () => {
  it.each<[string, object, string]>([
    ["no drops", { drops: undefined }, "drops is missing: give a list of drop rules, [] for none."],
    ["a description of a number", { description: 42 }, "description is 42: give text."],
    ["a key that means nothing", { drop: [] }, "drop means nothing here. Did you mean drops?"],
    [
      "a sensitivity of another word",
      { sensitivity: "private" },
      'sensitivity is "private": give "public" or "internal" or "personal" or "restricted".'
    ],
    ["text for true", { keepUnknown: "false" }, 'keepUnknown is "false": give true or false.'],
    ["fields that are a list", { fields: [] }, "fields is a list: give an object of fields."],
    [
      "a rule that is from nowhere",
      { drops: [{ ...drop, path: "x", from: "stge" }] },
      'drops[0].from is "stge": give "stage" or "consumable". Did you mean stage?'
    ],
    ["a rule whose path is misspelt", { drops: [{ ...drop, pth: "x" }] }, "drops[0].pth means nothing here. Did you mean path?"],
    ["a rule that is text", { drops: ["x"] }, 'drops[0] is "x": give an object.'],
    [
      "a severity of another word",
      { expectations: [{ ...expectation, severity: "error" }] },
      'expectations[0].severity is "error": give "warn" or "reject" or "stop".'
    ],
    [
      "a load that nothing begins",
      { table: { kind: "latest", key: ["orderId"], by: "none", loads: { files: ["LOAD*"] } } },
      'table.loads.begin is missing: give a list of texts, such as ["a"].'
    ],
    [
      "an expectation without a test",
      { expectations: [{ ...expectation, holds: undefined }] },
      "expectations[0].holds is missing: give a function."
    ],
    [
      "an event time that is text",
      { eventTime: "lastChange" },
      'eventTime is "lastChange": give an object of field, and fallback where there is one.'
    ],
    ["a table that is text", { table: "versions" }, 'table is "versions": give versions(…), events(…) or latest(…).'],
    ["a table of no kind", { table: {} }, "table is an object of another kind: give versions(…), events(…) or latest(…)."],
    [
      "a key that is text",
      { table: field(versions, { ...table, key: "orderId" }) },
      'table.key is "orderId": give a list of texts, such as ["a"].'
    ],
    [
      "a table without its place",
      { table: field(events, { key: ["orderId"] }) },
      'table.by is missing: give { day: field }, { hour: field }, { bucket: number } or "none".'
    ],
    [
      "a place in two ways",
      { table: field(events, { key: ["orderId"], by: { day: "lastChange", bucket: 4 } }) },
      'table.by has day and bucket: give { day: field }, { hour: field }, { bucket: number } or "none".'
    ],
    [
      "a place that is misspelt",
      { table: field(events, { key: ["orderId"], by: { hours: "lastChange" } }) },
      'table.by has hours: give { day: field }, { hour: field }, { bucket: number } or "none". Did you mean hour?'
    ],
    [
      "a place that every object has",
      { table: field(events, { key: ["orderId"], by: { constructor: "lastChange" } }) },
      'table.by has constructor: give { day: field }, { hour: field }, { bucket: number } or "none".'
    ],
    ["a version of events", { table: field(events, { ...table }) }, "table.version means nothing here."],
    ["a convention that nobody has", { conventions: { anycase: true } }, "conventions.anycase means nothing here. Did you mean anyCase?"],
    ["a convention that is no yes or no", { conventions: { nullText: "null" } }, 'conventions.nullText is "null": give true or false.'],
    ["a tag that is a number", { tags: { team: 1 } }, "tags.team is 1: give text."],
    ["retired text", { retired: "status" }, 'retired is "status": give a list of texts, such as ["a"].']
  ])("rejects %s", (_, change, problem) => expect(problems(change).split("\n")).toContain(problem))

  it.each<[string, unknown, string]>([
    [
      "a policy that is misspelt",
      field(text, "E", { sensitive: "hashed" }),
      'field added: sensitive is "hashed": give "hash" or "drop" or "keep". Did you mean hash?'
    ],
    [
      "an option that is misspelt",
      field(text, "E", { sensitve: "hash" }),
      "field added: sensitve means nothing here. Did you mean sensitive?"
    ],
    ["a policy of null", field(text, "E", { sensitive: null }), 'field added: sensitive is null: give "hash" or "drop" or "keep".'],
    [
      "a policy without its name",
      field(text, "E", "hash"),
      'field added: options are "hash": give an object such as { sensitive: "hash" }.'
    ],
    ["a policy in the wrong place", field(text, "E", undefined, { sensitive: "hash" }), "field added: it has 1 argument too many."],
    ["a policy on a document", field(document, "E", { a: text("x") }, { sensitive: "hash" }), "field added: sensitive means nothing here."],
    [
      "a policy inside of a list",
      list("L", document("D", { a: field(text, "E", { sensitive: "HASH" }) as never })),
      'field added[].a: sensitive is "HASH": give "hash" or "drop" or "keep". Did you mean hash?'
    ],
    ["a description of a number", field(text, 42), "field added: description is 42: give text."],
    ["no description", field(long), "field added: description is missing: give text."],
    [
      "a decimal of too many digits",
      field(decimal, 50, 2, "D"),
      "field added: decimal(50, 2, …): give a precision of 1 to 38 digits, then a scale of 0 to precision, then the description."
    ],
    [
      "a time from nowhere",
      field(timestamp, "T", { from: "epoch" }),
      'field added: from is "epoch": give "iso" or "epochSeconds" or "epochMillis" or "epochMicros" or { pattern: "dd/MM/yyyy HH:mm:ss" }.'
    ],
    [
      "a pattern with letters that mean nothing",
      field(timestamp, "T", { from: { pattern: "DD/MM/YYYY" } }),
      `field added: from.pattern is "DD/MM/YYYY", which has "DD": it may have ${patternLetters}.`
    ],
    [
      "a pattern without a day",
      field(date, "T", { from: { pattern: "yyyy-MM" } }),
      'field added: from.pattern is "yyyy-MM", which does not say the day: give dd or d.'
    ],
    [
      "a zone that is none",
      field(timestamp, "T", { zone: "Brasilia" }),
      'field added: zone is "Brasilia": give "UTC", an offset such as "-03:00", or a name such as "America/Sao_Paulo".'
    ],
    [
      "a zone of what is counted",
      field(timestamp, "T", { from: "epochMillis", zone: "-03:00" }),
      "field added: zone means nothing with epochMillis: what is counted since 1970 is UTC."
    ],
    ["a zone of a day", field(date, "T", { zone: "-03:00" }), "field added: zone means nothing here."],
    ["a sign that is none", field(decimal, 9, 2, "D", { decimalSign: ";" }), 'field added: decimalSign is ";": give "." or ",".'],
    [
      "bytes that are hashed",
      field(binary, "B", { sensitive: "hash" }),
      'field added: sensitive is "hash", and bytes are not hashed: give "drop" or "keep".'
    ],
    ["a document without fields", field(document, "D"), "field added: fields are undefined: give an object of fields."],
    ["a list of nothing", field(list, "L"), "field added: element is undefined: give a field made by text, long, document, …."],
    [
      "entries without names",
      field(entries, "E", { key: ["id"] }),
      "field added: key[1] is undefined: give a field made by text, long, document, …."
    ],
    [
      "a field that no constructor made",
      Schema.String,
      "field added is a function: it must be made by a field constructor (text, long, document, …)."
    ],
    ["a field that is not there", undefined, "field added is undefined: it must be made by a field constructor (text, long, document, …)."]
  ])("rejects %s", (_, added, problem) => expect(withField(added).split("\n")).toContain(problem))

  it.each([null, undefined, 1, "x", [], () => 1])("rejects %s", (value) =>
    expect(defineContract(value as never).problems.join()).toMatch(/^it is .*: give an object|^name is missing/)
  )

  it("may be made from another one", () => expect(defineContract({ ...orders, name: "others" }).problems).toEqual([]))

  it.each([
    ["mistaken", field(text, 7), "field orderId: description is 7: give text."],
    ["undefined", undefined, "field orderId is undefined: it must be made by a field constructor (text, long, document, …)."]
  ])("tells a key that is %s once", (_, orderId, problem) =>
    expect(defineContract({ ...definition, fields: { ...definition.fields, orderId: orderId as never } }).problems).toEqual([problem])
  )

  it("tells all problems at once, and is refused by whatever derives from it", () => {
    const bad = defineContract({
      ...definition,
      table: versions({ ...table, key: ["nope"] }),
      description: 1 as never,
      fields: { ...definition.fields, a: field(text, "E", { sensitive: "hashd" }) as never }
    })
    expect(bad.problems.length).toBe(3)
    const refused = () => compileContract(bad)
    expect(refused).toThrow(ContractError)
    for (const problem of bad.problems) expect(refused).toThrow(problem)
    expect(refused).toThrow("test/contract/contract.test.ts")
  })
})

describe("a list of contracts", () => {
  const named = (name: string, change: object = {}) => defineContract({ ...definition, name, ...change })

  it("gives those that hold, and says all that is wrong with the others", () => {
    const { compiled, refused, error } = readContracts([
      named("a"),
      named("b", { drops: 1 }),
      named("c"),
      named("c"),
      undefined,
      { ...definition }
    ])
    expect([[...compiled.keys()], refused]).toEqual([["a"], ["b", "c"]])
    expect(error?.problems.map((problem) => problem.replace(/ \(.*?\)/, ""))).toEqual([
      "contract b: drops is 1: give a list of drop rules, [] for none.",
      "contract c: 2 contracts have this name, at 3 and 4 of the list. Give each its own.",
      "contract 5 of the list: it is undefined that defineContract has not made.",
      "contract 6 of the list: it is an object that defineContract has not made."
    ])
  })

  it("has one that an endpoint collects, and not two", () => {
    expect(readContracts([named("a"), named("b", { collected: true }), named("c", { collected: false })]).error).toBeNull()
    const { error } = readContracts([named("a", { collected: true }), named("b", { collected: true })])
    expect(error?.problems).toEqual([
      "contracts a and b: each says that it is collected, and an endpoint collects one. Leave it with one of them."
    ])
    expect(adviceOn(named("b", { collected: true }), false).filter(({ text }) => text.includes("arrives"))).toEqual([])
    expect(adviceOn(named("b"), false).filter(({ text }) => text.includes("arrives")).length).toBe(1)
  })

  it("is none, and says so, where its module cannot be read", async () => {
    const load = (code: string) => loadModule(new URL(`data:text/javascript,${encodeURIComponent(code)}`))
    expect((await load("throw new Error('oh')")).error?.message).toMatch(/cannot be loaded: oh/)
    expect((await load("export const contract = []")).error?.message).toMatch(/exports undefined as its default/)
  })
})

describe("the schema of a field is its conversion", () => {
  const decode = (field: Parameters<typeof Schema.decodeUnknownSync>[0], raw: unknown) => Schema.decodeUnknownSync(field)(raw)
  const item = document("An item.", { id: text("Id."), price: long("Price.") })

  it("reads documents as themselves and as text, keys in any case, of two spellings the last", () => {
    const expected = { id: "7", price: 12n }
    expect(decode(item, { id: 7, price: "12" })).toEqual(expected)
    expect(decode(item, '{"PRICE":12,"Id":"7","other":1}')).toEqual(expected)
    expect(decode(item, '{"price":1,"PRICE":12,"id":7}')).toEqual(expected)
    expect(decode(item, null)).toBe(null)
    expect(() => decode(item, "[1]")).toThrow()
  })
  it("reads lists and entries", () => {
    const field = entries("E", { key: ["id", text("i")], value: ["name", text("n")] })
    expect(decode(list("L", item), '[{"id":"1"},null]')).toEqual([{ id: "1" }, null])
    expect(decode(field, '{"25":"b","7":"a"}')).toEqual([
      { id: "25", name: "b" },
      { id: "7", name: "a" }
    ])
    expect(decode(field, [{ ID: "x" }])).toEqual([{ id: "x" }])
    expect(() => decode(list("L", item), "{}")).toThrow()
  })
  it("keeps what a float would lose", () => {
    expect(decode(long("l"), new NumberText("9007199254740993"))).toBe(9007199254740993n)
    expect(decode(text("t"), new NumberText("1.50"))).toBe("1.50")
  })
  it("encodes what it decodes", () => {
    const at = timestamp("t")
    const micros = decode(at, "2024-02-06T20:46:11.7010747+00:00")
    expect(micros).toBe(1707252371701074n)
    expect(Schema.encodeUnknownSync(at)(micros)).toBe("2024-02-06T20:46:11.701074Z")
    expect(Schema.encodeUnknownSync(long("l"))(2n ** 60n)).toBe("1152921504606846976")
  })
  it("has the whole record", () => {
    expect(Schema.decodeUnknownSync(orders.schema)({ orderId: "1", items: '[{"price":"5"}]' })).toEqual({
      orderId: "1",
      items: [{ price: 5n }]
    })
  })
})

describe("compileContract", () => {
  it("gives columns in the order of the contract, names in snake_case, hashes as text", () => {
    const { columns, identity } = compiledOrders
    expect(columns.map(({ name }) => name).slice(0, 4)).toEqual(["order_id", "last_change", "creation_date", "status"])
    const times = ["last_change", "creation_date"]
    expect(identity).toMatchObject({ kind: "versions", key: ["order_id"], version: times, eventTime: times, decidesPartition: true })
    expect(identity.partition).toMatchObject({ by: "day", time: times, columns: [{ name: "change_date", leaf: { type: "date" } }] })
    expect(columns.find(({ name }) => name === "geo")).toMatchObject({
      kind: "list",
      element: { kind: "leaf", name: "element", leaf: { type: "text" }, sensitive: "hash" }
    })
    expect(columns.find(({ name }) => name === "items")).toMatchObject({
      element: {
        fields: [{}, {}, {}, { name: "product_categories", kind: "list", element: { fields: [{ name: "id" }, { name: "name" }] } }, {}]
      }
    })
  })
  it.each<[string, ContractTable, object]>([
    [
      "a fallback counts wherever its event time is named",
      versions({ key: ["status"], version: "orderId", by: { hour: "lastChange" } }),
      {
        key: ["status"],
        version: ["order_id"],
        partition: { by: "hour", time: ["last_change", "creation_date"], columns: [{ name: "change_date" }, { name: "change_hour" }] },
        decidesPartition: false
      }
    ],
    [
      "a field has no fallback but the event time",
      versions({ key: ["orderId"], version: "creationDate", by: { day: "creationDate" } }),
      {
        version: ["creation_date"],
        partition: { time: ["creation_date"] },
        decidesPartition: true
      }
    ],
    [
      "a time in the key decides where its rows lie",
      events({ key: ["orderId", "creationDate"], by: { day: "creationDate" } }),
      {
        version: [],
        partition: { columns: [{ name: "event_date" }] },
        decidesPartition: true
      }
    ],
    [
      "a bucket is of the key",
      events({ key: ["orderId"], by: { bucket: 4 } }),
      {
        partition: { by: "bucket", buckets: 4, columns: [{ name: "key_bucket", leaf: { type: "integer" } }] },
        decidesPartition: true
      }
    ],
    [
      "without an order the latest arrival is the newest",
      latest({ key: ["orderId"], by: "none" }),
      { kind: "latest", version: [], order: [], deleted: null }
    ],
    [
      "all rows may lie together",
      latest({ key: ["orderId"], order: "value", by: "none" }),
      {
        kind: "latest",
        version: [],
        partition: { by: "none", columns: [] },
        decidesPartition: true
      }
    ]
  ])("says what makes two rows the same: %s", (_, table, expected) =>
    expect(compileContract(defineContract({ ...definition, table })).identity).toMatchObject(expected)
  )
  it("leaves out of the consumable what the contract says, and documents that lose all fields", () => {
    const names = compiledOrders.consumableColumns.map(({ name }) => name)
    expect(names).not.toContain("custom_data")
    const items = compiledOrders.consumableColumns.find(({ name }) => name === "items")
    expect(JSON.stringify(items)).not.toContain('"tags"')
    const hollow = compileContract(
      defineContract({ ...definition, drops: [{ name: "a", reason: "r", path: "itemMetadata.items", from: "consumable" }] })
    )
    expect(hollow.consumableColumns.map(({ name }) => name)).not.toContain("item_metadata")
    expect(hollow.columns.map(({ name }) => name)).toContain("item_metadata")
  })
})

describe("paths of drop rules", () => {
  it.each<[string, unknown]>([
    ["a.b", [{ key: "a" }, { key: "b" }]],
    ["A[].*", [{ key: "a" }, "element", "any"]],
    ['a["x.y"].b', [{ key: "a" }, { key: "x.y" }, { key: "b" }]],
    ["a-b c", [{ key: "a-b c" }]],
    ["", null],
    [".a", null],
    ["a[]", null],
    ["[]", null],
    ["a..b", null],
    ["a[0]", null],
    ["a[]b", null]
  ])("%s", (path, steps) => expect(parsePath(path)).toEqual(steps))
})
