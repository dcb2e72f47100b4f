import { existsSync, readdirSync } from "node:fs"
import { basename, dirname } from "node:path"

/** What a lake is made of, below its folder. */
const parts = new Set(["stage", "consumable", "dead_letters", "marts", "runs", "lineage"])

const isTable = (folder: string): boolean => existsSync(`${folder}/_delta_log`)

const hasTable = (folder: string): boolean => {
  try {
    return readdirSync(folder, { withFileTypes: true }).some((entry) => entry.isDirectory() && isTable(`${folder}/${entry.name}`))
  } catch {
    return false
  }
}

/** Has Sluice made tables here? There may be something else beside them. */
const isLake = (folder: string): boolean => isTable(`${folder}/dead_letters`) || hasTable(`${folder}/stage`)

/**
 * Is this folder what Sluice has written, and no input: a table of whatever lake, or the lineage beside it? A lake that lies in its own input would
 * otherwise read what it says of itself, and say something of that.
 */
export const isLakeFolder = (folder: string): boolean => isTable(folder) || (parts.has(basename(folder)) && isLake(dirname(folder)))

/** The folder of that kind in which a path lies, or which it is; undefined where there is none. */
export const lakeAround = (path: string): string | undefined => {
  for (let folder = path; ; folder = dirname(folder)) {
    if (isLakeFolder(folder)) return folder
    if (folder === dirname(folder)) return undefined
  }
}
