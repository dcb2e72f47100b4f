import { gzip } from "node:zlib"
import { Effect, FileSystem, Schema } from "effect"
import { makeFolders } from "../store/local-files.ts"
import { type GeneratedRecord, generateOrders } from "./generate.ts"
import { type GeneratedFile, Ledger } from "./ledger.ts"
import { type GenerateOptions, settingsOf } from "./options.ts"
import { pieces } from "./pieces.ts"

export class GenerateError extends Schema.TaggedError<GenerateError>()("GenerateError", {
  reason: Schema.Literals(["Options", "NotEmpty", "Write"]),
  location: Schema.String,
  hint: Schema.String,
  cause: Schema.optionalKey(Schema.Defect())
}) {
  override get message() {
    return `Cannot generate to ${this.location}: ${this.hint}`
  }
}

export interface GenerateProgress {
  readonly records: number
  /** Bytes of the records so far, before compression. */
  readonly rawBytes: number
}

export interface WriteOptions extends GenerateOptions {
  /** Folder to write to: absent, empty, or one that was generated before, which is then replaced. */
  readonly out: string
  /** Called after each piece that was written. */
  readonly onProgress?: ((progress: GenerateProgress) => void) | undefined
}

/** Says that a folder was generated, and what is in it. Its name keeps it from being read as input. */
export const manifestName = "_generated.json"

/** Larger pieces cost memory, smaller ones calls. A file is compressed in one piece, so that it is one gzip member. */
const plainSizes = { piece: 1024 * 1024, file: 64 * 1024 * 1024 }
const gzipSizes = { piece: 16 * 1024 * 1024, file: 16 * 1024 * 1024 }

/**
 * Writes generated orders as NDJSON to `OUT/YYYY/MM/DD/HH/part-NNNN.ndjson[.gz]`, by hour of arrival, and beside them `_generated.json`: what
 * was put in and what must come of it. Memory does not grow with what is written, except for some 50 bytes a record of the schedule.
 *
 * @returns the manifest that was written
 */
export const writeGenerated = Effect.fn("writeGenerated")(
  function* (options: WriteOptions) {
    const { out, onProgress } = options
    const settings = yield* Effect.try({
      try: () => settingsOf(options),
      catch: (cause) =>
        new GenerateError({ reason: "Options", location: out, hint: cause instanceof Error ? cause.message : String(cause) })
    })
    const fs = yield* FileSystem.FileSystem
    yield* makeRoom(fs, out)

    const ledger = new Ledger()
    const files: Array<GeneratedFile> = []
    for (const piece of pieces(noted(generateOrders(options), ledger), settings.gzip ? gzipSizes : plainSizes)) {
      const path = settings.gzip ? `${piece.path}.gz` : piece.path
      const bytes = settings.gzip ? yield* compressed(piece.bytes) : piece.bytes
      if (piece.begins) yield* fs.makeDirectory(`${out}/${path.slice(0, path.lastIndexOf("/"))}`, { recursive: true })
      yield* fs.writeFile(`${out}/${path}`, bytes, { flag: piece.begins ? "w" : "a" })
      const before = (piece.begins ? undefined : files.pop()) ?? { records: 0, rawBytes: 0, bytes: 0 }
      files.push({
        path,
        records: before.records + piece.records,
        rawBytes: before.rawBytes + piece.bytes.length,
        bytes: before.bytes + bytes.length
      })
      onProgress?.({ records: ledger.records, rawBytes: ledger.rawBytes })
    }
    const manifest = ledger.manifest(settings, files)
    yield* fs.writeFileString(`${out}/${manifestName}`, `${JSON.stringify(manifest, null, 2)}\n`)
    return manifest
  },
  (effect, { out }) => Effect.catchTag(effect, "PlatformError", (cause) => Effect.fail(unwritable(out, cause)))
)

/**
 * Gives the same records as NDJSON, piece by piece, in the same order.
 *
 * @param write takes a piece; the next one is made when it is done
 */
export const pipeGenerated = Effect.fn("pipeGenerated")(function* <E>(
  options: Omit<WriteOptions, "out" | "gzip">,
  write: (piece: Uint8Array) => Effect.Effect<void, E>
) {
  yield* Effect.try({
    try: () => settingsOf(options),
    catch: (cause) => new GenerateError({ reason: "Options", location: "-", hint: cause instanceof Error ? cause.message : String(cause) })
  })
  const ledger = new Ledger()
  for (const { bytes } of pieces(noted(generateOrders(options), ledger), plainSizes)) {
    yield* write(bytes)
    options.onProgress?.({ records: ledger.records, rawBytes: ledger.rawBytes })
  }
  return { records: ledger.records, rawBytes: ledger.rawBytes }
})

/** Passes records on, and each on its way into the ledger. */
function* noted(records: Iterable<GeneratedRecord>, ledger: Ledger): Generator<GeneratedRecord, void> {
  for (const record of records) {
    ledger.add(record)
    yield record
  }
}

const unwritable = (location: string, cause: unknown): GenerateError =>
  new GenerateError({ reason: "Write", location, hint: "Check that the folder can be written and the disk has room.", cause })

/** The folder, empty but for a manifest that says that it is not complete. Never removes what was not generated. */
const makeRoom = Effect.fnUntraced(function* (fs: FileSystem.FileSystem, out: string) {
  const found = (yield* fs.exists(out)) ? yield* fs.readDirectory(out) : []
  const foreign = found.find((name) => name !== manifestName && !/^[0-9]{4}$/.test(name))
  if (foreign !== undefined || (found.length > 0 && !found.includes(manifestName)))
    return yield* new GenerateError({
      reason: "NotEmpty",
      location: out,
      hint: `The folder holds ${foreign ?? found[0]}, which was not generated. Give another folder, or empty it.`
    })
  yield* Effect.tryPromise({ try: () => makeFolders(out), catch: (cause) => unwritable(out, cause) })
  yield* fs.writeFileString(`${out}/${manifestName}`, `${JSON.stringify({ complete: false })}\n`)
  for (const name of found) if (name !== manifestName) yield* fs.remove(`${out}/${name}`, { recursive: true })
})

/** One gzip member. Compresses fast rather than small, off the main thread. */
const compressed = (bytes: Uint8Array): Effect.Effect<Uint8Array> =>
  Effect.callback((resume) => {
    gzip(bytes, { level: 1 }, (error, result) => resume(error === null ? Effect.succeed(result) : Effect.die(error)))
  })
