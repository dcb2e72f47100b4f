import { type FileMetaData, type SchemaTree, parquetSchema as treeOf } from "hyparquet"
import type { ColumnBuilders } from "../columns/builders.ts"
import type { ColumnNode } from "../columns/shred.ts"
import { type Add, adder, isHeldAs, UnlikeFile } from "./leaf-values.ts"
import type { FileLeaf } from "./read-pages.ts"

/** Where the entries of one leaf of a table come from in a file. */
export interface LeafSource {
  /** Number of the leaf among those of the table. */
  readonly leaf: number
  /** The leaf of the file, and its number there; null: the file has nothing of the column, which is null in every row. */
  readonly from: (FileLeaf & { readonly number: number }) | null
  /** Definition level in the table by that in the file; what is not defined so far is null. */
  readonly definition: Uint8Array
  /** Entries that repeat deeper are of lists that the table's leaf does not lie in, and are passed over. */
  readonly maxRepetition: number
  /** Adds a value of the file. Null: the file has none, and lends the levels of a neighbour, as all of the values are null. */
  readonly add: Add | null
  /** Levels and values can be copied as they stand. */
  readonly isAsItIs: boolean
}

/**
 * Finds each leaf of a table in a file that was written for it, by its name or one that it had before: now or when the table had fewer columns, by Sluice or by
 * another engine, whose levels may differ (required fields, lists of two levels).
 *
 * @throws UnlikeFile naming the column where the file has it in another shape, with another type, or under two names
 */
export const mapLeaves = (
  { nodes, leaves }: Pick<ColumnBuilders, "nodes" | "leaves">,
  schema: FileMetaData["schema"]
): ReadonlyArray<LeafSource> => {
  const root = treeOf({ schema })
  const numbers = numbered(root)
  const sources: Array<LeafSource> = []

  /** Leaves that the file lacks take the levels of some leaf of what encloses them and is there. */
  const lacking = (node: ColumnNode, above: Place | null): void => {
    const neighbour = above === null ? null : firstLeaf(above)
    for (let leaf = node.first; leaf < node.end; leaf++) {
      const from = neighbour === null ? null : { ...fileLeaf(neighbour), number: numbers.get(neighbour.at) ?? 0 }
      sources.push({ leaf, from, definition: Uint8Array.from(above?.levels ?? [0]), maxRepetition: node.lists, add: null, isAsItIs: false })
    }
  }

  /** @param place the file's element of the node, and levels up to and without it */
  const visit = (node: ColumnNode, place: Place, name: string): void => {
    const there = entered(place, node.depth + 1)
    const { at } = place
    switch (node.column.kind) {
      case "leaf": {
        if (at.children.length > 0) throw shape(name, "fields", "a value")
        const column = leaves[node.first]
        if (column === undefined) throw new RangeError(`there is no leaf ${node.first}`)
        const from = { ...fileLeaf(there), number: numbers.get(at) ?? 0 }
        const isAsItIs =
          from.maxRepetition === node.lists && there.levels.every((level, inFile) => level === inFile) && isHeldAs(column, from)
        sources.push({
          leaf: node.first,
          from,
          definition: Uint8Array.from(there.levels),
          maxRepetition: node.lists,
          add: adder(column, from),
          isAsItIs
        })
        return
      }
      case "struct":
        if (at.children.length === 0 || at.element.repetition_type === "REPEATED") throw shape(name, "no fields", "fields")
        fields(node.below, there, `${name}.`)
        return
      case "list": {
        const [element] = node.below
        const [repeated] = at.children
        if (element === undefined) return
        if (repeated === undefined || at.children.length > 1 || repeated.element.repetition_type !== "REPEATED")
          throw shape(name, "no list", "a list")
        const slot = { ...there, at: repeated, path: [...there.path, repeated], levels: [...there.levels, node.depth + 2] }
        const [only] = repeated.children
        const isWrapper = only !== undefined && repeated.children.length === 1 && !/^array$|_tuple$/.test(repeated.element.name)
        if (isWrapper) visit(element, { ...slot, at: only, path: [...slot.path, only] }, `${name}.element`)
        else visit(element, { ...slot, isRequired: true }, `${name}.element`)
      }
    }
  }

  const fields = (below: ReadonlyArray<ColumnNode>, above: Place, prefix: string): void => {
    const byName = new Map(above.at.children.map((child) => [child.element.name, child]))
    const names = new Set(below.map(({ column }) => column.name))
    for (const node of below) {
      // A name that it had before, which another column may have by now.
      const before = (node.column.formerly ?? []).filter((name) => !names.has(name))
      const [at, another] = [node.column.name, ...before].flatMap((name) => byName.get(name) ?? [])
      if (another !== undefined) throw shape(prefix + node.column.name, "two names", "one")
      if (at === undefined) lacking(node, prefix === "" ? null : above)
      else visit(node, { at, path: [...above.path, at], levels: above.levels }, prefix + node.column.name)
    }
  }

  fields(nodes, { at: root, path: [root], levels: [0] }, "")
  return sources
}

/** An element of a file's schema. */
interface Place {
  readonly at: SchemaTree
  /** From the root to it. */
  readonly path: ReadonlyArray<SchemaTree>
  /** Definition level in the table, by that in the file. */
  readonly levels: ReadonlyArray<number>
  /** The repeated element of a list of two levels: what is there of the list is there of it. */
  readonly isRequired?: boolean
}

/** The same place with the levels at which it is there, which is `level` in the table. */
const entered = (place: Place, level: number): Place => {
  const isOptional = place.isRequired !== true && place.at.element.repetition_type === "OPTIONAL"
  return { ...place, isRequired: false, levels: isOptional ? [...place.levels, level] : [...place.levels.slice(0, -1), level] }
}

const firstLeaf = (place: Place): Place => {
  const [child] = place.at.children
  return child === undefined ? place : firstLeaf({ ...place, at: child, path: [...place.path, child] })
}

const fileLeaf = ({ at, path }: Place): FileLeaf => {
  const below = path.slice(1).map(({ element }) => element.repetition_type)
  return {
    schemaPath: [...path],
    element: at.element,
    maxDefinition: below.filter((type) => type !== "REQUIRED").length,
    maxRepetition: below.filter((type) => type === "REPEATED").length
  }
}

/** The leaves below an element by their order, which is that of the column chunks. */
const numbered = (root: SchemaTree): ReadonlyMap<SchemaTree, number> => {
  const numbers = new Map<SchemaTree, number>()
  const visit = (at: SchemaTree): void => {
    if (at.children.length === 0) numbers.set(at, numbers.size)
    else for (const child of at.children) visit(child)
  }
  visit(root)
  return numbers
}

const shape = (name: string, found: string, wanted: string): UnlikeFile => new UnlikeFile([name], found, wanted)
