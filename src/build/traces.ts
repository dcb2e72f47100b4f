/** Part of the command's bundle: has stack traces name the files that were bundled, and their lines. A map is read when there is a trace to write. */
import { existsSync, readFileSync } from "node:fs"
import { SourceMap, type SourceMapping } from "node:module"
import { fileURLToPath, pathToFileURL } from "node:url"

const maps = new Map<string, SourceMap | null>()

const mapOf = (url: string): SourceMap | null => {
  const known = maps.get(url)
  if (known !== undefined) return known
  const file = `${fileURLToPath(url)}.map`
  const map = existsSync(file) ? new SourceMap(JSON.parse(readFileSync(file, "utf8"))) : null
  maps.set(url, map)
  return map
}

const here = pathToFileURL(import.meta.dirname).href

/** There is none of what esbuild has added. */
const isMapping = (entry: SourceMapping | object | undefined): entry is SourceMapping => entry !== undefined && "originalSource" in entry

const written = (frame: NodeJS.CallSite): string =>
  `${frame}`.replace(/(file:[^\s()]+):(\d+):(\d+)/, (place, url: string, line: string, column: string) => {
    const entry = url.startsWith(here) ? mapOf(url)?.findEntry(Number(line) - 1, Number(column) - 1) : undefined
    return isMapping(entry) ? `${new URL(entry.originalSource, url).href}:${entry.originalLine + 1}:${entry.originalColumn + 1}` : place
  })

Error.prepareStackTrace = (error, frames) =>
  [Error.prototype.toString.call(error), ...frames.map((frame) => `    at ${written(frame)}`)].join("\n")
