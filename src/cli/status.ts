import { resolve } from "node:path"
import { Effect } from "effect"
import { Command } from "effect/cli"
import { type LakeStatus, lakeStatus, type TableStatus } from "../lake/status.ts"
import { compiled, json, storeOf } from "./common.ts"
import { countLines } from "./counts-text.ts"
import { bytes, number, print, table } from "./output.ts"
import { use } from "./settings.ts"

const settings = use("lake")

const tableRow = (status: TableStatus): ReadonlyArray<string | number> => [
  status.path,
  status.rows ?? "?",
  "rows",
  status.files,
  "files",
  bytes(status.bytes),
  `version ${number(status.version)}`
]

/** A lake's tables and datasets, for people. */
export const statusText = ({ root, datasets, deadLetters }: LakeStatus): string => {
  if (datasets.length === 0)
    return `There is no lake at ${root}. Fill one with: sluice ingest --input FOLDER --lake ${root.replace("file://", "")}`
  const tables = [
    ...datasets.flatMap(({ stage, consumable }) => [stage, ...(consumable === null ? [] : [consumable])]),
    ...(deadLetters === null ? [] : [deadLetters])
  ]
  return [
    root,
    table(tables.map(tableRow)),
    ...datasets.flatMap((d) => [
      "",
      `${d.dataset}: ${number(d.records)} records of ${number(d.shards)} shards in ${number(d.batches)} commits (since version ${number(d.since)})`,
      `last arrival ${d.lastArrival ?? "never"}, last commit ${d.lastCommit ?? "never"}`,
      d.repartitionLag > 0
        ? `${number(d.repartitionLag)} stage versions wait for the repartition`
        : d.consumable === null
          ? "not repartitioned yet"
          : `repartitioned up to now, ${number(d.days.length)} days`,
      ...(d.replayed === 0 ? [] : [`${number(d.replayed)} dead letters became rows by replay`]),
      ...(d.deadLettersWaiting > 0 ? [`${number(d.deadLettersWaiting)} dead letters wait: fix their cause, then run sluice replay`] : []),
      ...countLines(d.counts)
    ])
  ].join("\n")
}

export const status = Command.make(
  "status",
  { settings: settings.flags, json },
  Effect.fnUntraced(function* (flags) {
    const values = yield* settings.read(flags.settings)
    const found = yield* lakeStatus(`file://${resolve(values.lake)}`, [...compiled.keys()]).pipe(Effect.provide(storeOf(values)))
    yield* print(flags.json, found, () => statusText(found))
  })
).pipe(Command.withDescription("What a lake holds and how far it is: a fold over its logs."))
