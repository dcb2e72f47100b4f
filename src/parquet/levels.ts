import { ByteBuffer } from "./byte-buffer.ts"
import { bitsFor, writeHybrid, writeRun } from "./hybrid.ts"

/** Levels as they were encoded last. */
interface Encoded {
  levels: Uint8Array
  readonly bytes: ByteBuffer
}

const none = new Uint8Array(0)

/**
 * Writes levels of data pages: how many bytes they take, then the bytes. Leaves that stand side by side mostly have the same ones (all fields
 * of a list's structs have the same repetition levels, and of structs that are all there the same definition levels), so what was encoded last
 * is kept, for each maximum, and copied when the levels are the same again. Equality is told by comparing memory, which costs next to nothing.
 */
export class LevelWriter {
  readonly #kept: Array<Encoded> = []

  /** @param max the largest level there may be, at least 1 */
  write(out: ByteBuffer, levels: Uint8Array, max: number): void {
    const kept = this.#keptOf(max)
    if (kept.levels.length !== levels.length || Buffer.compare(kept.levels, levels) !== 0) {
      kept.levels = levels
      kept.bytes.clear()
      encode(kept.bytes, levels, bitsFor(max))
    }
    out.int32(kept.bytes.length)
    out.append(kept.bytes.written())
  }

  /** Forgets the levels it keeps, since their memory is about to be used again. */
  forget(): void {
    for (const kept of this.#kept) {
      kept.levels = none
      kept.bytes.clear()
    }
  }

  #keptOf(max: number): Encoded {
    for (let next = this.#kept.length; next <= max; next++) this.#kept.push({ levels: none, bytes: new ByteBuffer(64) })
    return this.#kept[max] as Encoded // just pushed, if it was not there
  }
}

const encode = (out: ByteBuffer, levels: Uint8Array, width: number): void => {
  const last = levels.length - 1
  // All are equal if each is equal to the next.
  if (last > 0 && Buffer.compare(levels.subarray(0, last), levels.subarray(1)) === 0) writeRun(out, levels[0] ?? 0, levels.length, width)
  else writeHybrid(out, levels, 0, levels.length, width)
}
