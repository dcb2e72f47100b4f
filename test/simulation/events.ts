import type { Random } from "../../src/generate/random.ts"
import type { SimulatedKinesis } from "./kinesis/simulated-kinesis.ts"
import type { Outside } from "./programs.ts"
import type { EventKind } from "./settings.ts"
import type { VirtualTime } from "./virtual-time.ts"
import type { Workers } from "./workers.ts"

/** What events happen to. */
export interface Eventful extends Outside {
  readonly time: VirtualTime
  readonly random: Random
  readonly stream: SimulatedKinesis
  readonly workers: Workers
  /** How far clocks are off, at most, in milliseconds. */
  clockError: number
}

/** Most shards that are open at a time. */
const mostShards = 8

/** Does it need nobody to look? */
export const isOfStream = (kind: EventKind): boolean => kind === "split" || kind === "merge"

/** Lets something happen to the world. */
export const happen = (kind: EventKind, world: Eventful): void => {
  const { datasets, faults, random, settings, stream, time, workers } = world
  const streamName = datasets[random.below(datasets.length)]?.stream ?? ""
  const open = stream.shards(streamName).filter(({ closedAt }) => closedAt === null)
  const later = (end: () => void) => time.at(time.now + Math.min(faults.longTime(), settings.active / 3), end)
  switch (kind) {
    case "split": {
      const shard = open[random.below(open.length)]
      if (shard !== undefined && open.length < mostShards) stream.splitShard(streamName, shard.shardId)
      break
    }
    case "merge": {
      const byRange = open.toSorted((a, b) => (a.range.from < b.range.from ? -1 : 1))
      const [one, other] = byRange.slice(random.below(Math.max(1, byRange.length - 1)))
      if (one === undefined || other === undefined) break
      const [parent, adjacent] = random.chance(0.5) ? [one, other] : [other, one]
      stream.mergeShards(streamName, parent.shardId, adjacent.shardId)
      break
    }
    case "crash":
      workers.any()?.crash()
      break
    case "freeze":
      workers.any()?.freeze(faults.longTime())
      break
    case "terminate":
      workers.terminate()
      break
    case "double":
      workers.double()
      break
    case "scale":
      workers.scale(random.between(1, 4))
      break
    case "shift clock": {
      const millis = random.between(-300, 300) * 1000
      world.clockError += Math.abs(millis)
      workers.any()?.shiftClock(millis)
      break
    }
    case "full disk":
      faults.full = true
      later(() => {
        faults.full = false
      })
      break
    case "throttle store":
      faults.throttled = true
      later(() => {
        faults.throttled = false
      })
  }
}
