import { Malformed } from "../record/malformed.ts"
import type { Snapshot } from "./snapshot.ts"

/** Table properties that this module honours, with Delta's defaults. */

const day = 86_400_000
const units: Readonly<Record<string, number>> = {
  millisecond: 1,
  second: 1000,
  minute: 60_000,
  hour: 3_600_000,
  day,
  week: 7 * day
}

/** Milliseconds of `interval 7 days`, `1 week 12 hours`, as Spark writes calendar intervals. Months and years have no fixed length: refused. */
export const parseInterval = (property: string, text: string): number => {
  const fail = () =>
    new Malformed(
      "Invalid",
      `the property ${property} is ${JSON.stringify(text)}`,
      'Write it like "interval 7 days" (weeks, days, hours, minutes, seconds).'
    )
  const tokens = text
    .trim()
    .toLowerCase()
    .replace(/^interval\s+/, "")
    .split(/\s+/)
  if (tokens.length % 2 !== 0) throw fail()
  let total = 0
  for (let i = 0; i < tokens.length; i += 2) {
    const [count = "", unit = ""] = tokens.slice(i, i + 2)
    const factor = units[unit.replace(/s$/, "")]
    if (!/^\d+$/.test(count) || factor === undefined) throw fail()
    total += Number(count) * factor
  }
  return total
}

const interval = (snapshot: Snapshot, property: string, otherwise: number): number => {
  const text = snapshot.metaData.configuration[property]
  return text === undefined ? otherwise : parseInterval(property, text)
}

/** How long commits stay in the log, ms. */
export const logRetention = (snapshot: Snapshot): number => interval(snapshot, "delta.logRetentionDuration", 30 * day)

/** How long removed files stay readable, ms. */
export const deletedFileRetention = (snapshot: Snapshot): number => interval(snapshot, "delta.deletedFileRetentionDuration", 7 * day)

/** Live actions (files, positions, removed files) for which a checkpoint may cost what it costs without being due less often. */
const smallCheckpoint = 50_000

/**
 * Commits between checkpoints: `delta.checkpointInterval`, and up to ten times that in a table of many live actions, so that a commit's share of
 * the next checkpoint does not grow with the table. Who opens it has as many more commits to read.
 */
export const checkpointInterval = (snapshot: Snapshot): number => {
  const actions = snapshot.files.size + snapshot.domains.size + snapshot.transactions.size + snapshot.tombstones.size
  return configuredInterval(snapshot) * Math.min(10, 1 + Math.floor(actions / smallCheckpoint))
}

const configuredInterval = (snapshot: Snapshot): number => {
  const text = snapshot.metaData.configuration["delta.checkpointInterval"]
  if (text === undefined) return 10
  if (!/^[1-9]\d*$/.test(text))
    throw new Malformed("Invalid", `the property delta.checkpointInterval is ${JSON.stringify(text)}`, "It must be a positive integer.")
  return Number(text)
}

export const isSerializable = (snapshot: Snapshot): boolean =>
  snapshot.metaData.configuration["delta.isolationLevel"]?.toLowerCase() === "serializable"
