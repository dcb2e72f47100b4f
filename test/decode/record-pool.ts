import { Arbitrary, Effect, Schema } from "effect"
import vtex from "../../schemas/vtex/project.ts"
import { type CompiledContract, compileContract } from "../../src/contract/compile.ts"
import type { Contract } from "../../src/contract/contract.ts"
import { generateOrders } from "../../src/generate/generate.ts"
import { compiledOrders, keeping } from "../contract/orders.ts"
import { compiledParcels, parcels } from "../contract/parcels.ts"
import { asTexts, pascal, stringified } from "./support.ts"
import { type Token, tokensOf } from "./tokens.ts"

/** A record to be mutated. */
export interface Base {
  readonly text: string
  readonly tokens: ReadonlyArray<Token>
}

/** A contract, and records for it. */
export interface Pool {
  readonly name: string
  readonly compiled: CompiledContract
  readonly records: readonly [Base, ...Array<Base>]
  /** Do the records have many kilobytes each? */
  readonly isLarge: boolean
}

/** Everything is made once, from fixed seeds. */
export const makePools = async (): Promise<readonly [Pool, ...Array<Pool>]> => {
  // What was written by hand comes as often as what was generated.
  const small = [...Array.from({ length: 20 }, () => corners).flat(), ...nothing, ...(await generated(compiledOrders.contract, 120))]
  const large = vtex.contracts.map(async (contract): Promise<Pool> => {
    const fromSchema = await generated(contract, 6)
    return pool(contract.name, compileContract(contract), [...ordersInAllForms(), ...fromSchema], true)
  })
  return [
    pool("orders", compiledOrders, small, false),
    pool("orders, unknown fields kept", keeping, small, false),
    pool("parcels", compiledParcels, [...writtenParcels, ...(await generated(parcels, 60))], false),
    ...(await Promise.all(large))
  ]
}

const pool = (name: string, compiled: CompiledContract, texts: ReadonlyArray<string>, isLarge: boolean): Pool => {
  const [first = "{}", ...rest] = texts
  const base = (text: string): Base => ({ text, tokens: tokensOf(text) })
  return { name, compiled, records: [base(first), ...rest.map(base)], isLarge }
}

/** Records that the contract's own schema makes, in every form. */
const generated = async (contract: Contract, count: number): Promise<ReadonlyArray<string>> => {
  const values = await Effect.runPromise(Arbitrary.sampleEffect(Arbitrary.schema(contract.schema), { count, seed: 20240206 }))
  return values.flatMap((value) => {
    const encoded: unknown = Schema.encodeUnknownSync(contract.schema)(value)
    const { table, eventTime } = contract
    const record = {
      ...(encoded as object),
      ...Object.fromEntries(table.key.map((key) => [key, key === "parcelNumber" ? 7 : "k-1"])),
      ...(table.kind === "versions" && table.version === "revision" ? { revision: 3 } : {}),
      ...(eventTime && { [eventTime.field]: contract === parcels ? 1707252371701 : "2024-02-06T20:46:11.7010747+00:00" })
    }
    const inOtherCases =
      contract.conventions?.anyCase === true
        ? [stringified(record), pascal(record), stringified(pascal(record) as { readonly [key: string]: unknown })]
        : [asTexts(record)]
    return [record, ...inOtherCases].map((form) => JSON.stringify(form))
  })
}

/** Large orders: some of each form, and of each dirt that leaves a record to be read. */
const ordersInAllForms = (): ReadonlyArray<string> => {
  const found = new Map<string, Array<string>>()
  for (const { bytes, form, dirt } of generateOrders({ orders: 250, seed: 11, dirt: 0.3 })) {
    const kind = `${form}, ${dirt ?? "clean"}`
    const alike = found.get(kind) ?? []
    if (alike.length < (dirt === null ? 4 : 1) && bytes.length < 100_000) found.set(kind, [...alike, Buffer.from(bytes).toString("utf8")])
  }
  return [...found.values()].flat()
}

const order = (members: string) => `{"orderId":"1","lastChange":"2024-01-01T10:00:00Z",${members}}`

/** Parcels with every way in which a value is written, and what is nearly one. */
const writtenParcels: ReadonlyArray<string> = [
  { soldAt: "06/02/2024 20:46", promisedOn: "2024-02-06", weighedOn: "6 feb 2024", weight: "1,5", label: "AQID", checksum: "00fF" },
  { soldAt: "2024-02-06 20:46", promisedOn: "2024-02-30", weighedOn: "31 Feb 2024", weight: "1.5", label: "AQI", checksum: "0" },
  { soldAt: "04/11/2018 00:30", promisedOn: "2024-02-06T23:00:00-03:00", weight: 1.5, volume: "123456789012345678901234.123456" },
  { volume: 0.1, label: "", checksum: "null", stops: '[{"at":1707252371.7010747,"opens":"2024-02-06 20:46:11","ticks":1707252371701074}]' },
  { stops: '[{"at":"1707252371","opens":"2024-02-06T20:46:11Z","ticks":"1e3","seenOn":-1},{"at":1e9,"seenOn":"1.5"}]' },
  {
    stops: [
      { at: -0, opens: "2024-02-06", ticks: 0.5, seenOn: 1707252371.5 },
      { at: "", opens: "null", ticks: null }
    ]
  },
  { scannedAt: "1707252371701.25", stops: '[{"at":253402300799.999999,"ticks":9007199254740993},{"at":253402300800}]' },
  { soldAt: " 06/02/2024 20:46 ", label: "_-8=", weight: " 1,50 ", stops: '[{"opens":"2024-02-06\\u0020 20:46"}]' }
].flatMap((members) => {
  const record = { carrier: "dhl", parcelNumber: "7", revision: 1, scannedAt: 1707252371701, ...members }
  return [record, asTexts(record)].map((form) => JSON.stringify(form))
})

/** Small orders with what is easily read in two ways. */
const corners: ReadonlyArray<string> = [
  order('"value":12,"items":[{"id":"é😀","price":150,"productCategories":{"2":"a","1":"b"}}],"customData":{"a":[1e3]}'),
  JSON.stringify({
    OrderId: "1",
    LastChange: "2024-02-06T20:46:11.7010747+00:00",
    CreationDate: "2024-02-06",
    Status: "null",
    Value: "1160",
    Rate: "1.50",
    Amount: "12.3",
    IsCompleted: "False",
    Items: '[{"id":"1","price":9007199254740993,"isGift":false,"tags":["a","b"],"attachments":[{}]}]',
    ItemMetadata: '{"Items":[{"Id":"1","AssemblyOptions":[]}]}',
    ClientProfileData: '{"email":" Bruce@Wayne.com","firstName":"José","encryptedPhone":"gAAA","age":33,"isCorporate":false}',
    Geo: "[-47.5,-15.80]",
    CustomData: '{"apps":[{"id":"x","fields":{"cart-extra.context":"y","a":"b"}}]}',
    Matrix: "[[1,2],[],null,[3]]",
    Unknown: "[1,2]"
  }),
  order('"customData":{"a":{"a":{"a":1}},"b":[{"a":1},{"a":2}],"email":"a@x.com","number":null,"text":"say \\"hello\\""}'),
  order('"customData":"{\\"a\\":{\\"a\\":\\"x\\\\ny\\"},\\"b\\":\\"{\\\\\\"email\\\\\\":1}\\"}","geo":["1",2,null]'),
  order('"items":[{"productCategories":[{"id":"1","name":"a"},null,{"ID":2}]},{"productCategories":"{\\"9\\":\\"a\\",\\"10\\":null}"},{}]'),
  order('"items":[{"productCategories":{"a":"x","b":"y","c":"z"},"tags":["a"]},{"productCategories":{"b":"1"}}]'),
  order('"items":"[{\\"productCategories\\":{\\"a\\":\\"x\\",\\"b\\":\\"y\\"},\\"id\\":\\"1\\"}]","matrix":[[1],[2]]'),
  order('"customData":{"x":{"a":1,"b":2,"c":[{"a":1,"b":2}]},"y":"z"},"value":1'),
  order('"customData":"{\\"x\\":{\\"a\\":1,\\"b\\":2,\\"c\\":[{\\"a\\":1,\\"b\\":2}]}}","value":"1"'),
  order('"newField":1,"unknownBlock":{"any":{"secret":1,"x":2}},"Attachments":[1],"myAttachment":null'),
  order('"itemMetadata":{"items":[{"id":"1","assemblyOptions":{"a":1},"extra":1}]},"clientProfileData":{"emial":"a@x.com","email":null}'),
  ` ${order('"status":"forbidden","count":2147483648,"rate":-0,"amount":-99999999.99')} `,
  order('"status":"ok","count":-2147483648,"rate":1e-7,"amount":"100000000.00","value":-9223372036854775808'),
  '{"orderId":"\\u0031\\/2","creationDate":"2024-02-29T23:59:59.999999999-03:00","value":"-5"}'
]

/** Records that become no row. */
const nothing: ReadonlyArray<string> = [
  '{"orderId":" ","lastChange":"soon","creationDate":"2023-01-01 00:00:00"}',
  "{}",
  " ",
  "[1]",
  '"orderId"'
]
