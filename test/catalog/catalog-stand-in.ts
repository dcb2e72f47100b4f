import type { Table, TableInput } from "@aws-sdk/client-glue"
import { Effect } from "effect"
import { type CatalogApi, CatalogError, type CatalogReason } from "../../src/catalog/api.ts"

/** A catalog in memory that keeps versions as Glue does, with knobs. */
export interface CatalogStandIn {
  readonly api: CatalogApi
  /** Every call, in order: `CreateTable raw_orders`. */
  readonly calls: Array<string>
  /** Null: there is no database. */
  readonly tables: () => ReadonlyArray<Table> | null
  readonly table: (name: string) => Table
  /** Puts a table there as somebody else would. */
  readonly put: (input: TableInput) => void
  /** The next calls that begin so fail. */
  readonly failNext: (call: string, reason: CatalogReason, times?: number) => void
  /** Is done once, right before the next call that begins so. */
  readonly before: (call: string, what: () => void) => void
}

export const makeCatalog = (isThere = true): CatalogStandIn => {
  let tables: Map<string, Table> | null = isThere ? new Map() : null
  let version = 0
  const calls: Array<string> = []
  const failing: Array<{ readonly call: string; readonly reason: CatalogReason; times: number }> = []
  const hooks: Array<{ readonly call: string; readonly what: () => void }> = []

  const error = (operation: string, of: string, reason: CatalogReason) =>
    new CatalogError({ operation, of, reason, detail: `it was told to be ${reason}`, hint: "Look." })
  const put = (input: TableInput): void => {
    tables ??= new Map()
    tables.set(input.Name ?? "", { ...structuredClone(input), Name: input.Name, VersionId: String(version++) })
  }
  /** @param work gives why it fails, or null */
  const call = (operation: string, of: string, work: () => CatalogReason | null): Effect.Effect<void, CatalogError> =>
    Effect.suspend(() => {
      const text = `${operation} ${of}`
      calls.push(text)
      const at = hooks.findIndex(({ call }) => text.startsWith(call))
      if (at >= 0) hooks.splice(at, 1)[0]?.what()
      const failure = failing.find(({ call, times }) => times > 0 && text.startsWith(call))
      if (failure !== undefined) failure.times--
      const reason = failure?.reason ?? work()
      return reason === null ? Effect.void : Effect.fail(error(operation, of, reason))
    })

  return {
    calls,
    tables: () => (tables === null ? null : [...tables.values()]),
    table: (name) => {
      const found = tables?.get(name)
      if (found === undefined) throw new Error(`there is no table ${name}: ${[...(tables?.keys() ?? [])]}`)
      return found
    },
    put,
    failNext: (call, reason, times = 1) => void failing.push({ call, reason, times }),
    before: (call, what) => void hooks.push({ call, what }),
    api: {
      tables: (database) =>
        Effect.map(
          call("GetTables", database, () => null),
          () => (tables === null ? null : structuredClone([...tables.values()]))
        ),
      createDatabase: ({ Name = "" }) =>
        call("CreateDatabase", Name, () => {
          if (tables !== null) return "Changed"
          tables = new Map()
          return null
        }),
      createTable: (_, input) =>
        call("CreateTable", input.Name ?? "", () => {
          if (tables === null || tables.has(input.Name ?? "")) return "Changed"
          put(input)
          return null
        }),
      updateTable: (_, input, expected) =>
        call("UpdateTable", input.Name ?? "", () => {
          const there = tables?.get(input.Name ?? "")
          if (there === undefined || there.VersionId !== expected) return "Changed"
          put(input)
          return null
        })
    }
  }
}
