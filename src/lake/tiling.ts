import { count } from "../record/count.ts"
import { comparePositions, type Position, type ShardPosition } from "../record/position.ts"
import { type Check, check, some } from "./check.ts"
import type { CommitEntry } from "./history.ts"
import { parsePosition, storedPositions } from "./positions.ts"
import { rowsOf } from "./rows.ts"

/** Folds the commits of a stage table and finds ranges that do not follow each other, and counts that do not add up. */
export class Tiling {
  private readonly last = new Map<string, ShardPosition>()
  private readonly broken: Array<string> = []
  private readonly unequal: Array<string> = []
  private ranges = 0
  private commits = 0

  add({ version, actions, report }: CommitEntry): void {
    let records = 0
    let rows = 0
    let known = true
    let positions = 0
    for (const action of actions) {
      // Where a position retires, its domain is removed and says once more where it stands: what comes of the shard later goes on from there.
      if (!("domainMetadata" in action) || action.domainMetadata.configuration === "") continue
      const [stored] = storedPositions(new Map([[action.domainMetadata.domain, action.domainMetadata.configuration]]))
      if (stored === undefined) continue
      const { domain } = action.domainMetadata
      const position = parsePosition(action.domainMetadata.configuration)
      const moves = position.from === undefined || !same(position.from, position)
      // The oldest commits may have expired: the first range that is seen of a shard may begin anywhere. One that retired there adds nothing.
      const before = this.last.get(domain) ?? (action.domainMetadata.removed && !moves ? position : undefined)
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
      positions++
      this.last.set(domain, position)
    }
    this.ranges += positions
    if (positions > 0) this.commits++
    if (!known || report?.kind !== "batch") return
    if (positions === 0) this.unequal.push(`version ${version}: the report is of a batch, and no shard has a position`)
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
        this.broken.length === 0 ? `${count(this.ranges, "range")} of ${count(this.last.size, "shard")}` : some(this.broken)
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

const same = (a: Position | undefined, b: Position | undefined): boolean =>
  a === undefined || b === undefined ? a === b : comparePositions(a, b) === 0

/** Nothing comes after the end of a stream's shard, which was split or merged. */
const hasEnded = (position: ShardPosition | undefined): boolean => position?.source?.["ended"] === true

const gapsOf = (position: ShardPosition | undefined): number => Number(position?.source?.["gaps"] ?? 0)

const text = (position: Position | undefined): string =>
  position === undefined ? "the beginning" : `${position.sequenceNumber}/${position.subSequenceNumber}`
