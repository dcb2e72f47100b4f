import type { Hit } from "../generate/hits/hit.ts"
import { personOf } from "../generate/hits/person.ts"
import { Random } from "../record/seeded.ts"
import type { DataKind } from "./data-kind.ts"

/** Sessions, items and times, by index. */
interface Clicks {
  readonly sessions: Array<number>
  readonly items: Array<string>
  readonly times: Array<number>
}

/** As published, `session,2014-04-07T10:51:09.277Z,item,category`, and as cut by others: `SessionId ItemId Time` in seconds, with tabs. */
const readClick = (line: string): readonly [session: number, item: string, millis: number] | null => {
  const [, session, item, seconds] = /^(\d+)\t(\d+)\t(\d+(?:\.\d+)?)$/.exec(line) ?? []
  if (session !== undefined && item !== undefined) return [Number(session), item, Math.round(Number(seconds) * 1000)]
  const [, visit, time = "", product] = /^(\d+),(\d{4}-[^,]+),(\d+)(?:,|$)/.exec(line) ?? []
  const millis = Date.parse(time)
  return visit === undefined || product === undefined || Number.isNaN(millis) ? null : [Number(visit), product, millis]
}

const header = /^SessionId\tItemId\tTime$/

/** Clicks of YooChoose: each is the page of an item that is looked at, each session a visitor. */
export const clickHits: DataKind = {
  name: "clicks of YooChoose",
  holds: (line) => header.test(line) || readClick(line) !== null,
  read: (seed) => {
    const clicks: Clicks = { sessions: [], items: [], times: [] }
    let unreadable = 0
    return {
      add: (line) => {
        if (line === "" || header.test(line)) return
        const click = readClick(line)
        if (click === null) {
          unreadable++
          return
        }
        clicks.sessions.push(click[0])
        clicks.items.push(click[1])
        clicks.times.push(click[2])
      },
      hits: () => hitsOf(seed, clicks),
      unreadable: () => unreadable
    }
  }
}

function* hitsOf(seed: number, { sessions, items, times }: Clicks): Generator<Hit, void> {
  const start = times.reduce((least, time) => Math.min(least, time), Number.POSITIVE_INFINITY)
  const order = Uint32Array.from(times, (_, i) => i).sort((a, b) => (times[a] ?? 0) - (times[b] ?? 0) || a - b)
  for (const i of order) {
    const session = sessions[i] ?? 0
    const item = items[i] ?? ""
    const { clientId, agent, address, language, screen, property } = personOf(seed, session, start, false)
    const location = `https://www.yoochoose.example/item/${item}`
    yield {
      arrivedAt: times[i] ?? 0,
      waited: 0,
      agent,
      address,
      referer: location,
      parameters: [
        ["v", "1"],
        ["tid", property],
        ["cid", `${clientId ?? ""}.${session}`],
        ["t", "pageview"],
        ["dl", location],
        ["dt", `Item ${item}`],
        ["ul", language],
        ...screen,
        ["pa", "detail"],
        ["pr1id", item],
        ["z", String(new Random(seed, 0x9f2, i).uint32())]
      ]
    }
  }
}
