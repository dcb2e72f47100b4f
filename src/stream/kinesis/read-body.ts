import { addAbortSignal, type Readable } from "node:stream"

/** Memory that bodies are read into, of which at most so much is kept for the next ones. */
const keptBuffers = 2
const free: Array<Buffer> = []

/**
 * Reads a body and gives it to `use`, which must not keep it: the memory is used again. Bodies of megabytes in fresh memory each would cost more
 * time than what is done with them.
 *
 * @param signal destroys the body
 */
export const readBody = async <A>(body: Readable, signal: AbortSignal, use: (bytes: Buffer) => A): Promise<A> => {
  let memory = free.pop() ?? Buffer.allocUnsafeSlow(64 * 1024)
  let used = 0
  for await (const chunk of addAbortSignal(signal, body)) {
    // A stream of bytes: nothing has set an encoding.
    const bytes = chunk as Buffer
    if (used + bytes.length > memory.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(2 * memory.length, used + bytes.length))
      larger.set(memory.subarray(0, used))
      memory = larger
    }
    memory.set(bytes, used)
    used += bytes.length
  }
  const result = use(memory.subarray(0, used))
  if (free.length < keptBuffers) free.push(memory)
  return result
}
