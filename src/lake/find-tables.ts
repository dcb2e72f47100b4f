import { fileURLToPath } from "node:url"
import { Effect, Option, Stream } from "effect"
import { LakeError } from "../duckdb/errors.ts"
import { shellWord } from "../record/shell.ts"
import { Store, type StoreError } from "../store/store.ts"
import { logFolder } from "../table/paths.ts"
import { consumablePath, deadLettersPath, lineageFolder, martPath, runsPath, stagePath } from "./layout.ts"

/** Paths of the folders where Sluice's own tables lie, known datasets or not, in the order of their names; a log may be gone from one. */
export const ownTablePaths: Effect.Effect<ReadonlyArray<string>, StoreError, Store> = Effect.gen(function* () {
  const consumables = yield* foldersOf(consumablePath(""))
  const letters = (yield* isEmpty(`${deadLettersPath}/`)) ? [] : [deadLettersPath]
  // Another folder of this name may be somebody else's.
  const runs = (yield* hasTable(runsPath)) ? [runsPath] : []
  // A model that is a view has a folder and no table.
  const marts = yield* Effect.filter(yield* martFolders, hasTable)
  return [...consumables, ...letters, ...marts, ...runs, ...(yield* foldersOf(stagePath("")))]
})

/** Folders of the marts, tables and views. */
export const martFolders: Effect.Effect<ReadonlyArray<string>, StoreError, Store> = Effect.suspend(() => foldersOf(martPath("")))

/** Paths of all tables that lie in the lake: Sluice's own, then others, which are folders with a Delta log one or two levels below the root. */
export const tablePaths: Effect.Effect<ReadonlyArray<string>, StoreError, Store> = Effect.gen(function* () {
  const own = yield* ownTablePaths
  const others = yield* otherTablePaths.pipe(
    // A folder of somebody else's beside the tables (`lost+found`, a dangling link) must stop nobody.
    Effect.catchIf(
      ({ reason }) => reason === "Denied" || reason === "NotFound" || reason === "Invalid",
      (error) => Effect.as(Effect.logWarning(`what else lies in the lake could not be listed: ${error.message}`), [])
    )
  )
  return [...own, ...others.filter((path) => !own.includes(path))]
})

const otherTablePaths: Effect.Effect<ReadonlyArray<string>, StoreError, Store> = Effect.gen(function* () {
  const paths: Array<string> = []
  const known = [consumablePath(""), `${deadLettersPath}/`, martPath(""), stagePath(""), `${lineageFolder}/`]
  for (const folder of yield* foldersOf("")) {
    if (known.includes(`${folder}/`)) continue
    if (yield* hasTable(folder)) paths.push(folder)
    else paths.push(...(yield* Effect.filter(yield* foldersOf(`${folder}/`), hasTable)))
  }
  return paths
})

/** Fails with `NoLake` where no table lies: for commands that work on a lake, and make none. */
export const requireLake: Effect.Effect<void, LakeError | StoreError, Store> = Effect.gen(function* () {
  // Almost every lake has this one: it spares the search.
  if (yield* hasTable(deadLettersPath)) return
  if ((yield* ownTablePaths).length > 0 || (yield* tablePaths).length > 0) return
  const { root } = yield* Store
  const place = root.startsWith("file:") ? fileURLToPath(root) : root
  return yield* new LakeError({
    reason: "NoLake",
    problem: `there is no lake at ${place}`,
    hint: `Check --lake, or fill one with: sluice ingest --input FOLDER --lake ${shellWord(place)}`
  })
})

/** Does anything lie in the log of a table? */
export const hasTable = (path: string): Effect.Effect<boolean, StoreError, Store> =>
  Effect.map(isEmpty(`${path}/${logFolder}`), (empty) => !empty)

const isEmpty = (prefix: string): Effect.Effect<boolean, StoreError, Store> =>
  Effect.flatMap(Store, (store) => Effect.map(Stream.runHead(store.list(prefix)), Option.isNone))

/** Folders right below a prefix, found by leaping from each to the next: what lies in them is not listed. */
const foldersOf = (prefix: string): Effect.Effect<ReadonlyArray<string>, StoreError, Store> =>
  Effect.gen(function* () {
    const store = yield* Store
    const folders: Array<string> = []
    while (true) {
      const last = folders.at(-1)
      // "0" is the character after "/": the key after everything in the folder.
      const keys = store.list(prefix, last === undefined ? {} : { startAfter: `${last}0` })
      const next = yield* Stream.runHead(Stream.filter(keys, ({ key }) => key.includes("/", prefix.length)))
      if (Option.isNone(next)) return folders
      folders.push(next.value.key.slice(0, next.value.key.indexOf("/", prefix.length)))
    }
  })
