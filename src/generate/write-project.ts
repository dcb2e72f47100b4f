import { Effect, FileSystem } from "effect"
import type { GeneratorSettings, MadeFile, ProjectGenerator } from "../contract/generator.ts"
import { writtenRows } from "../parquet/written-rows.ts"
import type { GeneratedFile } from "./ledger.ts"
import { compressed, GenerateError, makeRoom, manifestName, type Target, unwritable } from "./write.ts"

/** A published data set that input is made of, by its name among the project's adapters, and the folder that has it. */
export interface DataSet {
  readonly from: string
  readonly input: string
}

/** What `_generated.json` says of a project's input. */
export interface ProjectManifest {
  readonly complete: true
  /** Where a data set lies is not told: the same one gives the same manifest. */
  readonly options: (GeneratorSettings | Pick<DataSet, "from">) & { readonly gzip: boolean }
  readonly records: number
  /** Bytes of all files, before compression. */
  readonly rawBytes: number
  readonly files: ReadonlyArray<GeneratedFile>
  /** What must come out, in the project's own words. */
  readonly expected: { readonly [name: string]: unknown }
}

/** Names of files that are text, and may be compressed: others are so already, or are read as they are. */
const isText = /\.(?:csv|json|ndjson|log|txt)$/

/**
 * Writes what a project's generator makes, of nothing or of a data set, file by file, and beside them `_generated.json`: what was put in and what must come of it.
 *
 * @returns the manifest that was written
 */
export const writeProject = Effect.fn("writeProject")(
  function* (generator: ProjectGenerator, settings: GeneratorSettings | DataSet, { out, gzip = false, onProgress }: Target) {
    const fs = yield* FileSystem.FileSystem
    const made = yield* attempt(out, () =>
      "from" in settings ? adapterOf(generator, settings).make(settings.input) : generator.make(settings)
    )
    yield* makeRoom(fs, out, (name) => generator.folders.includes(name))
    const each = made.files[Symbol.iterator]()
    const files: Array<GeneratedFile> = []
    const done = { records: 0, rawBytes: 0 }
    for (;;) {
      const next = yield* attempt(out, () => each.next())
      if (next.done === true) break
      const file = yield* attempt(out, () => checked(next.value, generator))
      const raw = yield* attempt(out, () => bytesOf(file.content))
      const isPacked = gzip && isText.test(file.path)
      const path = isPacked ? `${file.path}.gz` : file.path
      const bytes = isPacked ? yield* compressed(raw) : raw
      yield* fs.makeDirectory(`${out}/${path.slice(0, path.lastIndexOf("/"))}`, { recursive: true })
      // Two files of one name would be one: what is there is never written over.
      yield* fs.writeFile(`${out}/${path}`, bytes, { flag: "wx" })
      files.push({ path, records: file.records, rawBytes: raw.length, bytes: bytes.length })
      done.records += file.records
      done.rawBytes += raw.length
      onProgress?.({ ...done })
    }
    const expected = yield* attempt(out, () => made.expected())
    const manifest: ProjectManifest = {
      complete: true,
      options: { ...("from" in settings ? { from: settings.from } : settings), gzip },
      ...done,
      files,
      expected
    }
    yield* fs.writeFileString(`${out}/${manifestName}`, `${JSON.stringify(manifest, null, 2)}\n`)
    return manifest
  },
  (effect, _, _settings, { out }) => Effect.catchTag(effect, "PlatformError", (cause) => Effect.fail(unwritable(out, cause)))
)

const adapterOf = ({ adapters = {} }: ProjectGenerator, { from }: DataSet) => {
  const adapter = adapters[from]
  if (adapter !== undefined) return adapter
  const names = Object.keys(adapters)
  throw new RangeError(
    names.length === 0 ? "the project makes input of no data set." : `there is no data set ${from}: give one of ${names.join(", ")}.`
  )
}

/** A file that is made, as bytes. Throws `RangeError` where rows have values that are none of their columns. */
export const bytesOf = (content: MadeFile["content"]): Uint8Array =>
  typeof content === "string" ? Buffer.from(content) : content instanceof Uint8Array ? content : writtenRows(content)

/** What a project's own program says of its settings, as an error. */
const attempt = <A>(location: string, run: () => A): Effect.Effect<A, GenerateError> =>
  Effect.try({
    try: run,
    catch: (cause) =>
      new GenerateError({ reason: "Options", location, hint: cause instanceof Error ? cause.message : String(cause), cause })
  })

const checked = (file: MadeFile, { folders }: ProjectGenerator): MadeFile => {
  const [folder = "", ...names] = file.path.split("/")
  if (!folders.includes(folder) || names.length === 0 || names.some((name) => ["", ".", ".."].includes(name)))
    throw new RangeError(`the project makes ${file.path}, which is below none of ${folders.join(", ")}.`)
  return file
}
