import { statSync } from "node:fs"
import { realpath, stat } from "node:fs/promises"
import { pathToFileURL } from "node:url"
import { Effect } from "effect"
import { SourceError } from "../record/source-error.ts"
import { openStored } from "./byte-reader.ts"
import { ioError } from "./io-error.ts"
import { lakeAround } from "./lake-folders.ts"
import { type Entry, fileEntry, listFiles } from "./list-files.ts"
import type { Place } from "./place.ts"

/** A folder of this machine, with all below it, or a file. */
export const diskPlace = (source: string, input: string): Effect.Effect<Place, SourceError> =>
  Effect.tryPromise({ try: () => locate(source, input), catch: (cause) => ioError(source, input, cause) })

const locate = async (source: string, input: string): Promise<Place> => {
  const root = await realpath(input)
  const stats = await stat(root)
  const lake = lakeAround(root)
  if (lake !== undefined) throw inLake(source, input, lake)
  if (stats.isDirectory() || stats.isFile()) {
    const isFile = stats.isFile()
    return {
      root,
      location: pathToFileURL(root).href,
      isFile,
      appearWhole: false,
      entries: (takes) => (isFile ? [onlyFile(source, root)] : listFiles(source, root, takes)),
      open: (file) => openStored({ source, path: file.path }, file.size)
    }
  }
  throw new SourceError({
    source,
    reason: "Invalid",
    location: input,
    detail: "The input is neither a file nor a folder",
    hint: "Pipe it into the command and give `-` as input."
  })
}

/** Why an input that lies in a lake is not read. @param lake around it */
export const inLake = (source: string, input: string, lake: string): SourceError =>
  new SourceError({
    source,
    reason: "Invalid",
    location: input,
    detail: `The input belongs to what Sluice wrote in ${lake}`,
    hint: "Give a folder or a file of records. What rows came of can be read with `sluice query`, dead letters with `sluice replay`."
  })

const onlyFile = (source: string, path: string): Entry => {
  try {
    return fileEntry(path, statSync(path))
  } catch (cause) {
    return { kind: "failed", error: ioError(source, path, cause) }
  }
}
