import type { CompiledContract } from "../contract/compile.ts"
import { identityWords } from "../contract/identity.ts"
import { versionFieldOf } from "../contract/table.ts"
import type { DeadLetterReason } from "../record/dead-letter-reasons.ts"
import type { DecodeCounts, RepartitionReport } from "../record/report.ts"
import type { Assertion } from "./facets.ts"
import { contractFields } from "./origins.ts"

/**
 * What was expected of an input and what was found, in numbers only. Columns are named as the input's schema names them. OpenLineage knows
 * assertions of inputs alone; what the contract expects of a row is expected of the record that it is made of.
 */

const sum = (counts: { readonly [key: string]: number | undefined }): number =>
  Object.values(counts).reduce<number>((all, n) => all + (n ?? 0), 0)

const assertion = (
  kind: string,
  name: string,
  description: string,
  severity: "error" | "warn",
  found: number,
  unit: string,
  column?: string
): Assertion => ({
  assertion: kind,
  name,
  description,
  severity,
  success: found === 0,
  ...(column === undefined ? {} : { column }),
  expected: `0 ${unit}`,
  actual: `${found} ${unit}`
})

const unreadable: ReadonlyArray<DeadLetterReason> = [
  "not_utf8",
  "not_json",
  "not_csv",
  "not_access_log",
  "no_header",
  "truncated",
  "not_object",
  "too_deep",
  "too_large",
  "not_of_dataset"
]

/** Names of what every batch is held to, beside the contract's own expectations. */
export const builtIn = {
  readable: "record_readable",
  key: "key_present",
  eventTime: "event_time_present",
  types: "values_fit",
  known: "fields_known",
  once: "version_once"
} as const

/** Assertions on the records of a batch or of a replay: the contract's expectations, and what every record is held to. */
export const decodeAssertions = (compiled: CompiledContract, counts: DecodeCounts): ReadonlyArray<Assertion> => {
  const { contract } = compiled
  const { fieldOf, columnAt } = contractFields(compiled)
  const letters = (...reasons: ReadonlyArray<DeadLetterReason>) =>
    reasons.reduce((all, reason) => all + (counts.deadLetters[reason] ?? 0), 0)
  const field = (column: string | undefined): string | undefined => {
    const path = column === undefined ? undefined : columnAt.get(column.replaceAll("[]", ""))
    return path === undefined ? undefined : fieldOf.get(path)
  }

  const held = contract.expectations.map(({ name, description, severity, column }) =>
    assertion("expression", name, description, severity === "warn" ? "warn" : "error", counts.quality[name] ?? 0, "rows", field(column))
  )
  const { table, eventTime } = contract
  const [key, ...more] = table.key
  const time = eventTime?.field ?? versionFieldOf(table)
  return [
    ...held,
    assertion("valid", builtIn.readable, "The record is one JSON document within the limits.", "error", letters(...unreadable), "records"),
    assertion(
      "not_null",
      builtIn.key,
      "The key is there and readable.",
      "error",
      letters("missing_key", "unreadable_key"),
      "records",
      more.length === 0 ? key : undefined
    ),
    ...(time === null
      ? []
      : [
          assertion(
            "not_null",
            builtIn.eventTime,
            "An event time is there and readable.",
            "error",
            letters("missing_event_time", "unreadable_event_time", "missing_version", "unreadable_version"),
            "records",
            time
          )
        ]),
    assertion("type", builtIn.types, "Every value fits its column.", "warn", sum(counts.rescued), "values"),
    assertion("schema", builtIn.known, "Every field is one that the contract knows.", "warn", sum(counts.drift), "values")
  ]
}

/** Assertion on the stage rows that a repartition read. */
export const repartitionAssertions = (compiled: CompiledContract, report: RepartitionReport): ReadonlyArray<Assertion> => [
  assertion(
    "unique",
    builtIn.once,
    `Each ${identityWords(compiled.identity)} came once, and is not in the table yet.`,
    "warn",
    report.duplicates,
    "rows",
    compiled.identity.key[0]
  )
]
