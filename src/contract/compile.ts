import { type Column, type Leaf, type LeafType, leaf } from "../record/column.ts"
import { type Contract, ContractError, problemLines } from "./contract.ts"
import { type DropState, Drops } from "./drops.ts"
import { type Field, type Fields, shapeOf } from "./field.ts"
import { type Identity, identityOf } from "./identity.ts"
import { snakeCase } from "./names.ts"

/** A contract with what is derived from it once: the column trees of its tables. */
export interface CompiledContract {
  readonly contract: Contract
  /** Data columns of stage, in the order of the contract. */
  readonly columns: ReadonlyArray<Column>
  /** Data columns of the table for users: without what is dropped from it. */
  readonly consumableColumns: ReadonlyArray<Column>
  /** What makes two rows the same, and where they lie. */
  readonly identity: Identity
}

/** Derives the tables of a contract. @throws ContractError with every problem, where the contract has any */
export const compileContract = (contract: Contract): CompiledContract => {
  if (contract.problems.length > 0)
    throw new ContractError({ reason: "Invalid", problems: problemLines(contract, `contract ${contract.name}`) })
  const { fields, drops } = contract
  const hidden = new Drops(drops.filter((rule) => rule.from === "consumable"))
  return {
    contract,
    columns: columnsOf(fields, keepAll, keepAll.root),
    consumableColumns: columnsOf(fields, hidden, hidden.root),
    identity: identityOf(contract)
  }
}

/** All that decoding follows but for the code of expectations, as text: what decodes by a contract with another text may make other rows. */
export const decodingText = ({ contract, columns }: CompiledContract): string => {
  // What the fields are, the columns tell, but for how values are written. Where the contract lies does not matter.
  const { fields, schema, file, ...said } = contract
  return JSON.stringify({ columns, readings: readingsOf(fields), ...said })
}

const readingsOf = (fields: Fields): ReadonlyArray<unknown> => Object.values(fields).map(readingOf)

const readingOf = (field: Field): unknown => {
  const shape = shapeOf(field)
  switch (shape.kind) {
    case "leaf":
      return shape.reading
    case "document":
      return readingsOf(shape.fields)
    case "list":
      return [readingOf(shape.element), ...(shape.numbered === undefined ? [] : [shape.numbered])]
    case "entries":
      return [readingOf(shape.key[1]), readingOf(shape.value[1])]
  }
}

const keepAll = new Drops([])

const columnsOf = (fields: Fields, drops: Drops, state: DropState): ReadonlyArray<Column> =>
  Object.entries(fields).flatMap(([key, field]) =>
    drops.ruleFor(state, key) === null ? (columnOf(snakeCase(key), field, drops, drops.child(state, key)) ?? []) : []
  )

/** The column of a field; null when drops leave nothing of it. */
const columnOf = (name: string, field: Field, drops: Drops, state: DropState): Column | null => {
  const shape = shapeOf(field)
  const { description } = shape
  const about = { name, description, ...(shape.formerly.length === 0 ? {} : { formerly: shape.formerly.map(snakeCase) }) }
  switch (shape.kind) {
    case "leaf":
      return { ...leafColumn(name, shape.leaf, description, shape.sensitive), ...about }
    case "document": {
      const fields = columnsOf(shape.fields, drops, state)
      return fields.length === 0 ? null : { kind: "struct", ...about, fields }
    }
    case "list": {
      const element = columnOf("element", shape.element, drops, drops.element(state))
      return element === null ? null : { kind: "list", ...about, element }
    }
    case "entries": {
      const pair = columnsOf({ [shape.key[0]]: shape.key[1], [shape.value[0]]: shape.value[1] }, drops, drops.element(state))
      if (pair.length === 0) return null
      return { kind: "list", ...about, element: { kind: "struct", name: "element", description, fields: pair } }
    }
  }
}

/** A hashed value is text, whatever it was. */
const leafColumn = (name: string, type: LeafType, description: string, sensitive: Leaf["sensitive"]): Leaf =>
  leaf(name, sensitive === "hash" ? "text" : type, description, sensitive)
