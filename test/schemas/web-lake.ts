import { join } from "node:path"
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import project from "../../schemas/web/project.ts"
import { compileContract } from "../../src/contract/compile.ts"
import { hitEnvelope } from "../../src/contract/hit-envelope.ts"
import { type BuildOptions, buildModels } from "../../src/models/build.ts"
import type { Models } from "../../src/models/model.ts"
import { readModels } from "../../src/models/read.ts"
import { repartition } from "../../src/repartition/repartition.ts"
import { root } from "../cli/sluice.ts"
import { pageOf, settings } from "../decode/support.ts"
import { pagesSource, run } from "../ingest/support.ts"
import { rowsOf } from "../models/small-lake.ts"

/** A lake of hits, taken in and built as `run` does. */

export const contracts = project.contracts.map(compileContract)

export const webModels = (): Models => {
  const { lookups = [] } = project
  const read = readModels(join(root, "schemas", "web"), { datasets: project.contracts.map(({ name }) => name), lookups })
  if ("problems" in read) throw new Error(read.problems.map(({ file, line, problem }) => `${file}:${line}: ${problem}`).join("\n"))
  return read.models
}

/** A hit as a collector passes it on. @param at when it had it, milliseconds since 1970 */
export const hit = (id: string, at: number, said: { readonly [parameter: string]: string | number }): string =>
  new URLSearchParams({
    ...Object.fromEntries(Object.entries(said).map(([name, value]) => [name, String(value)])),
    [hitEnvelope.receivedAt]: String(at),
    [hitEnvelope.hitId]: id
  }).toString()

/** Takes hits in, behind those that there are. @param first number of the first of them */
export const take = (hits: ReadonlyArray<string>, first = 1) =>
  Effect.gen(function* () {
    const [, contract] = contracts
    if (contract === undefined) throw new Error("there is no contract")
    const page = pageOf(hits, { sequenceNumbers: hits.map((_, i) => String(first + i)) })
    const decode = { ...settings, hashKey: new TextEncoder().encode("key") }
    const { batches } = yield* run(pagesSource([page]), { contract, decode })
    assert.deepStrictEqual(
      batches.map(({ counts }) => counts.rows),
      [hits.length]
    )
  })

/** Folds what was taken in. */
export const fold = Effect.suspend(() => Effect.forEach(contracts.slice(1), (contract) => repartition({ contract })))

/** Builds the models, and fails where one could not be built. */
export const buildWeb = (models: Models, options: Partial<BuildOptions> = {}) =>
  Effect.gen(function* () {
    const outcomes = yield* buildModels({
      models,
      selected: models.models,
      contracts,
      sensitive: new Set(),
      onEvent: () => Effect.void,
      ...options
    })
    for (const outcome of outcomes) if (outcome.kind === "failed") throw outcome.error
    return outcomes
  })

/** The first two columns of a SELECT. */
export const pairs = (sql: string) =>
  Effect.map(rowsOf(sql), (rows) => Object.fromEntries(rows.map(([name, value]) => [String(name), value])))
