/** Gives room to large pages. */
export interface PageRoom {
  /** Bytes of a page, above which it is large. */
  readonly above: number
  /** Waits for room for one page. @returns gives it back, once however often it is called */
  readonly take: () => Promise<() => void>
}

/**
 * How many pages may be large at a time, because a record in them is, over all sources that share this. Turns go in the order in which they are
 * asked for.
 */
export class LargePages {
  readonly #above: number
  #free: number
  readonly #waiting = new Set<() => void>()

  /** @param above bytes of a page, above which it is large */
  constructor(pages: number, above: number) {
    this.#free = pages
    this.#above = above
  }

  /** The same, for who waits no longer than until the signal: whoever is to stop may hold what it waits for. */
  until(signal: AbortSignal): PageRoom {
    return { above: this.#above, take: () => this.#take(signal) }
  }

  async #take(signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted()
    if (this.#free > 0) this.#free--
    else await this.#turn(signal)
    let isGiven = false
    return () => {
      if (isGiven) return
      isGiven = true
      const [next] = this.#waiting
      if (next === undefined) this.#free++
      else next()
    }
  }

  #turn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.#waiting.delete(turn)
        signal.removeEventListener("abort", stop)
      }
      const turn = () => {
        leave()
        resolve()
      }
      const stop = () => {
        leave()
        reject(signal.reason)
      }
      this.#waiting.add(turn)
      signal.addEventListener("abort", stop)
    })
  }
}

/** What the pages of one content have in common. */
export class PageMemory {
  /** Undefined: there is enough. */
  readonly room: PageRoom | undefined
  /** Memory to be used again. Buffers that come and go leave holes in the process' memory: these have few sizes. */
  readonly free: Array<Buffer<ArrayBuffer>> = []
  readonly rooms = new Set<() => void>()

  constructor(room: PageRoom | undefined) {
    this.room = room
  }

  /** Gives back the room of pages that nobody releases any more. */
  close(): void {
    for (const room of this.rooms) room()
  }
}

const nothing = Buffer.allocUnsafeSlow(0)

/** The memory of a page. That of a large one is freed when the page is released: many sources would keep as many. */
export class PageBuffer {
  bytes: Buffer<ArrayBuffer> = nothing
  readonly #memory: PageMemory
  #room: (() => void) | null = null
  #isReleased = false

  constructor(memory: PageMemory) {
    this.#memory = memory
  }

  /** Takes memory of `size` bytes, maybe after a wait, and begins it with `content`, which may stand in the memory that it had. */
  async resize(size: number, content: Uint8Array): Promise<void> {
    const { room, free, rooms } = this.#memory
    if (this.#room === null && room !== undefined && size > room.above) {
      this.#room = await room.take()
      rooms.add(this.#room)
    }
    const at = this.#room === null ? free.findIndex(({ length }) => length === size) : -1
    const outgrown = this.bytes
    this.bytes = (at < 0 ? undefined : free.splice(at, 1)[0]) ?? Buffer.allocUnsafeSlow(size)
    this.bytes.set(content)
    this.#forget(outgrown)
  }

  /** What stands from `start` to before `end`, for who reads it when the page is released. */
  kept(start: number, end: number): Uint8Array {
    return this.#room === null ? this.bytes.subarray(start, end) : new Uint8Array(this.bytes.subarray(start, end))
  }

  /** Makes the memory free for another page. */
  release(): void {
    // Once: given back again, it would take from the next page what is being read there.
    if (this.#isReleased) return
    this.#isReleased = true
    this.#forget(this.bytes)
    if (this.#room === null) return
    this.#memory.rooms.delete(this.#room)
    this.#room()
  }

  #forget(bytes: Buffer<ArrayBuffer>): void {
    if (bytes === nothing) return
    const { free } = this.#memory
    if (this.#room !== null) bytes.buffer.transfer(0)
    else if (free.length < 4) free.push(bytes)
  }
}
