/** Wakes those who wait for something to change. */
export class Bell {
  readonly #waiting = new Set<() => void>()

  /** Does anybody wait? */
  get isAwaited(): boolean {
    return this.#waiting.size > 0
  }

  ring(): void {
    for (const wake of this.#waiting) wake()
  }

  /** Until something holds, looked at now and whenever it rings. Rejects where nobody waits any more. */
  until(holds: () => boolean, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.#waiting.delete(look)
        signal.removeEventListener("abort", stop)
      }
      const stop = () => {
        leave()
        reject(signal.reason)
      }
      const look = () => {
        if (!holds()) return
        leave()
        resolve()
      }
      if (signal.aborted) return stop()
      signal.addEventListener("abort", stop)
      this.#waiting.add(look)
      look()
    })
  }
}
