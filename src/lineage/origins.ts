import type { CompiledContract } from "../contract/compile.ts"
import { type Field, type Fields, shapeOf } from "../contract/field.ts"
import { snakeCase } from "../contract/names.ts"
import type { Column, Leaf } from "../record/column.ts"
import { coordinateColumns } from "../record/system-columns.ts"
import { schemaFields, typeName } from "./columns.ts"
import type { SchemaField } from "./facets.ts"

/** The whole record as a field of its source: what `_rescued` and the dead letters come from. */
export const recordField = "_record"

/** Where the value of a stage column stands in the record. */
export interface Origin {
  /** Dotted path of the column: `items.element.unit_price`. */
  readonly column: string
  /** Dotted path of the field, keys as the contract spells them: `items.element.unitPrice`. */
  readonly field: string
  readonly leaf: Leaf
  /** The field is an object whose keys are data; the column is a list of its entries. */
  readonly reshaped: boolean
}

/** A contract's fields as lineage sees them. */
export interface ContractFields {
  readonly origins: ReadonlyArray<Origin>
  /** Field path by column path, parents included. */
  readonly fieldOf: ReadonlyMap<string, string>
  /** Column path by the path that contracts use, which does not name the elements of lists: `items.unit_price`. */
  readonly columnAt: ReadonlyMap<string, string>
  /** Schema of the records as they arrive: the contract's fields, those that are left out included, and the records' coordinates. */
  readonly sourceSchema: ReadonlyArray<SchemaField>
}

interface Place {
  readonly column: string
  readonly field: string
  readonly reshaped: boolean
}

/** A declared field: the key its column is named after, and its segment in field paths. */
interface Member {
  readonly key: string
  readonly segment: string
  readonly field: Field
}

const under = (parent: string, name: string): string => (parent === "" ? name : `${parent}.${name}`)

const membersOf = (fields: Fields): ReadonlyArray<Member> => Object.entries(fields).map(([key, field]) => ({ key, segment: key, field }))

/** Walks fields beside the columns that were made of them. */
const pair = (
  members: ReadonlyArray<Member>,
  columns: ReadonlyArray<Column>,
  parent: Place,
  origins: Array<Origin>,
  fieldOf: Map<string, string>
) => {
  const byName = new Map(columns.map((column) => [column.name, column]))

  const visit = (field: Field, column: Column, place: Place): void => {
    const shape = shapeOf(field)
    fieldOf.set(place.column, place.field)
    if (column.kind === "leaf") origins.push({ ...place, leaf: column })
    else if (column.kind === "struct" && shape.kind === "document") pair(membersOf(shape.fields), column.fields, place, origins, fieldOf)
    else if (column.kind === "list" && shape.kind === "list") {
      visit(shape.element, column.element, { ...place, column: under(place.column, "element"), field: under(place.field, "element") })
    } else if (column.kind === "list" && shape.kind === "entries" && column.element.kind === "struct") {
      const [key, value] = [shape.key, shape.value]
      const sides = [
        { key: key[0], segment: "key", field: key[1] },
        { key: value[0], segment: "value", field: value[1] }
      ]
      pair(sides, column.element.fields, { ...place, column: under(place.column, "element"), reshaped: true }, origins, fieldOf)
    }
  }

  for (const { key, segment, field } of members) {
    const column = byName.get(snakeCase(key))
    if (column === undefined) continue
    visit(field, column, { ...parent, column: under(parent.column, column.name), field: under(parent.field, segment) })
  }
}

/** The fields as they arrive, as the `schema` facet says them; an object whose keys are data is a map. */
const arriving = (members: ReadonlyArray<Member>, offset = 0): ReadonlyArray<SchemaField> =>
  members.map(({ segment, field }, i) => {
    const shape = shapeOf(field)
    const named = { name: segment, description: shape.description, ordinal_position: offset + i + 1 }
    switch (shape.kind) {
      case "leaf":
        return { ...named, type: typeName({ kind: "leaf", name: segment, leaf: shape.leaf, description: shape.description }) }
      case "document":
        return { ...named, type: "struct", fields: arriving(membersOf(shape.fields)) }
      case "list":
        return { ...named, type: "array", fields: arriving([{ key: "element", segment: "element", field: shape.element }]) }
      case "entries": {
        const [[key, keyField], [value, valueField]] = [shape.key, shape.value]
        const sides = [
          { key, segment: "key", field: keyField },
          { key: value, segment: "value", field: valueField }
        ]
        return { ...named, type: "map", fields: arriving(sides) }
      }
    }
  })

const known = new WeakMap<CompiledContract, ContractFields>()

/** Origins of all columns of a contract; worked out once. */
export const contractFields = (compiled: CompiledContract): ContractFields => {
  const found = known.get(compiled)
  if (found !== undefined) return found
  const origins: Array<Origin> = []
  const fieldOf = new Map<string, string>()
  const members = membersOf(compiled.contract.fields)
  pair(members, compiled.columns, { column: "", field: "", reshaped: false }, origins, fieldOf)
  const coordinates = schemaFields(coordinateColumns).map((each, i) => ({ ...each, ordinal_position: members.length + i + 1 }))
  const record = {
    name: recordField,
    type: "binary",
    description: "The record's bytes.",
    ordinal_position: members.length + coordinates.length + 1
  }
  const columnAt = new Map<string, string>()
  for (const column of fieldOf.keys()) {
    const plain = column.replaceAll(/\.element(?=\.|$)/g, "")
    // Parents come first: of a list and its element the list is meant.
    if (!columnAt.has(plain)) columnAt.set(plain, column)
  }
  const made = { origins, fieldOf, columnAt, sourceSchema: [...arriving(members), ...coordinates, record] }
  known.set(compiled, made)
  return made
}
