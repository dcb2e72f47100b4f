import { type Argument, allowed, type Call, callOf, type Tag } from "./call.ts"
import type { Literal, Piece, Problem } from "./model.ts"
import { type Refusal, segmentsOf } from "./template.ts"

/** A setting of a model, and where it stands. */
export interface Setting {
  readonly value: Literal
  readonly file: string
  readonly line: number
}

/** A file with SQL and Jinja, read. */
export interface ModelText {
  readonly pieces: ReadonlyArray<Piece>
  /** What `{{ config(…) }}` sets. */
  readonly config: ReadonlyMap<string, Setting>
  /**
   * The text with blanks in place of tags, and words of `_` in place of those that SQL comes from: all else at its place, and all lines at
   * theirs. Both branches of an `if` are there.
   */
  readonly masked: string
  readonly problems: ReadonlyArray<Problem>
}

const ifHint = "Write {% if is_incremental() %} … {% else %} … {% endif %}."

/**
 * Reads the text of a model or a singular test. Never throws: what it refuses stands in `problems`, and the rest is read as far as it goes.
 *
 * @param file path, for what is told
 * @param project name of the project, which `ref` may give before the model's
 */
export const parseText = (source: string, file: string, project: string): ModelText => {
  const lineAt = linesOf(source)
  const problems: Array<Problem> = []
  const config = new Map<string, Setting>()
  const masks: Array<{ readonly start: number; readonly end: number; readonly isWord: boolean }> = []
  const root: Array<Piece> = []
  const open: Array<Branches> = []
  const refuse = ({ at, problem, hint }: Refusal): void => {
    problems.push({ file, line: lineAt(at), problem, hint })
  }
  const pieces = (): Array<Piece> => {
    const last = open.at(-1)
    return last === undefined ? root : (last.otherwise ?? last.incremental)
  }
  const takeBlock = (segment: Tag): void => {
    const refusal = takeBranch(segment, open, pieces)
    if (refusal !== null) refuse(refusal)
  }
  const takePrint = (segment: Tag): void => {
    const call = callOf(segment)
    const found = "problem" in call ? call : call.name === "config" ? settingsOf(call) : pieceOf(call, project, lineAt(call.at))
    if ("problem" in found) {
      refuse(found)
      return
    }
    if ("kind" in found) {
      pieces().push(found)
      return
    }
    if (config.size > 0) refuse({ at: segment.start, problem: "config(…) stands twice", hint: "Write all settings into the first." })
    else if (open.length > 0) refuse({ at: segment.start, problem: "config(…) stands in a branch", hint: "Write it at the top." })
    else for (const { name, value, at } of found) config.set(name, { value, file, line: lineAt(at) })
  }
  for (const segment of segmentsOf(source)) {
    if (segment.kind === "text") {
      pieces().push(segment)
      continue
    }
    masks.push({ ...segment, isWord: segment.kind === "print" && segment.tokens[0]?.text !== "config" })
    if (segment.kind === "refused") refuse(segment.refusal)
    else if (segment.kind === "block") takeBlock(segment)
    else if (segment.kind === "print") takePrint(segment)
  }
  for (const { start } of open) refuse({ at: start, problem: "{% if %} has no {% endif %}", hint: ifHint })
  for (const { model, line } of refsUnseen(root)) {
    problems.push({
      file,
      line,
      problem: `ref('${model}') stands in {% if is_incremental() %} alone, where dbt does not see it before it builds`,
      hint: `Add a line above the SELECT: -- depends_on: {{ ref('${model}') }}`
    })
  }
  return { pieces: root, config, masked: mask(source, masks), problems }
}

interface Branches {
  readonly start: number
  readonly incremental: Array<Piece>
  otherwise: Array<Piece> | null
}

/** Opens, turns or closes an `if`. Null: done. */
const takeBranch = ({ tokens, start }: Tag, open: Array<Branches>, pieces: () => Array<Piece>): Refusal | null => {
  const words = tokens.map(({ text }) => text).join(" ")
  const last = open.at(-1)
  if (words === "if is_incremental ( )") {
    open.push({ start, incremental: [], otherwise: null })
    return null
  }
  if (words !== "else" && words !== "endif") {
    const first = tokens[0]?.text ?? ""
    if (first === "if") open.push({ start, incremental: [], otherwise: null })
    return first === "if" || first === "elif"
      ? { at: start, problem: `{% ${first} %} asks for something else than is_incremental()`, hint: ifHint }
      : { at: start, problem: `{% ${first} %} is not read here`, hint: allowed }
  }
  if (last === undefined) return { at: start, problem: `{% ${words} %} belongs to no {% if %}`, hint: ifHint }
  if (words === "else") {
    if (last.otherwise !== null) return { at: start, problem: "{% else %} stands twice in one {% if %}", hint: ifHint }
    last.otherwise = []
    return null
  }
  open.pop()
  pieces().push({ kind: "ifIncremental", incremental: last.incremental, otherwise: last.otherwise ?? [] })
  return null
}

const settingsOf = ({ at, positional, named }: Call): ReadonlyArray<Argument & { readonly name: string }> | Refusal =>
  positional.length > 0 || named.length === 0
    ? { at, problem: "config(…) is not given names and values", hint: "Write {{ config(materialized='table') }}." }
    : named

const pieceOf = ({ name, at, positional, named }: Call, project: string, line: number): Piece | Refusal => {
  if (name === "this") return { kind: "this", line }
  const texts = positional.flatMap(({ value }) => (typeof value === "string" ? [value] : []))
  const [first, second] = texts
  const isOnlyTexts = texts.length === positional.length && named.length === 0
  if (name === "var") {
    const fallback = positional[1] ?? named.find((argument) => argument.name === "default")
    const isRead = typeof positional[0]?.value === "string" && positional.length + named.length === (fallback === undefined ? 1 : 2)
    if (!isRead || first === undefined)
      return { at, problem: "var(…) is not given a name and at most a default", hint: "Write {{ var('name', 'default') }}." }
    return { kind: "var", name: first, fallback: fallback?.value, line }
  }
  if (name === "source") {
    if (isOnlyTexts && first !== undefined && second !== undefined && texts.length === 2)
      return { kind: "source", source: first, table: second, line }
    return { at, problem: "source(…) is not given two texts", hint: "Write {{ source('consumable', 'dataset') }}." }
  }
  if (isOnlyTexts && first !== undefined && texts.length === 1) return { kind: "ref", model: first, line }
  if (isOnlyTexts && first !== undefined && second !== undefined && texts.length === 2)
    return first === project
      ? { kind: "ref", model: second, line }
      : { at, problem: `ref(…) names the package ${first}, and there is no project but ${project}`, hint: `Write {{ ref('${second}') }}.` }
  return { at, problem: "ref(…) is not given the name of a model", hint: "Write {{ ref('model') }}. A model has no versions." }
}

/** Models that are named only where the table is there already. */
const refsUnseen = (root: ReadonlyArray<Piece>): ReadonlyArray<{ readonly model: string; readonly line: number }> => {
  const seen = new Set<string>()
  const hidden: Array<{ readonly model: string; readonly line: number }> = []
  const visit = (pieces: ReadonlyArray<Piece>, isSeen: boolean): void => {
    for (const piece of pieces) {
      if (piece.kind === "ref" && isSeen) seen.add(piece.model)
      else if (piece.kind === "ref") hidden.push(piece)
      else if (piece.kind === "ifIncremental") {
        visit(piece.incremental, false)
        visit(piece.otherwise, isSeen)
      }
    }
  }
  visit(root, true)
  return hidden.filter(({ model }, i) => !seen.has(model) && hidden.findIndex((other) => other.model === model) === i)
}

/** The line of an index of a text, from 1. */
const linesOf = (text: string): ((at: number) => number) => {
  const starts = [0]
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) starts.push(at + 1)
  return (at) => starts.findLastIndex((start) => start <= at) + 1
}

const mask = (text: string, masks: ReadonlyArray<{ readonly start: number; readonly end: number; readonly isWord: boolean }>): string => {
  let masked = ""
  let from = 0
  for (const { start, end, isWord } of masks) {
    const [first = "", ...rest] = text.slice(start, end).split("\n")
    // A word stays one word, also where its tag is of several lines.
    masked +=
      text.slice(from, start) + [(isWord ? "_" : " ").repeat(first.length), ...rest.map((line) => " ".repeat(line.length))].join("\n")
    from = end
  }
  return masked + text.slice(from)
}
