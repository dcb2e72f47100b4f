/** A file with rows to move: how many, and the last row of the file that is among them. */
export interface Holding {
  readonly file: number
  readonly rows: number
  readonly lastRow: number
}

/** What is read at a time: whole files, or the rows `from` to before `to` of one large file. */
export interface Chunk {
  readonly files: ReadonlyArray<number>
  readonly rows: { readonly from: number; readonly to: number } | null
}

/** Divides files into chunks of about `rowsPerChunk` rows to move, supposing that these are spread evenly over a file. */
export const cutChunks = (holdings: ReadonlyArray<Holding>, rowsPerChunk: number): ReadonlyArray<Chunk> => {
  const chunks: Array<Chunk> = []
  let files: Array<number> = []
  let held = 0
  const close = () => {
    if (files.length > 0) chunks.push({ files, rows: null })
    files = []
    held = 0
  }
  for (const { file, rows, lastRow } of holdings) {
    if (held + rows > rowsPerChunk) close()
    if (rows <= rowsPerChunk) {
      files.push(file)
      held += rows
      continue
    }
    const parts = Math.ceil(rows / rowsPerChunk)
    const width = Math.ceil((lastRow + 1) / parts)
    for (let from = 0; from <= lastRow; from += width) chunks.push({ files: [file], rows: { from, to: from + width } })
  }
  close()
  return chunks
}
