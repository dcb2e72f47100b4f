import type { Column, Leaf, Value } from "../record/column.ts"

/**
 * Cuts nested values into their leaves: each leaf becomes one flat list of values with two levels, which is what a Parquet column chunk is.
 * The definition level says how much of the path to the leaf was there (so a null list, an empty list and a null element differ), the
 * repetition level at which list a value goes on (0: a new row). One walk over the rows fills all leaves of a column.
 */
export interface LeafChunk {
  /** Names from the top-level column down, without the `list` and `element` of lists. */
  readonly path: ReadonlyArray<string>
  readonly leaf: Leaf
  /** Definition level of a value that is not null. */
  readonly maxDefinitionLevel: number
  /** How many lists enclose the leaf. */
  readonly maxRepetitionLevel: number
  /** One entry per row outside of lists; within lists one per element, null standing for a null or empty list too. */
  values: Array<Value>
  definitionLevels: Array<number>
  /** Empty outside of lists. */
  repetitionLevels: Array<number>
}

/** A list that no other list encloses: how many rows have null there, which the file's statistics tell. */
export interface ListNulls {
  readonly path: ReadonlyArray<string>
  nulls: number
}

export interface Shredder {
  /** The column's leaves, in the order of the schema. */
  readonly leaves: ReadonlyArray<LeafChunk>
  readonly lists: ReadonlyArray<ListNulls>
  /** Replaces what the leaves and lists hold by what rows `start` to before `end` hold. */
  readonly shred: (rows: ReadonlyArray<Value>, start: number, end: number) => void
  /** Forgets what they hold. */
  readonly release: () => void
}

type Visit = (value: Value | undefined, definition: number, repetition: number) => void

/** Compiles the walk for a top-level column. */
export const makeShredder = (column: Column): Shredder => {
  const leaves: Array<LeafChunk> = []
  const lists: Array<ListNulls> = []
  const visit = compile(column, [column.name], 0, 0, leaves, lists)
  const release = () => {
    for (const leaf of leaves) {
      leaf.values = []
      leaf.definitionLevels = []
      leaf.repetitionLevels = []
    }
    for (const list of lists) list.nulls = 0
  }
  return {
    leaves,
    lists,
    release,
    shred: (rows, start, end) => {
      release()
      for (let i = start; i < end; i++) visit(rows[i], 0, 0)
    }
  }
}

/** @param depth definition level when everything above the column is there */
const compile = (
  column: Column,
  path: ReadonlyArray<string>,
  depth: number,
  repetitions: number,
  leaves: Array<LeafChunk>,
  lists: Array<ListNulls>
): Visit => {
  switch (column.kind) {
    case "leaf": {
      const chunk: LeafChunk = {
        path,
        leaf: column,
        maxDefinitionLevel: depth + 1,
        maxRepetitionLevel: repetitions,
        values: [],
        definitionLevels: [],
        repetitionLevels: []
      }
      leaves.push(chunk)
      return (value, definition, repetition) => {
        const absent = value === null || value === undefined
        chunk.values.push(absent ? null : value)
        chunk.definitionLevels.push(absent ? definition : definition + 1)
        if (repetitions > 0) chunk.repetitionLevels.push(repetition)
      }
    }
    case "struct": {
      const names = column.fields.map((field) => field.name)
      const visits = column.fields.map((field) => compile(field, [...path, field.name], depth + 1, repetitions, leaves, lists))
      return (value, definition, repetition) => {
        const absent = value === null || value === undefined
        const fields = absent ? noFields : (value as { readonly [name: string]: Value }) // checked by ColumnBuilders
        const level = absent ? definition : definition + 1
        for (let i = 0; i < visits.length; i++) (visits[i] as Visit)(fields[names[i] as string], level, repetition) // i < both lengths
      }
    }
    case "list": {
      const nulls: ListNulls = { path, nulls: 0 }
      if (repetitions === 0) lists.push(nulls)
      const visit = compile(column.element, path, depth + 2, repetitions + 1, leaves, lists)
      return (value, definition, repetition) => {
        if (value === null || value === undefined) {
          nulls.nulls++
          return visit(null, definition, repetition)
        }
        const elements = value as ReadonlyArray<Value> // checked by ColumnBuilders
        if (elements.length === 0) return visit(null, definition + 1, repetition)
        for (let i = 0; i < elements.length; i++) visit(elements[i], definition + 2, i === 0 ? repetition : repetitions + 1)
      }
    }
  }
}

const noFields: { readonly [name: string]: Value } = Object.freeze({})
