import { Effect } from "effect"
import { catalogName } from "../catalog/names.ts"
import type { RoleTable } from "../catalog/roles.ts"
import type { LoadedProject } from "../contract/load.ts"
import type { LakeError } from "../duckdb/errors.ts"
import { openDuckDB } from "../duckdb/open.ts"
import { consumablePath, deadLettersPath, martPath, runsPath, stagePath } from "../lake/layout.ts"
import { martSensitivities } from "../models/mart-governance.ts"
import type { Models } from "../models/model.ts"
import { anyColumn, trace } from "../models/traced.ts"
import { holdsSensitive } from "../record/column.ts"
import type { Values } from "./settings.ts"

/** Keeps what did not fit its column, and what no contract knows. */
const rescued = "_rescued"

/** The tables of a project, as far as rights are about them. A model that is a view has none, and is read through those that it reads. */
export const rolesOf = (
  project: LoadedProject,
  models: Models,
  values: Values<"memoryLimit" | "threads">
): Effect.Effect<ReadonlyArray<RoleTable>, LakeError> =>
  Effect.gen(function* () {
    const contracts = [...project.compiled.values()]
    const traced = yield* trace(yield* openDuckDB(values), models, contracts)
    const sensitivity = martSensitivities(models, contracts, traced)
    const table = (path: string, about: Omit<RoleTable, "path" | "name">): RoleTable => ({ path, name: catalogName(path), ...about })
    return [
      ...contracts.flatMap(({ contract, columns, consumableColumns }) => {
        const about = (of: typeof columns) => ({
          sensitivity: contract.sensitivity,
          sensitive: of.filter(holdsSensitive).map(({ name }) => name),
          unknown: [rescued]
        })
        return [table(stagePath(contract.name), about(columns)), table(consumablePath(contract.name), about(consumableColumns))]
      }),
      ...models.models.flatMap(({ name, materialization }) => {
        if (materialization.kind === "view") return []
        const sensitive = [...traced.sensitiveIn(name).keys()]
        const level = sensitivity.get(name) ?? "restricted"
        return [table(martPath(name), { sensitivity: level, sensitive: sensitive.includes(anyColumn) ? null : sensitive, unknown: [] })]
      }),
      table(deadLettersPath, { sensitivity: "personal", sensitive: ["raw", "header"], unknown: [] }),
      table(runsPath, { sensitivity: "internal", sensitive: [], unknown: [] })
    ]
  }).pipe(Effect.scoped)
