import { existsSync, readdirSync } from "node:fs"
import { basename, dirname } from "node:path"

/** What a lake is made of, below its folder. */
export const lakeParts = new Set(["stage", "consumable", "dead_letters", "marts", "runs", "lineage"])

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
 * The lake that a folder belongs to, as one of its tables or its lineage, or the folder itself where it is a table of no lake; undefined where it may
 * hold input. A lake that lies in its own input would otherwise read what it says of itself, and say something of that.
 */
export const lakeOf = (folder: string): string | undefined => {
  const parent = dirname(folder)
  if (lakeParts.has(basename(folder)) && isLake(parent)) return parent
  return isTable(folder) ? folder : undefined
}

/** The same of a path and of all folders around it. */
export const lakeAround = (path: string): string | undefined => {
  for (let folder = path; ; folder = dirname(folder)) {
    const lake = lakeOf(folder)
    if (lake !== undefined || folder === dirname(folder)) return lake
  }
}
