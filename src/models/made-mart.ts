import { Effect } from "effect"
import { martPath } from "../lake/layout.ts"
import type { Column } from "../record/column.ts"
import type { MadeMart } from "../record/report.ts"
import { Store } from "../store/store.ts"
import type { Builder } from "./builder.ts"
import { martGovernance, martSensitivities } from "./mart-governance.ts"
import type { Model } from "./model.ts"
import { relationName, sourcePath } from "./relations.ts"
import type { ReadError } from "./sources.ts"

/** What lineage is told of a mart that a build made. @param columns that it has */
export const madeMart = (
  { sources, traced, models, contracts }: Builder,
  model: Model,
  columns: ReadonlyArray<Column>
): Effect.Effect<MadeMart, ReadError, Store> =>
  Effect.gen(function* () {
    const { root } = yield* Store
    const found = yield* traced
    const sensitivity = martSensitivities(models, contracts, found).get(model.name) ?? "restricted"
    const reads: Map<string, MadeMart["reads"][number]> = new Map()
    for (const input of model.inputs) {
      const name = relationName(input)
      const path = input.kind === "model" ? martPath(input.name) : sourcePath(input.source, input.table)
      const mart = input.kind === "model" ? yield* sources.mart(input.name) : null
      const table = mart?.kind === "view" ? null : yield* sources.table(path)
      if (mart?.kind === "view" || table !== null)
        reads.set(name, { name, uri: `${root}/${path}`, version: table?.snapshot.version ?? null })
    }
    return {
      uri: `${root}/${martPath(model.name)}`,
      isView: model.materialization.kind === "view",
      description: model.description,
      owner: model.owner,
      said: martGovernance(model, sensitivity),
      columns,
      reads: [...reads.values()],
      lineage: found.lineageOf(model.name)
    }
  })
