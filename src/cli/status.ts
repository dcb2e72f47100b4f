import { Effect } from "effect"
import { Command } from "effect/cli"
import { existingLakeOf, lakeUrl } from "../app/lake.ts"
import { lakeNames } from "../app/settings.ts"
import { type DatasetStatus, type LakeStatus, lakeStatus, type TableStatus } from "../lake/status.ts"
import { gapText, type StreamShard } from "../lake/stream-shards.ts"
import { waitingText } from "../lake/waiting.ts"
import { count, number } from "../record/count.ts"
import { json } from "./common.ts"
import { countLines, deadLetterLines } from "./counts-text.ts"
import { bytes, print, seconds, table } from "./output.ts"
import { project, warnOfContracts } from "./project.ts"
import { use } from "./settings.ts"

const settings = use(...lakeNames)

const tableRow = (status: TableStatus): ReadonlyArray<string | number> => [
  status.path,
  status.rows ?? "?",
  status.rows === 1 ? "row" : "rows",
  status.files,
  status.files === 1 ? "file" : "files",
  bytes(status.bytes),
  `version ${number(status.version)}`
]

/** A lake's tables and datasets, for people. */
export const statusText = ({ root, datasets, deadLetters, runs, others }: LakeStatus): string => {
  const lake = root.replace("file://", "")
  const tables = [
    ...datasets.flatMap(({ stage, consumable }) => [stage, ...(consumable === null ? [] : [consumable])]),
    ...(deadLetters === null ? [] : [deadLetters]),
    ...(runs === undefined ? [] : [runs])
  ]
  return [
    root,
    table(tables.map(tableRow)),
    ...(others.length === 0
      ? []
      : ["other tables:", table(others.map(({ path, note, table }) => (table === null ? [path, note] : [...tableRow(table), note])))]),
    ...datasets.flatMap((d) => [
      "",
      `${d.dataset}: ${count(d.records, "record")} of ${count(d.shards, "shard")} in ${count(d.batches, "commit")} (since version ${number(d.since)})`,
      `last arrival ${d.lastArrival ?? "never"}, last commit ${d.lastCommit ?? "never"}`,
      ...streamLines(d),
      ...(d.known ? [] : ["there is no such dataset here: run the version, or use the contracts, that wrote it"]),
      d.waiting.versions > 0
        ? waitingText(d.waiting)
        : d.consumable === null
          ? "not repartitioned yet"
          : `repartitioned up to now${d.days.length === 0 ? "" : `, ${count(d.days.length, "day")}`}`,
      ...(d.hashKeys < 2
        ? []
        : [`filled with ${number(d.hashKeys)} hash keys, one after the other: values hashed under different ones do not meet`]),
      ...(d.replayed === 0 ? [] : [`${count(d.replayed, "dead letter became a row", "dead letters became rows")} by replay`]),
      ...countLines(d.counts),
      ...deadLetterLines(d.deadLettersWaiting, lake)
    ])
  ].join("\n")
}

const shardRow = ({ shard, behind, readUntil, ended, records, sequenceNumber, subSequenceNumber }: StreamShard) => [
  shard,
  ended ? "ended" : behind === null ? "not read yet" : `${seconds(behind)} behind`,
  readUntil === null ? "" : `read until ${readUntil}`,
  records,
  records === 1 ? "record" : "records",
  sequenceNumber === null ? "" : `position ${sequenceNumber}/${subSequenceNumber}`
]

/** How far the shards of streams are, and what may be missing. Shards that have ended are counted only: a stream leaves many behind. */
const streamLines = ({ streams, lagMillis, lastCommit }: DatasetStatus): ReadonlyArray<string> => {
  if (streams.length === 0) return []
  const open = streams.filter(({ ended }) => !ended)
  const gaps = streams.filter(({ gaps }) => gaps > 0)
  const outOfRange = streams.reduce((total, shard) => total + shard.outOfRange, 0)
  const lag = lagMillis === null ? "" : `; at most ${seconds(lagMillis)} behind as of the last commit, ${lastCommit ?? "unknown when"}`
  return [
    `${count(open.length, "open shard")} of streams, ${number(streams.length - open.length)} ended${lag}`,
    ...(open.length === 0 ? [] : [table(open.map(shardRow))]),
    ...(gaps.length === 0 ? [] : ["gaps:", ...gaps.map((shard) => `  ${gapText(shard)}`)]),
    ...(outOfRange === 0
      ? []
      : [`${count(outOfRange, "aggregated record belongs", "aggregated records belong")} to other shards by hash key`])
  ]
}

export const status = Command.make(
  "status",
  { settings: settings.flags, json },
  Effect.fnUntraced(function* (flags) {
    const values = yield* settings.read(flags.settings)
    // A lake tells how far it is without any contract.
    yield* warnOfContracts
    const found = yield* lakeStatus(lakeUrl(values), project.datasets).pipe(Effect.provide(existingLakeOf(values, "read")))
    yield* print(flags.json, found, () => statusText(found))
  })
).pipe(
  Command.withDescription("What a lake holds and how far it is: a fold over its logs."),
  Command.withExamples([{ description: "How far a lake is", command: "sluice status --lake lake" }])
)
