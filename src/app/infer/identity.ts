import { count } from "../../record/count.ts"
import { type Proposed, wordsOf } from "./fields.ts"

/** A field that every record of the sample has, and that may tell records apart. */
export interface Candidate {
  readonly key: string
  readonly field: Proposed
  /** Hash of its value, by record. */
  readonly hashes: ArrayLike<number>
}

export interface Table {
  readonly kind: "versions" | "events"
  /** Null: nothing tells records apart but where they came from. */
  readonly key: ReadonlyArray<string> | null
  readonly version: string | null
  readonly day: string | null
  readonly eventTime: string | null
  readonly why: ReadonlyArray<string>
}

const versionName =
  /_(updated|changed|modified|last_?(change|update|modified)\w*|update_?time|version|revision)(_at|_on|_time|_date)?_$|_lastchange_/
const timeNames = [
  /_(event|occurred|happened)_?\w*_/,
  /_(created|placed|ordered|purchased?|creation|order_date|order_time)_?\w*_/,
  /_(timestamp|datetime|time|ts)_$/,
  /_at_$|_date_$/,
  /./
]
/** Times that are none of what happened, unless there is no other. */
const planned = /_(limit|estimated|expected|planned|due|deadline|expires?|expiry|until|valid|birth)_/
const partWords = /_(line|item|position|pos|seq|sequence|sequential|row|index|part|step|order_item_id|item_id)_/

const callOf = ({ shape }: Proposed): string => (shape.kind === "leaf" ? shape.call : shape.kind)
const isTime = ({ field }: Candidate): boolean => callOf(field) === "timestamp"

/** How much a name says that it is of a key: 0 for nothing. @param dataset name of the dataset */
const keyScore = (key: string, dataset: string): number => {
  const words = wordsOf(key)
  const one = dataset.replace(/s$/, "")
  if (words === "_id_" || words === "_uuid_" || words === "_guid_") return 4
  if (words === `_${one}_id_` || words === `_${dataset}_id_` || words === `_${one}_number_` || words === `_${one}_code_`) return 4
  if (/_(id|uuid|guid)_$|id_$/.test(words) && !partWords.test(words)) return 3
  if (/^_(order|invoice|ticket|cart|customer|product|session|account|user|parcel|return|shipment|payment)_$/.test(words)) return 2
  if (/_(key|code|number|no|nr|sku|ref|reference)_$/.test(words)) return 2
  return partWords.test(words) ? 1 : 0
}

/** Most fields that are tried together. */
const mostTried = 10

/**
 * What tells records apart, by what was seen: fewest fields first, and those whose names say so before others.
 *
 * @param candidates fields that every record has, of a type that a key may have
 * @param records places of the records that differ from those before
 */
export const proposedTable = (dataset: string, candidates: ReadonlyArray<Candidate>, records: ReadonlyArray<number>): Table => {
  const scored = candidates.map((candidate, place) => ({ ...candidate, place, score: keyScore(candidate.key, dataset) }))
  const version = scored.find(
    ({ key, field }) => versionName.test(wordsOf(key)) && ["timestamp", "long", "integer", "date"].includes(callOf(field))
  )
  const pool = scored
    .filter((candidate) => candidate !== version && (candidate.score > 0 || ["text", "integer", "long"].includes(callOf(candidate.field))))
    .sort((a, b) => b.score - a.score || a.place - b.place)
    .slice(0, mostTried)
  const tell = (fields: ReadonlyArray<Candidate>) => differ(fields, records)
  const found = subsets(pool, 3).filter(
    ([first, second]) => first !== undefined && (first.score > 1 || (second === undefined && /id_$/.test(wordsOf(first.key))))
  )
  const happened = () => {
    const stamps = scored.filter(isTime).sort((a, b) => Number(planned.test(wordsOf(a.key))) - Number(planned.test(wordsOf(b.key))))
    return timeNames.flatMap((name) => stamps.filter(({ key }) => name.test(wordsOf(key))))[0] ?? null
  }
  const words = (fields: ReadonlyArray<Candidate>) => fields.map(({ key }) => key).join(" and ")
  const others = (chosen: ReadonlyArray<Candidate>) =>
    pool.filter((each) => each.score > 1 && !chosen.includes(each) && tell([each])).slice(0, 3)
  const told = (chosen: ReadonlyArray<Candidate>, all: ReadonlyArray<Candidate>): ReadonlyArray<string> => {
    const rivals = others(chosen)
    return [
      `Key: ${words(all)} ${all.length === 1 ? "is" : "are together"} another one in each of ${count(records.length, "record")}.`,
      ...(rivals.length === 0 ? [] : [`So ${rivals.length === 1 ? "is" : "are"} ${words(rivals)}: which is it that a record is of?`])
    ]
  }

  if (version !== undefined) {
    const key =
      found.find((fields) => fields.length === 1 && tell(fields)) ??
      found.find((fields) => fields[0] === pool[0] && (tell(fields) || tell([...fields, version]))) ??
      found.find(tell)
    if (key !== undefined) {
      const isAlone = tell(key)
      const stamp = isTime(version) ? version : happened()
      return {
        kind: "versions",
        key: key.map((each) => each.key),
        version: version.key,
        day: stamp?.key ?? (callOf(version.field) === "date" ? version.key : null),
        eventTime: stamp?.key ?? null,
        why: [...told(key, isAlone ? key : [...key, version]), `Version: ${version.key}, as its name says.`]
      }
    }
  }
  const stamp = happened()
  const day = stamp ?? scored.find(({ field }) => callOf(field) === "date") ?? null
  const key =
    found.filter((fields) => fields.every(({ score }) => score > 0)).find(tell) ??
    (stamp === null ? undefined : found.map((fields) => [...fields, stamp]).find(tell)) ??
    found.find(tell)
  return {
    kind: "events",
    key: key === undefined ? null : key.map((each) => each.key),
    version: null,
    day: day?.key ?? null,
    eventTime: stamp?.key ?? null,
    why:
      key === undefined
        ? ["No few fields tell the records apart: each that arrives is a row. Name those that should, where there are such."]
        : told(key, key)
  }
}

/** Lists of at most so many, the smaller first, in the order of what they are of. */
const subsets = <A>(all: ReadonlyArray<A>, most: number): ReadonlyArray<ReadonlyArray<A>> => {
  let last: ReadonlyArray<ReadonlyArray<number>> = all.map((_, i) => [i])
  const out = [...last]
  for (let size = 2; size <= most; size++) {
    last = last.flatMap((list) => all.flatMap((_, i) => (i > (list.at(-1) ?? -1) ? [[...list, i]] : [])))
    out.push(...last)
  }
  return out.map((list) => list.flatMap((i) => all[i] ?? []))
}

/** Has no record the values of another in these fields? */
const differ = (fields: ReadonlyArray<Candidate>, records: ReadonlyArray<number>): boolean => {
  const seen = new Set<number | string>()
  for (const record of records) {
    const [first, ...rest] = fields
    const value = rest.length === 0 ? (first?.hashes[record] ?? 0) : fields.map(({ hashes }) => hashes[record]).join()
    if (seen.has(value)) return false
    seen.add(value)
  }
  return true
}
