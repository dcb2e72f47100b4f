import { basename } from "node:path"
import { Effect } from "effect"
import type { Conventions } from "../../contract/definition.ts"
import type { Members } from "../../contract/json.ts"
import { fold, snakeCase } from "../../contract/names.ts"
import { number } from "../../record/count.ts"
import { UsageError } from "../failures.ts"
import { contractText } from "./contract-text.ts"
import { fieldsOf, type Proposed, plainName } from "./fields.ts"
import { type Candidate, proposedTable } from "./identity.ts"
import { readSample, valueText } from "./sample.ts"
import { Seen } from "./seen.ts"

/** A contract that was proposed. */
export interface Inferred {
  /** Name of its dataset. */
  readonly dataset: string
  /** How many records it was made of. */
  readonly records: number
  /** How many of the sample cannot be read by any contract. */
  readonly faults: number
  /** A module of TypeScript that exports it. */
  readonly text: string
}

/** Columns whose values are compared to find a key: others can be none. */
const mostCompared = 200

/**
 * Proposes a contract for the records of a file: what it says holds of them, so that each becomes a row. It holds no value of them.
 *
 * @param dataset its name; null: the file's name says it
 */
export const inferContract = Effect.fnUntraced(function* (path: string, dataset: string | null) {
  if (dataset !== null && !/^[a-z][a-z0-9_]*$/.test(dataset))
    return yield* new UsageError({
      problem: `${JSON.stringify(dataset)} is no name of a dataset`,
      hint: 'Give lower case letters, digits and "_", a letter first.'
    })
  const seen = new Seen()
  const hashes = new Map<string, Array<number>>()
  const records: Array<number> = []
  const known = new Set<number>()
  let count = 0
  const sample = yield* readSample(path, (record: Members) => {
    seen.addMembers(record)
    let whole = 0
    for (const [key, value] of record) {
      const hash = hashOf(valueText(value))
      whole = hashOf(`${whole} ${hash} ${key}`)
      const folded = fold(key)
      const column = hashes.get(folded) ?? (hashes.size < mostCompared ? [] : null)
      if (column === null) continue
      // Where a record lacks it, it can be no key.
      column[count] = hash
      hashes.set(folded, column)
    }
    // What was sent twice is one record.
    if (!known.has(whole)) records.push(count)
    known.add(whole)
    count++
  })

  const name = dataset ?? datasetOf(path)
  const { format } = sample
  const kind = format.kind
  const around = kind === "accessLog" ? logParents : [name]
  const { fields, keys, leftOut } = fieldsOf(seen.members, around, true, kind !== "json" && kind !== "parquet")
  const candidates: ReadonlyArray<Candidate> = [...keys].flatMap(([own, key]) => {
    const field = fields.get(key)
    const column = hashes.get(fold(own))
    return field !== undefined && column !== undefined && isFull(field, count) ? [{ key, field, hashes: column }] : []
  })
  const table = proposedTable(name, kind === "accessLog" ? candidates.filter(({ field }) => isTime(field)) : candidates, records)
  return {
    dataset: name,
    records: count,
    faults: sample.faults,
    text: contractText({
      name,
      arrives: patternOf(basename(path)),
      sample,
      fields,
      table,
      conventions: kind === "json" || kind === "parquet" ? conventionsOf(seen) : [],
      told: [
        `${sample.isWhole ? "" : "the first "}${number(count)} ${count === 1 ? "record" : "records"} of ${basename(path)}`,
        ...(sample.faults === 0
          ? []
          : [
              `${number(sample.faults)} of its records ${sample.faults === 1 ? "is" : "are"} none, and ${sample.faults === 1 ? "becomes a dead letter" : "become dead letters"}.`
            ]),
        ...(leftOut === 0
          ? []
          : [
              `${number(leftOut)} ${leftOut === 1 ? "key that is" : "keys that are"} a value rather than a name, or no name for a column, ${leftOut === 1 ? "is" : "are"} left out: kept in _rescued.`
            ])
      ]
    })
  } satisfies Inferred
})

/** What the system that writes the records seems to do, and most do not. */
const conventionsOf = (seen: Seen): ReadonlyArray<keyof Conventions> => [
  ...([...seen.members.values()].filter(({ scalars }) => scalars.nullWords > 0).length > 1 ? (["nullText"] as const) : []),
  ...(seen.isRespelled ? (["anyCase"] as const) : [])
]

const isTime = ({ shape }: Proposed): boolean => shape.kind === "leaf" && shape.call === "timestamp"

/** May it be of a key: is it in every record, as its type has it, and may it stay as it is? */
const isFull = ({ shape }: Proposed, records: number): boolean =>
  shape.kind === "leaf" &&
  ["text", "long", "integer", "timestamp", "date"].includes(shape.call) &&
  shape.options.sensitive === undefined &&
  shape.fits === records

/** The names of an access log's fields say nothing of who they are of. */
const logParents = ["access_log"]

/** A dataset's name by that of a file. */
const datasetOf = (path: string): string => {
  const bare = basename(path)
    .replace(/\.gz$/i, "")
    .replace(/\.[^.]*$/, "")
  const name = snakeCase(plainName(bare))
    .replace(/_?\d[\d_]*/g, "_")
    .replace(/^[^a-z]+|_+$/g, "")
    .replace(/__+/g, "_")
    .replace(/_(dataset|data|export|dump|sample|table)$/, "")
    .slice(0, 60)
  return name === "" ? "records" : name
}

/** Files of the same kind: digits differ. */
const patternOf = (name: string): string =>
  name
    .replace(/\.gz$/i, "")
    .replace(/\d[\d_.-]*\d|\d/g, "*")
    .replace(/[{},?[\]\\]/g, "*")
    .replace(/\*+/g, "*")

/** 53 bits of a text, by which values are compared: none is kept. */
const hashOf = (text: string): number => {
  let [a, b] = [0x811c9dc5, 0x1b873593]
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    a = Math.imul(a ^ c, 0x01000193)
    b = Math.imul(b ^ c, 0x85ebca6b) ^ (b >>> 13)
  }
  return (a >>> 0) * 0x200000 + ((b >>> 0) & 0x1fffff)
}
