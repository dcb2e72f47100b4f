import type { Fields } from "../../contract/field.ts"
import type { CsvFormat } from "../../contract/format.ts"
import { snakeCase } from "../../contract/names.ts"
import { type Fault, fault } from "../fault.ts"
import { type KeyOf, keysByName } from "../fields/names.ts"
import { readRecord } from "./record.ts"

/** What the fields of a record are called, in their order: by the contract, or by the header of the record's file. */
export class Header {
  readonly #format: CsvFormat
  readonly #keyOf: KeyOf
  /** Without, as where a contract is only being proposed, all names are as good. */
  readonly #hasFields: boolean
  readonly #said: ReadonlyArray<string> | null
  #bytes: Uint8Array | undefined
  #names: ReadonlyArray<string> | Fault = noHeader
  #doubled: ReadonlyMap<number, string> = new Map()

  constructor(format: CsvFormat, fields: Fields, anyCase: boolean) {
    this.#format = format
    this.#keyOf = keysByName(fields, anyCase)
    this.#hasFields = Object.keys(fields).length > 0
    this.#said = format.columns === null ? null : this.#keysOf(format.columns)
  }

  /** Keys of the contract, and of other fields the names that they have; or why there are none. @param bytes of the header */
  names(bytes: Uint8Array | undefined): ReadonlyArray<string> | Fault {
    if (this.#said !== null && (bytes === undefined || this.#format.header !== "some")) return this.#said
    if (bytes === undefined) return noHeader
    if (bytes !== this.#bytes) {
      const read = readRecord(this.#format, Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
      this.#bytes = bytes
      this.#names = !("fields" in read)
        ? fault("no_header", null, `The header cannot be read: ${read.detail}`)
        : read.fields.length === 0
          ? noHeader
          : this.#headed(read.fields.map(({ text }) => text))
    }
    return this.#names
  }

  /** Of the names given last, those whose field is named again behind them, by their places: what their values are called where they are kept. */
  get doubled(): ReadonlyMap<number, string> {
    return this.#doubled
  }

  /** Where none of its names is known it is a record: its values must not be taken for names. */
  #headed(names: ReadonlyArray<string>): ReadonlyArray<string> | Fault {
    const keys = this.#keysOf(names)
    this.#doubled = doubledOf(names, keys)
    if (!this.#hasFields || names.some((name) => this.#keyOf(name.trim()) !== undefined)) return keys
    return fault("no_header", null, "The header names no field of the contract: it may be a record, or have another delimiter.")
  }

  #keysOf(names: ReadonlyArray<string>): ReadonlyArray<string> {
    return names.map((name) => this.#keyOf(name.trim()) ?? name)
  }
}

/** Makes what tells a header of files that may have one or not: more than half of it are names of columns, each once. It may have others, that came later. */
export const headerTest = (format: CsvFormat): ((record: Uint8Array) => boolean) => {
  const columns = new Set(format.columns?.map(snakeCase))
  return (record) => {
    const read = readRecord(format, Buffer.from(record.buffer, record.byteOffset, record.byteLength))
    if (!("fields" in read)) return false
    const names = read.fields.map(({ text }) => snakeCase(text.trim()))
    const known = names.filter((name) => columns.has(name))
    return new Set(known).size === known.length && known.length > names.length / 2
  }
}

const noHeader = fault("no_header", null, "No header came with the record, and the contract does not name the columns.")

/** Values are called as in the header, and by their column where another value may be called so too. */
const doubledOf = (names: ReadonlyArray<string>, keys: ReadonlyArray<string>): ReadonlyMap<number, string> => {
  const last = new Map(keys.map((key, i) => [key, i]))
  const isTelling = (name: string) => !last.has(name) && names.indexOf(name) === names.lastIndexOf(name)
  return new Map(
    names.flatMap((name, i) => (last.get(keys[i] ?? "") === i ? [] : [[i, isTelling(name) ? name : `${name} (column ${i + 1})`] as const]))
  )
}
