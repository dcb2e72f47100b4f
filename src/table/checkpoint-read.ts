import { arrayBuffer, footer } from "../parquet/bytes.ts"
import { chunkRange, Leaf, leafValues, type MapEntries, mapEntries } from "../parquet/leaf-pages.ts"
import { type ColumnChunk, type FileMetaData, type SchemaTree, type StoredRows, schemaTree } from "../parquet/metadata.ts"
import { objectRows, type RowRange } from "../parquet/object-rows.ts"
import { damaged, integer, pathOf, refuseDeletionVector, toAction } from "./action-json.ts"
import type { Action } from "./actions.ts"
import { AddGroup, CheckpointAdd, storedGroup } from "./add-group.ts"
import { isOwnSchema, kinds } from "./checkpoint-schema.ts"

/**
 * The actions of one checkpoint file, ours or another writer's. Live files are read column by column and without their statistics; the bytes
 * are kept for those. Rejects with whatever is wrong with the bytes.
 */
export const readCheckpoint = async (bytes: Uint8Array): Promise<ReadonlyArray<Action>> => {
  const metadata = footer(bytes)
  const root = schemaTree(metadata)
  const own = isOwnSchema(metadata.schema)
  const actions: Array<Action> = []
  let row = 0
  for (const group of metadata.row_groups) {
    const present = kinds.filter((kind) =>
      group.columns.some((column) => column.meta_data?.path_in_schema[0] === kind && !isAllNull(column))
    )
    if (present.includes("add")) readAdds(bytes, group, root, own, actions)
    const rowEnd = row + Number(group.num_rows)
    const others = present.filter((kind) => kind !== "add")
    if (others.length > 0) await readRows(bytes, metadata, { columns: others, rowStart: row, rowEnd }, actions)
    row = rowEnd
  }
  return actions
}

const isAllNull = ({ meta_data: data }: ColumnChunk): boolean =>
  data?.statistics?.null_count !== undefined && BigInt(data.statistics.null_count) === BigInt(data.num_values)

/** Whatever is not a live file: row by row. */
const readRows = async (bytes: Uint8Array, metadata: FileMetaData, rows: RowRange, actions: Array<Action>): Promise<void> => {
  const file = { byteLength: bytes.byteLength, slice: (start: number, end?: number) => arrayBuffer(bytes.subarray(start, end)) }
  for (const row of await objectRows(file, metadata, rows)) {
    const action = toAction(row)
    if (action !== null) actions.push(action)
  }
}

const readAdds = (bytes: Uint8Array, group: StoredRows, root: SchemaTree, own: boolean, actions: Array<Action>): void => {
  const rowCount = Number(group.num_rows)
  const tree = childOf(root, "add")
  const leaf = (...names: ReadonlyArray<string | 0 | 1>): Leaf | null => leafAt(bytes, group, root, tree, names)
  const column = (name: string): ArrayLike<unknown> => {
    const found = leaf(name)
    return found === null ? [] : leafValues(found)
  }
  const map = (name: string) => {
    const keys = leaf(name, 0, 0)
    return textMaps(keys === null ? noEntries : mapEntries(keys, leaf(name, 0, 1)), name)
  }
  const vectors = leaf("deletionVector", "storageType")
  if (vectors !== null && leafValues(vectors).some((value) => typeof value === "string")) refuseDeletionVector({ deletionVector: true })

  const paths = column("path")
  const sizes = column("size")
  const times = column("modificationTime")
  const partitions = map("partitionValues")
  const tags = map("tags")
  let files = 0
  for (let row = 0; row < paths.length; row++) if (paths[row] !== undefined) files++
  const stored = own && files === rowCount ? storedGroup(bytes, group) : null
  const addGroup = new AddGroup(rowCount, leaf("stats"), stored)
  for (let row = 0; row < paths.length; row++) {
    if (paths[row] === undefined) continue
    const from = { path: paths[row], size: sizes[row], modificationTime: times[row] }
    const tagged = tags(row)
    const facts = {
      ...pathOf(from),
      partitionValues: partitions(row) ?? {},
      size: integer(from, "size"),
      modificationTime: integer(from, "modificationTime"),
      ...(tagged === null ? {} : { tags: tagged })
    }
    actions.push({ add: new CheckpointAdd(facts, addGroup, row) })
  }
}

/**
 * The maps of a column by row; null where there is none or it is empty. Rows with the same entries share one object, since the files of a
 * partition are many.
 */
const textMaps = (
  { starts, keys, values }: MapEntries,
  field: string
): ((row: number) => Readonly<Record<string, string | null>> | null) => {
  const known = new Map<string, Readonly<Record<string, string | null>>>()
  let last: { readonly from: number; readonly length: number; readonly map: Readonly<Record<string, string | null>> | null } = {
    from: 0,
    length: 0,
    map: null
  }
  return (row) => {
    const from = starts[row] ?? keys.length
    const length = (starts[row + 1] ?? keys.length) - from
    let same = length === last.length
    for (let i = 0; same && i < length; i++) same = keys[from + i] === keys[last.from + i] && values[from + i] === values[last.from + i]
    if (same) return last.map
    const map: Record<string, string | null> = {}
    for (let i = from; i < from + length; i++) {
      const key = keys[i]
      const value = values[i]
      if (typeof key !== "string" || (value !== null && typeof value !== "string")) throw damaged(field, "a map of texts")
      // Empty text means null in a partition value.
      map[key] = value === "" ? null : value
    }
    const id = JSON.stringify(map)
    const shared = length === 0 ? null : (known.get(id) ?? map)
    if (shared !== null) known.set(id, shared)
    last = { from, length, map: shared }
    return shared
  }
}
const noEntries: MapEntries = { starts: [], keys: [], values: [] }

const childOf = (tree: SchemaTree | undefined, name: string | number): SchemaTree | undefined =>
  typeof name === "number" ? tree?.children[name] : tree?.children.find((child) => child.element.name === name)

/** A leaf below a column, by name or (within maps, whose parts have several names) by number; null where it is not there or has no value. */
const leafAt = (
  bytes: Uint8Array,
  group: StoredRows,
  root: SchemaTree,
  top: SchemaTree | undefined,
  names: ReadonlyArray<string | 0 | 1>
): Leaf | null => {
  if (top === undefined) return null
  const path = [root, top]
  for (const name of names) {
    const child = childOf(path.at(-1), name)
    if (child === undefined) return null
    path.push(child)
  }
  const id = path.at(-1)?.path.join(".")
  const chunk = group.columns.find((column) => column.meta_data?.path_in_schema.join(".") === id)
  if (chunk === undefined || isAllNull(chunk)) return null
  const range = chunkRange(chunk)
  return range === null ? null : new Leaf(bytes.subarray(range.start, range.end), chunk, path)
}
