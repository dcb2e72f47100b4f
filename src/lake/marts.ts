import { Effect, Option } from "effect"
import { Store, type StoreError } from "../store/store.ts"
import type { Snapshot } from "../table/snapshot.ts"
import { martFolders } from "./find-tables.ts"
import { martAt, martViewKey } from "./layout.ts"
import { builtProperty } from "./log-keys.ts"

/** What a mart was built of, as it remembers it itself: by this it is known whether there is anything to do. */
export interface BuiltOf {
  /** Tells the model's text and settings from others. */
  readonly text: string
  /** The tables that were read, by path, views looked through. */
  readonly inputs: { readonly [path: string]: InputVersion }
}

export interface InputVersion {
  /** Of the table: one that was made anew has another. Empty: there was no table. */
  readonly id: string
  readonly version: number
}

/** A model that is a view: its SELECT, which is asked when somebody asks it. */
export interface MartView {
  readonly model: string
  /** On the lake's views, as `query` names them. */
  readonly sql: string
  /** Models that it reads, each a mart of the lake. */
  readonly reads: ReadonlyArray<string>
  readonly built: BuiltOf
}

const isRecord = (value: unknown): value is { readonly [key: string]: unknown } =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const readBuiltOf = (value: unknown): BuiltOf | null => {
  if (!isRecord(value) || typeof value["text"] !== "string" || !isRecord(value["inputs"])) return null
  const inputs: { [path: string]: InputVersion } = {}
  for (const [path, input] of Object.entries(value["inputs"])) {
    if (!isRecord(input) || typeof input["id"] !== "string" || typeof input["version"] !== "number") return null
    inputs[path] = { id: input["id"], version: input["version"] }
  }
  return { text: value["text"], inputs }
}

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/** Did a build make a table, be it to its end or not? Other programs may have one in its place. */
export const isMart = ({ metaData }: Pick<Snapshot, "metaData">): boolean => builtProperty in metaData.configuration

/** What a mart's table was built of; null: it was never built to its end, or by something else. */
export const builtOf = ({ metaData }: Pick<Snapshot, "metaData">): BuiltOf | null => {
  const text = metaData.configuration[builtProperty]
  return text === undefined ? null : readBuiltOf(parsed(text))
}

/** The view that a model is in the lake; none where it is a table, or not there. One that nobody can read is none. */
export const martView = (model: string): Effect.Effect<Option.Option<MartView>, StoreError, Store> =>
  Effect.gen(function* () {
    const store = yield* Store
    const bytes = yield* Effect.catchIf(
      Effect.asSome(store.get(martViewKey(model))),
      ({ reason }) => reason === "NotFound",
      () => Effect.succeedNone
    )
    return Option.flatMap(bytes, (found) => readView(model, new TextDecoder().decode(found)))
  })

const readView = (model: string, text: string): Option.Option<MartView> => {
  const value = parsed(text)
  const built = isRecord(value) ? readBuiltOf(value["built"]) : null
  if (!isRecord(value) || built === null || typeof value["sql"] !== "string" || !Array.isArray(value["reads"])) return Option.none()
  return Option.some({ model, sql: value["sql"], reads: value["reads"].filter((name) => typeof name === "string"), built })
}

/** All views of the lake, each after those that it reads. */
export const martViews: Effect.Effect<ReadonlyArray<MartView>, StoreError, Store> = Effect.gen(function* () {
  const found = yield* Effect.forEach(yield* martFolders, (folder) => martView(martAt(folder) ?? ""), { concurrency: 8 })
  const waiting = new Map(found.flatMap(Option.toArray).map((view) => [view.model, view]))
  const ordered: Array<MartView> = []
  for (;;) {
    const next = [...waiting.values()].find(({ reads }) => reads.every((name) => !waiting.has(name)))
    if (next === undefined) return ordered
    waiting.delete(next.model)
    ordered.push(next)
  }
})

export const putMartView = ({ model, ...view }: MartView): Effect.Effect<void, StoreError, Store> =>
  Effect.flatMap(Store, (store) => store.put(martViewKey(model), new TextEncoder().encode(`${JSON.stringify(view, null, 1)}\n`)))

export const deleteMartView = (model: string): Effect.Effect<void, StoreError, Store> =>
  Effect.flatMap(Store, (store) => store.delete([martViewKey(model)]))
