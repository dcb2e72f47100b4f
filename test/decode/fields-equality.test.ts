import { assert, describe, it } from "@effect/vitest"
import { vi } from "vitest"
import { FieldsBlock } from "../../src/decode/fields/block.ts"
import { emptyCounts } from "../../src/record/report.ts"
import { Random } from "../../src/record/seeded.ts"
import { addCounts, closes } from "./equality.ts"
import { csvKinds, type Kind, logKinds, mutated } from "./field-records.ts"
import { Lane } from "./lane.ts"
import { arrival, pageOf, sum } from "./support.ts"

/** What pages are made of. */
interface Shape {
  readonly pages: number
  readonly records: (random: Random, kind: Kind) => ReadonlyArray<Buffer>
  /** Milliseconds between the arrivals of two records. */
  readonly apart: (random: Random) => number
}

const small: Shape = {
  pages: 10,
  records: (random, kind) => Array.from({ length: random.between(1, 100) }, () => mutated(random, kind)),
  apart: () => 100_000
}

/** More than are read at a time, most of them plainly rows: with others among them, in between, and in long stretches. */
const large: Shape = {
  pages: 2,
  records: (random, kind) => {
    const letters = random.pick([0, 0, 0, 300, 4000])
    const count = random.between(1, letters === 4000 ? 500 : 6000)
    const plain = (letters: number) => Buffer.from(kind.plain(random, letters), kind.encoding)
    const records: Array<Buffer> = []
    while (records.length < count) {
      const share = random.pick([0, 0, 0.002, 0.002, 0.05, 0.9])
      const stretch = Math.min(random.between(1, 2500), count - records.length)
      for (let i = 0; i < stretch; i++) records.push(random.chance(share) ? mutated(random, kind) : plain(letters))
      // As large as what is looked at after the other, and too large for the fast path.
      if (random.chance(0.1)) records.push(plain(random.pick([150_000, 150_000, 1_200_000])))
    }
    return records
  },
  apart: (random) => random.pick([10, 10, 100_000])
}

/** Runs records of some kinds by the definition, and by the bytes with SIMD and without. */
const race = (kinds: readonly [Kind, ...Array<Kind>], wanted: number, { pages, records: recordsOf, apart }: Shape = small) => {
  const counts = emptyCounts()
  let handedOver = 0
  for (let number = 1; counts.records < wanted; number++) {
    const random = new Random(number)
    const kind = random.pick(kinds)
    const settings = {
      hashKey: random.chance(0.3) ? null : Buffer.from("key"),
      maxDepth: random.pick([64, 64, 5, 3, 2, 1]),
      maxRecordBytes: random.chance(0.8) ? 1e7 : 120
    }
    const definition = new Lane("definition", kind.contract, settings, { by: "definition" })
    const fast = [new Lane("simd", kind.contract, settings, {}), new Lane("scalar", kind.contract, settings, { kernel: "scalar" })]
    for (let page = 0; page < pages; page++) {
      const records = recordsOf(random, kind)
      const gap = random.pick(["", "\n", "\r\n", '"', " "])
      // Records back to back, or with something between them.
      const all = Buffer.concat(records.flatMap((record) => [record, Buffer.from(gap)]))
      const plain = pageOf(records)
      const starts = Array.from(plain.starts, (start, i) => start + i * gap.length)
      const millis = apart(random)
      const whole = {
        ...plain,
        bytes: new Uint8Array(all),
        starts,
        ends: starts.map((start, i) => start + (records[i]?.length ?? 0)),
        arrivedAt: records.map((_, i) => arrival + i * millis),
        ...(kind.header === undefined || random.chance(0.02) ? {} : { header: Buffer.from(kind.header) })
      }
      for (const lane of [definition, ...fast]) lane.decode(whole)
      for (const lane of fast) {
        const difference = lane.differenceFrom(definition)
        const shown = () => JSON.stringify(records.slice(0, 100).map(String)).slice(0, 2000)
        if (difference !== null) assert.fail(`race ${number}, page ${page}, ${lane.name}: ${difference}; ${shown()}`)
      }
    }
    addCounts(counts, definition.counts)
    for (const lane of fast) handedOver += lane.counts.handedOver[""] ?? 0
    assert.isTrue(closes(definition.counts))
  }
  return { counts, share: 1 - handedOver / (2 * counts.records) }
}

describe("fields found in bytes and the definition give the same", () => {
  it("for mutated records of CSV", () => {
    const { counts, share } = race(csvKinds, 20_000)
    assert.sameMembers(Object.keys(counts.deadLetters), [
      ...["not_csv", "truncated", "not_utf8", "no_header", "too_large", "too_deep", "missing_key", "unreadable_key"],
      ...["missing_event_time", "unreadable_event_time", "missing_version", "quality_rejected"]
    ])
    assert.isAbove(counts.rows / counts.records, 0.3)
    assert.isAbove(share, 0.35)
    for (const what of [counts.rescued, counts.drift, counts.drops, counts.masked, counts.quality]) assert.isAbove(sum(what), 50)
  })

  it("for mutated lines of access logs", () => {
    const { counts, share } = race(logKinds, 20_000)
    assert.sameMembers(Object.keys(counts.deadLetters), [
      ...["not_access_log", "truncated", "not_utf8", "too_large", "missing_key", "unreadable_event_time"]
    ])
    assert.isAbove(counts.rows / counts.records, 0.3)
    assert.isAbove(share, 0.2)
    for (const what of [counts.rescued, counts.drift, counts.masked, counts.quality]) assert.isAbove(sum(what), 50)
  })

  it.for([
    ["CSV", csvKinds],
    ["access logs", logKinds]
  ] as const)("for large pages of %s, many records at a time", ([, kinds]) => {
    const settled = vi.spyOn(FieldsBlock.prototype, "settle")
    const looked = vi.spyOn(FieldsBlock.prototype, "look")
    const leftOut = vi.spyOn(FieldsBlock.prototype, "leaveOut")
    const { counts } = race(kinds, 40_000, large)
    const runs = settled.mock.calls.map(([first, end]) => end - first)
    assert.isAbove(runs.reduce((sum, rows) => sum + rows, 0) / (2 * counts.records), 0.2)
    assert.isAbove(Math.max(...runs), 300)
    // Looked at in the middle of a page, too, and rejected by an expectation in the middle of a run.
    assert.isAbove(looked.mock.calls.filter(([, first, from]) => first > 0 && from > 0).length, 50)
    if (counts.deadLetters["quality_rejected"] !== undefined) assert.isAbove(leftOut.mock.calls.length, 20)
    vi.restoreAllMocks()
  })
})
