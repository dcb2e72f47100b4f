import type { DataTest, Model, Models, Piece } from "../../src/models/model.ts"

/** Models and tests as the reading of a project gives them, with what a test is not about filled in. */

export const model = (name: string, given: Partial<Model> = {}): Model => ({
  name,
  file: `models/${name}.sql`,
  description: "",
  columns: [],
  tags: [],
  meta: {},
  owner: null,
  materialization: { kind: "table" },
  partitionBy: [],
  isContractEnforced: false,
  text: [],
  source: "",
  inputs: [],
  ...given
})

export const column = (name: string, isSensitive = false): Model["columns"][number] => ({
  name,
  description: "",
  isSensitive,
  dataType: null
})

export const dataTest = (check: DataTest["check"], given: Partial<DataTest> = {}): DataTest => ({
  name: `${check.kind}_orders`,
  model: check.kind === "singular" ? null : "orders",
  column: null,
  check,
  severity: "error",
  where: null,
  warnIf: null,
  errorIf: null,
  file: "models/orders.yml",
  line: 7,
  ...given
})

export const models = (given: Partial<Models> = {}): Models => ({
  models: [],
  tests: [],
  unitTests: [],
  freshness: [],
  exposures: [],
  vars: {},
  ...given
})

export const text = (said: string): Piece => ({ kind: "text", text: said })

export const ifIncremental = (incremental: ReadonlyArray<Piece>, otherwise: ReadonlyArray<Piece> = []): Piece => ({
  kind: "ifIncremental",
  incremental,
  otherwise
})

/** Deterministic numbers below `n`. */
export const dice = (seed: number): ((n: number) => number) => {
  let state = seed
  return (n) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * n)
  }
}
