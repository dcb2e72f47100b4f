import type { LeafColumn } from "../columns/leaf-column.ts"
import type { LeafStore } from "../columns/leaf-store.ts"
import type { FileLeaf, PlainValues } from "./read-pages.ts"

/** Are the file's values the bytes that the store holds? */
export const isHeldAs = (
  { storage, leaf: { leaf } }: LeafColumn,
  { element: { type, type_length, scale = 0, ...about } }: FileLeaf
): boolean => {
  if ((leaf.type === "decimal" ? leaf.scale : 0) !== scale) return false
  switch (storage) {
    case "bytes":
      return type === "BYTE_ARRAY"
    case "boolean":
      return type === "BOOLEAN"
    case "double":
      return type === "DOUBLE"
    case "int32":
      return type === "INT32"
    case "int64":
      return type === "INT64" && (leaf.type !== "timestamp" || unitOf(about) === "MICROS")
    case "fixed":
      return type === "FIXED_LEN_BYTE_ARRAY" && type_length === 16
  }
}

/** Adds value number `at` of a page. */
export type Add = (store: LeafStore, leaf: number, repetition: number, values: PlainValues, at: number) => void

/**
 * How values come from the file's type into that of the leaf: as they are, or widened without a loss.
 *
 * @throws UnlikeFile where they do not
 */
export const adder = ({ path, leaf, storage }: LeafColumn, { element }: FileLeaf): Add => {
  const { type } = element
  const { leaf: wanted } = leaf
  const scale = wanted.type === "decimal" ? wanted.scale : 0
  if ((element.scale ?? 0) !== scale) throw new UnlikeFile(path, `a scale of ${element.scale ?? 0}`, `one of ${scale}`)
  switch (storage) {
    case "bytes":
      if (type === "BYTE_ARRAY" || type === "FIXED_LEN_BYTE_ARRAY") return addBytes
      break
    case "boolean":
      if (type === "BOOLEAN") return (store, leaf, repetition, { bytes }, at) => store.addBoolean(leaf, repetition, bytes[at] === 1)
      break
    case "double":
      if (type === "DOUBLE")
        return (store, leaf, repetition, { view }, at) => store.addDouble(leaf, repetition, view.getFloat64(at * 8, true))
      if (type === "FLOAT")
        return (store, leaf, repetition, { view }, at) => store.addDouble(leaf, repetition, view.getFloat32(at * 4, true))
      if (type === "INT32") return (store, leaf, repetition, { view }, at) => store.addDouble(leaf, repetition, view.getInt32(at * 4, true))
      break
    case "int32":
      if (type === "INT32") return (store, leaf, repetition, { view }, at) => store.addInt(leaf, repetition, view.getInt32(at * 4, true))
      break
    case "int64":
      if (wanted.type === "timestamp") return addTimestamp(path, element)
      if (type === "INT64") return addLong
      if (type === "INT32")
        return (store, leaf, repetition, { view }, at) => {
          const value = view.getInt32(at * 4, true)
          store.addLong(leaf, repetition, value, value >> 31)
        }
  }
  const unscaled = wanted.type === "decimal" ? unscaledOf(element) : null
  if (unscaled === null) throw new UnlikeFile(path, String(type), wanted.type)
  if (storage === "fixed") return (store, leaf, repetition, values, at) => store.addFixed(leaf, repetition, unscaled(values, at))
  if (storage === "int32") return (store, leaf, repetition, values, at) => store.addInt(leaf, repetition, Number(unscaled(values, at)))
  return (store, leaf, repetition, values, at) => addBigint(store, leaf, repetition, unscaled(values, at))
}

const addBytes: Add = (store, leaf, repetition, { bytes, view, width, starts, ends }, at) =>
  width > 0
    ? store.addBytes(leaf, repetition, bytes, view, at * width, (at + 1) * width)
    : store.addBytes(leaf, repetition, bytes, view, starts[at] ?? 0, ends[at] ?? 0)

const addLong: Add = (store, leaf, repetition, { view }, at) =>
  store.addLong(leaf, repetition, view.getInt32(at * 8, true), view.getInt32(at * 8 + 4, true))

const addBigint = (store: LeafStore, leaf: number, repetition: number, value: bigint): void =>
  store.addLong(leaf, repetition, Number(BigInt.asIntN(32, value)), Number(BigInt.asIntN(32, value >> 32n)))

const unitOf = ({ converted_type, logical_type }: Pick<FileLeaf["element"], "converted_type" | "logical_type">) =>
  logical_type?.type === "TIMESTAMP" ? logical_type.unit : converted_type === "TIMESTAMP_MILLIS" ? "MILLIS" : "MICROS"

const julianEpoch = 2_440_588n
const microsOfDay = 86_400_000_000n

/** Microseconds, from whatever unit the file has. */
const addTimestamp = (path: ReadonlyArray<string>, element: FileLeaf["element"]): Add => {
  const { type } = element
  const unit = unitOf(element)
  if (type === "INT64") {
    if (unit === "MICROS") return addLong
    return (store, leaf, repetition, { view }, at) => {
      const value = view.getBigInt64(at * 8, true)
      // What is finer than a microsecond is cut off, before 1970 too.
      addBigint(store, leaf, repetition, unit === "MILLIS" ? value * 1000n : (value - (((value % 1000n) + 1000n) % 1000n)) / 1000n)
    }
  }
  if (type === "INT96") {
    return (store, leaf, repetition, { view }, at) => {
      const days = BigInt(view.getInt32(at * 12 + 8, true)) - julianEpoch
      addBigint(store, leaf, repetition, days * microsOfDay + view.getBigInt64(at * 12, true) / 1000n)
    }
  }
  throw new UnlikeFile(path, String(type), "timestamp")
}

/** The integer of a decimal, whatever way it is held. */
const unscaledOf = ({ type }: FileLeaf["element"]): ((values: PlainValues, at: number) => bigint) | null => {
  switch (type) {
    case "INT32":
      return ({ view }, at) => BigInt(view.getInt32(at * 4, true))
    case "INT64":
      return ({ view }, at) => view.getBigInt64(at * 8, true)
    case "BYTE_ARRAY":
      return ({ view, starts, ends }, at) => bigEndian(view, starts[at] ?? 0, ends[at] ?? 0)
    case "FIXED_LEN_BYTE_ARRAY":
      return ({ view, width }, at) =>
        width === 16 ? (view.getBigInt64(at * 16) << 64n) | view.getBigUint64(at * 16 + 8) : bigEndian(view, at * width, (at + 1) * width)
    default:
      return null
  }
}

const bigEndian = (view: DataView, start: number, end: number): bigint => {
  if (end === start) return 0n
  let value = BigInt(view.getInt8(start))
  for (let at = start + 1; at < end; at++) value = (value << 8n) | BigInt(view.getUint8(at))
  return value
}

/** The file has something in another way than can be read leaf by leaf. */
export class UnlikeFile extends Error {
  constructor(path: ReadonlyArray<string>, found: string, wanted: string) {
    super(`column ${path.join(".")} has ${found} in the file, and ${wanted} in the table`)
  }
}
