import { describe, expect, it } from "vitest"
import { answered, markerDue, progressOf, resumeOf, vanished, withGap } from "../../../src/source/kinesis/progress.ts"
import { Retention } from "../../../src/source/kinesis/retention.ts"
import { shardPosition } from "../collect.ts"

const hour = 3_600_000
const day = 24 * hour
const t0 = Date.parse("2024-05-01T00:00:00Z")
const iso = (millis: number) => new Date(millis).toISOString()
const known = (source: Readonly<Record<string, string | number | boolean>>, sequenceNumber = "5") =>
  progressOf(shardPosition({ sequenceNumber, subSequenceNumber: 2 }, source))

describe("progress of a shard", () => {
  it("goes to the position and comes back", () => {
    const source = { readUntil: iso(t0), gaps: 2, gapFrom: iso(t0 - day), gapTo: iso(t0 - hour), outOfRange: 3 }
    expect(resumeOf(known(source), day, undefined)).toEqual({ ...source, retention: day })
    expect(known(source).position).toEqual({ sequenceNumber: "5", subSequenceNumber: 2 })
    expect(resumeOf(known(source), day, 7, [])).toEqual({ ...source, retention: day, behind: 7, ended: true })
    expect(resumeOf(known(source), day, 7, ["a", "b"])).toEqual({ ...source, retention: day, behind: 7, ended: true, children: "a,b" })
    expect(resumeOf(progressOf(undefined), day, 0)).toEqual({ behind: 0, retention: day })
  })

  it("keeps where a shard begins until something was read", () => {
    const begun = known({ start: iso(t0) }, "0")
    expect(begun.position).toBeUndefined()
    expect(resumeOf(begun, day, 0)).toEqual({ behind: 0, start: iso(t0), readUntil: iso(t0), openUntil: iso(t0), retention: day })
    expect(resumeOf({ ...begun, position: { sequenceNumber: "5", subSequenceNumber: 0 } }, day, 0)).not.toHaveProperty("start")
  })

  it("knows until when everything was read", () => {
    const { progress, gap } = answered(progressOf(undefined), t0, 5000, t0 - day)
    expect([progress.readUntil, gap, progress.gaps]).toEqual([t0 - 5000, false, 0])
    // A clock that was set back takes it back: what comes until then is not read.
    expect(answered(progress, t0 + 10, 9000, t0 + 10 - day).progress.readUntil).toBe(t0 + 10 - 9000)
  })

  it("finds a gap where the horizon has passed what was read", () => {
    const before = known({ readUntil: iso(t0) })
    const { progress, gap } = answered(before, t0 + day + hour, day, t0 + hour)
    expect(gap).toBe(true)
    expect(progress).toMatchObject({ gaps: 1, gapFrom: t0, gapTo: t0 + hour, readUntil: t0 + hour })
    expect(answered(before, t0 + day, day, t0).gap).toBe(false)
  })

  it("counts a hole once, however long it gets, and the next one anew", () => {
    let progress = answered(known({ readUntil: iso(t0) }), t0 + day + hour, day, t0 + hour).progress
    for (let second = 1; second < 10; second++) {
      const next = answered(progress, t0 + day + hour + second * 1000, day, t0 + hour + second * 1000)
      expect(next.gap).toBe(false)
      progress = next.progress
    }
    expect(progress).toMatchObject({ gaps: 1, gapFrom: t0, gapTo: t0 + hour + 9000 })
    progress = answered(progress, t0 + day + 2 * hour, hour, t0 + 2 * hour).progress
    expect(answered(progress, t0 + 4 * day, day, t0 + 3 * day)).toMatchObject({ gap: true, progress: { gaps: 2, gapTo: t0 + 3 * day } })
  })

  it("takes an idle shard for read, so that it is no gap", () => {
    const idle = answered(known({ readUntil: iso(t0) }), t0 + 6 * hour, 0, t0 - 18 * hour).progress
    expect(answered(idle, t0 + 29 * hour, 0, t0 + 5 * hour).gap).toBe(false)
  })

  it("is told now and then, by all shards in the same moment", () => {
    expect(markerDue(t0 + 1, t0 + hour - 1, day)).toBe(false)
    expect(markerDue(t0 + 1, t0 + hour, day)).toBe(true)
    expect(markerDue(t0 + hour - 1, t0 + hour, day)).toBe(true)
    expect(markerDue(t0, t0 + hour / 4, hour)).toBe(true)
  })

  it("is over with a gap where a shard expired before its end", () => {
    const progress = known({ readUntil: iso(t0), gaps: 1 })
    expect(vanished(progress, t0 + 2 * day)).toMatchObject({ gaps: 2, gapFrom: t0, gapTo: t0 + 2 * day })
    // It cannot have expired with records that were not read.
    expect(vanished(progress, t0)).toBeNull()
  })

  it("tells of a gap in what came out of an expired shard, which may have been closed long before it was last read", () => {
    const source = { readUntil: iso(t0), openUntil: iso(t0 - hour) }
    expect(resumeOf(known(source), day, undefined)).toEqual({ ...source, retention: day })
    // Of an ended shard, until when it was read says the same.
    expect(resumeOf(known(source), day, undefined, [])).toEqual({ retention: day, readUntil: iso(t0), ended: true })
    expect(known({ readUntil: iso(t0), ended: true }).openUntil).toBe(t0)
    expect(vanished(known(source), t0 + day)).toMatchObject({ gaps: 1, gapFrom: t0 - hour, gapTo: t0 + day, readUntil: t0 - hour })
    expect(vanished(known({ ...source, openUntil: iso(t0 + hour) }), t0 + day)).toMatchObject({ gapFrom: t0, gapTo: t0 + day })
  })

  it("is known of the records, where an answer of several pages was cut short", () => {
    const { readUntil, arrivedAt } = known({})
    expect(arrivedAt).toBeDefined()
    expect(readUntil).toBe(arrivedAt)
  })

  it("never loses a part of a gap that it had, whatever the clock does", () => {
    const before = withGap(known({}), t0, t0 + hour)
    expect(withGap(before, t0 - hour, t0 - hour)).toMatchObject({ gaps: 1, gapFrom: t0 - hour, gapTo: t0 + hour })
  })
})

describe("how long a stream keeps its records", () => {
  it("is longer from now on, which does not bring anything back", () => {
    const retention = new Retention(day, t0)
    expect(retention.horizon(t0 + hour)).toBe(t0 + hour - day)
    retention.is(7 * day, t0 + hour)
    expect(retention.horizon(t0 + hour)).toBe(t0 + hour - day)
    expect(retention.horizon(t0 + 2 * day)).toBe(t0 + hour - day)
    expect(retention.horizon(t0 + 9 * day)).toBe(t0 + 2 * day)
  })

  it("was shorter, as far as anybody knows until it was asked", () => {
    const retention = new Retention(7 * day, t0)
    retention.was(day)
    retention.was(7 * day)
    expect(retention.horizon(t0 + hour)).toBe(t0 - day)
    expect(retention.horizon(t0 + 8 * day)).toBe(t0 + day)
  })

  it("is shorter at once", () => {
    const retention = new Retention(7 * day, t0)
    retention.is(day, t0 + hour)
    expect(retention.horizon(t0 + hour)).toBe(t0 + hour - day)
  })

  it("is asked now and then, and by one at a time", () => {
    const retention = new Retention(day, t0)
    expect(retention.isDue(t0 + hour - 1, hour)).toBe(false)
    expect(retention.isDue(t0 + hour, hour)).toBe(true)
    expect(retention.isDue(t0 + hour, hour)).toBe(false)
  })
})
