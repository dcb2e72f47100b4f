/** A record and when it arrives. */
export interface Arriving {
  /** One line, without its end. */
  readonly bytes: Uint8Array
  /** Milliseconds since 1970: its file's hour. */
  readonly arrivedAt: number
}

/** Lines that are written at once: the start, a part, or all of a file. */
export interface Piece {
  /** Relative to the output folder: `YYYY/MM/DD/HH/<name of the file>`. */
  readonly path: string
  readonly bytes: Uint8Array
  readonly records: number
  /** Does it begin its file? Else it follows the piece before. */
  readonly begins: boolean
}

export interface PieceSizes {
  /** A piece is closed when it has this many bytes. */
  readonly piece: number
  /** No piece is added to a file that has this many bytes. */
  readonly file: number
}

const lineEnd = new Uint8Array([10])

/** `YYYY/MM/DD/HH` of an instant, UTC. */
const folderOf = (millis: number): string => new Date(millis).toISOString().slice(0, 13).replace("T", "/").replaceAll("-", "/")

/**
 * Cuts records, in order of arrival, into pieces of files by hour.
 *
 * @param nameOf a file by its number in its hour, four digits
 */
export function* pieces(records: Iterable<Arriving>, sizes: PieceSizes, nameOf: (part: string) => string): Generator<Piece, void> {
  let folder = ""
  let part = 0
  let fileBytes = 0
  let chunks: Array<Uint8Array> = []
  let pieceBytes = 0
  let count = 0

  const close = (): Piece => {
    const path = `${folder}/${nameOf(String(part).padStart(4, "0"))}`
    const piece = { path, bytes: Buffer.concat(chunks, pieceBytes), records: count, begins: fileBytes === 0 }
    fileBytes += pieceBytes
    chunks = []
    pieceBytes = 0
    count = 0
    return piece
  }

  for (const { bytes, arrivedAt } of records) {
    const next = folderOf(arrivedAt)
    if (next !== folder) {
      if (count > 0) yield close()
      folder = next
      part = 0
      fileBytes = 0
    }
    chunks.push(bytes, lineEnd)
    pieceBytes += bytes.length + 1
    count++
    if (pieceBytes < sizes.piece && fileBytes + pieceBytes < sizes.file) continue
    yield close()
    if (fileBytes >= sizes.file) {
      part++
      fileBytes = 0
    }
  }
  if (count > 0) yield close()
}
