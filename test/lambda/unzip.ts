import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { inflateRawSync } from "node:zlib"

/** The files of a zip, by what its directory says of them. */
export const unzip = (bytes: Uint8Array): ReadonlyMap<string, Uint8Array> => {
  const view = Buffer.from(bytes)
  const end = view.lastIndexOf("PK\x05\x06")
  const files = new Map<string, Uint8Array>()
  let at = view.readUInt32LE(end + 16)
  for (let n = view.readUInt16LE(end + 10); n > 0; n--) {
    const [packed, size, name, extra, comment] = [20, 24, 28, 30, 32].map((o) =>
      o < 28 ? view.readUInt32LE(at + o) : view.readUInt16LE(at + o)
    )
    const from = view.readUInt32LE(at + 42)
    const data = from + 30 + view.readUInt16LE(from + 26) + view.readUInt16LE(from + 28)
    const content = inflateRawSync(view.subarray(data, data + (packed ?? 0)))
    if (content.length !== size) throw new Error("the directory of the zip is wrong about a size")
    files.set(view.toString("utf8", at + 46, at + 46 + (name ?? 0)), content)
    at += 46 + (name ?? 0) + (extra ?? 0) + (comment ?? 0)
  }
  return files
}

/** Unpacks into a folder, which is made. */
export const unpack = (bytes: Uint8Array, folder: string): void => {
  mkdirSync(folder, { recursive: true })
  for (const [name, content] of unzip(bytes)) writeFileSync(join(folder, name), content)
}
