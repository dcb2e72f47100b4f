import { type Contract, isWithin } from "./definition.ts"
import { type Fields, findShape, type Shape } from "./field.ts"
import { snakeCase } from "./names.ts"
import { personalByName } from "./sensitive-names.ts"

/** Something that a contract may be used with, and that somebody should look at. */
export interface Advice {
  /** Path of the field that it is about, lists with brackets: `items[].note`. Null: it is about the contract. */
  readonly field: string | null
  /** A sentence that says what to do. */
  readonly text: string
}

/** Money is not rounded. */
const money = /_(price|amount|total|cost|revenue|refund|discount|tax|fee|freight|payment|value)_$/

/** Owners that are nobody. */
const nobody = /^\s*$|^(unknown|todo|tbd|nobody|none|\?)$/i

/** What is better than it is in a contract that can be used. @param isAlone it is the only dataset of its project, or the one that takes what no other claims */
export const adviceOn = (contract: Contract, isAlone: boolean): ReadonlyArray<Advice> => {
  const { name, title, description, owner, sensitivity, fields, table, eventTime, arrives, collected, drops, expectations } = contract
  const ofFields = adviceOnFields(fields, [name], "")
  const about = (text: string): Advice => ({ field: null, text })
  const isKept = hasPolicy(fields)
  return [
    title.trim() === "" ? about("its title is blank: say what people call it.") : [],
    description.trim() === "" ? about("its description is blank: say what a record is, and when one comes.") : [],
    nobody.test(owner) ? about("nobody owns it: say in owner which person or team answers for it.") : [],
    eventTime === undefined && hasTime(fields)
      ? about("it has timestamps and no eventTime: name the one that says when it happened, so that rows can be found and laid by it.")
      : [],
    eventTime === undefined && !hasTime(fields) && !(typeof table.by === "object" && "day" in table.by)
      ? about("it has no eventTime: when its rows happened is then known by their arrival alone.")
      : [],
    isKept && isWithin(sensitivity, "internal")
      ? about(`sensitivity is "${sensitivity}", and fields are marked as sensitive: is it "personal"?`)
      : [],
    !isKept && sensitivity === "personal"
      ? about('sensitivity is "personal", and no field is marked as sensitive: mark those that are, with { sensitive: "hash" }.')
      : [],
    !isAlone && arrives === undefined && collected !== true
      ? about("it does not say which files arrive for it: among several datasets it is carried by --dataset alone. Give arrives.")
      : [],
    drops.flatMap((rule) => (rule.reason.trim() === "" ? about(`drop rule ${rule.name} has no reason: say why it is left out.`) : [])),
    expectations.flatMap((each) =>
      each.description.trim() === "" ? about(`expectation ${each.name} has no description: say what it means where it does not hold.`) : []
    ),
    ofFields
  ].flat()
}

const leavesOf = (fields: Fields): ReadonlyArray<Extract<Shape, { readonly kind: "leaf" }>> =>
  Object.values(fields).flatMap((field) => {
    const shape = findShape(field)
    if (shape === null) return []
    return shape.kind === "leaf" ? [shape] : childrenOf(shape).flatMap((below) => leavesOf(below))
  })

const childrenOf = (shape: Shape): ReadonlyArray<Fields> => {
  switch (shape.kind) {
    case "leaf":
      return []
    case "document":
      return [shape.fields]
    case "list":
      return [{ element: shape.element }]
    case "entries":
      return [{ [shape.key[0]]: shape.key[1], [shape.value[0]]: shape.value[1] }]
  }
}

const hasPolicy = (fields: Fields): boolean => leavesOf(fields).some(({ sensitive }) => sensitive !== undefined)
const hasTime = (fields: Fields): boolean =>
  Object.values(fields).some((field) => {
    const shape = findShape(field)
    return shape?.kind === "leaf" && shape.leaf.type === "timestamp"
  })

const adviceOnFields = (fields: Fields, parents: ReadonlyArray<string>, path: string): ReadonlyArray<Advice> =>
  Object.entries(fields).flatMap(([key, field]) => {
    const shape = findShape(field)
    if (shape === null) return []
    const own = path + key
    return [
      ...(shape.description.trim() === "" ? [{ field: own, text: "it has no description: say what it means." }] : []),
      ...adviceOnValue(shape, key, parents, own)
    ]
  })

/** @param path of the value, whose field has the key */
const adviceOnValue = (shape: Shape, key: string, parents: ReadonlyArray<string>, path: string): ReadonlyArray<Advice> => {
  switch (shape.kind) {
    case "leaf": {
      const { leaf, sensitive } = shape
      const personal = leaf.type === "boolean" || sensitive !== undefined ? null : personalByName(key, parents)
      return [
        ...(personal === null
          ? []
          : [
              {
                field: path,
                text: `it looks like ${personal}, and is not marked: say sensitive: "hash", "drop", or "keep" where it may be read.`
              }
            ]),
        ...(leaf.type === "double" && money.test(`_${snakeCase(key)}_`)
          ? [{ field: path, text: "it looks like money, which a double rounds: decimal(precision, scale, …) keeps every digit." }]
          : [])
      ]
    }
    case "document":
      return adviceOnFields(shape.fields, [...parents, key], `${path}.`)
    case "list": {
      const element = findShape(shape.element)
      return element === null ? [] : adviceOnValue(element, key, parents, `${path}[]`)
    }
    case "entries":
      return childrenOf(shape).flatMap((below) => adviceOnFields(below, [...parents, key], `${path}[].`))
  }
}
