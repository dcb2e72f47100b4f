import { createHash } from "node:crypto"
import { count } from "../record/count.ts"
import { comparePositions, coordinatesOf, countsOf, type Position, type ShardCounts, type ShardPosition } from "../record/position.ts"
import { type Check, check, some } from "./check.ts"
import type { CommitEntry } from "./history.ts"
import { storedPositions } from "./positions.ts"
import { rowsOf } from "./rows.ts"

/** Folds the commits of a stage table and finds ranges that do not follow each other, and counts that do not add up. */
export class Tiling {
  private readonly last = new Map<string, ShardPosition>()
  /** Where shards stood when they retired, by their domains, both as fingerprints: there may be as many as files were ever read. */
  private readonly retired = new Map<number, number>()
  private readonly broken: Array<string> = []
  private readonly unequal: Array<string> = []
  private ranges = 0
  private commits = 0

  add({ version, actions, report }: CommitEntry): void {
    let records = 0
    let rows = 0
    let known = true
    let positions = 0
    let named = 0
    for (const action of actions) {
      // Where a position retires, its domain is removed and says once more where it stands: what comes of the shard later goes on from there.
      if (!("domainMetadata" in action) || action.domainMetadata.configuration === "") continue
      const [stored] = storedPositions(new Map([[action.domainMetadata.domain, action.domainMetadata.configuration]]))
      if (stored === undefined) continue
      const { domain } = action.domainMetadata
      const { position } = stored
      const rests = action.domainMetadata.removed && same(position, position.from)
      const back = this.last.has(domain) ? undefined : this.retired.get(fingerprint(domain))
      if (back !== undefined && back !== placeOf(position.from, position.retired))
        this.broken.push(`version ${version}: ${domain} does not go on from where it retired, but from ${text(position.from)}`)
      // The oldest commits may have expired: the first range that is seen of a shard may begin anywhere. One that only retires adds nothing.
      const before = this.last.get(domain) ?? (rests ? position : back === undefined ? undefined : beforeOf(position))
      if (before === undefined && position.from !== undefined) known = false
      else if (!same(before, position.from))
        this.broken.push(`version ${version}: ${domain} begins after ${text(position.from)}, not ${text(before)}`)
      if (before !== undefined && comparePositions(before, position) > 0)
        this.broken.push(`version ${version}: ${domain} goes back to ${text(position)}`)
      if (hasEnded(before) && !(hasEnded(position) && same(before, position) && before?.records === position.records))
        this.broken.push(`version ${version}: ${domain} goes on after its end`)
      if (gapsOf(before) > gapsOf(position)) this.broken.push(`version ${version}: ${domain} forgets gaps`)
      records += position.records - (before?.records ?? 0)
      rows += position.rows - (before?.rows ?? 0)
      named++
      if (!rests) positions++
      if (action.domainMetadata.removed) {
        this.last.delete(domain)
        this.retired.set(fingerprint(domain), placeOf(position, position))
      } else {
        if (back !== undefined) this.retired.delete(fingerprint(domain))
        this.last.set(domain, position)
      }
    }
    this.ranges += positions
    if (positions > 0) this.commits++
    if (!known || report?.kind !== "batch") return
    if (named === 0) this.unequal.push(`version ${version}: the report is of a batch, and no shard has a position`)
    if (report.counts.records !== records)
      this.unequal.push(`version ${version}: positions move by ${records} records, the report says ${report.counts.records}`)
    const written = actions.reduce((total, action) => ("add" in action ? total + (rowsOf(action.add) ?? 0) : total), 0)
    if (written !== rows || report.counts.rows !== rows)
      this.unequal.push(`version ${version}: ${rows} rows by position, ${report.counts.rows} by report, ${written} in its files`)
  }

  checks(table: string): ReadonlyArray<Check> {
    return [
      check(
        table,
        "ranges tile",
        this.broken.length === 0,
        this.broken.length === 0
          ? `${count(this.ranges, "range")} of ${count(this.last.size + this.retired.size, "shard")}`
          : some(this.broken)
      ),
      check(
        table,
        "commits agree with their files",
        this.unequal.length === 0,
        this.unequal.length === 0 ? count(this.commits, "commit") : some(this.unequal)
      )
    ]
  }
}

/** Of any text, a whole number below 2^48: of a million texts no two have the same. */
const fingerprint = (text: string): number => createHash("sha1").update(text).digest().readUIntBE(0, 6)

/** Where a shard stands, and what it came to until there. */
const placeOf = (position: Position | undefined, counts: ShardCounts | undefined): number =>
  fingerprint(JSON.stringify([position && coordinatesOf(position), counts && countsOf(counts)]))

/** Where a shard stood that has come back, as far as its next position says. */
const beforeOf = ({ from, retired, arrivedAt }: ShardPosition): ShardPosition | undefined =>
  from === undefined || retired === undefined ? undefined : { ...from, ...retired, arrivedAt }

const same = (a: Position | undefined, b: Position | undefined): boolean =>
  a === undefined || b === undefined ? a === b : comparePositions(a, b) === 0

/** Nothing comes after the end of a stream's shard, which was split or merged. */
const hasEnded = (position: ShardPosition | undefined): boolean => position?.source?.["ended"] === true

const gapsOf = (position: ShardPosition | undefined): number => Number(position?.source?.["gaps"] ?? 0)

const text = (position: Position | undefined): string =>
  position === undefined ? "the beginning" : `${position.sequenceNumber}/${position.subSequenceNumber}`
