import { gzip } from "node:zlib"
import { Effect, FileSystem, Schema } from "effect"
import { makeFolders } from "../store/local-files.ts"
import { type GeneratedRecord, generateOrders } from "./generate.ts"
import { TrafficLedger, type TrafficManifest } from "./hits/ledger.ts"
import { type TrafficOptions, trafficSettings } from "./hits/options.ts"
import { generateHits } from "./hits/traffic.ts"
import { type GeneratedFile, Ledger, type Manifest } from "./ledger.ts"
import { type GenerateOptions, settingsOf } from "./options.ts"
import { type Arriving, pieces } from "./pieces.ts"

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

/** Where to, and how. */
export interface Target {
  /** Folder to write to: absent, empty, or one that was generated before, which is then replaced. */
  readonly out: string
  /** Write gzip files. */
  readonly gzip?: boolean | undefined
  /** Called after each piece that was written. */
  readonly onProgress?: ((progress: GenerateProgress) => void) | undefined
}

/** What there is to write. */
export interface Load<Manifest> {
  /** In order of arrival. */
  readonly records: Iterable<Arriving>
  /** Name of a file by its number in its hour, four digits. */
  readonly nameOf: (part: string) => string
  /** What was put in, once all is written. */
  readonly manifest: (files: ReadonlyArray<GeneratedFile>) => Manifest
}

export interface WriteOptions extends GenerateOptions, Target {}
export interface WriteHitsOptions extends TrafficOptions, Target {}

/** Says that a folder was generated, and what is in it. Its name keeps it from being read as input. */
export const manifestName = "_generated.json"

/** Larger pieces cost memory, smaller ones calls. A file is compressed in one piece, so that it is one gzip member. */
const plainSizes = { piece: 1024 * 1024, file: 64 * 1024 * 1024 }
const gzipSizes = { piece: 16 * 1024 * 1024, file: 16 * 1024 * 1024 }

/** Options that make no sense, as an error. */
const made = <A>(location: string, make: () => A): Effect.Effect<A, GenerateError> =>
  Effect.try({
    try: make,
    catch: (cause) => new GenerateError({ reason: "Options", location, hint: cause instanceof Error ? cause.message : String(cause) })
  })

/** Orders, a line of JSON each. */
const orders = (options: GenerateOptions): Load<Manifest> => {
  const settings = settingsOf(options)
  const ledger = new Ledger()
  return {
    records: noted(generateOrders(options), ledger),
    nameOf: (part) => `part-${part}.ndjson`,
    manifest: (files) => ledger.manifest(settings, files)
  }
}

/** Hits as the endpoint stores them, a form-encoded line each. */
const hits = (options: TrafficOptions): Load<TrafficManifest> => {
  const ledger = new TrafficLedger(trafficSettings(options))
  return { records: ledger.lines(generateHits(options)), nameOf: (part) => `hits-${part}.txt`, manifest: (files) => ledger.manifest(files) }
}

/**
 * Writes generated orders as NDJSON to `OUT/YYYY/MM/DD/HH/part-NNNN.ndjson[.gz]`, by hour of arrival, and beside them `_generated.json`: what
 * was put in and what must come of it. Memory does not grow with what is written, except for some 50 bytes a record of the schedule.
 *
 * @returns the manifest that was written
 */
export const writeGenerated = (options: WriteOptions): Effect.Effect<Manifest, GenerateError, FileSystem.FileSystem> =>
  Effect.flatMap(
    made(options.out, () => orders(options)),
    (load) => writeFiles(load, options)
  )

/** Writes the hits of a shop's visitors in the same way, to `OUT/YYYY/MM/DD/HH/hits-NNNN.txt[.gz]`. @returns the manifest that was written */
export const writeHits = (options: WriteHitsOptions): Effect.Effect<TrafficManifest, GenerateError, FileSystem.FileSystem> =>
  Effect.flatMap(
    made(options.out, () => hits(options)),
    (load) => writeFiles(load, options)
  )

const writeFiles = Effect.fn("writeGenerated")(
  function* <M>({ records, nameOf, manifest }: Load<M>, { out, gzip = false, onProgress }: Target) {
    const fs = yield* FileSystem.FileSystem
    yield* makeRoom(fs, out)
    const files: Array<GeneratedFile> = []
    const done = { records: 0, rawBytes: 0 }
    for (const piece of pieces(records, gzip ? gzipSizes : plainSizes, nameOf)) {
      const path = gzip ? `${piece.path}.gz` : piece.path
      const bytes = gzip ? yield* compressed(piece.bytes) : piece.bytes
      if (piece.begins) yield* fs.makeDirectory(`${out}/${path.slice(0, path.lastIndexOf("/"))}`, { recursive: true })
      yield* fs.writeFile(`${out}/${path}`, bytes, { flag: piece.begins ? "w" : "a" })
      const before = (piece.begins ? undefined : files.pop()) ?? { records: 0, rawBytes: 0, bytes: 0 }
      files.push({
        path,
        records: before.records + piece.records,
        rawBytes: before.rawBytes + piece.bytes.length,
        bytes: before.bytes + bytes.length
      })
      done.records += piece.records
      done.rawBytes += piece.bytes.length
      onProgress?.({ ...done })
    }
    const written = manifest(files)
    yield* fs.writeFileString(`${out}/${manifestName}`, `${JSON.stringify(written, null, 2)}\n`)
    return written
  },
  (effect, _, { out }) => Effect.catchTag(effect, "PlatformError", (cause) => Effect.fail(unwritable(out, cause)))
)

type PipeOptions = Pick<Target, "onProgress">

/**
 * Gives the same records as lines, piece by piece, in the same order.
 *
 * @param write takes a piece; the next one is made when it is done
 */
export const pipeGenerated = <E>(
  options: Omit<GenerateOptions, "gzip"> & PipeOptions,
  write: (piece: Uint8Array) => Effect.Effect<void, E>
) =>
  Effect.flatMap(
    made("-", () => orders(options)),
    (load) => pipe(load, options, write)
  )

/** The same of hits. */
export const pipeHits = <E>(options: TrafficOptions & PipeOptions, write: (piece: Uint8Array) => Effect.Effect<void, E>) =>
  Effect.flatMap(
    made("-", () => hits(options)),
    (load) => pipe(load, options, write)
  )

const pipe = Effect.fn("pipeGenerated")(function* <E>(
  { records, nameOf }: Load<unknown>,
  { onProgress }: PipeOptions,
  write: (piece: Uint8Array) => Effect.Effect<void, E>
) {
  const done = { records: 0, rawBytes: 0 }
  for (const piece of pieces(records, plainSizes, nameOf)) {
    yield* write(piece.bytes)
    done.records += piece.records
    done.rawBytes += piece.bytes.length
    onProgress?.({ ...done })
  }
  return done
})

/** Passes records on, and each on its way into the ledger. */
function* noted(records: Iterable<GeneratedRecord>, ledger: Ledger): Generator<GeneratedRecord, void> {
  for (const record of records) {
    ledger.add(record)
    yield record
  }
}

export const unwritable = (location: string, cause: unknown): GenerateError =>
  new GenerateError({ reason: "Write", location, hint: "Check that the folder can be written and the disk has room.", cause })

/**
 * The folder, empty but for a manifest that says that it is not complete. Never removes what was not generated.
 *
 * @param isOwn is this the name of a folder that is generated? By default those of years
 */
export const makeRoom = Effect.fnUntraced(function* (
  fs: FileSystem.FileSystem,
  out: string,
  isOwn: (name: string) => boolean = (name) => /^[0-9]{4}$/.test(name)
) {
  const found = (yield* fs.exists(out)) ? yield* fs.readDirectory(out) : []
  const foreign = found.find((name) => name !== manifestName && !isOwn(name))
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
export const compressed = (bytes: Uint8Array): Effect.Effect<Uint8Array> =>
  Effect.callback((resume) => {
    gzip(bytes, { level: 1 }, (error, result) => resume(error === null ? Effect.succeed(result) : Effect.die(error)))
  })
