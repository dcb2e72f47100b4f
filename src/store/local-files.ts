import { constants, type Dirent } from "node:fs"
import { copyFile, type FileHandle, link, mkdir, open, readdir, rename, stat, unlink } from "node:fs/promises"
import { dirname, join } from "node:path"
import { compareKeys, temporaryPrefix } from "./keys.ts"
import type { ObjectInfo } from "./store.ts"

/**
 * Durable file operations for the local store, as plain promises that reject with Node's errors. Invariant: a name other than a temporary one
 * only ever stands for complete, synced content; the directory is synced before success is reported.
 */

export const errorCode = (error: unknown): string | undefined =>
  error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined

export const ignoreMissing = (error: unknown): void => {
  if (errorCode(error) !== "ENOENT") throw error
}

/** A sync of a directory that is under way, and the one behind it, if anybody waits for one. */
interface Turn {
  readonly done: Promise<void>
  next: Promise<void> | null
}

const turns = new Map<string, Turn>()

/**
 * Makes names in a directory survive a crash. Who asks while it is being synced gets the sync behind that, which may have begun too early for their names: it is one for
 * all who wait.
 */
export const syncDirectory = (directory: string): Promise<void> => {
  const turn = turns.get(directory)
  if (turn === undefined) return beginTurn(directory)
  const begin = () => beginTurn(directory)
  turn.next ??= turn.done.then(begin, begin)
  return turn.next
}

const beginTurn = (directory: string): Promise<void> => {
  const turn: Turn = { done: syncNow(directory), next: null }
  turns.set(directory, turn)
  const end = () => {
    if (turn.next === null) turns.delete(directory)
  }
  turn.done.then(end, end)
  return turn.done
}

const syncNow = async (directory: string): Promise<void> => {
  const handle = await open(directory, "r")
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/**
 * Creates a directory and those above it. Node's own `recursive` never ends where a directory exists in which none can be made, as in `/proc`.
 *
 * @returns the uppermost that was made; undefined where all were there
 */
export const makeFolders = async (directory: string): Promise<string | undefined> => {
  const make = () =>
    mkdir(directory).then(
      () => directory,
      (error) => {
        if (errorCode(error) !== "EEXIST") throw error
        return undefined
      }
    )
  try {
    return await make()
  } catch (error) {
    ignoreMissing(error)
  }
  const above = await makeFolders(dirname(directory))
  const made = await make()
  return above ?? made
}

/** Creates a directory and those above it, durably. */
export const makeDirectory = async (directory: string): Promise<void> => {
  const first = await makeFolders(directory)
  if (first === undefined) return
  for (let path = directory; path.length >= first.length; path = dirname(path)) await syncDirectory(dirname(path))
}

/** A hidden file beside its target, open for writing. `unique` makes its name. */
const openTemporary = async (target: string, unique: string): Promise<{ readonly path: string; readonly handle: FileHandle }> => {
  const directory = dirname(target)
  const path = join(directory, temporaryPrefix + unique)
  try {
    return { path, handle: await open(path, "wx") }
  } catch (error) {
    ignoreMissing(error)
    await makeDirectory(directory)
    return { path, handle: await open(path, "wx") }
  }
}

export const discard = (path: string): Promise<void> => unlink(path).catch(ignoreMissing)

const writeTemporary = async (target: string, unique: string, bytes: Uint8Array): Promise<string> => {
  const { path, handle } = await openTemporary(target, unique)
  try {
    await handle.writeFile(bytes)
    await handle.sync()
    await handle.close()
    return path
  } catch (error) {
    await handle.close().catch(() => undefined)
    await discard(path).catch(() => undefined)
    throw error
  }
}

/** Gives synced content its name, replacing what had it. */
const publish = async (temporary: string, target: string): Promise<void> => {
  await rename(temporary, target)
  await syncDirectory(dirname(target))
}

export const replaceFile = async (target: string, unique: string, bytes: Uint8Array): Promise<void> => {
  const temporary = await writeTemporary(target, unique, bytes)
  try {
    await publish(temporary, target)
  } catch (error) {
    await discard(temporary).catch(() => undefined)
    throw error
  }
}

/** The name was given to the content, but whether that survives a crash is not known. */
export class NotSynced extends Error {}

/** A smaller file waits in memory until it is whole, and takes none of the system's while it is made: a batch may have thousands. */
const heldBytes = 64 * 1024

/** A file that is written bit by bit, and gets its name when it is whole. */
export class GrowingFile {
  readonly #target: string
  readonly #unique: string
  #held = Buffer.alloc(0)
  #temporary: Awaited<ReturnType<typeof openTemporary>> | null = null
  #size = 0

  constructor(target: string, unique: string) {
    this.#target = target
    this.#unique = unique
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#size += bytes.byteLength
    if (this.#temporary === null && this.#size <= heldBytes) {
      this.#held = Buffer.concat([this.#held, bytes])
      return
    }
    if (this.#temporary === null) {
      this.#temporary = await openTemporary(this.#target, this.#unique)
      await this.#temporary.handle.appendFile(this.#held)
      this.#held = Buffer.alloc(0)
    }
    // `appendFile` on a handle writes all of it, however many calls the system needs.
    await this.#temporary.handle.appendFile(bytes)
  }

  /** @returns its size */
  async finish(): Promise<number> {
    if (this.#temporary === null) await replaceFile(this.#target, this.#unique, this.#held)
    else {
      await this.#temporary.handle.sync()
      await publish(this.#temporary.path, this.#target)
    }
    return this.#size
  }

  /** Removes what has not got its name. */
  async close(): Promise<void> {
    if (this.#temporary === null) return
    const { handle, path } = this.#temporary
    await handle.close().catch(() => undefined)
    await discard(path).catch(() => undefined)
  }
}

/**
 * link(2) gives complete content its name only if nobody has it; `open(…, "wx")` would show the name before the content.
 * Rejects with `NotSynced` when the outcome is unknown.
 */
export const createFile = async (target: string, unique: string, bytes: Uint8Array): Promise<"created" | "exists"> => {
  const temporary = await writeTemporary(target, unique, bytes)
  try {
    await link(temporary, target)
  } catch (error) {
    await discard(temporary).catch(() => undefined)
    if (errorCode(error) === "EEXIST") return "exists"
    throw error
  }
  // The object exists from here on: whatever fails now leaves an unknown outcome, never a failure.
  try {
    await unlink(temporary).catch(ignoreMissing)
    await syncDirectory(dirname(target))
  } catch (error) {
    throw new NotSynced("the directory could not be synced", { cause: error })
  }
  return "created"
}

/** Moves a finished file to its name; copies where it lies on another file system. @returns its size */
export const takeFile = async (source: string, target: string, unique: string): Promise<number> => {
  const size = await syncFile(source)
  await makeDirectory(dirname(target))
  try {
    await publish(source, target)
  } catch (error) {
    if (errorCode(error) !== "EXDEV") throw error
    const temporary = join(dirname(target), temporaryPrefix + unique)
    try {
      await copyFile(source, temporary, constants.COPYFILE_EXCL)
      await syncFile(temporary)
      await publish(temporary, target)
    } catch (cause) {
      await discard(temporary).catch(() => undefined)
      throw cause
    }
    await discard(source)
  }
  return size
}

/** Makes content survive a crash. @returns its size */
const syncFile = async (path: string): Promise<number> => {
  const handle = await open(path, "r")
  try {
    await handle.sync()
    return (await handle.stat()).size
  } finally {
    await handle.close()
  }
}

const entries = async (directory: string): Promise<ReadonlyArray<Dirent>> => {
  try {
    return await readdir(directory, { withFileTypes: true })
  } catch (error) {
    const code = errorCode(error)
    if (code === "ENOENT" || code === "ENOTDIR") return []
    throw error
  }
}

const pageSize = 1000

/** Pages of the objects whose key begins with `prefix` and comes after `startAfter`, in key order. Looks at names first, at files last. */
export async function* listFiles(root: string, prefix: string, startAfter: string): AsyncGenerator<ReadonlyArray<ObjectInfo>> {
  let page: Array<string> = []
  for await (const key of walk(root, prefix.slice(0, prefix.lastIndexOf("/") + 1), prefix, startAfter)) {
    page.push(key)
    if (page.length === pageSize) {
      yield await inspect(root, page)
      page = []
    }
  }
  if (page.length > 0) yield await inspect(root, page)
}

/** Keys below `folder` (empty or ending in a slash). Folders are ordered as if their name ended in a slash: that is key order. */
async function* walk(root: string, folder: string, prefix: string, startAfter: string): AsyncGenerator<string> {
  const keys: Array<string> = []
  for (const entry of await entries(join(root, folder))) {
    if (entry.name.startsWith(temporaryPrefix)) continue
    // A link that leads nowhere is an object that was deleted.
    const leadsTo = entry.isSymbolicLink() ? await stat(join(root, folder, entry.name)).catch(ignoreMissing) : undefined
    const isFolder = entry.isDirectory() || leadsTo?.isDirectory() === true
    const key = folder + entry.name + (isFolder ? "/" : "")
    const wanted = isFolder ? key.startsWith(prefix) || prefix.startsWith(key) : key.startsWith(prefix)
    const after = compareKeys(key, startAfter) > 0 || (isFolder && startAfter.startsWith(key))
    if (wanted && after) keys.push(key)
  }
  keys.sort(compareKeys)
  for (const key of keys) {
    if (key.endsWith("/")) yield* walk(root, key, prefix, startAfter)
    else yield key
  }
}

/** Size and time of each; those deleted since are left out. */
const inspect = async (root: string, keys: ReadonlyArray<string>): Promise<ReadonlyArray<ObjectInfo>> => {
  const found: Array<ObjectInfo> = []
  const width = 64
  for (let i = 0; i < keys.length; i += width) {
    const infos = await Promise.all(keys.slice(i, i + width).map((key) => inspectOne(root, key)))
    for (const info of infos) if (info !== null) found.push(info)
  }
  return found
}

const inspectOne = async (root: string, key: string): Promise<ObjectInfo | null> => {
  try {
    const info = await stat(join(root, key))
    return { key, size: info.size, modifiedAt: info.mtimeMs }
  } catch (error) {
    ignoreMissing(error)
    return null
  }
}

/** Removes temporary files below the folder of `prefix` last touched before `olderThan` (ms). @returns how many */
export const sweepTemporary = async (root: string, prefix: string, olderThan: number): Promise<number> => {
  let swept = 0
  const visit = async (folder: string): Promise<void> => {
    for (const entry of await entries(join(root, folder))) {
      const key = folder + entry.name
      if (entry.isDirectory()) await visit(`${key}/`)
      if (!entry.name.startsWith(temporaryPrefix)) continue
      const info = await inspectOne(root, key)
      if (info === null || info.modifiedAt >= olderThan) continue
      await discard(join(root, key))
      swept++
    }
  }
  await visit(prefix.slice(0, prefix.lastIndexOf("/") + 1))
  return swept
}
