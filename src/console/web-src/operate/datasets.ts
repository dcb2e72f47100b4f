/** Datasets: how far they have come, how old they are, whether their ledger closes. */
import type { DatasetState, Freshness, ShardState } from "../../api.ts"
import { type Child, h } from "../dom.ts"
import { duration, integer, moment, timeOf } from "../format.ts"
import { table } from "../table.ts"
import { badge, part } from "./parts.ts"

/** A moment and how long it is ago by the server's clock. */
export const ago = (time: string | null, now: number): Child => {
  const at = timeOf(time)
  if (at === null) return "–"
  return h("time", { datetime: at.toISOString(), title: moment(at) }, `${duration(Math.max(0, now - at.getTime()))} ago`)
}

export const freshnessBadge = ({ state, ageMinutes, limitMinutes }: Freshness): Child => {
  if (state === "none")
    return h("span", { class: "muted" }, ageMinutes === null ? "No limit" : `${duration(ageMinutes * 60_000)}, no limit`)
  const text = `${ageMinutes === null ? "never" : duration(ageMinutes * 60_000)} of ${duration((limitMinutes ?? 0) * 60_000)}`
  return [badge(state === "fresh" ? "good" : "bad", state === "fresh" ? "Fresh" : "Late"), h("span", { class: "muted" }, ` ${text}`)]
}

const reasons = (all: Readonly<Record<string, number>>): string =>
  Object.entries(all)
    .sort(([, a], [, b]) => b - a)
    .map(([reason, count]) => `${reason} ${integer(count)}`)
    .join(", ") || "–"

const lag = (millis: number | null): Child => (millis === null ? h("span", { class: "muted" }, "Nothing to read") : duration(millis))

export const datasetsPart = (datasets: ReadonlyArray<DatasetState>, now: number): HTMLElement =>
  part(
    "Datasets",
    "How far each has come, and how old what is in it is.",
    table(
      "Datasets",
      [
        { name: "Dataset" },
        { name: "Freshness" },
        { name: "Lag", isNumber: true },
        { name: "Last commit", isNumber: true },
        { name: "Records", isNumber: true },
        { name: "Batches" },
        { name: "Stage", isNumber: true },
        { name: "Consumable", isNumber: true },
        { name: "Waiting", isNumber: true }
      ],
      datasets.map((each) => [
        [each.dataset, !each.known && h("span", { class: "badge warn" }, "no contract")],
        freshnessBadge(each.freshness),
        lag(each.lagMillis),
        ago(each.lastCommit, now),
        integer(each.records),
        [integer(each.batches), h("span", { class: "sub" }, reasons(each.batchReasons))],
        `v${each.stage.version}`,
        each.consumable === null ? "–" : `v${each.consumable.version}`,
        each.waitingVersions === 0
          ? "0"
          : [`${integer(each.waitingVersions)} versions`, h("span", { class: "sub" }, `${integer(each.waitingRows)} rows`)]
      ])
    )
  )

/** What was read ended as rows, dead letters or nothing: the sum of each dataset. */
export const ledgerPart = (datasets: ReadonlyArray<DatasetState>, checks: Child): HTMLElement =>
  part(
    "Ledger",
    "Every record that was read is a row, a dead letter, or empty. Nothing is lost, nothing is there twice.",
    table(
      "Ledger",
      [
        { name: "Dataset" },
        { name: "Records read", isNumber: true },
        { name: "Rows", isNumber: true },
        { name: "Dead letters", isNumber: true },
        { name: "Empty", isNumber: true },
        { name: "Sum" }
      ],
      datasets.map(({ dataset, ledger }) => [
        dataset,
        integer(ledger.records),
        integer(ledger.rows),
        integer(ledger.deadLetters),
        integer(ledger.empty),
        ledger.closes
          ? badge("good", "Closes")
          : badge("bad", `Off by ${integer(Math.abs(ledger.records - ledger.rows - ledger.deadLetters - ledger.empty))}`)
      ])
    ),
    checks
  )

const shardRow = (dataset: string, shard: ShardState, now: number): ReadonlyArray<Child> => [
  [shard.shard, h("span", { class: "sub" }, dataset)],
  shard.ended ? badge("idle", "Ended") : lag(shard.behindMillis),
  ago(shard.readUntil, now),
  integer(shard.records),
  shard.gaps === 0 ? "0" : badge("bad", integer(shard.gaps)),
  h("code", { class: "cut", title: shard.position ?? "" }, shard.position ?? "–")
]

export const shardsPart = (datasets: ReadonlyArray<DatasetState>, now: number): HTMLElement | null => {
  const rows = datasets.flatMap(({ dataset, streams }) => streams.map((shard) => shardRow(dataset, shard, now)))
  if (rows.length === 0) return null
  return part(
    "Shards",
    "How far each shard of a stream has been read.",
    table(
      "Shards",
      [
        { name: "Shard" },
        { name: "Behind", isNumber: true },
        { name: "Read until", isNumber: true },
        { name: "Records", isNumber: true },
        { name: "Gaps", isNumber: true },
        { name: "Position" }
      ],
      rows
    )
  )
}

export const gapsOf = (datasets: ReadonlyArray<DatasetState>): number => datasets.reduce((sum, { gaps }) => sum + gaps, 0)
