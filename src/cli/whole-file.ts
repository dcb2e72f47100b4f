import { constants } from "node:fs"
import { access, open, readFile, realpath, rename, rm, stat } from "node:fs/promises"
import { basename, dirname, join } from "node:path"
import { Effect } from "effect"
import { Failed, UsageError } from "../app/failures.ts"
import { randomUuid } from "../record/random.ts"

/** What the system says, without the call that it says it of: that may name a file that nobody gave. */
const why = (cause: unknown): string => (cause instanceof Error ? cause.message.replace(/, \w+ '.*$/s, "") : String(cause))

const failed = (path: string) => (cause: unknown) =>
  new Failed({
    problem: `${path} cannot be written: ${why(cause)}`,
    hint: "Look whether its folder is there, may be written and has room."
  })

/**
 * Has `use` fill a file, which takes its name once it is whole: whoever finds the name finds all of it, or what was there before. A pipe or a device is
 * written to as it is.
 *
 * @param use is given the path to write to
 */
export const writeWhole = <A, E, R>(
  path: string,
  use: (path: string) => Effect.Effect<A, E, R>
): Effect.Effect<A, E | Failed | UsageError, R> =>
  Effect.gen(function* () {
    const target = yield* Effect.tryPromise({ try: () => realpath(path).catch(() => path), catch: failed(path) })
    const there = yield* Effect.promise(() => stat(target).catch(() => null))
    if (there?.isDirectory()) {
      return yield* new UsageError({ problem: `--output: ${path} is a folder`, hint: "Give the name of a file in it." })
    }
    if (there !== null && !there.isFile()) return yield* use(target)
    // Told before any work, and in the same words whoever writes.
    yield* Effect.tryPromise({ try: () => access(dirname(target), constants.W_OK), catch: failed(path) })
    // Hidden, as ingest passes hidden files over.
    const part = join(dirname(target), `.${basename(target)}.${yield* randomUuid}.part`)
    return yield* use(part).pipe(
      Effect.tap(() => Effect.tryPromise({ try: () => take(part, target), catch: failed(path) })),
      Effect.ensuring(Effect.ignore(Effect.tryPromise(() => rm(part, { force: true }))))
    )
  })

/** The name moves only to bytes that are on the disk. */
const take = async (part: string, target: string): Promise<void> => {
  const file = await open(part, "r+")
  try {
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(part, target)
}

/** Appends to a file, which is made, and fails with what that needs. */
export const appendTo = (path: string, name: string) =>
  Effect.map(
    Effect.acquireRelease(Effect.tryPromise({ try: () => open(path, "w"), catch: failed(name) }), (file) =>
      Effect.ignore(Effect.tryPromise(() => file.close()))
    ),
    (file) => (text: string) => Effect.tryPromise({ try: async () => void (await file.appendFile(text)), catch: failed(name) })
  )

/** Text of a file, or of standard input for `-`. UTF-8; a mark at its beginning that says so is no part of it. */
export const readText = (path: string): Effect.Effect<string, UsageError> =>
  Effect.tryPromise({
    try: async () => {
      const bytes = path === "-" ? await readInput() : await readFile(path)
      return new TextDecoder("utf-8", { fatal: true }).decode(bytes)
    },
    catch: (cause) =>
      new UsageError({
        problem: `${path === "-" ? "standard input" : path} cannot be read: ${why(cause)}`,
        hint: "Give a file of SQL in UTF-8, or - for standard input."
      })
  })

const readInput = async (): Promise<Buffer> => {
  const pieces: Array<Buffer> = []
  for await (const piece of process.stdin) pieces.push(piece)
  return Buffer.concat(pieces)
}
