import { SourceError } from "../record/source-error.ts"
import type { ByteReader, FileLocation } from "./byte-reader.ts"
import type { Content } from "./content.ts"
import type { Framing } from "./framing.ts"
import { type Cut, type CutSettings, cutRecords, withoutFirst } from "./lines.ts"
import type { RecordEnds } from "./record-ends.ts"

/** Records behind the header that names their fields. */
export interface HeadedCut extends Cut {
  readonly header?: Uint8Array
}

/** Told of a header that is all there is of a content whose writer is done. Throws `SourceError` where it shows why. */
export type LoneHeader = (header: Uint8Array) => void

/** Of files that may have a header, what tells whether a record is one; null: all have one. */
const testOf = (framing: Framing): ((record: Uint8Array) => boolean) | null =>
  typeof framing === "object" && typeof framing.header === "function" ? framing.header : null

/**
 * Takes the header from the front of a content: its first record that is not blank, unless that is none. Throws `SourceError` where it is no header.
 *
 * @param framing says of files that may have one whether it is
 * @param lone undefined: records may follow that are not there yet, or are of no interest
 */
export async function* behindHeader(
  file: FileLocation,
  cuts: AsyncIterable<Cut>,
  framing: Framing,
  lone?: LoneHeader
): AsyncGenerator<HeadedCut, void> {
  const isHeader = testOf(framing)
  let isLooking = true
  let header: Uint8Array | undefined
  let isAlone = true
  for await (const cut of cuts) {
    let records: HeadedCut = cut
    if (header === undefined && isLooking) {
      const at = firstOf(cut)
      if (at >= 0 && isHeader?.(cut.bytes.subarray(cut.starts[at], cut.ends[at])) === false) isLooking = false
    }
    if (header === undefined && isLooking) {
      const at = firstOf(cut)
      if (cut.cut?.has(at) === true) throw tooLong(file, cut.cut.get(at) ?? 0)
      // Bytes of its own: those of the cut are used again.
      if (at >= 0) header = new Uint8Array(cut.bytes.subarray(cut.starts[at], cut.ends[at]))
      records = withoutFirst(cut, at < 0 ? cut.starts.length : at + 1)
    }
    isAlone &&= firstOf(records) < 0
    // Before it is delivered: what is wrong must not count as read.
    if (header !== undefined && isAlone && cut.last) lone?.(header)
    yield header === undefined ? records : { ...records, header }
  }
}

/** Refuses a header that is all there is, where it holds what should have been records; else notes that there are none. */
export const loneHeader =
  ({ source, path }: FileLocation, ends: RecordEnds, note: (text: string) => void): LoneHeader =>
  (header) => {
    const because = swallows(Buffer.from(header.buffer, header.byteOffset, header.byteLength), ends)
    if (because === null)
      return note(
        `${path} has no record: all that is there is a header, which names the fields. Where it is data, say the columns in the contract.`
      )
    throw new SourceError({
      source,
      reason: "Invalid",
      location: path,
      detail: `The first record, which should name the fields, is all there is: ${because.detail}`,
      hint: because.hint
    })
  }

/** Why a header goes on where a record should have begun, as far as can be told. */
const swallows = (header: Buffer, ends: RecordEnds): { readonly detail: string; readonly hint: string } | null => {
  let seen = 0
  for (let at = header.indexOf(carriageReturn); at >= 0 && at < header.length - 1; at = header.indexOf(carriageReturn, at + 1)) {
    ends.see(header, seen, at)
    seen = at
    if (!ends.isOpen)
      return {
        detail: "its lines end with carriage returns alone",
        hint: "Convert its line ends: records end with a line feed, or with both."
      }
  }
  ends.see(header, seen, header.length)
  if (!ends.isOpen) return null
  return { detail: "a quote in it is not closed", hint: "Close the quote, or say in the contract which character quotes fields." }
}

/** The header of a content, for who goes on behind it; undefined where there is none. */
export const headerOf = async (
  file: FileLocation,
  content: Content,
  settings: CutSettings,
  framing: Framing
): Promise<Uint8Array | undefined> => {
  const reader: ByteReader = await content.from(0)
  // What is no header is found with the first record.
  const isSome = testOf(framing) !== null
  try {
    const start = { offset: 0, sum: 0, head: new Uint8Array(0) }
    for await (const { header } of behindHeader(
      file,
      cutRecords(reader, start, { ...settings, pageBytes: 4096, eager: true, room: undefined }),
      framing
    ))
      if (header !== undefined || isSome) return header
    return undefined
  } finally {
    await reader.close()
  }
}

const carriageReturn = 13

/** Number of the first record that is not blank; -1: there is none. */
const firstOf = ({ bytes, starts, ends }: Cut): number => starts.findIndex((start, i) => !isBlank(bytes.subarray(start, ends[i])))

const isBlank = (bytes: Uint8Array): boolean => bytes.length === 0 || (bytes.length === 1 && bytes[0] === carriageReturn)

const tooLong = ({ source, path }: FileLocation, length: number): SourceError =>
  new SourceError({
    source,
    reason: "Invalid",
    location: path,
    detail: `The first record, which should name the fields, has ${length} bytes, which is more than a record may have`,
    hint: "Give the file a header, or say the columns in the contract."
  })
