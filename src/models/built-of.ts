import { createHash } from "node:crypto"
import { runsPath } from "../lake/layout.ts"
import type { BuiltOf, InputVersion } from "../lake/marts.ts"
import type { Model, Models, Piece } from "./model.ts"
import { ofBothBranches } from "./pieces.ts"
import { variables } from "./render.ts"

/** Changes when what is made of the same text does. */
const format = 2

/**
 * What tells a model's text from others: its file, its settings, the values of its variables, and the same of the models that it reads, as they were
 * built: what goes on with a mart would keep rows that were made by another text, however far above. What is said of it for people alone is not part
 * of it.
 *
 * @param parents texts of the models that it reads, by this function
 */
export const textOf = (model: Model, { vars }: Models, parents: ReadonlyArray<string>): string => {
  const { source, materialization, partitionBy, isContractEnforced, columns } = model
  const value = variables(vars)
  const values = ofBothBranches(model.text).flatMap((piece: Piece) =>
    piece.kind === "var" ? [[piece.name, value(piece.name, piece.fallback)]] : []
  )
  const types = isContractEnforced ? columns.map(({ name, dataType }) => [name, dataType]) : []
  const sensitive = columns.flatMap(({ name, isSensitive }) => (isSensitive ? [name] : []))
  return createHash("sha256")
    .update(JSON.stringify([format, source, materialization, partitionBy, types, sensitive, values, parents]))
    .digest("hex")
}

const isSameVersion = (a: InputVersion | undefined, b: InputVersion): boolean => a?.id === b.id && a.version === b.version

/**
 * Would a build make what is there?
 *
 * @param isView a view is looked at again where its tests may find something else. Of the runs each build tells one more, which is no reason.
 */
export const isUnchanged = (before: BuiltOf, now: BuiltOf, isView: boolean): boolean => {
  const paths = Object.keys(now.inputs)
  return (
    before.text === now.text &&
    paths.length === Object.keys(before.inputs).length &&
    Object.entries(now.inputs).every(([path, version]) => (isView && path === runsPath) || isSameVersion(before.inputs[path], version))
  )
}

/** Can what is there be gone on with? Not where the text is another, or a table was made anew or is older than it was. */
export const goesOn = (before: BuiltOf, now: BuiltOf): boolean =>
  before.text === now.text &&
  Object.entries(now.inputs).every(([path, { id, version }]) => {
    const was = before.inputs[path]
    return was !== undefined && (was.id === id ? was.version <= version : was.id === "")
  })
