import { crc32, deflateRawSync } from "node:zlib"

/** 1 January 1980, 0:00: the first instant that the format knows. */
const date = (1 << 5) | 1
const time = 0
/** Of a file that everybody may read, made on Unix. */
const mode = 0o100644
const madeOn = (3 << 8) | 20
const deflated = 8
const version = 20

/**
 * A zip of some files, by their names. The same files are the same bytes: they stand in the order of their names, all of one time, with nothing beside what the
 * format needs.
 */
export const zip = (files: ReadonlyMap<string, Uint8Array>): Uint8Array => {
  const parts: Array<Uint8Array> = []
  const directory: Array<Uint8Array> = []
  let offset = 0
  for (const [name, bytes] of [...files].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const data = deflateRawSync(bytes, { level: 9 })
    const path = Buffer.from(name)
    const about = Buffer.alloc(26)
    about.writeUInt16LE(version, 0)
    about.writeUInt16LE(deflated, 4)
    about.writeUInt16LE(time, 6)
    about.writeUInt16LE(date, 8)
    about.writeUInt32LE(crc32(bytes), 10)
    about.writeUInt32LE(data.length, 14)
    about.writeUInt32LE(bytes.length, 18)
    about.writeUInt16LE(path.length, 22)
    const end = Buffer.alloc(14)
    end.writeUInt32LE((mode << 16) >>> 0, 6)
    end.writeUInt32LE(offset, 10)
    parts.push(Buffer.from("PK\x03\x04"), about, path, data)
    directory.push(Buffer.from("PK\x01\x02"), uint16(madeOn), about, end, path)
    offset += 4 + about.length + path.length + data.length
  }
  const listed = Buffer.concat(directory)
  const last = Buffer.alloc(18)
  last.writeUInt16LE(files.size, 4)
  last.writeUInt16LE(files.size, 6)
  last.writeUInt32LE(listed.length, 8)
  last.writeUInt32LE(offset, 12)
  return Buffer.concat([...parts, listed, Buffer.from("PK\x05\x06"), last])
}

const uint16 = (value: number): Uint8Array => Uint8Array.of(value & 0xff, value >> 8)
