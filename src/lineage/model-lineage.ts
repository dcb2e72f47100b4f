import type { LineageInput, SelectLineage } from "../record/column-lineage.ts"
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
