import { closeSync, openSync, writeSync } from "node:fs"
import { documents } from "./documents.ts"
import type { Shape } from "./shapes.ts"

export interface Input {
  readonly file: string
  readonly bytes: number
  readonly records: number
  /** Records that Sluice must make rows of. */
  readonly rows: number
  /** NDJSON of key and version of the untouched records; null where all are. */
  readonly untouched: string | null
}

/** Of one order, on average. */
const versions = 1.96

/** Writes orders of a shape, one a line, about as many bytes. The same seed gives the same bytes. */
export const writeInput = (file: string, shape: Shape, megabytes: number, seed: number): Input => {
  const out = new Lines(file)
  const untouched = shape.isDamaged ? new Lines(`${file}.untouched`) : null
  let records = 0
  let rows = 0
  for (const document of documents(Math.ceil((megabytes * 1e6) / shape.recordBytes / versions), seed)) {
    // Read before: damage changes the document.
    const id = { key: document["orderId"], version: document["lastChange"] }
    const line = shape.line(document, seed, records)
    out.write(line.bytes)
    if (line.isClean) untouched?.write(Buffer.from(JSON.stringify(id)))
    records++
    if (line.isRow) rows++
  }
  out.end()
  untouched?.end()
  return { file, bytes: out.bytes, records, rows, untouched: untouched === null ? null : `${file}.untouched` }
}

/** A file of lines, written in pieces. */
class Lines {
  bytes = 0
  readonly #out: number
  #pieces: Array<Uint8Array> = []
  #held = 0

  constructor(file: string) {
    this.#out = openSync(file, "w")
  }

  write(line: Uint8Array): void {
    this.#pieces.push(line, newline)
    this.#held += line.length + 1
    this.bytes += line.length + 1
    if (this.#held >= pieceBytes) this.#flush()
  }

  end(): void {
    this.#flush()
    closeSync(this.#out)
  }

  #flush(): void {
    writeSync(this.#out, Buffer.concat(this.#pieces, this.#held))
    this.#pieces = []
    this.#held = 0
  }
}

const newline = new Uint8Array([10])
const pieceBytes = 4 * 1024 * 1024
