import { SourceError } from "../record/source-error.ts"
import type { ByteReader, FileLocation } from "./byte-reader.ts"
import type { Content } from "./content.ts"
import { type Cut, type CutSettings, cutRecords, withoutFirst } from "./lines.ts"

/** Records behind the header that names their fields. */
export interface HeadedCut extends Cut {
  readonly header?: Uint8Array
}

/** Takes the header from the front of a content: its first record that is not blank. Throws `SourceError` where it is no header. */
export async function* behindHeader(file: FileLocation, cuts: AsyncIterable<Cut>): AsyncGenerator<HeadedCut, void> {
  let header: Uint8Array | undefined
  for await (const cut of cuts) {
    if (header !== undefined) {
      yield { ...cut, header }
      continue
    }
    const at = cut.starts.findIndex((start, i) => !isBlank(cut.bytes.subarray(start, cut.ends[i])))
    if (cut.cut?.has(at) === true) throw tooLong(file, cut.cut.get(at) ?? 0)
    // Bytes of its own: those of the cut are used again.
    if (at >= 0) header = new Uint8Array(cut.bytes.subarray(cut.starts[at], cut.ends[at]))
    const rest = withoutFirst(cut, at < 0 ? cut.starts.length : at + 1)
    yield header === undefined ? rest : { ...rest, header }
  }
}

/** The header of a content, for who goes on behind it; undefined where there is none. */
export const headerOf = async (file: FileLocation, content: Content, settings: CutSettings): Promise<Uint8Array | undefined> => {
  const reader: ByteReader = await content.from(0)
  try {
    const start = { offset: 0, sum: 0, head: new Uint8Array(0) }
    for await (const { header } of behindHeader(
      file,
      cutRecords(reader, start, { ...settings, pageBytes: 4096, eager: true, room: undefined })
    ))
      if (header !== undefined) return header
    return undefined
  } finally {
    await reader.close()
  }
}

const isBlank = (bytes: Uint8Array): boolean => bytes.length === 0 || (bytes.length === 1 && bytes[0] === 13)

const tooLong = ({ source, path }: FileLocation, length: number): SourceError =>
  new SourceError({
    source,
    reason: "Invalid",
    location: path,
    detail: `The first record, which should name the fields, has ${length} bytes, which is more than a record may have`,
    hint: "Give the file a header, or say the columns in the contract."
  })
