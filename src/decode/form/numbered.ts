import { type Fields, shapeOf } from "../../contract/field.ts"
import { Members } from "../../contract/json.ts"
import { type Numbered, numberedName } from "../../contract/numbered.ts"
import { type KeyOf, keysByName } from "../fields/names.ts"

/** A list whose elements stand among the pairs, as parameters with numbers. */
interface NumberedList {
  readonly key: string
  readonly numbered: Numbered
  readonly element: Place
}

/** What names may mean in a record, or in an element. */
interface Place {
  readonly keyOf: KeyOf
  readonly lists: ReadonlyArray<NumberedList>
}

/** Elements of a list by their numbers, as they are gathered. */
class Gathered extends Map<number, Members> {}

const placeOf = (fields: Fields): Place => ({ keyOf: keysByName(fields), lists: listsOf(fields) })

const listsOf = (fields: Fields): ReadonlyArray<NumberedList> =>
  Object.entries(fields).flatMap(([key, field]): ReadonlyArray<NumberedList> => {
    const shape = shapeOf(field)
    if (shape.kind !== "list" || shape.numbered === undefined) return []
    const element = shapeOf(shape.element)
    return element.kind === "document" ? [{ key, numbered: shape.numbered, element: placeOf(element.fields) }] : []
  })

/** Puts pairs into their places in a record: the one that its field has, or its place in an element of a list. */
export const putterOf = (
  fields: Fields
): { readonly put: (record: Members, name: string, value: string) => void; readonly finish: (record: Members) => void } => {
  const top = placeOf(fields)
  return {
    put: (record, name, value) => {
      if (!putNumbered(top, record, name, value)) record.put(top.keyOf(name) ?? name, value)
    },
    finish: (record) => finish(top, record)
  }
}

/** @returns false: the name is of no element's field, and stands for itself */
const putNumbered = (place: Place, record: Members, name: string, value: string): boolean => {
  for (const { key, numbered, element } of place.lists) {
    const found = numberedName(name, numbered)
    if (found === null) continue
    const member = found.rest === "" ? numbered.value : memberOf(element, found.rest, numbered.number)
    if (member === undefined) continue
    const before = record.get(key)
    const gathered = before instanceof Gathered ? before : new Gathered()
    const at = gathered.get(found.number) ?? new Members()
    // In an element that is about to be made: a name that means nothing there must not leave an empty one behind.
    if (member !== null) at.put(member, value)
    else if (!putNumbered(element, at, found.rest, value)) continue
    if (before !== gathered) record.put(key, gathered)
    gathered.set(found.number, at)
    return true
  }
  return false
}

/** The field of an element that a name is of; null: it may be of a list in it; undefined: it cannot be. */
const memberOf = ({ keyOf, lists }: Place, rest: string, number: string): string | null | undefined => {
  const key = keyOf(rest)
  if (key !== undefined && key !== number && !lists.some((list) => list.key === key)) return key
  return lists.length > 0 ? null : undefined
}

/** Makes lists of what was gathered. */
const finish = ({ lists }: Place, record: Members): void => {
  for (const { key, numbered, element } of lists) {
    const gathered = record.get(key)
    if (!(gathered instanceof Gathered)) continue
    const elements = [...gathered].sort(([a], [b]) => a - b)
    for (const [number, members] of elements) {
      members.set(numbered.number, String(number))
      finish(element, members)
    }
    record.set(
      key,
      elements.map(([, members]) => members)
    )
  }
}
