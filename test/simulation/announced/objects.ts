import { gzipSync } from "node:zlib"
import type { Random } from "../../../src/record/seeded.ts"
import { ordersDataset } from "../orders.ts"
import { parcelsDataset } from "../parcels.ts"
import {
  bytes,
  decodeSettings,
  hashOf,
  type MadeRecord,
  type Meaning,
  type RecordsOptions,
  type SimulatedDataset,
  secret
} from "../shape.ts"
import { stockDataset } from "../stock.ts"

/** A record at its place in the content of an object. */
export interface PlacedRecord {
  /** Of its first byte, in the content as it is unpacked. */
  readonly offset: number
  /** What a dead letter of it holds: no more than a record may have, and a byte that shows that there is more. */
  readonly kept: Uint8Array
  /** In bytes, of the whole record. */
  readonly size: number
  readonly meaning: Meaning
}

/** What an object holds, and what it means to each dataset that takes it. */
export interface MadeContent {
  readonly content: Uint8Array
  /** Its records by the name of the dataset, in their order. */
  readonly records: ReadonlyMap<string, ReadonlyArray<PlacedRecord>>
  /** It is packed and damaged: what it can be unpacked to ends before its end. */
  readonly isDamaged: boolean
}

/** Who takes what: keys of these folders; those of `both` are of two, those of no folder of nobody. */
const foldersOf = new Map<SimulatedDataset, ReadonlyArray<string>>([
  [ordersDataset, ["orders", "both"]],
  [parcelsDataset, ["parcels"]],
  [stockDataset, ["stock", "both"]]
])

/** Does a dataset take an object of this key? */
export const takesKey =
  (dataset: SimulatedDataset) =>
  (key: string): boolean =>
    (foldersOf.get(dataset) ?? []).some((folder) => key.startsWith(`${folder}/`)) && key.includes("/id/")

/** Names as somebody may give them: what forms encode, what they encode with, and what is left of an encoding. */
const names = ["plain", "with blanks", "a+b", "50%", "%2Fno-slash", "größe", "a=b&c", "v?1#2"] as const

/** A new key of what the datasets of a world take, or of nobody's, whose end tells it from all others. @param packed share of objects that are packed */
export const makeKey = (random: Random, datasets: ReadonlyArray<SimulatedDataset>, number: number, packed: number): string => {
  if (random.chance(0.05)) return `${random.pick(["logs/id", "orders/profile"])}/${number}.json`
  const folders = [...new Set(datasets.flatMap((dataset) => foldersOf.get(dataset) ?? []))]
  const folder = folders[random.below(folders.length)] ?? "orders"
  const extension = folder === "parcels" ? "csv" : random.pick(["ndjson", "ndjson", "json"])
  return `${folder}/2026/id/${random.pick(names)}-${number}.${extension}${packed > 0 && random.chance(0.2) ? ".gz" : ""}`
}

export interface ContentOptions extends RecordsOptions {
  /** Records of an object, at most. */
  readonly most: number
  /** Share of objects that are packed, and of those that are damaged. From 0 to 1. */
  readonly packed: number
  readonly damaged: number
}

/** Makes the content of an object of this key. @param nextMark tells a record from all others */
export const makeContent = (random: Random, key: string, nextMark: () => number, options: ContentOptions): MadeContent => {
  const [folder = ""] = key.split("/")
  const takers = [...foldersOf.keys()].filter((dataset) => takesKey(dataset)(key))
  const isDocument = /\.json(?:\.gz)?$/.test(key)
  const count = isDocument ? 1 : random.chance(0.04) ? 0 : random.between(1, options.most)
  const pieces: Array<string | Uint8Array> = []
  const records = new Map(takers.map(({ contract }) => [contract.contract.name, [] as PlacedRecord[]]))
  let offset = 0
  for (let i = 0; i < count; i++) {
    const { data, meanings } = recordOf(random, folder, takers, nextMark(), options, isDocument)
    for (const [dataset, meaning] of meanings)
      records
        .get(dataset.contract.contract.name)
        ?.push({ offset, kept: data.slice(0, decodeSettings.maxRecordBytes + 1), size: data.length, meaning })
    const end = isDocument || (i === count - 1 && random.chance(0.3)) ? "" : "\n"
    pieces.push(data, end)
    offset += data.length + end.length
  }
  const plain = Buffer.concat(pieces.map((piece) => (typeof piece === "string" ? bytes(piece) : piece)))
  const isPacked = key.endsWith(".gz") || random.chance(options.packed)
  const packed = isPacked ? gzipSync(plain, { level: 1 }) : plain
  const isDamaged = isPacked && random.chance(options.damaged)
  return { content: isDamaged ? damage(random, packed) : packed, records, isDamaged }
}

/** Cut off, or with another sum at its end. */
const damage = (random: Random, packed: Uint8Array): Uint8Array => {
  if (random.chance(0.5)) return packed.subarray(0, packed.length - random.between(1, packed.length >> 1))
  const other = packed.slice()
  other[other.length - 6] = (other[other.length - 6] ?? 0) ^ 0xff
  return other
}

interface SharedRecord {
  readonly data: Uint8Array
  readonly meanings: ReadonlyArray<readonly [SimulatedDataset, Meaning]>
}

const recordOf = (
  random: Random,
  folder: string,
  takers: ReadonlyArray<SimulatedDataset>,
  mark: number,
  options: RecordsOptions,
  isAlone: boolean
): SharedRecord => {
  const [dataset] = takers
  if (folder === "both") return recordOfBoth(random, mark, options)
  if (dataset === undefined) return { data: bytes("{}"), meanings: [] }
  for (;;) {
    const record = dataset.make(random, mark, options)
    const isCsv = folder === "parcels"
    const data = isCsv ? withoutEnd(record.data) : record.data
    if (isAlone || staysWhole(record, data, isCsv)) return { data, meanings: [[dataset, record.meaning]] }
  }
}

/** What an order and a row of stock have, in one record. */
const recordOfBoth = (random: Random, mark: number, { keys, around }: RecordsOptions): SharedRecord => {
  const orderId = `order-${random.below(keys)}`
  const sku = `sku-${random.below(keys)}`
  const lastChange = around + random.below(5) * 43_200_000
  const revision = random.below(12)
  const email = `${secret}-${random.below(keys)}@example.com`
  const record = { orderId, sku, lastChange: new Date(lastChange).toISOString(), revision, email, mark: String(mark) }
  const shared = { email: hashOf(email), mark: String(mark) }
  return {
    data: bytes(JSON.stringify(record)),
    meanings: [
      [ordersDataset, ordersDataset.read({ order_id: orderId, last_change: new Date(lastChange), ...shared })],
      [stockDataset, stockDataset.read({ sku, revision: BigInt(revision), gone: null, ...shared })]
    ]
  }
}

const withoutEnd = (data: Uint8Array): Uint8Array => {
  const text = Buffer.from(data).toString("latin1")
  return data.subarray(0, text.replace(/\r?\n$/, "").length)
}

/** Among others a record that is none ends where its line does, and quotes that it opens in CSV take others in. Blank lines are nobody's records. */
const staysWhole = ({ meaning }: MadeRecord, data: Uint8Array, isCsv: boolean): boolean =>
  meaning.kind === "row" || (data.length > 0 && !data.includes(10) && !(isCsv && data.includes(34)))
