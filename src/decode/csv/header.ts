import type { Fields } from "../../contract/field.ts"
import type { CsvFormat } from "../../contract/format.ts"
import { type Fault, fault } from "../fault.ts"
import { type KeyOf, keysByName } from "../fields/names.ts"
import { readRecord } from "./record.ts"

/** What the fields of a record are called, in their order: by the contract, or by the header of the record's file. */
export class Header {
  readonly #format: CsvFormat
  readonly #keyOf: KeyOf
  readonly #said: ReadonlyArray<string> | null
  #bytes: Uint8Array | undefined
  #names: ReadonlyArray<string> | Fault = noHeader

  constructor(format: CsvFormat, fields: Fields) {
    this.#format = format
    this.#keyOf = keysByName(fields)
    this.#said = format.columns === null ? null : this.#keysOf(format.columns)
  }

  /** Keys of the contract, and of other fields the names that they have; or why there are none. @param bytes of the header */
  names(bytes: Uint8Array | undefined): ReadonlyArray<string> | Fault {
    if (this.#said !== null) return this.#said
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

  /** Where none of its names is known it is a record: its values must not be taken for names. */
  #headed(names: ReadonlyArray<string>): ReadonlyArray<string> | Fault {
    if (names.some((name) => this.#keyOf(name.trim()) !== undefined)) return this.#keysOf(names)
    return fault("no_header", null, "The header names no field of the contract: it may be a record.")
  }

  #keysOf(names: ReadonlyArray<string>): ReadonlyArray<string> {
    return names.map((name) => this.#keyOf(name.trim()) ?? name)
  }
}

const noHeader = fault("no_header", null, "No header came with the record, and the contract does not name the columns.")
