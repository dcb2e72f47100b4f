import { assert, describe, it } from "@effect/vitest"
import { Tiling } from "../../src/lake/tiling.ts"
import type { ShardPosition } from "../../src/record/position.ts"
import { emptyCounts } from "../../src/record/report.ts"

const at = (n: number, position: Partial<ShardPosition> = {}): ShardPosition => ({
  sequenceNumber: String(n),
  subSequenceNumber: 0,
  arrivedAt: "2026-11-20T07:00:00.000Z",
  records: n,
  rows: n,
  deadLetters: 0,
  empty: 0,
  ...position
})
const from = (n: number) => ({ sequenceNumber: String(n), subSequenceNumber: 0 })
const counts = (n: number) => ({ records: n, rows: n, deadLetters: 0, empty: 0 })

/** Commits that say a position each, and what a fold of them finds. @param records of which a report speaks */
const folded = (...commits: ReadonlyArray<{ readonly position: ShardPosition; readonly removed?: boolean; readonly records?: number }>) => {
  const tiling = new Tiling()
  for (const [i, { position, removed = false, records }] of commits.entries()) {
    const domainMetadata = { domain: "sluice.position/files//data/a.ndjson", configuration: JSON.stringify(position), removed }
    const report = {
      kind: "batch",
      runId: "",
      dataset: "",
      source: { name: "", location: "" },
      startedAt: "",
      rotation: "end",
      shards: [],
      counts: { ...emptyCounts(), records: records ?? 0, rows: records ?? 0 },
      files: 1,
      fileBytes: 1
    } as const
    const add = { path: "f", partitionValues: {}, size: 1, modificationTime: 0, stats: `{"numRecords":${records}}`, dataChange: true }
    const actions = records === undefined ? [{ domainMetadata }] : [{ domainMetadata }, { add }]
    tiling.add({ version: i + 1, actions, timestamp: 0, operation: "", report: records === undefined ? null : report })
  }
  return tiling.checks("stage/order").map(({ ok, detail }) => `${ok ? "" : "not "}ok: ${detail}`)
}

const retires = { position: at(5, { from: from(5) }), removed: true }

describe("ranges of a shard that retires", () => {
  it("go on where they ended", () => {
    const back = { position: at(8, { from: from(5), retired: counts(5) }), records: 3 }
    assert.deepStrictEqual(folded({ position: at(5), records: 5 }, retires, back), ["ok: 2 ranges of 1 shard", "ok: 2 commits"])
    // It retires with the batch that has read it, and comes back from there.
    const again = { position: at(9, { from: from(8), retired: counts(8) }), records: 1 }
    assert.deepStrictEqual(folded({ position: at(5), records: 5 }, retires, { ...back, removed: true }, again), [
      "ok: 3 ranges of 1 shard",
      "ok: 3 commits"
    ])
  })

  it("are followed although the log begins behind them", () => {
    assert.deepStrictEqual(folded(retires, { position: at(8, { from: from(5), retired: counts(5) }), records: 3 }), [
      "ok: 1 range of 1 shard",
      "ok: 1 commit"
    ])
  })

  it("are told where they do not", () => {
    for (const position of [at(8), at(8, { from: from(4), retired: counts(5) }), at(8, { from: from(5), retired: counts(4) })])
      assert.match(folded({ position: at(5), records: 5 }, retires, { position, records: 3 })[0] ?? "", /^not ok: .*where it retired/)
    assert.match(folded({ position: at(5), records: 5 }, { position: at(4, { from: from(4) }), removed: true })[0] ?? "", /^not ok/)
    assert.match(folded(retires, { position: at(8, { from: from(5), retired: counts(5) }), records: 2 })[1] ?? "", /^not ok: .*move by 3/)
  })
})
