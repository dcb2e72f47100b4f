import { dirname, isAbsolute, relative } from "node:path"
import { fileURLToPath } from "node:url"
import { getCallSites } from "node:util"

/** Path of the module that called into this folder, below the working directory where it lies there; null where nobody can say. */
export const fileOfCaller = (): string | null => {
  // Where they run, whatever they were made of: this folder is that of a bundle, if this has become part of one.
  const frames = getCallSites(20, { sourceMap: false }).flatMap(({ scriptName }) => {
    const path = scriptName.startsWith("file:") ? fileURLToPath(scriptName) : scriptName
    return isAbsolute(path) ? [path] : []
  })
  const caller = frames.find((path) => dirname(path) !== import.meta.dirname)
  return caller === undefined ? null : shortPath(caller)
}

/** A path as people read it: below the working directory where it lies there. */
export const shortPath = (path: string): string => {
  const below = relative(process.cwd(), path)
  return below === "" || below.startsWith("..") ? path : below
}
