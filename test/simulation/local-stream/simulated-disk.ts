import { dirname } from "node:path"
import { Effect } from "effect"
import type { Random } from "../../../src/record/seeded.ts"
import { type Disk, DiskError, type DiskFile, type DiskMode, type DiskReason } from "../../../src/stream/local/disk.ts"

const sector = 512

/** Content that may differ from what is stored: what was written since the last sync, write by write. */
class Inode {
  cached: Buffer = Buffer.alloc(0)
  stored: Buffer = Buffer.alloc(0)
  unsynced: Array<{ readonly position: number; readonly bytes: Buffer } | { readonly length: number }> = []

  write(position: number, bytes: Buffer): void {
    this.cached = written(this.cached, position, bytes)
    this.unsynced.push({ position, bytes })
  }

  truncate(length: number): void {
    this.cached = resized(this.cached, length)
    this.unsynced.push({ length })
  }

  sync(): void {
    for (const change of this.unsynced)
      this.stored = "length" in change ? resized(this.stored, change.length) : written(this.stored, change.position, change.bytes)
    this.unsynced = []
  }

  /** The system tried, and gives up: nobody will store these writes any more, and readers see them all the same. */
  failToSync(random: Random): void {
    this.storeSome(random)
    this.unsynced = []
  }

  /** Some sectors of what was not synced come to the disk, in no order. */
  storeSome(random: Random): void {
    const share = random.pick([0, 0.5, 0.8, 0.9, 1])
    for (const change of this.unsynced) {
      if ("length" in change) {
        if (random.chance(share)) this.stored = resized(this.stored, change.length)
        continue
      }
      for (let at = 0; at < change.bytes.length; ) {
        const end = Math.min(change.bytes.length, at + sector - ((change.position + at) % sector))
        if (random.chance(share)) this.stored = written(this.stored, change.position + at, change.bytes.subarray(at, end))
        at = end
      }
    }
  }

  lose(random: Random): void {
    this.storeSome(random)
    this.cached = Buffer.from(this.stored)
    this.unsynced = []
  }
}

const resized = (content: Buffer, length: number): Buffer => {
  const out = Buffer.alloc(length)
  content.copy(out)
  return out
}

/** What lies between the end and where is written is zero. */
const written = (content: Buffer, position: number, bytes: Buffer): Buffer => {
  const out = resized(content, Math.max(content.length, position + bytes.length))
  bytes.copy(out, position)
  return out
}

type Names = ReadonlyMap<string, Inode>

/** What becomes of an operation on its way to the disk. */
export type Carry = <A>(what: string, request: Effect.Effect<A, DiskError>, kind: "write" | "sync" | "other") => Effect.Effect<A, DiskError>

/**
 * A disk under the cache of a system: processes see what was written at once; a power loss keeps what was synced, and of the rest some sectors of some writes,
 * and the first of what was done to names. It fills up, and fails to write and to sync.
 */
export class SimulatedDisk {
  readonly #random: Random
  #names: Names = new Map()
  /** Names since the last sync of their folder, as they were after each change; the first is what is stored. */
  #history: Array<Names> = [new Map()]
  /** By path, whether its holder is still there. */
  readonly #locks = new Map<string, () => boolean>()
  /** Bytes that there is room for. */
  capacity = Number.POSITIVE_INFINITY
  failsToSync = 0
  failsToWrite = 0

  constructor(random: Random) {
    this.#random = random
  }

  get bytes(): number {
    let sum = 0
    for (const { cached } of this.#names.values()) sum += cached.length
    return sum
  }

  /** What is there, for who damages it, or looks. */
  content(path: string): Buffer | undefined {
    return this.#names.get(path)?.cached
  }

  get paths(): ReadonlyArray<string> {
    return [...this.#names.keys()].sort()
  }

  /** All processes must be dead by now. */
  losePower(): void {
    const names = this.#history[this.#random.below(this.#history.length)] ?? this.#names
    this.#names = names
    this.#history = [names]
    for (const inode of new Set(names.values())) inode.lose(this.#random)
    this.#locks.clear()
  }

  #rename(change: (names: Map<string, Inode>) => void): void {
    const names = new Map(this.#names)
    change(names)
    this.#names = names
    this.#history.push(names)
  }

  #fail(operation: string, path: string, reason: DiskReason, code: string): Effect.Effect<never, DiskError> {
    return Effect.fail(new DiskError({ operation, path, reason, code }))
  }

  #open(path: string, mode: DiskMode): Inode | undefined {
    const found = this.#names.get(path)
    if (found !== undefined || mode === "read") return found
    const made = new Inode()
    this.#rename((names) => names.set(path, made))
    return made
  }

  #write(path: string, inode: Inode, buffers: ReadonlyArray<Uint8Array>, position: number): Effect.Effect<void, DiskError> {
    const bytes = Buffer.concat(buffers)
    const grows = Math.max(0, position + bytes.length - inode.cached.length)
    const room = this.capacity - this.bytes
    if (grows > room) {
      // As much as there is room for.
      const part = bytes.subarray(0, Math.max(0, bytes.length - grows + Math.max(0, room)))
      if (part.length > 0) inode.write(position, part)
      return this.#fail("write", path, "Full", "ENOSPC")
    }
    if (this.#random.chance(this.failsToWrite)) {
      inode.write(position, bytes.subarray(0, this.#random.below(bytes.length + 1)))
      return this.#fail("write", path, "Failed", "EIO")
    }
    inode.write(position, bytes)
    return Effect.void
  }

  #sync(path: string, inode: Inode): Effect.Effect<void, DiskError> {
    if (this.#random.chance(this.failsToSync)) {
      inode.failToSync(this.#random)
      return this.#fail("sync", path, "Failed", "EIO")
    }
    inode.sync()
    return Effect.void
  }

  /** The disk as a process has it. @param isAlive does the process live, and with it what it holds? */
  for(isAlive: () => boolean, carry: Carry): Disk {
    const run = <A>(what: string, request: () => Effect.Effect<A, DiskError>, kind: "write" | "sync" | "other" = "other") =>
      // Each time that it is run: a file's sync is one effect, and not one request.
      Effect.suspend(() => carry(what, Effect.suspend(request), kind))
    const fileOf = (path: string, inode: Inode, mode: DiskMode): DiskFile => {
      const sync = run(`sync ${path}`, () => this.#sync(path, inode), "sync")
      return {
        size: run(`size ${path}`, () => Effect.succeed(inode.cached.length)),
        read: (position, length) =>
          run(`read ${path}`, () => Effect.succeed(Buffer.from(inode.cached.subarray(position, position + length)))),
        write: (buffers, position) => {
          // The memory may be used for something else by the time.
          const own = buffers.map((each) => Buffer.from(each))
          const write = run(`write ${path}`, () => this.#write(path, inode, own, position), "write")
          return mode === "log" ? Effect.andThen(write, sync) : write
        },
        sync,
        truncate: (length) => run(`truncate ${path}`, () => Effect.sync(() => inode.truncate(length))),
        close: Effect.void
      }
    }
    return {
      list: (folder) =>
        run(`list ${folder}`, () =>
          Effect.succeed(this.paths.filter((path) => dirname(path) === folder).map((path) => path.slice(folder.length + 1)))
        ),
      makeFolder: () => Effect.void,
      open: (path, mode) =>
        run(`open ${path}`, () => {
          const inode = this.#open(path, mode)
          return inode === undefined ? this.#fail("open", path, "NotFound", "ENOENT") : Effect.succeed(fileOf(path, inode, mode))
        }),
      rename: (from, to) =>
        run(`rename ${from}`, () => {
          const inode = this.#names.get(from)
          if (inode === undefined) return this.#fail("rename", from, "NotFound", "ENOENT")
          return Effect.sync(() =>
            this.#rename((names) => {
              names.delete(from)
              names.set(to, inode)
            })
          )
        }),
      unlink: (path) => run(`unlink ${path}`, () => Effect.sync(() => this.#rename((names) => names.delete(path)))),
      syncFolder: (folder) =>
        run(
          `sync ${folder}`,
          () =>
            Effect.sync(() => {
              this.#history = [this.#names]
            }),
          "sync"
        ),
      lock: (path) =>
        run(`lock ${path}`, () => {
          const holds = this.#locks.get(path)
          if (holds?.() === true) return this.#fail("lock", path, "Locked", "EAGAIN")
          let isHeld = true
          const holder = () => isHeld && isAlive()
          this.#locks.set(path, holder)
          return Effect.succeed(
            Effect.sync(() => {
              isHeld = false
            })
          )
        })
    }
  }
}
