import type { Piece } from "./model.ts"

/** Pieces of a text, in their order, those of both branches of an `if` in its place. */
export const ofBothBranches = (pieces: ReadonlyArray<Piece>): ReadonlyArray<Exclude<Piece, { readonly kind: "ifIncremental" }>> =>
  pieces.flatMap((piece) => (piece.kind === "ifIncremental" ? ofBothBranches([...piece.incremental, ...piece.otherwise]) : [piece]))

/** The source that lookups are: here models of the project, to dbt tables that are there. */
export const lookups = "lookups"

/** Are the rows of a source the elements of a list? */
export const isElements = (source: string): boolean => source === "elements" || source === "stage_elements"
