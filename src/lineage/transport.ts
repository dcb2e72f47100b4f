import { constants } from "node:fs"
import { type FileHandle, open } from "node:fs/promises"
import { dirname } from "node:path"
import { Effect, Schema } from "effect"
import { makeFolders } from "../store/local-files.ts"

/** Why an event could not be handed over. Lineage counts it and goes on: it never reaches the data path. */
export class LineageError extends Schema.TaggedError<LineageError>()("LineageError", {
  transport: Schema.String,
  reason: Schema.Literals(["Invalid", "Unreachable", "TimedOut", "Unavailable", "Rejected", "Unwritable"]),
  /** What people can do about it. */
  hint: Schema.String,
  cause: Schema.optionalKey(Schema.Defect())
}) {
  override get message() {
    return `Lineage to ${this.transport} failed (${this.reason}): ${this.hint}`
  }
}

/** Where events go. An event comes as JSON text on one line. Sending is interruption-safe and knows its own time-outs. */
export interface Transport {
  /** For logs and counters; holds no credentials. */
  readonly name: string
  readonly send: (event: string) => Effect.Effect<void, LineageError>
}

/** Opens for appending and reading: reading tells whether the last line is whole. */
const appending = constants.O_APPEND | constants.O_CREAT | constants.O_RDWR

const endsInsideLine = async (file: FileHandle): Promise<boolean> => {
  const { size } = await file.stat()
  if (size === 0) return false
  const { bytesRead, buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1)
  return bytesRead === 1 && buffer[0] !== 0x0a
}

/**
 * Appends whole lines to a local file (NDJSON); the file and its folder come into being with the first event. Several processes may write to
 * one file: each line goes out in a single `write` in append mode, which the operating system does not interleave. A line that a killed
 * process left unfinished is closed off before the next one. The file is opened per event, so it can be rotated by renaming.
 */
export const fileTransport = (path: string): Transport => {
  const name = `file ${path}`
  const append = async (event: string): Promise<void> => {
    await makeFolders(dirname(path))
    const file = await open(path, appending, 0o644)
    try {
      const line = Buffer.from(`${(await endsInsideLine(file)) ? "\n" : ""}${event}\n`)
      const { bytesWritten } = await file.write(line)
      // Short writes happen when the disk is full; finishing the line later could put it into another's.
      if (bytesWritten !== line.length) throw new Error(`wrote ${bytesWritten} of ${line.length} bytes`)
    } finally {
      await file.close()
    }
  }
  return {
    name,
    send: (event) =>
      Effect.tryPromise({
        try: () => append(event),
        catch: (cause) =>
          new LineageError({ transport: name, reason: "Unwritable", hint: "Check that the folder can be written and has room.", cause })
      })
  }
}
