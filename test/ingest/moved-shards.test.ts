import { describe, expect, it } from "vitest"
import { movedShards, standOf } from "../../src/ingest/second-owner.ts"
import { deadLetterDomain, stageDomain } from "../../src/lake/log-keys.ts"
import { noCounts, type ShardPosition } from "../../src/record/position.ts"

const feed = { dataset: "orders", source: "kinesis", shard: "a" }

/** Where a shard stands behind the record of this number. */
const at = (sequenceNumber: string, more: Partial<ShardPosition> = {}): ShardPosition => ({
  sequenceNumber,
  subSequenceNumber: 0,
  arrivedAt: "2026-01-02T03:04:05.000Z",
  ...noCounts,
  ...more
})

/** What the tables say of the shard, and what they say of others. */
interface Said {
  readonly stage?: ShardPosition
  readonly letters?: ShardPosition
  readonly others?: ReadonlyMap<string, string>
}

const stand = ({ stage, letters, others = new Map() }: Said, stored?: ShardPosition): string => {
  const domains = (domain: string, position?: ShardPosition) =>
    new Map([...others, ...(position === undefined ? [] : [[domain, JSON.stringify(position)] as const])])
  const view = {
    stage: { domains: domains(stageDomain(feed.source, feed.shard), stage) },
    deadLetters: { domains: domains(deadLetterDomain(feed), letters) }
  }
  return stored === undefined ? standOf(feed, view) : standOf(feed, view, stored)
}

describe("a shard has a second owner", () => {
  const elsewhere = new Map([
    [stageDomain("kinesis", "b"), JSON.stringify(at("900"))],
    [stageDomain("files", "a"), JSON.stringify(at("900"))],
    [deadLetterDomain({ ...feed, dataset: "returns" }), JSON.stringify(at("900"))],
    [deadLetterDomain({ ...feed, source: "files" }), JSON.stringify(at("900"))]
  ])
  /** Each row: what the tables said when the shard was taken in, what they say now, and whether somebody else has moved it. */
  const cases: ReadonlyArray<{ readonly title: string; readonly before: Said; readonly now: Said; readonly moved: boolean }> = [
    { title: "not where nobody has committed it", before: {}, now: {}, moved: false },
    { title: "not where it stands as it stood", before: { stage: at("7") }, now: { stage: at("7") }, moved: false },
    { title: "where its first rows are another's", before: {}, now: { stage: at("7") }, moved: true },
    { title: "where its rows go on", before: { stage: at("9") }, now: { stage: at("10") }, moved: true },
    { title: "within a record", before: { stage: at("9") }, now: { stage: at("9", { subSequenceNumber: 1 }) }, moved: true },
    { title: "where it went back", before: { stage: at("10") }, now: { stage: at("9") }, moved: true },
    { title: "where its position is gone", before: { stage: at("7") }, now: {}, moved: true },
    {
      title: "where it stands behind the same record, and the source goes on elsewhere",
      before: { stage: at("7", { source: { end: 100 } }) },
      now: { stage: at("7", { source: { end: 200 } }) },
      moved: true
    },
    {
      title: "where records were counted that became nothing",
      before: { stage: at("7") },
      now: { stage: at("7", { empty: 1 }) },
      moved: true
    },
    { title: "who left dead letters and died", before: { stage: at("7") }, now: { stage: at("7"), letters: at("8") }, moved: true },
    { title: "who left dead letters where nothing was", before: {}, now: { letters: at("1") }, moved: true },
    {
      title: "who went on with dead letters that were ahead",
      before: { stage: at("7"), letters: at("8") },
      now: { stage: at("7"), letters: at("10") },
      moved: true
    },
    {
      title: "not where dead letters stage has passed are told anew",
      before: { stage: at("10") },
      now: { stage: at("10"), letters: at("9") },
      moved: false
    },
    {
      title: "not where dead letters that are ahead stay as they are",
      before: { stage: at("7"), letters: at("8") },
      now: { stage: at("7"), letters: at("8") },
      moved: false
    },
    {
      title: "not by where a batch began, or what an object still counts of it",
      before: { stage: at("7", { from: { sequenceNumber: "3", subSequenceNumber: 0 } }) },
      now: { stage: at("7", { retired: noCounts }) },
      moved: false
    },
    {
      title: "not by other shards, sources and datasets",
      before: { stage: at("7") },
      now: { stage: at("7"), others: elsewhere },
      moved: false
    }
  ]
  for (const { title, before, now, moved } of cases)
    it(title, () => expect(movedShards([["a", stand(before)]], () => stand(now))).toEqual(moved ? ["a"] : []))

  it("not by its position having retired", () => {
    expect(movedShards([["a", stand({ stage: at("7") })]], () => stand({}, at("7")))).toEqual([])
    expect(movedShards([["a", stand({ stage: at("7") })]], () => stand({}, at("8")))).toEqual(["a"])
  })

  it("each by itself, in order, but those that the batch before answers for", () => {
    const known = [
      ["d", "1"],
      ["b", "1"],
      ["c", null],
      ["a", "1"]
    ] as const
    expect(movedShards(known, (shard) => (shard === "b" ? "1" : "2"))).toEqual(["d", "a"])
    expect(movedShards([], () => "2")).toEqual([])
  })
})
