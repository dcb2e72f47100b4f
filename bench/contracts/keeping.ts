import { type Contract, defineContract } from "../../src/contract/contract.ts"
import { document, double, type Field, type Fields, json, list, shapeOf, text } from "../../src/contract/field.ts"

/** The same contract with every sensitive value kept as it is. */
export const keeping = (contract: Contract): Contract => {
  const { schema: _, ...definition } = contract
  return defineContract({ ...definition, fields: keptFields(contract.fields) })
}

const keptFields = (fields: Fields): Fields => Object.fromEntries(Object.entries(fields).map(([key, field]) => [key, kept(field)]))

const kept = (field: Field): Field => {
  const shape = shapeOf(field)
  switch (shape.kind) {
    case "document":
      return document(shape.description, keptFields(shape.fields))
    case "list":
      return list(shape.description, kept(shape.element))
    case "entries":
      return field
    case "leaf": {
      if (shape.sensitive === undefined || shape.sensitive === "keep") return field
      const { description, leaf } = shape
      if (leaf.type === "text") return text(description, { sensitive: "keep" })
      if (leaf.type === "json") return json(description, { sensitive: "keep" })
      if (leaf.type === "double") return double(description, { sensitive: "keep" })
      throw new Error(`a sensitive field of type ${leaf.type} cannot be kept yet: add its constructor here`)
    }
  }
}
