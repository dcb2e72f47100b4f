import { realpathSync, statSync } from "node:fs"
import { listFiles, pathBelow } from "./list-files.ts"

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
export const arrivalsIn = (input: string, takes: ReadonlyArray<(path: string) => boolean>): Arrivals => {
  const taken = takes.map(() => 0)
  let left = 0
  const look = (path: string) => {
    let isTaken = false
    for (const [i, take] of takes.entries()) {
      if (!take(path)) continue
      taken[i] = (taken[i] ?? 0) + 1
      isTaken = true
    }
    if (!isTaken) left++
  }
  const root = realOf(input)
  const isFile = root !== null && statSync(root, { throwIfNoEntry: false })?.isDirectory() === false
  if (root !== null && isFile) look(root.slice(root.lastIndexOf("/") + 1))
  else if (root !== null)
    for (const entry of listFiles("files", root, () => true)) if (entry.kind === "file") look(pathBelow(root, entry.path))
  return { taken, left, isFile }
}

const realOf = (input: string): string | null => {
  try {
    return realpathSync(input)
  } catch {
    return null
  }
}
