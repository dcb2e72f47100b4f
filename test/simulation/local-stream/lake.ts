import type { Position, ShardPosition } from "../../../src/record/position.ts"
import { arrivedAt, type RecordPage } from "../../../src/record/record.ts"

/** What a consumer has committed: rows and how far they reach, together. It is elsewhere, and survives whatever happens to the machine of the stream. */
export class Lake {
  readonly rows: Array<{ readonly shard: string; readonly sequenceNumber: string; readonly text: string }> = []
  readonly positions = new Map<string, ShardPosition>()
  readonly gaps: Array<{ readonly from: number; readonly to: number }> = []

  commit(page: RecordPage): void {
    const old = this.positions.get(page.shard)
    let last: Position | undefined = old ?? page.position
    let time = old?.arrivedAt ?? ""
    for (let i = 0; i < page.count; i++) {
      const sequenceNumber = page.sequenceNumbers[i] ?? "?"
      const text = Buffer.from(page.bytes.subarray(page.starts[i], page.ends[i])).toString()
      this.rows.push({ shard: page.shard, sequenceNumber, text })
      last = { sequenceNumber, subSequenceNumber: 0 }
      time = new Date(arrivedAt(page, i)).toISOString()
    }
    const source = page.resume ?? old?.source
    this.positions.set(page.shard, {
      sequenceNumber: last?.sequenceNumber ?? "0",
      subSequenceNumber: 0,
      arrivedAt: time,
      records: 0,
      rows: 0,
      deadLetters: 0,
      empty: 0,
      source
    })
    const [from, to] = [source?.["gapFrom"], source?.["gapTo"]]
    if (typeof from === "string" && typeof to === "string") this.gaps.push({ from: Date.parse(from), to: Date.parse(to) })
  }
}
