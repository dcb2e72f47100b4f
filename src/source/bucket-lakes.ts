import { lakeParts } from "./lake-folders.ts"

/** What a bucket is asked about folders, which are named by their keys, with a slash at the end; empty: the bucket. */
export interface BucketFolders {
  /** Is it a Delta table? */
  readonly isTable: (folder: string) => Promise<boolean>
  /** The folders in it. */
  readonly below: (folder: string) => Promise<ReadonlyArray<string>>
}

const log = "_delta_log"

const isLake = async ({ isTable, below }: BucketFolders, folder: string): Promise<boolean> => {
  if (await isTable(`${folder}dead_letters/`)) return true
  for (const table of await below(`${folder}stage/`)) if (await isTable(table)) return true
  return false
}

/** Everything that `lakeOf` says of a folder of the disk, of one in a bucket. @param isTable where it is known without asking */
const lakeAt = async (folders: BucketFolders, folder: Folder): Promise<string | undefined> =>
  lakeParts.has(folder.name) && (await isLake(folders, folder.parent)) ? folder.parent : undefined

interface Folder {
  readonly name: string
  readonly parent: string
  readonly key: string
}

/** The folders around an object, outermost first. */
const foldersAround = (key: string): ReadonlyArray<Folder> => {
  const names = key.split("/").slice(0, -1)
  let parent = ""
  return names.map((name) => {
    const folder = { name, parent, key: `${parent}${name}/` }
    parent = folder.key
    return folder
  })
}

/** The lake around a key, or the table of no lake, as its key with a slash at the end (empty: the bucket); undefined: there is none. */
export const bucketLakeAround = async (folders: BucketFolders, key: string): Promise<string | undefined> => {
  if (await folders.isTable("")) return ""
  for (const folder of foldersAround(key)) {
    const lake = (await lakeAt(folders, folder)) ?? ((await folders.isTable(folder.key)) ? folder.key : undefined)
    if (lake !== undefined) return lake
  }
  return undefined
}

/** Folders of which it is known that they are no tables; some forget it, where there are very many. */
const mostKnown = 20_000

/**
 * Tells the objects of lakes and of other tables in a listing, which comes in the order of keys. A bucket is asked as little as can be: where
 * something lies in a folder before its log would, and might be of a table, and where a folder is called as a part of a lake is.
 */
export class BucketLakes {
  readonly #folders: BucketFolders
  /** Below this everything is looked at; it is no lake itself. */
  readonly #root: string
  /** The folders around the object that came last, and what is known of them; null: they are no lakes as far as was seen. */
  #around: Array<{ readonly folder: Folder; lake: string | null; readonly mayHaveLog: boolean }> = []
  readonly #noTables: Set<string>

  /** @param noTables is filled, and spares the next listing questions */
  constructor(folders: BucketFolders, root: string, noTables: Set<string>) {
    this.#folders = folders
    this.#root = root
    this.#noTables = noTables
  }

  /** The lake or table that an object is of; undefined: of none. @param isOfTables may it be data of a table? */
  async lakeOf(key: string, isOfTables: boolean): Promise<string | undefined> {
    const around = foldersAround(key).filter((folder) => folder.key.length > this.#root.length)
    const same = around.findIndex((folder, i) => this.#around[i]?.folder.key !== folder.key)
    if (same >= 0 || around.length < this.#around.length) this.#around.length = same < 0 ? around.length : same
    for (const [i, folder] of around.entries()) {
      const child = around[i + 1]?.name ?? key.slice(folder.key.length)
      if (this.#around[i] === undefined) {
        const lake = (await lakeAt(this.#folders, folder)) ?? null
        this.#around[i] = { folder, lake, mayHaveLog: child < log }
      }
      const known = this.#around[i]
      if (known === undefined) continue
      if (known.lake === null && around[i + 1]?.name === log) known.lake = folder.key
      if (known.lake === null && isOfTables && known.mayHaveLog && (await this.#isTable(folder.key))) known.lake = folder.key
      if (known.lake !== null) return known.lake
    }
    return undefined
  }

  async #isTable(folder: string): Promise<boolean> {
    if (this.#noTables.has(folder)) return false
    if (await this.#folders.isTable(folder)) return true
    if (this.#noTables.size >= mostKnown) this.#noTables.clear()
    this.#noTables.add(folder)
    return false
  }
}
