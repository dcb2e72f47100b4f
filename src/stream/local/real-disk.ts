import { constants, writeSync } from "node:fs"
import { type FileHandle, open, readdir, rename, unlink } from "node:fs/promises"
import { Effect } from "effect"
import { errorCode, ignoreMissing, makeDirectory, syncDirectory } from "../../store/local-files.ts"
import { type Disk, DiskError, type DiskFile, type DiskMode, type DiskReason } from "./disk.ts"

const reasons: Readonly<Record<string, DiskReason>> = {
  ENOENT: "NotFound",
  ENOTDIR: "NotFound",
  EACCES: "Denied",
  EPERM: "Denied",
  EROFS: "Denied",
  ENOSPC: "Full",
  EDQUOT: "Full",
  EFBIG: "Full",
  SQLITE_BUSY: "Locked"
}

/** Runs to its end once it has begun: the files decide what happened. */
const run = <A>(operation: string, path: string, f: () => Promise<A>): Effect.Effect<A, DiskError> =>
  Effect.uninterruptible(
    Effect.tryPromise({
      try: f,
      catch: (cause) => {
        const code = errorCode(cause) ?? String(cause)
        return new DiskError({ operation, path, reason: reasons[code] ?? "Failed", code, cause })
      }
    })
  )

/** The disk of this machine. */
export const realDisk: Disk = {
  list: (folder) =>
    run("list", folder, async () => {
      try {
        return await readdir(folder)
      } catch (error) {
        ignoreMissing(error)
        return []
      }
    }),
  makeFolder: (folder) => run("make", folder, () => makeDirectory(folder)),
  open: (path, mode) =>
    Effect.map(
      run("open", path, () => openFile(path, mode)),
      (handle) => fileOf(path, handle, mode)
    ),
  rename: (from, to) => run("rename", from, () => rename(from, to)),
  unlink: (path) => run("unlink", path, () => unlink(path)),
  syncFolder: (folder) => run("sync", folder, () => syncDirectory(folder)),
  lock: (path) => run("lock", path, () => lockFile(path))
}

/** Linux syncs what is written to a file that is opened so, as its `fdatasync` does. Others mean less by it, or do not know it. */
const syncsWrites = process.platform === "linux" ? constants.O_DSYNC : 0

const openFile = async (path: string, mode: DiskMode): Promise<FileHandle> =>
  mode === "read" ? await open(path, "r") : await open(path, constants.O_RDWR | constants.O_CREAT | (mode === "log" ? syncsWrites : 0))

const fileOf = (path: string, handle: FileHandle, mode: DiskMode): DiskFile => ({
  size: Effect.map(
    run("stat", path, () => handle.stat()),
    ({ size }) => size
  ),
  read: (position, length) =>
    run("read", path, async () => {
      const bytes = Buffer.allocUnsafeSlow(length)
      let filled = 0
      while (filled < length) {
        const { bytesRead } = await handle.read(bytes, filled, length - filled, position + filled)
        if (bytesRead === 0) break
        filled += bytesRead
      }
      return bytes.subarray(0, filled)
    }),
  write: (buffers, position) =>
    run("write", path, async () => {
      if (mode === "write" && writeFew(handle, buffers, position)) return
      await writeAll(handle, buffers, position)
      if (mode === "log" && syncsWrites === 0) await handle.datasync()
    }),
  // The length of the file is among what this makes durable, its times are not.
  sync: run("sync", path, () => handle.datasync()),
  truncate: (length) => run("truncate", path, () => handle.truncate(length)),
  close: Effect.promise(() => handle.close().catch(() => undefined))
})

/** So many bytes go to the memory of the system sooner than another thread is woken to send them there. */
const few = 64

/** Writes what is few. @returns is it written? */
const writeFew = ({ fd }: FileHandle, buffers: ReadonlyArray<Uint8Array>, position: number): boolean => {
  const [only] = buffers
  return buffers.length === 1 && only !== undefined && only.length <= few && writeSync(fd, only, 0, only.length, position) === only.length
}

/** Buffers that the system takes in one call. */
const mostBuffers = 512

const writeAll = async (handle: FileHandle, buffers: ReadonlyArray<Uint8Array>, position: number): Promise<void> => {
  let at = position
  for (let i = 0; i < buffers.length; i += mostBuffers) {
    let rest = buffers.slice(i, i + mostBuffers)
    while (rest.length > 0) {
      const { bytesWritten } = await handle.writev(rest, at)
      at += bytesWritten
      rest = behind(rest, bytesWritten)
    }
  }
}

/** What is left when so many bytes were written. */
const behind = (buffers: ReadonlyArray<Uint8Array>, written: number): Array<Uint8Array> => {
  let left = written
  let i = 0
  for (let first = buffers[0]; first !== undefined && left >= first.length; first = buffers[i]) {
    left -= first.length
    i++
  }
  const [first, ...others] = buffers.slice(i)
  return first === undefined ? [] : [first.subarray(left), ...others]
}

/**
 * Node has no locks of files, but its SQLite takes them, those of the system: they hold between processes and containers of a machine, and end with the
 * process that has one, however it ends. There is no stale one: that the file lies there says nothing.
 */
const lockFile = async (path: string): Promise<Effect.Effect<void>> => {
  const { DatabaseSync } = await import("node:sqlite")
  const database = new DatabaseSync(path)
  try {
    database.exec("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE")
  } catch (error) {
    database.close()
    throw isBusy(error) ? Object.assign(new Error("locked"), { code: "SQLITE_BUSY" }) : error
  }
  return Effect.sync(() => database.close())
}

/** SQLITE_BUSY, whatever is added to it. */
const isBusy = (error: unknown): boolean =>
  error instanceof Error && "errcode" in error && typeof error.errcode === "number" && (error.errcode & 0xff) === 5
