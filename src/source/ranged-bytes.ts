import type { StoredBytes } from "./byte-reader.ts"

/** Bytes of one request. Large ones cost memory, twice this for each file that is open; small ones a round trip each. */
const rangeBytes = 4 * 1024 * 1024

const headBytes = 64

/**
 * The bytes of a file that is far away, fetched range by range: while one is used, the next is on its way, where they are used front to back.
 *
 * @param fetch gives the bytes from `start` to before `end`; fewer where the file ends before
 */
export const rangedBytes = async (
  size: number,
  fetch: (start: number, end: number, signal: AbortSignal) => Promise<Uint8Array>,
  signal: AbortSignal
): Promise<StoredBytes> => {
  const closed = new AbortController()
  const stopped = AbortSignal.any([signal, closed.signal])
  let start = 0
  let bytes: Uint8Array = new Uint8Array(0)
  let ahead: { readonly start: number; readonly bytes: Promise<Uint8Array> } | undefined

  const from = (position: number) => fetch(position, Math.min(size, position + rangeBytes), stopped)
  const goTo = async (position: number): Promise<void> => {
    const isNext = bytes.length > 0 && position === start + bytes.length
    const waiting = ahead?.start === position ? ahead.bytes : from(position)
    ahead = undefined
    bytes = await waiting
    start = position
    const end = start + bytes.length
    if (!isNext || end >= size || bytes.length === 0) return
    const next = from(end)
    // Its failure is told where it is waited for, if anybody still does.
    next.catch(() => {})
    ahead = { start: end, bytes: next }
  }
  const read = async (target: Uint8Array, position: number): Promise<number> => {
    if (position >= size || target.length === 0) return 0
    if (position < start || position >= start + bytes.length) await goTo(position)
    const length = Math.min(target.length, start + bytes.length - position)
    target.set(bytes.subarray(position - start, position - start + length))
    return length
  }
  const head = new Uint8Array(headBytes)
  return {
    size,
    head: head.subarray(0, await read(head, 0)),
    read,
    close: async () => closed.abort()
  }
}
