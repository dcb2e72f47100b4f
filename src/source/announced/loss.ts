import type { DeadLetterReason, Rejection } from "../../record/dead-letter-reasons.ts"
import { unreadReasons } from "../../record/dead-letter-reasons.ts"
import { compareSequenceNumbers, type ReadPosition } from "../../record/position.ts"
import { noRecords, type RecordPage } from "../../record/record.ts"
import { stored } from "../read-file.ts"
import { type Known, knownOf } from "../resume-point.ts"
import type { Committed } from "../source.ts"
import type { Wanted } from "./wanted.ts"

/**
 * An object that cannot be read is lost: it ends as a dead letter. Unlike what is wrong with a record, that is not the same for whoever looks: another
 * process may have read it while it was there, and be about to commit its rows. So it takes two commits. The first claims that the object is lost,
 * by its position, which whoever has read it would commit, too: one of the two conflicts. What stands there then is so for good, and the second has the dead
 * letter, whoever makes it.
 */

/** Is all that a shard has in the table? */
export const isDone = (position: ReadPosition | undefined): boolean => position?.source?.["done"] === true

/** Why an object is lost, as its position says. */
export const lossOf = (position: ReadPosition | undefined): Rejection | undefined => {
  const { lost, why } = position?.source ?? {}
  return isUnread(lost) && typeof why === "string" ? { reason: lost, detail: why } : undefined
}

const isUnread = (reason: unknown): reason is DeadLetterReason => typeof reason === "string" && unreadReasons.has(reason)

const lossIn = ({ reason, detail }: Rejection) => ({ lost: reason, why: detail })

/** Claims that an object is lost, behind what was read of it. */
export const claimPage = ({ shard, arrivedAt }: Wanted, known: Known, loss: Rejection): RecordPage => ({
  ...noRecords,
  shard,
  arrivedAt,
  // Where nothing was read of it: before the first record, of which another process may have written a dead letter.
  position: { sequenceNumber: "0", subSequenceNumber: -1 },
  resume: { ...(known.progress === undefined ? {} : stored(known.progress)), done: false, ...lossIn(loss) }
})

/** The dead letter of an object whose loss was claimed. */
export const lossPage = (wanted: Wanted, { position, ahead }: Committed, loss: Rejection): RecordPage => {
  const { progress } = knownOf(position)
  const behind = [next(position), ...(progress === undefined ? [] : [String(progress.begin + progress.end)]), ...aheadOf(ahead)]
  const sequenceNumber = behind.reduce((a, b) => (compareSequenceNumbers(a, b) < 0 ? b : a))
  return letterPage(wanted, sequenceNumber, loss, { ...position?.source, ...lossIn(loss), done: true })
}

/** What is no announcement: the same for whoever looks. */
export const rejectedPage = (wanted: Wanted, rejected: Rejection): RecordPage => letterPage(wanted, "0", rejected, { done: true })

const letterPage = (
  { shard, arrivedAt, raw }: Wanted,
  sequenceNumber: string,
  rejected: Rejection,
  resume: NonNullable<RecordPage["resume"]>
): RecordPage => {
  const bytes = Buffer.from(raw)
  return { shard, count: 1, bytes, starts: [0], ends: [bytes.length], sequenceNumbers: [sequenceNumber], arrivedAt, rejected, resume }
}

const next = (position: ReadPosition | undefined): string => String(BigInt(position?.sequenceNumber ?? 0) + 1n)

/** A process died between its two commits. The same dead letter has the same place; behind those of records there is another. */
const aheadOf = (ahead: ReadPosition | undefined): ReadonlyArray<string> =>
  ahead === undefined ? [] : [lossOf(ahead) !== undefined && isDone(ahead) ? ahead.sequenceNumber : next(ahead)]
