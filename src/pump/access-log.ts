import { hash } from "node:crypto"
import { readLine } from "../decode/access-log/line.ts"
import type { Hit, Parameter } from "../generate/hits/hit.ts"
import type { DataKind } from "./data-kind.ts"

/** Access logs of a web server: each request is a page that is seen, and a visitor is an address with an agent. */
export const logHits: DataKind = {
  name: "combined access log",
  holds: (line) => hitOf(line, 0, 0) !== null,
  read: (seed) => {
    const hits: Array<Hit> = []
    let unreadable = 0
    return {
      add: (line) => {
        if (line === "") return
        const hit = hitOf(line, seed, hits.length)
        if (hit === null) unreadable++
        else hits.push(hit)
      },
      hits: () => hits.toSorted((a, b) => a.arrivedAt - b.arrivedAt),
      unreadable: () => unreadable
    }
  }
}

const site = "https://www.log.example"

const hitOf = (line: string, seed: number, index: number): Hit | null => {
  const read = readLine("combined", line)
  if (read === null || !("host" in read) || read.host === null || read.path === null) return null
  const arrivedAt = Date.parse(read.datetime)
  if (Number.isNaN(arrivedAt)) return null
  const agent = read.agent ?? ""
  const location = `${site}${read.path}${read.query === null ? "" : `?${read.query}`}`
  const parameters: ReadonlyArray<Parameter> = [
    ["v", "1"],
    ["tid", "UA-41502318-3"],
    ["cid", uuidOf(`${seed} ${read.host} ${agent}`)],
    ["t", "pageview"],
    ["dl", location],
    ...(read.referer === null ? [] : [["dr", read.referer] as const]),
    ["z", uuidOf(`${seed} ${index}`)]
  ]
  return { arrivedAt, waited: 0, agent: { text: agent, isRobot: false }, address: read.host, referer: location, parameters }
}

const uuidOf = (text: string): string => {
  const h = hash("sha256", text)
  return `${h.slice(0, 8)}-${h.slice(8, 12)}-8${h.slice(13, 16)}-a${h.slice(17, 20)}-${h.slice(20, 32)}`
}
