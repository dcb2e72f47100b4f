import { type FileHandle, open } from "node:fs/promises"
import { Effect } from "effect"
import { deserializeTCompactProtocol } from "hyparquet/src/thrift.js"
import { ByteWriter } from "hyparquet-writer"
import { serializeTCompactProtocol } from "hyparquet-writer/src/thrift.js"
import { version } from "../record/version.ts"
import { LakeError } from "./errors.ts"

/**
 * Some rows of the file to be: one or more local files that DuckDB wrote, side by side. Each holds other columns of the same rows, in the same
 * order and cut into the same row groups.
 */
export type Part = ReadonlyArray<string>

/**
 * Makes one local Parquet file of parts with the same columns: their row groups one after the other, as they are, under one footer. Nothing is
 * decoded, so it takes no memory to speak of, whatever the files hold. The footer is also brought to what our other files say: statistics
 * only where `tells` permits, for DuckDB writes those of sensitive columns too, and the calendar that Spark asks for.
 *
 * @param tells whether the footer may tell the smallest and largest value of a leaf, by its path in the Parquet schema
 * @param place name of the last column of every file, where there is one that numbers the rows (INT64). It stays behind. Row groups are put
 * in its order, and columns are put side by side only where its pages are the same bytes, and so the rows the same in the same order. That has
 * to be looked at: DuckDB keeps no order of rows that it writes by partition.
 */
export const joinParquet = (
  parts: ReadonlyArray<Part>,
  target: string,
  tells: (path: ReadonlyArray<string>) => boolean,
  place?: string
): Effect.Effect<void, LakeError> =>
  Effect.tryPromise({
    try: () => join(parts, target, tells, place),
    catch: (cause) =>
      new LakeError({
        reason: cause instanceof Error && "code" in cause && cause.code === "ENOSPC" ? "Full" : "Unavailable",
        problem: `${target} cannot be made: ${cause instanceof Error ? cause.message : String(cause)}`,
        hint: "Look for room and permission in the folder, and run again.",
        cause
      })
  })

/**
 * Parts of a footer as Thrift numbers its fields (parquet.thrift); what is not named here is kept as it is. Offsets are absolute in the file.
 * The numbers must stay in ascending order when it is written.
 */
interface Footer {
  /** version */
  readonly field_1: number
  /** schema: the root, then its columns in the order of a walk */
  readonly field_2: ReadonlyArray<SchemaElement>
  /** num_rows */
  readonly field_3: bigint
  readonly field_4: ReadonlyArray<RowGroup>
  /** column_orders */
  readonly field_7?: ReadonlyArray<unknown>
}
interface SchemaElement {
  /** num_children */
  readonly field_5?: number
}
interface RowGroup {
  readonly field_1: ReadonlyArray<ColumnChunk>
  /** total_byte_size */
  readonly field_2: bigint
  /** num_rows */
  readonly field_3: bigint
}
interface ColumnChunk {
  readonly field_3: ColumnMetaData
}
interface ColumnMetaData {
  /** path_in_schema */
  readonly field_3: ReadonlyArray<Uint8Array>
  /** total_uncompressed_size */
  readonly field_6: bigint
  /** total_compressed_size */
  readonly field_7: bigint
  /** data_page_offset */
  readonly field_9: bigint
  /** dictionary_page_offset */
  readonly field_11?: bigint
  /** statistics */
  readonly field_12?: {
    readonly field_3?: bigint | undefined
    /** max_value, min_value: bytes as in a plain page */
    readonly field_5?: Uint8Array
    readonly field_6?: Uint8Array
  }
}

const magic = Buffer.from("PAR1")
const createdBy = `sluice version ${version} (build duckdb)`
/** Without it, Spark refuses dates before 1582 and timestamps before 1900. Shops do send `0001-01-01`. */
const sparkVersion = { field_1: "org.apache.spark.version", field_2: "3.5.0" }

interface OpenPart {
  readonly file: FileHandle
  readonly footer: Footer
  /** The column that numbers the rows, of each row group, where there is one. */
  readonly places: ReadonlyArray<ColumnMetaData>
}

const join = async (
  parts: ReadonlyArray<Part>,
  target: string,
  tells: (path: ReadonlyArray<string>) => boolean,
  place: string | undefined
): Promise<void> => {
  const out = await open(target, "w")
  try {
    await out.appendFile(magic)
    let offset = magic.length
    let first: Footer | undefined
    let rows = 0n
    const groups: Array<RowGroup> = []
    for (const part of parts) {
      const side: Array<OpenPart> = []
      // Whatever is wrong with a file, it is closed again.
      const opened: Array<FileHandle> = []
      try {
        for (const path of part) {
          const file = await open(path, "r")
          opened.push(file)
          const footer = await readFooter(file)
          side.push({ file, ...(place === undefined ? { footer, places: [] } : byPlace(footer, place)) })
        }
        const footer = sideBySide(side.map((each) => each.footer))
        await requireSameRows(side)
        first ??= footer
        rows += footer.field_3
        for (const number of footer.field_4.keys()) {
          const pieces: Array<RowGroup> = []
          for (const { file, footer } of side) {
            const group = groupAt(footer, number)
            const { start, end } = extent(group)
            await copyBytes(file, out, start, end)
            pieces.push(moved(group, BigInt(offset - start), tells))
            offset += end - start
          }
          groups.push(oneGroup(pieces))
        }
      } finally {
        for (const file of opened) await file.close()
      }
    }
    if (first === undefined) throw new RangeError("there are no files to join")
    await out.appendFile(footerBytes(first, rows, groups))
    await out.sync()
  } finally {
    await out.close()
  }
}

const notTheSameRows = "files with columns of the same rows have different row groups"

const requireSameRows = async (side: ReadonlyArray<OpenPart>): Promise<void> => {
  const [first, ...others] = side
  for (const [number, column] of first?.places.entries() ?? []) {
    const wanted = await pagesOf(first, column)
    for (const other of others) {
      const found = other.places[number]
      if (found === undefined || !wanted.equals(await pagesOf(other, found))) throw new RangeError(notTheSameRows)
    }
  }
}

const pagesOf = async (part: OpenPart | undefined, column: ColumnMetaData): Promise<Buffer> => {
  const bytes = Buffer.alloc(Number(column.field_7))
  await part?.file.read(bytes, 0, bytes.length, Number(firstPage(column)))
  return bytes
}

/** The row groups in the order of the rows' numbers, and without these. */
const byPlace = (footer: Footer, place: string): { readonly footer: Footer; readonly places: ReadonlyArray<ColumnMetaData> } => {
  const numbered = footer.field_4.map((group) => {
    const column = group.field_1.at(-1)?.field_3
    const { field_6: min } = column?.field_12 ?? {}
    const name = column === undefined ? "" : Buffer.from(column.field_3[0] ?? []).toString("utf8")
    if (column === undefined || name !== place || min === undefined) throw new RangeError(`${place} is not its last column`)
    return {
      first: Buffer.from(min).readBigInt64LE(),
      column,
      group: { ...group, field_1: group.field_1.slice(0, -1), field_2: group.field_2 - column.field_6 }
    }
  })
  numbered.sort((a, b) => (a.first < b.first ? -1 : 1))
  const [root, ...elements] = footer.field_2
  return {
    places: numbered.map(({ column }) => column),
    footer: {
      ...footer,
      field_2: [{ ...root, field_5: (root?.field_5 ?? 1) - 1 }, ...elements.slice(0, -1)],
      field_4: numbered.map(({ group }) => group),
      ...(footer.field_7 === undefined ? {} : { field_7: footer.field_7.slice(0, -1) })
    }
  }
}

const groupAt = ({ field_4: groups }: Footer, number: number): RowGroup => {
  const group = groups[number]
  if (group === undefined) throw new RangeError(notTheSameRows)
  return group
}

/** The footer of files that hold other columns of the same rows; its row groups are those of the first. */
const sideBySide = (footers: ReadonlyArray<Footer>): Footer => {
  const [first] = footers
  if (first === undefined) throw new RangeError("there are no files to join")
  const same = footers.every(({ field_3, field_4 }) => field_3 === first.field_3 && field_4.length === first.field_4.length)
  if (!same) throw new RangeError(notTheSameRows)
  const children = footers.reduce((total, { field_2: [root] }) => total + (root?.field_5 ?? 0), 0)
  const orders = footers.flatMap(({ field_7 }) => field_7 ?? [])
  return {
    ...first,
    field_2: [{ ...first.field_2[0], field_5: children }, ...footers.flatMap(({ field_2 }) => field_2.slice(1))],
    ...(orders.length === 0 ? {} : { field_7: orders })
  }
}

const oneGroup = (pieces: ReadonlyArray<RowGroup>): RowGroup => {
  const rows = pieces[0]?.field_3 ?? 0n
  if (pieces.some(({ field_3 }) => field_3 !== rows)) throw new RangeError(notTheSameRows)
  return {
    field_1: pieces.flatMap(({ field_1 }) => field_1),
    field_2: pieces.reduce((total, { field_2 }) => total + field_2, 0n),
    field_3: rows
  }
}

const readFooter = async (file: FileHandle): Promise<Footer> => {
  const { size } = await file.stat()
  const tail = Buffer.alloc(8)
  await file.read(tail, 0, 8, size - 8)
  if (!tail.subarray(4).equals(magic)) throw new RangeError("it does not end as a Parquet file does")
  const bytes = Buffer.alloc(tail.readUInt32LE(0))
  await file.read(bytes, 0, bytes.length, size - 8 - bytes.length)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  // DuckDB wrote the file a moment ago: it is what parquet.thrift says.
  return deserializeTCompactProtocol({ view, offset: 0 }) as unknown as Footer
}

/** The bytes of a row group's pages: its column chunks stand together. */
const extent = (group: RowGroup): { readonly start: number; readonly end: number } => {
  let start = Number.POSITIVE_INFINITY
  let end = 0
  for (const { field_3: column } of group.field_1) {
    const from = Number(firstPage(column))
    start = Math.min(start, from)
    end = Math.max(end, from + Number(column.field_7))
  }
  return { start, end }
}

const firstPage = ({ field_9: data, field_11: dictionary }: ColumnMetaData): bigint =>
  dictionary !== undefined && dictionary > 0n && dictionary < data ? dictionary : data

const moved = (
  { field_1: columns, field_2, field_3 }: RowGroup,
  by: bigint,
  tells: (path: ReadonlyArray<string>) => boolean
): RowGroup => ({
  field_1: columns.map(({ field_3: column }) => ({ field_2: 0n, field_3: movedColumn(column, by, tells) })),
  field_2,
  field_3
})

const movedColumn = (column: ColumnMetaData, by: bigint, tells: (path: ReadonlyArray<string>) => boolean): ColumnMetaData => {
  const path = column.field_3.map((name) => Buffer.from(name).toString("utf8"))
  const { field_12: statistics } = column
  const kept = statistics === undefined || tells(path) ? statistics : { field_3: statistics.field_3 }
  // Bloom filters (14, 15) stand outside of the row group and stay behind.
  const { field_14: _, field_15: __, ...rest } = column as ColumnMetaData & { readonly field_14?: unknown; readonly field_15?: unknown }
  return {
    ...rest,
    field_9: column.field_9 + by,
    ...(column.field_11 === undefined ? {} : { field_11: column.field_11 + by }),
    ...(kept === undefined ? {} : { field_12: kept })
  }
}

const copyBytes = async (from: FileHandle, to: FileHandle, start: number, end: number): Promise<void> => {
  const buffer = Buffer.allocUnsafe(Math.min(1 << 20, end - start))
  for (let at = start; at < end; ) {
    const { bytesRead } = await from.read(buffer, 0, Math.min(buffer.length, end - at), at)
    if (bytesRead === 0) throw new RangeError("a file ends before its pages do")
    // All of it, however many calls the system needs.
    await to.appendFile(buffer.subarray(0, bytesRead))
    at += bytesRead
  }
}

const footerBytes = ({ field_1, field_2, field_7 }: Footer, rows: bigint, groups: ReadonlyArray<RowGroup>): Uint8Array => {
  const writer = new ByteWriter()
  const footer = { field_1, field_2, field_3: rows, field_4: groups, field_5: [sparkVersion], field_6: createdBy }
  serializeTCompactProtocol(writer, field_7 === undefined ? footer : { ...footer, field_7 })
  const length = Buffer.alloc(4)
  length.writeUInt32LE(writer.getBytes().length)
  return Buffer.concat([writer.getBytes(), length, magic])
}
