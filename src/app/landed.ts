import { mkdir, rename, rm, stat } from "node:fs/promises"
import { basename, dirname, join } from "node:path"
import { Effect, Option } from "effect"
import type { CompiledContract } from "../contract/compile.ts"
import { fileCheck } from "../lake/file-check.ts"
import { stagePath } from "../lake/layout.ts"
import { PositionReader } from "../lake/position-reader.ts"
import { findTable } from "../lake/tables.ts"
import { SourceError } from "../record/source-error.ts"
import { diskPlace } from "../source/disk.ts"
import { filesName } from "../source/files.ts"
import { ioError } from "../source/io-error.ts"
import { type FileEntry, pathBelow } from "../source/list-files.ts"
import { isUnchanged, knownOf } from "../source/resume-point.ts"
import { Store, type StoreError } from "../store/store.ts"
import type { TableError } from "../table/errors.ts"
import type { Snapshot } from "../table/snapshot.ts"

/** What becomes of files once their records are in the lake. */
export const landedChoices = ["keep", "move", "delete"] as const
export type LandedChoice = (typeof landedChoices)[number]

/** Where files are moved to, below the input. Whoever reads the input passes it over, as all names with `_` in front. */
export const landedFolder = "_landed"

/** What was done with the files of an input. */
export interface Landed {
  /** Files that were moved, or deleted. */
  readonly done: number
  /** Files that stay, since not all of them is known to be in the lake. */
  readonly left: number
}

/**
 * Moves or deletes the files of an input whose records are in the lake: all that a file has was committed to the stage of a dataset, the file is as it
 * was then, and every data file that the stage's log names is there, of the size that it says. Whatever else lies in the input stays.
 */
export const clearLanded = (
  how: Exclude<LandedChoice, "keep">,
  input: string,
  contracts: ReadonlyArray<CompiledContract>
): Effect.Effect<Landed, SourceError | TableError | StoreError, Store> =>
  Effect.gen(function* () {
    const place = yield* diskPlace(filesName, input)
    const stages = (yield* Effect.forEach(contracts, verifiedStage)).flatMap(Option.toArray)
    const files: Array<FileEntry> = []
    yield* Effect.promise(async (signal) => {
      for await (const entry of place.entries(() => true, signal)) if (entry.kind === "file") files.push(entry)
    })
    const top = place.isFile ? dirname(place.root) : place.root
    let [done, left] = [0, 0]
    for (const file of files) {
      if (!(yield* isLanded(file, stages))) {
        left++
        continue
      }
      yield* Effect.tryPromise({
        try: () => (how === "delete" ? rm(file.path) : moveTo(file.path, join(top, landedFolder, pathBelow(top, file.path)))),
        catch: (cause) => ioError(filesName, file.path, cause)
      })
      done++
    }
    return { done, left }
  })

interface Stage {
  readonly snapshot: Snapshot
  readonly reader: PositionReader
}

/** The stage of a dataset, if all of its files are there as its log says. */
const verifiedStage = ({
  contract: { name }
}: CompiledContract): Effect.Effect<Option.Option<Stage>, TableError | StoreError | SourceError, Store> =>
  Effect.gen(function* () {
    const found = yield* findTable(stagePath(name))
    if (Option.isNone(found)) return Option.none()
    const table = found.value
    const snapshot = yield* table.snapshot
    const { ok, detail } = yield* fileCheck({ table, snapshot })
    if (!ok)
      return yield* new SourceError({
        source: filesName,
        reason: "Invalid",
        location: table.path,
        detail: `Not all that landed is in the lake any more, and all of it is kept: ${detail}`,
        hint: "Run sluice verify, which says what else is wrong."
      })
    return Option.some({ snapshot, reader: new PositionReader(table, yield* Store) })
  })

const isLanded = (file: FileEntry, stages: ReadonlyArray<Stage>): Effect.Effect<boolean, TableError> =>
  Effect.gen(function* () {
    if (file.size === 0) return false
    for (const { snapshot, reader } of stages) {
      const found = yield* reader.find(snapshot.domains, filesName, file.shard ?? file.path)
      if (found !== null && isUnchanged(file, knownOf(found.position))) return true
    }
    return false
  })

/** Moves a file. Where one of its name was moved before, it gets a number. */
const moveTo = async (from: string, to: string): Promise<void> => {
  await mkdir(dirname(to), { recursive: true })
  for (let n = 1; ; n++) {
    const name = n === 1 ? to : join(dirname(to), `${n}-${basename(to)}`)
    const isThere = await stat(name).then(
      () => true,
      () => false
    )
    if (!isThere) return rename(from, name)
  }
}
