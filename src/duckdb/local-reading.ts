import { type FileHandle, open } from "node:fs/promises"
import { Effect } from "effect"
import { LakeError } from "./errors.ts"

/** Opens a local file, and closes it. */
export const withFile = async <A>(path: string, use: (file: FileHandle) => Promise<A>): Promise<A> => {
  const file = await open(path, "r")
  try {
    return await use(file)
  } finally {
    await file.close()
  }
}

/** Bytes of a file, fewer at its end. @param room for them, where there is some already */
export const readAt = async (
  file: FileHandle,
  start: number,
  length: number,
  room: Uint8Array<ArrayBuffer> | null = null
): Promise<Uint8Array<ArrayBuffer>> => {
  const wanted = Math.floor(length)
  const bytes = room !== null && room.length >= wanted ? room.subarray(0, wanted) : new Uint8Array(wanted)
  let filled = 0
  while (filled < bytes.length) {
    const { bytesRead } = await file.read(bytes, filled, bytes.length - filled, start + filled)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return bytes.subarray(0, filled)
}

/** For what reads a data file: errors tell which. */
export const reading = <A>(path: string, use: () => Promise<A>): Effect.Effect<A, LakeError> =>
  Effect.tryPromise({ try: use, catch: (cause) => unreadable(path, cause) })

/** Why a data file cannot be read. */
export const unreadable = (path: string, cause: unknown): LakeError => {
  const isMissing = cause instanceof Error && "code" in cause && cause.code === "ENOENT"
  return new LakeError({
    reason: isMissing ? "Missing" : "Damaged",
    problem: `the data file ${path} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`,
    hint: isMissing
      ? "Was the table vacuumed while it was read? Run again; if it stays, restore the file."
      : "Restore it from a copy, or ingest again what it held.",
    cause
  })
}
