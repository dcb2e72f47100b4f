import { Effect, Stream } from "effect"
import { count } from "../record/count.ts"
import { Store } from "../store/store.ts"
import { fromStore, type TableError } from "../table/errors.ts"
import type { Table } from "../table/table.ts"
import { type Check, check, some, warning } from "./check.ts"
import { deliveryStreamOf, firehoseSource, hasFirehoseFiles } from "./firehose.ts"
import { PositionReader } from "./position-reader.ts"
import type { At } from "./verify-rows.ts"

/** Of objects below a stage, by their paths, those that Firehose wrote and nobody has registered: data, which no log tells of yet. */
export const unregistered = (table: Table, paths: ReadonlyArray<string>): Effect.Effect<ReadonlySet<string>, TableError, Store> =>
  Effect.gen(function* () {
    const { domains, files } = yield* table.snapshot
    const reader = new PositionReader(table, yield* Store)
    const found = new Set<string>()
    for (const path of paths.filter((path) => deliveryStreamOf(path) !== null && !files.has(path)).sort())
      if ((yield* reader.find(domains, firehoseSource, path)) === null) found.add(path)
    return found
  })

/** Has every object that Firehose wrote become part of the stage? A stage that it never wrote is spared the listing. */
export const unregisteredChecks = ({ table, snapshot }: At): Effect.Effect<ReadonlyArray<Check>, TableError, Store> =>
  Effect.gen(function* () {
    if (!hasFirehoseFiles(snapshot.domains)) return []
    const folder = `${table.path}/`
    const objects = yield* Effect.mapError(Stream.runCollect((yield* Store).list(folder)), fromStore(table.path))
    const paths = objects.map(({ key }) => key.slice(folder.length)).filter((path) => deliveryStreamOf(path) !== null)
    const lacking = yield* unregistered(table, paths)
    const name = "objects of Firehose are registered"
    return [
      lacking.size === 0
        ? check(table.path, name, true, count(paths.length, "object"))
        : warning(
            table.path,
            name,
            `${count(lacking.size, "object")} not: ${some([...lacking])}. Nothing is lost: send the notifications of those that are old once more`
          )
    ]
  })
