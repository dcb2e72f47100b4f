import type { Random } from "../../src/record/seeded.ts"
import type { Outside } from "./programs.ts"
import type { EventKind } from "./settings.ts"
import type { VirtualTime } from "./virtual-time.ts"
import type { Workers } from "./workers.ts"

/** What events happen to. */
export interface Eventful extends Outside {
  readonly time: VirtualTime
  readonly random: Random
  readonly workers: Workers
  /** How far clocks are off, at most, in milliseconds. */
  clockError: number
}

/** Does it happen to the input, whether anybody looks or not? */
export const isOfInput = (kind: EventKind): boolean => kind === "split" || kind === "merge"

/** Lets something happen to the world. */
export const happen = (kind: EventKind, world: Eventful): void => {
  const { faults, input, random, settings, time, workers } = world
  if (input.happen(kind)) return
  const later = (end: () => void) => time.at(time.now + Math.min(faults.longTime(), settings.active / 3), end)
  switch (kind) {
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
