import { sensitivities, statuses } from "../contract/definition.ts"
import { nearestOr } from "../record/nearest.ts"
import type { Literal, Materialization, Microbatch, Problem } from "./model.ts"
import type { Setting } from "./text.ts"

export type Settings = ReadonlyMap<string, Setting>

/** Where a model is, for what is missing. */
export interface Place {
  readonly file: string
  readonly line: number
}

const ofIncremental = ["incremental_strategy", "unique_key", "on_schema_change", "event_time", "batch_size", "begin", "lookback"]
const ofHistory = ["key", "effective", "order", "keep", "replace", "inferred"]
/** What only other engines are told by; nothing here reads it. */
const ofOthers = ["file_format", "table_type", "location_root", "schema"]

/** All that can be set of a model. */
export const settingNames: ReadonlyArray<string> = [
  "materialized",
  "tags",
  "meta",
  "partition_by",
  "contract",
  ...ofIncremental,
  ...ofHistory,
  ...ofOthers
]

/** What is written in place of settings that dbt has and models have not. */
export const settingHints: { readonly [name: string]: string } = {
  alias: "A table has the name of its model: name the file so.",
  enabled: "Take the file out of the folder.",
  pre_hook: "A model is its SELECT and nothing else.",
  post_hook: "A model is its SELECT and nothing else.",
  full_refresh: "Say --full-refresh when you build.",
  concurrent_batches: "Batches follow one another.",
  partitioned_by: "Write partition_by.",
  owner: "Write meta={'owner': '…'}."
}

/** Settings by weight, the weakest first: tags add up, `meta` merges, of all others the strongest stands. */
export const mergeSettings = (layers: ReadonlyArray<Settings>): Settings => {
  const merged = new Map<string, Setting>()
  for (const layer of layers)
    for (const [name, setting] of layer) {
      const below = merged.get(name)?.value
      if (name === "tags")
        merged.set(name, { ...setting, value: [...new Set([...(textsOf(below) ?? []), ...(textsOf(setting.value) ?? [])])] })
      else if (name === "meta" && isObject(below) && isObject(setting.value))
        merged.set(name, { ...setting, value: { ...below, ...setting.value } })
      else merged.set(name, setting)
    }
  return merged
}

export const isObject = (value: Literal | undefined): value is { readonly [key: string]: Literal } =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** A text or a list of texts. Null: neither. */
export const textsOf = (value: Literal | undefined): ReadonlyArray<string> | null => {
  if (typeof value === "string") return [value]
  if (!Array.isArray(value)) return null
  const texts = value.filter((each): each is string => typeof each === "string")
  return texts.length === value.length ? texts : null
}

type Tell = (setting: Place, problem: string, hint: string) => void

/** Tells of settings that nothing is known of. */
export const checkNames = (settings: Settings, problems: Array<Problem>): void => {
  for (const [name, { file, line }] of settings) {
    if (settingNames.includes(name)) continue
    const known = Object.hasOwn(settingHints, name) ? settingHints[name] : undefined
    problems.push({ file, line, problem: `${name} is no setting of a model`, hint: known ?? nearestOr(name, settingNames) })
  }
}

export interface Config {
  readonly materialization: Materialization
  readonly partitionBy: ReadonlyArray<string>
  readonly tags: ReadonlyArray<string>
  readonly meta: { readonly [key: string]: Literal }
  readonly owner: string | null
  readonly isContractEnforced: boolean
}

/**
 * What settings say of a model. What is wrong is told, and stands as if it had not been said.
 *
 * @param own settings of the model itself: those that mean nothing to it are refused, where those of its folder may be for others
 */
export const configOf = (settings: Settings, own: Settings, place: Place, problems: Array<Problem>): Config => {
  const tell: Tell = ({ file, line }, problem, hint) => {
    problems.push({ file, line, problem, hint })
  }
  const read = new Reader(settings, place, tell)
  const materialization = materializationOf(read)
  const meaningless = [
    ...(materialization.kind === "incremental" ? [] : ofIncremental),
    ...(materialization.kind === "history" ? [] : ofHistory)
  ]
  for (const name of meaningless) {
    const setting = own.get(name)
    if (setting !== undefined)
      tell(
        setting,
        `${name} means nothing to a ${materialization.kind}`,
        `Take it away, or write materialized='${ofHistory.includes(name) ? "history" : "incremental"}'.`
      )
  }
  const partitionBy = read.texts("partition_by") ?? []
  const partition = own.get("partition_by")
  if (materialization.kind === "view" && partition !== undefined)
    tell(partition, "partition_by means nothing to a view", "Write materialized='table'.")
  const meta = read.object("meta")
  const owner = meta["owner"]
  for (const [name, words] of [["sensitivity", sensitivities] as const, ["status", statuses] as const]) {
    const said = meta[name]
    const place = settings.get("meta")
    if (said !== undefined && place !== undefined && !words.some((word) => word === said))
      tell(place, `${name} is ${JSON.stringify(said)}`, `Write meta: { ${name}: … }, one of ${words.join(", ")}.`)
  }
  const contract = settings.get("contract")
  const enforced = isObject(contract?.value) ? contract.value["enforced"] : undefined
  if (contract !== undefined && typeof enforced !== "boolean")
    tell(contract, "contract does not say whether it is enforced", "Write contract={'enforced': true}.")
  return {
    materialization,
    partitionBy: materialization.kind === "view" ? [] : partitionBy,
    // As dbt has them.
    tags: [...(read.texts("tags") ?? [])].sort(),
    meta,
    owner: typeof owner === "string" ? owner : null,
    isContractEnforced: enforced === true
  }
}

class Reader {
  readonly settings: Settings
  readonly place: Place
  readonly tell: Tell
  constructor(settings: Settings, place: Place, tell: Tell) {
    this.settings = settings
    this.place = place
    this.tell = tell
  }
  /** Null: missing, or told. */
  texts(name: string): ReadonlyArray<string> | null {
    const setting = this.settings.get(name)
    if (setting === undefined || setting.value === null) return null
    const texts = textsOf(setting.value)
    if (texts === null) this.tell(setting, `${name} is no text and no list of texts`, `Write ${name}=['a', 'b'].`)
    else if (new Set(texts).size < texts.length) this.tell(setting, `${name} has a text twice`, "Give it once.")
    return texts
  }
  text(name: string): string | null {
    const setting = this.settings.get(name)
    if (setting === undefined || setting.value === null) return null
    if (typeof setting.value === "string" && setting.value !== "") return setting.value
    this.tell(setting, `${name} is no text`, `Write ${name}='…'.`)
    return null
  }
  object(name: string): { readonly [key: string]: Literal } {
    const setting = this.settings.get(name)
    if (setting === undefined) return {}
    if (isObject(setting.value)) return setting.value
    this.tell(setting, `${name} is no mapping`, `Write ${name}={'key': 'value'}.`)
    return {}
  }
  oneOf<const W extends string>(name: string, words: ReadonlyArray<W>, hints: { readonly [word: string]: string } = {}): W | null {
    const text = this.text(name)
    const found = words.find((word) => word === text)
    const setting = this.settings.get(name)
    if (text === null || setting === undefined || found !== undefined) return found ?? null
    const known = Object.hasOwn(hints, text) ? hints[text] : undefined
    this.tell(setting, `${name} is '${text}'`, known ?? nearestOr(text, words))
    return null
  }
  /** Tells that something is missing, where it was not told that it is wrong. */
  missing(name: string, of: string, hint: string): void {
    if (!this.settings.has(name)) this.tell(this.settings.get("materialized") ?? this.place, `${name} of ${of} is missing`, hint)
  }
}

const kinds = ["view", "table", "incremental", "history"] as const
const kindHints = {
  ephemeral: "Write materialized='view': it is made of no rows either.",
  snapshot: "Write materialized='history'.",
  materialized_view: "Write materialized='table' or 'incremental'."
}

const materializationOf = (read: Reader): Materialization => {
  const kind = read.oneOf("materialized", kinds, kindHints) ?? "view"
  if (kind === "incremental") return incrementalOf(read)
  return kind === "history" ? historyOf(read) : { kind }
}

const strategies = ["append", "merge", "delete+insert", "microbatch"] as const
const strategyHints = { insert_overwrite: "Write 'delete+insert' with the partition as unique_key, or 'microbatch'." }

const incrementalOf = (read: Reader): Materialization => {
  const found = read.oneOf("incremental_strategy", strategies, strategyHints)
  // Each engine of dbt has another default.
  read.missing("incremental_strategy", "an incremental model", `Write incremental_strategy='merge', or one of ${strategies.join(", ")}.`)
  const strategy = found ?? "append"
  const uniqueKey = read.texts("unique_key") ?? []
  const needsKey = strategy === "merge" || strategy === "delete+insert"
  const key = read.settings.get("unique_key")
  if (needsKey && uniqueKey.length === 0)
    read.missing("unique_key", strategy, "Name the columns that tell rows apart: unique_key=['order_id'].")
  if (!needsKey && found !== null && key !== undefined)
    read.tell(key, `unique_key means nothing to ${strategy}`, "Take it away, or write incremental_strategy='merge'.")
  const onSchemaChange = read.oneOf("on_schema_change", ["ignore", "fail", "append_new_columns", "sync_all_columns"]) ?? "ignore"
  const microbatch = strategy === "microbatch" ? microbatchOf(read) : null
  for (const name of ["event_time", "batch_size", "begin", "lookback"]) {
    const setting = read.settings.get(name)
    if (strategy !== "microbatch" && found !== null && setting !== undefined)
      read.tell(setting, `${name} means nothing to ${strategy}`, "Take it away, or write incremental_strategy='microbatch'.")
  }
  return { kind: "incremental", strategy, uniqueKey: needsKey ? uniqueKey : [], onSchemaChange, microbatch }
}

const microbatchOf = (read: Reader): Microbatch => {
  const eventTime = read.text("event_time") ?? ""
  read.missing("event_time", "microbatch", "Name the column with the time of a row: event_time='purchased_at'.")
  const batchSize = read.oneOf("batch_size", ["hour", "day", "month", "year"]) ?? "day"
  read.missing("batch_size", "microbatch", "Write batch_size='day', or one of hour, day, month, year.")
  const begin = read.text("begin") ?? ""
  read.missing("begin", "microbatch", "Write the beginning of the first batch: begin='2024-01-01'.")
  const beginning = read.settings.get("begin")
  if (
    begin !== "" &&
    beginning !== undefined &&
    !(/^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?Z?)?$/.test(begin) && !Number.isNaN(Date.parse(begin.replace(" ", "T"))))
  )
    read.tell(beginning, `begin is '${begin}'`, "Write a day or a time in UTC: begin='2024-01-01'.")
  const lookback = read.settings.get("lookback")
  const batches = lookback?.value ?? 1
  const isWhole = typeof batches === "number" && Number.isInteger(batches) && batches >= 0
  if (lookback !== undefined && !isWhole)
    read.tell(lookback, "lookback is no whole number", "Write how many batches before the newest are made again: lookback=1.")
  return { eventTime, batchSize, begin, lookback: isWhole ? batches : 1 }
}

const historyOf = (read: Reader): Materialization => {
  const key = read.texts("key") ?? []
  const effective = read.text("effective") ?? ""
  const keep = read.texts("keep") ?? []
  read.missing("key", "a history", "Name the columns that say which thing: key=['customer_id'].")
  read.missing("effective", "a history", "Name the column with the time from which a version holds: effective='changed_at'.")
  read.missing("keep", "a history", "Name the columns whose change makes a new row: keep=['city'].")
  const history = {
    key,
    effective,
    order: read.texts("order") ?? [],
    keep,
    replace: read.texts("replace") ?? [],
    inferred: read.text("inferred")
  }
  const roles = [
    ["key", key],
    ["effective", [effective]],
    ["keep", keep],
    ["replace", history.replace]
  ] as const
  for (const [i, [name, columns]] of roles.entries())
    for (const column of columns) {
      const other = roles.slice(0, i).find(([, others]) => column !== "" && others.includes(column))
      const setting = read.settings.get(name)
      if (other !== undefined && setting !== undefined)
        read.tell(setting, `${column} is in ${name} and in ${other[0]}`, "Give it in one of them.")
    }
  return { kind: "history", history }
}
