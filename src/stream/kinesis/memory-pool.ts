/**
 * Memory that is used again. Answers of megabytes in fresh memory each would cost a tenth of all time: it has to be mapped, cleared, and given back.
 */
export class MemoryPool {
  readonly #keep: number
  readonly #free: Array<Buffer> = []

  /** @param keep how many pieces wait to be used again, at most */
  constructor(keep: number) {
    this.#keep = keep
  }

  /** @returns at least so many bytes, of any content, and what gives them back; calling that twice is once */
  take(bytes: number): { readonly memory: Buffer; readonly release: () => void } {
    const found = this.#free.findIndex(({ length }) => length >= bytes)
    const [memory = Buffer.allocUnsafeSlow(roundedUp(bytes))] = found < 0 ? [] : this.#free.splice(found, 1)
    let isReleased = false
    return {
      memory,
      release: () => {
        if (isReleased) return
        isReleased = true
        this.#free.push(memory)
        // The larger ones stay: they fit more.
        if (this.#free.length > this.#keep) this.#free.sort((a, b) => a.length - b.length).shift()
      }
    }
  }
}

const mebibyte = 1024 * 1024
const roundedUp = (bytes: number): number => Math.ceil(bytes / mebibyte) * mebibyte
