import { pathBelow } from "./list-files.ts"
import type { Place } from "./place.ts"

/** What lies in an input. */
export interface Arrivals {
  /** Files that each of those takes who share the input, in their order. */
  readonly taken: ReadonlyArray<number>
  /** Files that none takes. */
  readonly left: number
  /** Is the input one file? */
  readonly isFile: boolean
}

/**
 * Looks once through an input that several share: a folder, or one file. What cannot be read is nobody's: whoever reads the input tells of it.
 *
 * @param takes which files each takes, by their path below the folder
 */
export const arrivalsIn = async (place: Place, takes: ReadonlyArray<(path: string) => boolean>, signal: AbortSignal): Promise<Arrivals> => {
  const { root, isFile } = place
  const taken = takes.map(() => 0)
  let left = 0
  for await (const entry of place.entries(() => true, signal)) {
    if (entry.kind !== "file") continue
    const path = isFile ? root.slice(root.lastIndexOf("/") + 1) : pathBelow(root, entry.path)
    let isTaken = false
    for (const [i, take] of takes.entries()) {
      if (!take(path)) continue
      taken[i] = (taken[i] ?? 0) + 1
      isTaken = true
    }
    if (!isTaken) left++
  }
  return { taken, left, isFile }
}
