import type { MadeFile } from "../../../src/contract/index.ts"
import { begin } from "./company.ts"
import { dayMillis, slashed } from "./text.ts"
import { type Request, site } from "./visits.ts"

/** What four servers log of requests, as it arrives: no two of them are set up alike. */

/** How a server's requests become records, and what the file is called that has them. */
interface ServerForm {
  readonly name: string
  readonly record: (request: Request) => string
}

const monthNames = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

/** Hours from UTC by which a server's clock shows its times. */
const zones: { readonly [server: string]: number } = { "web-3": -5 }

const two = (n: number): string => String(n).padStart(2, "0")

/** `17/May/2026:10:05:03 +0000`, by the clock of the server. */
const timeOf = ({ at, server }: Request): string => {
  const zone = zones[server] ?? 0
  const local = new Date(at + zone * 3_600_000)
  const day = `${two(local.getUTCDate())}/${monthNames[local.getUTCMonth()]}/${local.getUTCFullYear()}`
  return `${day}:${local.toISOString().slice(11, 19)} ${zone < 0 ? "-" : "+"}${two(Math.abs(zone))}00`
}

const firstLineOf = ({ method, target }: Request): string => `${method} ${target} HTTP/1.1`

/** A line in Apache's combined form. */
const combined = (request: Request): string => {
  const { address, user, status, bytes, referer, agent } = request
  return `${address} - ${user ?? "-"} [${timeOf(request)}] "${firstLineOf(request)}" ${status} ${bytes} "${referer ?? "-"}" "${agent}"`
}

/** The same in the layout that the contract names: with the site, the time that the answer took, and the cookie of visitors, to which nobody has agreed. */
const whole = (request: Request): string => `${combined(request)} ${new URL(site).host} ${durationOf(request)} "-"`

/** Microseconds: pages take longer than files. */
export const durationOf = ({ bytes, status }: Request): number => 900 + bytes * 7 + (status >= 400 ? 50 : 0)

/** What the Kinesis Agent makes of a line by `LOGTOJSON`: all values are texts. */
const object = (request: Request): string => {
  const { address, user, status, bytes, referer, agent } = request
  const [response, size] = [String(status), String(bytes)]
  const [datetime, line] = [timeOf(request), firstLineOf(request)]
  return JSON.stringify({ host: address, ident: null, authuser: user, datetime, request: line, response, bytes: size, referer, agent })
}

/** What it makes of one by `ADDMETADATA`. */
const wrapped = (request: Request): string =>
  JSON.stringify({ ts: new Date(request.at + 1_500).toISOString(), metadata: { server: request.server }, data: combined(request) })

const forms: { readonly [server: string]: ServerForm } = {
  "web-1": { name: "access.log", record: whole },
  "web-2": { name: "access.log", record: combined },
  "web-3": { name: "logtojson.ndjson", record: object },
  "web-4": { name: "addmetadata.ndjson", record: wrapped }
}

/** What is known of a request besides, by what its server writes. */
export const toldOf = (
  request: Request
): { readonly server: string | null; readonly vhost: string | null; readonly duration: number | null } => ({
  // No line says which server wrote it.
  server: request.server === "web-4" ? request.server : null,
  vhost: request.server === "web-1" ? new URL(site).host : null,
  duration: request.server === "web-1" ? durationOf(request) : null
})

/** The files of requests, a week each: servers rotate their logs. */
export function* logFiles(requests: ReadonlyArray<Request>): Generator<MadeFile, void> {
  const parts = new Map<string, Array<string>>()
  for (const request of requests) {
    const week = begin + Math.floor((request.at - begin) / (7 * dayMillis)) * 7 * dayMillis
    const { name, record } = forms[request.server] ?? { name: "access.log", record: combined }
    const path = `web/${request.server}/${slashed(week)}/${name}`
    const records = parts.get(path) ?? []
    parts.set(path, records)
    records.push(record(request))
  }
  for (const [path, records] of parts) yield { path, content: `${records.join("\n")}\n`, records: records.length }
}
