import { closeSync, openSync, readSync } from "node:fs"
import type { Prepared } from "./job.ts"

/** What nobody can do without: the two least things that can be done with an input of lines. Neither makes a row. */

const chunkBytes = 4 * 1024 * 1024

/** Calls `each` with the bytes of a file, chunk by chunk, in one buffer that is used again. */
const readChunks = (file: string, each: (bytes: Buffer) => void): void => {
  const from = openSync(file, "r")
  const buffer = Buffer.allocUnsafe(chunkBytes)
  try {
    for (let size = readSync(from, buffer); size > 0; size = readSync(from, buffer)) each(buffer.subarray(0, size))
  } finally {
    closeSync(from)
  }
}

/** Looks at every byte, in a plain loop. Rows are line ends. */
export const bytes = ({ input }: { readonly input: string }): Prepared => ({
  run: async () => {
    let lines = 0
    readChunks(input, (chunk) => {
      for (let i = 0; i < chunk.length; i++) if (chunk[i] === 10) lines++
    })
    return lines
  }
})

/** `JSON.parse` of each line: the outer object only, documents in text stay text. */
export const jsonParse = ({ input }: { readonly input: string }): Prepared => ({
  run: async () => {
    let records = 0
    let rest = Buffer.alloc(0)
    readChunks(input, (chunk) => {
      const all = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
      let at = 0
      for (let end = all.indexOf(10); end >= 0; end = all.indexOf(10, at)) {
        if (isObject(JSON.parse(all.toString("utf8", at, end)))) records++
        at = end + 1
      }
      rest = Buffer.from(all.subarray(at))
    })
    return records
  }
})

const isObject = (value: unknown): boolean => typeof value === "object" && value !== null
