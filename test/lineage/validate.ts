import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { Ajv2020, type AnySchemaObject } from "ajv/dist/2020.js"
import formats from "ajv-formats"

const root = resolve(import.meta.dirname, "../..")
const folder = resolve(root, process.env["SLUICE_TEST_DATA"] ?? "../shared/data", "openlineage")

/** Where OpenLineage's schemas are, or null: tests that need them skip and say so. */
export const schemasFolder: string | null = existsSync(join(folder, "OpenLineage.json")) ? folder : null
export const skipMessage = `needs OpenLineage's schemas in ${folder} (set SLUICE_TEST_DATA)`

type Json = { readonly [key: string]: unknown }
const isJson = (value: unknown): value is Json => typeof value === "object" && value !== null && !Array.isArray(value)
const objects = (value: unknown): ReadonlyArray<Json> => (Array.isArray(value) ? value.filter(isJson) : [])

const core = "https://openlineage.io/spec/2-0-2/OpenLineage.json"

const load = () => {
  const ajv = new Ajv2020({ strict: false, allErrors: true })
  formats.default(ajv)
  const read = (path: string): AnySchemaObject => JSON.parse(readFileSync(path, "utf8"))
  ajv.addSchema(read(join(folder, "OpenLineage.json")))
  for (const file of readdirSync(join(folder, "facets"))) ajv.addSchema(read(join(folder, "facets", file)))
  const index: { readonly [keyAtContainer: string]: ReadonlyArray<string> } = JSON.parse(
    readFileSync(join(folder, "facet-index.json"), "utf8")
  )
  return { ajv, index }
}

let loaded: ReturnType<typeof load> | undefined

/**
 * What is wrong with an OpenLineage event; empty: nothing. Checks the event against the core schema, and each facet, which the core schema
 * hardly looks at: its key must belong to the container it sits in, its `_schemaURL` must be the version of the index, and it must satisfy
 * that version's own schema.
 */
export const validateEvent = (event: unknown): Array<string> => {
  loaded ??= load()
  const { ajv, index } = loaded
  const problems: Array<string> = []
  const check = (schema: string, value: unknown, where: string) => {
    const valid = ajv.getSchema(schema)
    if (valid === undefined) problems.push(`${where}: no schema ${schema}`)
    else if (valid(value) !== true) for (const error of valid.errors ?? []) problems.push(`${where}${error.instancePath}: ${error.message}`)
  }
  const facets = (container: string, value: unknown, where: string) => {
    if (value === undefined) return
    for (const [key, facet] of Object.entries(isJson(value) ? value : {})) {
      const schemas = index[`${key}@${container}`]
      if (schemas === undefined) {
        problems.push(`${where}.${key}: no such facet of ${container}`)
        continue
      }
      const url = isJson(facet) ? String(facet["_schemaURL"]) : ""
      const schema = schemas.find((id) => url.startsWith(`${id}#/$defs/`))
      if (schema === undefined) problems.push(`${where}.${key}: ${url} is not ${schemas.join(" or ")}`)
      else {
        if (ajv.getSchema(url) === undefined) problems.push(`${where}.${key}: ${url} names no definition`)
        check(schema, { [key]: facet }, `${where} `)
      }
    }
  }

  check(core, event, "event")
  if (!isJson(event)) return problems
  // An event without a run would pass as another kind of event: it is held to the kind that it says it is.
  check(String(event["schemaURL"]), event, "event")
  const { run, job, dataset } = event
  if (isJson(run)) facets("RunFacet", run["facets"], "run")
  if (isJson(job)) facets("JobFacet", job["facets"], "job")
  if (isJson(dataset)) facets("DatasetFacet", dataset["facets"], "dataset")
  for (const [side, container] of [
    ["inputs", "InputDatasetFacet"],
    ["outputs", "OutputDatasetFacet"]
  ] as const) {
    for (const [i, dataset] of objects(event[side]).entries()) {
      facets("DatasetFacet", dataset["facets"], `${side}[${i}].facets`)
      facets(container, dataset[side === "inputs" ? "inputFacets" : "outputFacets"], `${side}[${i}].${side.slice(0, -1)}Facets`)
    }
  }
  return problems
}
