import { dirname, relative } from "node:path"

/** Path of the module that called into this folder, below the working directory where it lies there; null where nobody can say. */
export const fileOfCaller = (): string | null => {
  const frames = [...(new Error().stack ?? "").matchAll(/(?:file:\/\/)?(\/[^\s()]+?\.[cm]?[jt]s)(?=[:?])/g)].flatMap(
    ([, path]) => path ?? []
  )
  const caller = frames.find((path) => dirname(path) !== import.meta.dirname)
  return caller === undefined ? null : shortPath(decodeURIComponent(caller))
}

/** A path as people read it: below the working directory where it lies there. */
export const shortPath = (path: string): string => {
  const below = relative(process.cwd(), path)
  return below === "" || below.startsWith("..") ? path : below
}
