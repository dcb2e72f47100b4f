import { readFileSync } from "node:fs"
import { join } from "node:path"
import { gunzipSync } from "node:zlib"
import { finalRows, type Table } from "../../../schemas/bright-light/generate/replicas.ts"
import type { Request } from "../../../schemas/bright-light/generate/visits.ts"
import { readLine } from "../../../src/decode/access-log/line.ts"
import type { Known } from "./lake.ts"

/** Real data sets as rows of the company's tables, as the project's adapters make them. What a set does not know is null. */

/** A file of a set as text; gzip where its name says so. */
export const textOfFile = (folder: string, name: string, encoding = "utf-8"): string => {
  const bytes = readFileSync(join(folder, name))
  return new TextDecoder(encoding).decode(name.endsWith(".gz") ? gunzipSync(bytes) : bytes)
}

/** What is known once all files of the tables have arrived. */
export const knownOfTables = (tables: ReadonlyArray<Table>): Known => ({
  tables: Object.fromEntries(tables.map((table) => [table.name, finalRows(table)])),
  requests: []
})

/** An access log of a site; lines that are none are left out. */
export const accessLog = (text: string): Known => ({
  tables: {},
  requests: text.split("\n").flatMap((line): ReadonlyArray<Request> => {
    const read = readLine("combined", line)
    if (read === null || !("host" in read) || (read.method !== "GET" && read.method !== "POST")) return []
    return [
      {
        at: Date.parse(read.datetime),
        server: "web-1",
        address: read.host ?? "",
        user: null,
        method: read.method,
        target: `${read.path}${read.query === null ? "" : `?${read.query}`}`,
        status: Number(read.response),
        bytes: Number(read.bytes ?? 0),
        referer: read.referer,
        agent: read.agent ?? ""
      }
    ]
  })
})
