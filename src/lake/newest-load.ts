import { Malformed } from "../record/malformed.ts"
import type { Snapshot } from "../table/snapshot.ts"
import { loadProperty } from "./log-keys.ts"

/**
 * The newest load of a table that comes whole: what is older is gone, and what comes of it later does not count. A property of the table names it, so that a
 * commit changes rows and what they rest on together. Numbers are microseconds since 1970, as text.
 */
export interface NewestLoad {
  /** The file that begins it, which may have come in parts, and when that arrived. */
  readonly shard: string
  readonly arrivedAt: string
  /** When it began: as old as the oldest row of that file. */
  readonly at: string
}

/** The newest of what is known and what came: a load is as old as its oldest row, of whichever part of its file. Of two as old the known one stays. */
export const newestLoad = (known: NewestLoad | null, came: ReadonlyArray<NewestLoad>): NewestLoad | null => {
  const loads = new Map<string, NewestLoad>()
  for (const each of known === null ? came : [known, ...came]) {
    const key = JSON.stringify([each.shard, each.arrivedAt])
    const oldest = loads.get(key)
    if (oldest === undefined || BigInt(each.at) < BigInt(oldest.at)) loads.set(key, each)
  }
  const [first = null, ...others] = [...loads.values()]
  return others.reduce((newest, each) => (newest === null || isNewer(each, newest, known) ? each : newest), first)
}

/** As Spark orders them: the newest, then the one that is known, then the first by name and arrival. */
const isNewer = (a: NewestLoad, b: NewestLoad, known: NewestLoad | null): boolean => {
  if (a.at !== b.at) return BigInt(a.at) > BigInt(b.at)
  if (known !== null && (a.shard === known.shard) !== (b.shard === known.shard)) return a.shard === known.shard
  return a.shard === b.shard ? BigInt(a.arrivedAt) < BigInt(b.arrivedAt) : a.shard < b.shard
}

/** What the property of a table says; null: no load has come. Throws `Malformed` where it is damaged. */
export const loadOf = ({ metaData }: Pick<Snapshot, "metaData">): NewestLoad | null => {
  const text = metaData.configuration[loadProperty]
  if (text === undefined) return null
  try {
    const { shard, arrivedAt, at } = JSON.parse(text)
    if (typeof shard === "string" && [arrivedAt, at].every((micros) => typeof micros === "string" && /^-?\d+$/.test(micros)))
      return { shard, arrivedAt, at }
  } catch {
    // As bad as one that says something else.
  }
  throw new Malformed(
    "Corrupt",
    `the property ${loadProperty} is ${JSON.stringify(text)}`,
    "It names the newest load of the whole table. Fold all of stage anew: sluice repartition --rebuild."
  )
}

/** The properties of a table of which this load is the newest from now on. */
export const withLoad = ({ configuration }: Snapshot["metaData"], load: NewestLoad | null): Snapshot["metaData"]["configuration"] => {
  const { [loadProperty]: _, ...others } = configuration
  return load === null
    ? others
    : { ...others, [loadProperty]: JSON.stringify({ shard: load.shard, arrivedAt: load.arrivedAt, at: load.at }) }
}
