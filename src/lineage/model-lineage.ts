import type { LineageInput, SelectLineage } from "../record/column-lineage.ts"
import type { TestOutcome } from "../record/report.ts"
import type { Assertion, Bodies, ColumnLineage, InputField, Transformation } from "./facets.ts"
import type { DatasetName } from "./names.ts"

/**
 * The `columnLineage` facet of the table that a model makes. Columns of which nothing is known, and those that are made of no column, are left out;
 * undefined: there is nothing to tell.
 *
 * @param datasets what a SELECT's relations are in lineage, by the name that it calls them. Of one that is not among them nothing is told.
 */
export const modelColumnLineage = (
  { columns, whole }: SelectLineage,
  datasets: ReadonlyMap<string, DatasetName>
): ColumnLineage | undefined => {
  const byName = new Map([...datasets].map(([name, dataset]) => [name.toLowerCase(), dataset]))
  const made = (columns ?? []).map(({ output, inputs }) => [output, { inputFields: inputFields(inputs ?? [], byName) }] as const)
  const fields = made.filter(([, { inputFields }]) => inputFields.length > 0)
  const dataset = inputFields(whole ?? [], byName)
  return fields.length === 0 && dataset.length === 0 ? undefined : { fields: Object.fromEntries(fields), dataset }
}

/** One entry a field, with all that it does. */
const inputFields = (inputs: ReadonlyArray<LineageInput>, datasets: ReadonlyMap<string, DatasetName>): ReadonlyArray<InputField> => {
  const found = new Map<string, InputField>()
  for (const { relation, column, type, kind } of inputs) {
    const dataset = datasets.get(relation.toLowerCase())
    if (dataset === undefined) continue
    const { namespace, name } = dataset
    const key = JSON.stringify([namespace, name, column])
    // Whether a function lets its values through is not known of it.
    const how: Transformation = { type, subtype: kind, description: "", masking: false }
    found.set(key, { namespace, name, field: column, transformations: [...(found.get(key)?.transformations ?? []), how] })
  }
  return [...found.values()]
}

/** What tests found in a model's rows. OpenLineage knows assertions of inputs alone: the tests of a build read the table that it made. */
export const testedRows = (tests: ReadonlyArray<Assertion>): Bodies<"input">["dataQualityAssertions"] =>
  tests.length === 0 ? undefined : { assertions: tests }

/** Tests as lineage tells them: in numbers only, no key of a failing row. */
export const assertionsOf = (tests: ReadonlyArray<TestOutcome>): ReadonlyArray<Assertion> =>
  tests.map(({ name, column, check, severity, status, failures }) => ({
    assertion: check,
    name,
    description: says[check] ?? "",
    severity,
    // As the test was told to judge: `warn_if` and `error_if` may let some rows fail.
    success: status === "pass",
    ...(column === null ? {} : { column }),
    expected: "0 rows",
    actual: `${failures} rows`
  }))

const says: { readonly [check: string]: string } = {
  unique: "No value is there twice.",
  not_null: "A value is there.",
  accepted_values: "The value is one of those that are accepted.",
  relationships: "The value is one of another table's.",
  range: "The value is not below the smallest that is accepted, nor above the largest.",
  expression: "The condition holds.",
  singular: "The test's SELECT gives no row.",
  freshness: "The newest row of an input is not older than it may be.",
  unit: "Of given rows come those that are expected."
}
