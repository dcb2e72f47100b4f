import { closeSync, existsSync, openSync, readFileSync, writeSync } from "node:fs"
import { join, resolve } from "node:path"
import { gunzipSync } from "node:zlib"

/** Where real data lies on machines that have it. */
const dataFolder = resolve(import.meta.dirname, "../..", process.env["SLUICE_TEST_DATA"] ?? "../shared/data")

/** The bytes of a file of real data, plain or gzip; null where it is not on this machine. */
export const realData = (path: string): Buffer | null => {
  const file = [path, `${path}.gz`].map((name) => join(dataFolder, name)).find((name) => existsSync(name))
  if (file === undefined) return null
  const bytes = readFileSync(file)
  return file.endsWith(".gz") ? gunzipSync(bytes) : bytes
}

/** Writes records again and again, behind a header of so many lines, until there are about as many bytes. @returns how many bytes, and how often */
export const writeRepeated = (file: string, content: Buffer, headerLines: number, megabytes: number) => {
  let headerEnd = 0
  for (let i = 0; i < headerLines; i++) headerEnd = content.indexOf(10, headerEnd) + 1
  const body = content.subarray(headerEnd)
  const ended = body.at(-1) === 10 ? body : Buffer.concat([body, Buffer.of(10)])
  const times = Math.max(1, Math.round((megabytes * 1e6) / ended.length))
  const out = openSync(file, "w")
  let bytes = writeSync(out, content.subarray(0, headerEnd))
  for (let i = 0; i < times; i++) bytes += writeSync(out, ended)
  closeSync(out)
  return { bytes, times }
}
