import { readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import vtex from "../../schemas/vtex/project.ts"
import { compileContract } from "../../src/contract/compile.ts"
import type { OpenLineageEvent } from "../../src/lineage/event.ts"
import { facetSchemas, schemaUrl } from "../../src/lineage/facets.ts"
import { parentEvent, runEvent } from "../../src/lineage/openlineage.ts"
import { compiledParcels } from "../contract/parcels.ts"
import { everyEvent, orders, settings } from "./fixtures.ts"
import { schemasFolder, skipMessage, validateEvent } from "./validate.ts"

if (schemasFolder === null) console.warn(`Skipped: validation ${skipMessage}`)

const { parent } = settings()
if (parent === undefined) throw new Error("the settings of the tests have a parent run")
const at = "2026-11-20T07:05:00.000Z"

describe.skipIf(schemasFolder === null)("OpenLineage 2-0-2: every event is valid", () => {
  const compiled = [orders, compiledParcels, ...vtex.contracts.map(compileContract)]
  for (const each of compiled) {
    const { name } = each.contract
    for (const [title, event] of Object.entries(everyEvent(name))) {
      it(`${name}: ${title}`, () => {
        // As it goes out: what JSON does not carry must not be what makes the event valid.
        assert.deepStrictEqual(validateEvent(JSON.parse(JSON.stringify(runEvent(event, settings(compiled))))), [])
      })
    }
  }

  for (const transition of ["START", "COMPLETE", "FAIL", "ABORT"] as const) {
    it(`parent run: ${transition}`, () => {
      const event = parentEvent(transition, at, parent, settings(), "The lake cannot be written.")
      assert.deepStrictEqual(validateEvent(JSON.parse(JSON.stringify(event))), [])
      assert.strictEqual(event.run.facets.errorMessage === undefined, transition !== "FAIL")
    })
  }

  it("a dataset without a contract, settings without options", () => {
    const { namespace, version } = settings()
    const producer = "urn:sluice:0.1.0"
    for (const event of Object.values(everyEvent("unknown"))) {
      assert.deepStrictEqual(
        validateEvent(JSON.parse(JSON.stringify(runEvent(event, { namespace, producer, version, contracts: [] })))),
        []
      )
    }
  })

  it("a parent run with a parent of its own", () => {
    const outer = { run: { runId: "01a1f640-bc00-7717-b864-bf4ab62095ac" }, job: { namespace: "scheduler", name: "nightly" } }
    const nested = { ...settings(), parent: { ...parent, parent: outer } }
    const child = runEvent(complete("batch"), nested)
    assert.deepStrictEqual(validateEvent(child), [])
    assert.deepStrictEqual(child.run.facets.parent?.root, outer)
    const own = parentEvent("START", at, nested.parent, nested)
    assert.deepStrictEqual(validateEvent(own), [])
    assert.deepStrictEqual(own.run.facets.parent?.run, outer.run)
  })

  it("facets are pinned to the versions of the index", () => {
    const event = runEvent(complete("batch"), settings())
    const stale = { ...event.run.facets.processing_engine, _schemaURL: schemaUrl("1-0-0/ProcessingEngineRunFacet") }
    assert.lengthOf(validateEvent({ ...event, run: { ...event.run, facets: { processing_engine: stale } } }), 1)
    const used = new Set(Object.values(everyEvent("orders")).flatMap((each) => facetKeys(runEvent(each, settings()))))
    const pinned = Object.entries(facetSchemas).flatMap(([container, keys]) => Object.keys(keys).map((key) => `${container}.${key}`))
    assert.deepStrictEqual([...used].sort(), pinned.sort(), "every facet that is pinned is emitted, and so validated above")
  })

  it("the validator takes events that are not ours", () => {
    const lines = readFileSync(join(schemasFolder ?? "", "example-events.ndjson"), "utf8")
      .trim()
      .split("\n")
    assert.isAbove(lines.length, 5)
    for (const line of lines) assert.deepStrictEqual(validateEvent(JSON.parse(line)), [])
  })

  describe("mistakes are found", () => {
    const good = () => JSON.parse(JSON.stringify(runEvent(complete("batch"), settings())))
    // The point is to break the event in ways that its type forbids.
    const mistakes: { readonly [name: string]: (event: ReturnType<typeof JSON.parse>) => void } = {
      "no run": (e) => delete e.run,
      "run id is not a UUID": (e) => (e.run.runId = "batch-1"),
      "time without zone": (e) => (e.eventTime = "2026-11-20T07:05:00"),
      "unknown event type": (e) => (e.eventType = "DONE"),
      "producer is not a URI": (e) => (e.producer = "sluice"),
      "facet without producer": (e) => delete e.run.facets.parent._producer,
      "parent without job": (e) => delete e.run.facets.parent.job,
      "facet in the wrong container": (e) =>
        (e.outputs[0].outputFacets.dataQualityAssertions = e.inputs[0].inputFacets.dataQualityAssertions),
      "unknown facet": (e) => (e.job.facets.shoeSize = e.job.facets.documentation),
      "job type without integration": (e) => delete e.job.facets.jobType.integration,
      "row count as text": (e) => (e.outputs[0].outputFacets.outputStatistics.rowCount = "9"),
      "minimum that is not a number": (e) => (e.outputs[0].facets.dataQualityMetrics.columnMetrics.order_id.min = "a"),
      "column lineage without a field": (e) => delete e.outputs[0].facets.columnLineage.fields.value.inputFields[0].field,
      "unknown state change": (e) => (e.outputs[0].facets.lifecycleStateChange.lifecycleStateChange = "BORN"),
      "schema field without name": (e) => delete e.outputs[0].facets.schema.fields[0].name,
      "data source that is no URI": (e) => (e.inputs[0].facets.dataSource.uri = "my lake"),
      "subset without condition": (e) => delete e.inputs[0].inputFacets.subset.inputCondition,
      "stale schema version": (e) => (e.job.facets.jobType._schemaURL = schemaUrl("2-0-2/JobTypeJobFacet")),
      "schema URL without definition": (e) => (e.job.facets.jobType._schemaURL += "s")
    }
    for (const [name, breakIt] of Object.entries(mistakes)) {
      it(name, () => {
        const event = good()
        breakIt(event)
        assert.notDeepEqual(validateEvent(event), [])
      })
    }
  })
})

const complete = (kind: "batch" | "repartition" | "replay") => {
  const event = everyEvent("orders")[`${kind} complete`]
  if (event === undefined) throw new Error(`no ${kind}`)
  return event
}

const facetKeys = ({ run, job, inputs, outputs }: OpenLineageEvent): ReadonlyArray<string> => {
  const keys = (container: string, facets: object) => Object.keys(facets).map((key) => `${container}.${key}`)
  return [
    ...keys("run", run.facets),
    ...keys("job", job.facets),
    ...inputs.flatMap((each) => [...keys("dataset", each.facets), ...keys("input", each.inputFacets)]),
    ...outputs.flatMap((each) => [...keys("dataset", each.facets), ...keys("output", each.outputFacets)])
  ]
}

const event = (kind: "batch" | "repartition" | "replay") => runEvent(complete(kind), settings())

const first = <A>(list: ReadonlyArray<A>): A => {
  const [value] = list
  if (value === undefined) throw new Error("the list is empty")
  return value
}

describe("runs and jobs", () => {
  it("the same run from START to its end, as a child of the process", () => {
    for (const [name, each] of Object.entries(everyEvent("orders"))) {
      const { run, job, eventType } = runEvent(each, settings())
      const [kind = "", phase = ""] = name.split(" ")
      assert.strictEqual(run.runId, "01a1f7c1-4180-7a72-925b-2a8f51990919")
      assert.strictEqual(eventType, phase.toUpperCase())
      assert.strictEqual(
        job.name,
        { batch: "orders.ingest", repartition: "orders.repartition", replay: "orders.replay", maintain: "orders.maintain" }[kind]
      )
      assert.deepStrictEqual(run.facets.parent?.job, { namespace: "sluice.test", name: "pipeline" })
      assert.strictEqual(job.facets.sourceCodeLocation?.version, "0123abc")
      assert.deepStrictEqual(job.facets.ownership?.owners, [{ name: "team:checkout", type: "MAINTAINER" }])
    }
  })

  it("a repository that is no web address is left out, credentials too", () => {
    const located = (url: string) => runEvent(complete("batch"), { ...settings(), repository: { url } }).job.facets.sourceCodeLocation
    assert.isUndefined(located("git@github.com:example/sluice.git"))
    assert.strictEqual(located("https://me:secret@github.com/example/sluice")?.url, "https://github.com/example/sluice")
  })

  it("a failure says why, and nothing that is a person's", () => {
    const failed = runEvent(
      {
        event: "fail",
        outcome: "fail",
        kind: "batch",
        runId: "01a1f7c1-4180-7a72-925b-2a8f51990919",
        dataset: "orders",
        startedAt: at,
        at,
        message: 'Cannot write for ana@example.com.\n{"document":"12345678901"}',
        inputs: []
      },
      settings()
    )
    assert.strictEqual(failed.eventType, "FAIL")
    assert.deepStrictEqual(failed.run.facets.errorMessage?.message, "Cannot write for [e-mail].")
    assert.deepStrictEqual(failed.outputs, [])
  })
})

describe("datasets", () => {
  it("tables by their path, version and storage", () => {
    const { inputs, outputs } = event("repartition")
    const [input, output] = [first(inputs), first(outputs)]
    assert.deepStrictEqual([input.namespace, input.name], ["file", "/data/my lake/stage/orders"])
    assert.strictEqual(input.facets.version?.datasetVersion, "4")
    assert.strictEqual(output.name, "/data/my lake/consumable/orders")
    assert.strictEqual(output.facets.dataSource?.uri, "file:///data/my%20lake/consumable/orders")
    assert.strictEqual(output.facets.storage?.storageLayer, "delta")
    assert.strictEqual(output.facets.version?.datasetVersion, "5")
    assert.isUndefined(output.facets.lifecycleStateChange)
  })

  it("a table that came to be, and one that was rebuilt", () => {
    assert.strictEqual(first(event("batch").outputs).facets.lifecycleStateChange?.lifecycleStateChange, "CREATE")
    const again = complete("repartition")
    if (again.event !== "complete" || again.report.kind !== "repartition") throw new Error("not a repartition")
    const rebuilt = runEvent({ ...again, report: { ...again.report, rebuild: true } }, settings())
    assert.strictEqual(first(rebuilt.outputs).facets.lifecycleStateChange?.lifecycleStateChange, "OVERWRITE")
  })

  it("the schema of a table nests, ends in its partitions, and marks what is sensitive", () => {
    const { facets } = first(event("batch").outputs)
    const fields = facets.schema?.fields ?? []
    assert.strictEqual(fields.at(-1)?.name, "ingest_hour")
    const items = fields.find(({ name }) => name === "items")
    assert.strictEqual(items?.type, "array")
    assert.deepStrictEqual(
      items?.fields?.[0]?.fields?.map(({ name, type }) => `${name} ${type}`),
      ["unit_price decimal(12,2)", "product_categories array"]
    )
    assert.deepStrictEqual(
      facets.tags?.tags.filter(({ key }) => key === "sensitive").map(({ field, value }) => [field, value]),
      [
        ["client_profile.email", "hash"],
        ["client_profile.phone", "drop"],
        ["client_profile.first_name", "keep"]
      ]
    )
  })

  it("a source has the fields as they arrive, with the same marks", () => {
    const { facets } = first(event("batch").inputs)
    const profile = facets.schema?.fields.find(({ name }) => name === "clientProfile")
    assert.deepStrictEqual(
      profile?.fields?.map(({ name }) => name),
      ["email", "phone", "firstName"]
    )
    assert.includeDeepMembers(
      [...(facets.tags?.tags ?? [])],
      [{ key: "sensitive", value: "hash", source: "INTEGRATION", field: "clientProfile.email" }]
    )
  })

  it("counts are of this run", () => {
    const batch = event("batch")
    assert.include(first(batch.inputs).inputFacets.inputStatistics, { rowCount: 12, size: 5000 })
    assert.include(first(batch.outputs).outputFacets.outputStatistics, { rowCount: 9, size: 2000, fileCount: 1 })
    assert.deepStrictEqual(first(batch.outputs).facets.dataQualityMetrics?.columnMetrics, { order_id: { nullCount: 0, count: 9 } })
  })

  it("a repartition says which stage versions it took and which days it touched", () => {
    const { inputs, outputs } = event("repartition")
    assert.include(JSON.stringify(first(inputs).inputFacets.subset), '"_commit_version"')
    assert.deepStrictEqual(first(outputs).outputFacets.subset?.outputCondition, {
      type: "partition",
      partitions: [{ dimensions: { change_date: "2026-11-19" } }, { dimensions: { change_date: "2026-11-20" } }]
    })
  })

  it("assertions count, and never tell which value", () => {
    const assertions = first(event("batch").inputs).inputFacets.dataQualityAssertions?.assertions ?? []
    const told = Object.fromEntries(
      assertions.map(({ name, success, severity, column, actual }) => [name, [success, severity, column, actual]])
    )
    assert.deepStrictEqual(told, {
      value_not_negative: [false, "warn", "value", "2 rows"],
      price_there: [true, "error", "items.element.unitPrice", "0 rows"],
      record_readable: [false, "error", undefined, "2 records"],
      key_present: [false, "error", "orderId", "1 records"],
      event_time_present: [true, "error", "lastChange", "0 records"],
      values_fit: [false, "warn", undefined, "1 values"],
      fields_known: [false, "warn", undefined, "3 values"]
    })
    const [once] = first(event("repartition").inputs).inputFacets.dataQualityAssertions?.assertions ?? []
    assert.strictEqual(once?.actual, "3 rows")
  })

  it("names of unknown fields, which may be data, stay here", () => {
    for (const each of Object.values(everyEvent("orders"))) assert.notInclude(JSON.stringify(runEvent(each, settings())), "ana@example.com")
  })
})
