import { zstdCompressSync } from "node:zlib"
import { ByteWriter, ParquetWriter } from "hyparquet-writer"
import { writeColumn } from "hyparquet-writer/src/column.js"
import { encodeNestedValues } from "hyparquet-writer/src/dremel.js"
import { version } from "../record/version.ts"
import { maxDefinitionLevel } from "./leaf-pages.ts"
import { type SchemaElement, type SchemaTree, type StoredRows, schemaTree } from "./metadata.ts"

export interface SchemaLeaf {
  /** From the root. */
  readonly path: Array<SchemaTree>
  readonly names: ReadonlyArray<string>
  readonly element: SchemaElement
}

/** The leaves below a part of a schema, in order. */
export const leavesOf = (node: SchemaTree, above: ReadonlyArray<SchemaTree> = []): ReadonlyArray<SchemaLeaf> => {
  const path = [...above, node]
  return node.children.length === 0
    ? [{ path, names: node.path, element: node.element }]
    : node.children.flatMap((child) => leavesOf(child, path))
}

/** Uncompressed bytes of a page, about: what asking for one value of a leaf decodes. */
const pageSize = 1 << 17
const compressors = { ZSTD: (bytes: Uint8Array): Uint8Array => zstdCompressSync(bytes) }

/** A file of rows that are objects, in memory: for few columns of texts and numbers, where speed does not count. */
export class ObjectFile {
  readonly #writer: ByteWriter
  readonly #parquet: ParquetWriter
  readonly #leaves: ReadonlyArray<SchemaLeaf>

  /** @param room bytes that it takes before it grows, which copies what it has */
  constructor(schema: Array<SchemaElement>, room: number) {
    this.#writer = new ByteWriter(room)
    this.#parquet = new ParquetWriter({ writer: this.#writer, schema, codec: "ZSTD", createdBy: `sluice version ${version}` })
    this.#leaves = leavesOf(schemaTree({ schema }))
  }

  /** All that is written so far. */
  get bytes(): Uint8Array {
    return this.#writer.getBytes()
  }

  get offset(): number {
    return this.#writer.offset
  }

  get rows(): number {
    return Number(this.#parquet.num_rows)
  }

  /** Appends a row group that was written elsewhere. @param group as it stands at the present offset */
  append(bytes: Uint8Array, group: StoredRows): void {
    this.#writer.appendBytes(bytes)
    this.#finished(group)
  }

  finish(): void {
    this.#parquet.finish()
  }

  /** Writes values of one top-level column as a row group; the other columns hold nothing but nulls. */
  write(column: string, values: ReadonlyArray<object>): StoredRows {
    const writer = this.#writer
    const start = writer.offset
    const rows = [...values]
    const nulls = { values: rows.map(() => null), definitionLevels: rows.map(() => 0), repetitionLevels: rows.map(() => 0) }
    const columns = this.#leaves.map(({ path, names, element }) => {
      const present = maxDefinitionLevel(path)
      const pageData = names[0] === column ? encodeNestedValues(path, rows) : { ...nulls, maxDefinitionLevel: present }
      const { chunk } = writeColumn({
        writer,
        column: {
          columnName: names.join("."),
          element,
          schemaPath: path.map((node) => node.element),
          codec: "ZSTD",
          compressors,
          stats: false,
          pageSize,
          columnIndex: false,
          offsetIndex: false,
          // A dictionary where the same values come again: in maps. Run-length encoded booleans of V2 pages are beyond older readers.
          ...(names.includes("key_value") ? {} : { encoding: "PLAIN" as const })
        },
        pageData
      })
      // How many are null is all that readers ask: it tells them which row groups to pass over.
      const nullCount = BigInt(pageData.definitionLevels.filter((level) => level < present).length)
      return chunk.meta_data === undefined ? chunk : { ...chunk, meta_data: { ...chunk.meta_data, statistics: { null_count: nullCount } } }
    })
    const group: StoredRows = {
      columns,
      num_rows: BigInt(rows.length),
      total_byte_size: columns.reduce((sum, { meta_data }) => sum + (meta_data?.total_uncompressed_size ?? 0n), 0n),
      total_compressed_size: BigInt(writer.offset - start)
    }
    this.#finished(group)
    return group
  }

  #finished(group: StoredRows): void {
    this.#parquet.row_groups.push(group)
    this.#parquet.num_rows += group.num_rows
  }
}
