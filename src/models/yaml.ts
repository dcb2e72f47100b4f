import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, Scalar } from "yaml"
import { nearestOr } from "../record/nearest.ts"
import type { Literal, Problem } from "./model.ts"

/** A value of a YAML file, and the line at which it stands, from 1. */
export type Node =
  | { readonly kind: "map"; readonly line: number; readonly entries: ReadonlyMap<string, Entry> }
  | { readonly kind: "list"; readonly line: number; readonly items: ReadonlyArray<Node> }
  /** `text`: what Python would make of it as text, as dbt does in names of tests. */
  | { readonly kind: "scalar"; readonly line: number; readonly value: string | number | boolean | null; readonly text: string }

export interface Entry {
  /** Of the key. */
  readonly line: number
  readonly value: Node
}

export type NodeMap = Extract<Node, { readonly kind: "map" }>

/** Where problems of a file are told. */
export class Told {
  readonly file: string
  readonly problems: Array<Problem>
  constructor(file: string, problems: Array<Problem>) {
    this.file = file
    this.problems = problems
  }
  /** Tells a problem. Null, so that it can stand in place of what could not be read. */
  add(line: number, problem: string, hint: string): null {
    this.problems.push({ file: this.file, line, problem, hint })
    return null
  }
}

/**
 * Reads a YAML file. What dbt, whose YAML is of another version, would read as something else is refused, as are aliases and tags.
 *
 * @returns null: nothing is there, or nothing that can be used; then it has been told
 */
export const parseYaml = (text: string, told: Told): Node | null => {
  const counter = new LineCounter()
  const document = parseDocument(text, { lineCounter: counter, prettyErrors: false, version: "1.2" })
  const lines = text.split("\n").length
  const lineAt = (at: number): number => Math.min(Math.max(1, counter.linePos(at).line), lines)
  for (const { pos, message } of [...document.errors, ...document.warnings])
    told.add(lineAt(pos[0]), `the YAML cannot be read: ${message.split("\n")[0]}`, "Mend it there, or just above.")
  return document.errors.length > 0 || document.contents === null ? null : nodeOf(document, document.contents, 1, lineAt, told)
}

const nodeOf = (document: Document, node: unknown, above: number, lineAt: (at: number) => number, told: Told): Node => {
  const at = isMap(node) || isSeq(node) || isScalar(node) || isAlias(node) ? node.range?.[0] : undefined
  const line = at === undefined ? above : lineAt(at)
  const nothing: Node = { kind: "scalar", line, value: null, text: "None" }
  if (isAlias(node)) return told.add(line, `*${node.source} stands for something else`, "Write it out.") ?? nothing
  if (isSeq(node)) return { kind: "list", line, items: node.items.map((item) => nodeOf(document, item, line, lineAt, told)) }
  if (isMap(node)) {
    const entries = new Map<string, Entry>()
    for (const { key, value } of node.items) {
      const name = isScalar(key) ? String(key.value) : ""
      const keyLine = isScalar(key) && key.range ? lineAt(key.range[0]) : line
      if (name === "<<" || name === "") told.add(keyLine, "a key is no name", "Write each key and its value out.")
      else entries.set(name, { line: keyLine, value: nodeOf(document, value, keyLine, lineAt, told) })
    }
    return { kind: "map", line, entries }
  }
  if (!isScalar(node)) return nothing
  return scalarOf(node, line, told)
}

/** Plain words that YAML 1.1 reads as something else than text or as another number. */
const readsOtherwise = [
  /^(?:yes|no|on|off)$/i,
  /^[-+]?0[0-7_]+$/,
  /^0o[0-7]+$/,
  /^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$/,
  /^[-+]?[0-9][0-9.]*_[0-9_.]*$/,
  /^[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)e[-+]?[0-9]+$/i,
  /^[-+]?(?:\.inf|\.nan)$/i,
  /^0[xb][0-9a-f_]+$/i
]

const scalarOf = (node: Scalar, line: number, told: Told): Node => {
  const { value, source = "" } = node
  if (node.type === Scalar.PLAIN && readsOtherwise.some((pattern) => pattern.test(source)))
    told.add(line, `${source} is read as something else by dbt`, `Put it in quotes: "${source}".`)
  if (typeof value === "string" && /\{\{|\{%/.test(value))
    told.add(line, "there is Jinja in a YAML file", "It is read in SQL files alone: write the value itself.")
  if (typeof value === "string") return { kind: "scalar", line, value, text: value }
  if (typeof value === "boolean") return { kind: "scalar", line, value, text: value ? "True" : "False" }
  if (typeof value !== "number") return { kind: "scalar", line, value: null, text: "None" }
  const text = Number.isInteger(value) && source.includes(".") ? `${value}.0` : String(value)
  if (Number.isInteger(value) && !Number.isSafeInteger(value))
    told.add(line, `${source} has more digits than a number keeps`, `Put it in quotes: "${source}".`)
  return { kind: "scalar", line, value, text }
}

/** The value without its lines. */
export const literalOf = (node: Node): Literal => {
  if (node.kind === "scalar") return node.value
  if (node.kind === "list") return node.items.map(literalOf)
  return Object.fromEntries([...node.entries].map(([key, { value }]) => [key, literalOf(value)]))
}

const shownOf = (node: Node): string => (node.kind === "map" ? "a mapping" : node.kind === "list" ? "a list" : JSON.stringify(node.value))

/** A mapping whose keys are all of some; others are told. Null: it is none, which is told. */
export const mapOf = (
  node: Node,
  what: string,
  keys: ReadonlyArray<string>,
  told: Told,
  hints: { readonly [key: string]: string } = {}
): NodeMap | null => {
  if (node.kind !== "map") return told.add(node.line, `${what} is ${shownOf(node)}`, `Give a mapping of ${keys.join(", ")}.`)
  for (const [key, { line }] of node.entries) {
    if (keys.includes(key)) continue
    const hint = Object.hasOwn(hints, key) ? hints[key] : undefined
    const otherwise = keys.length === 0 ? "Take it away." : undefined
    told.add(line, `${key} means nothing in ${what}`, hint ?? nearestOr(key, keys, otherwise))
  }
  return node
}

/** Is it missing, or written as nothing? */
export const isNothing = (
  node: Node | undefined
): node is undefined | (Extract<Node, { readonly kind: "scalar" }> & { readonly value: null }) =>
  node === undefined || (node.kind === "scalar" && node.value === null)

/** The items of a list that may be missing. */
export const itemsOf = (map: NodeMap, key: string, told: Told): ReadonlyArray<Node> => {
  const node = map.entries.get(key)?.value
  if (isNothing(node)) return []
  if (node.kind === "list") return node.items
  told.add(node.line, `${key} is ${shownOf(node)}`, "Give a list.")
  return []
}

/** A text. Null: it is missing. What is there and is none is told. */
export const textOf = (map: NodeMap, key: string, told: Told): string | null => {
  const node = map.entries.get(key)?.value
  if (isNothing(node)) return null
  if (node.kind === "scalar" && typeof node.value === "string") return node.value
  return told.add(node.line, `${key} is ${shownOf(node)}`, "Give a text.")
}

/** A text that must be there: what is missing is told. */
export const neededText = (map: NodeMap, key: string, what: string, told: Told): string | null => {
  const found = textOf(map, key, told)
  return isNothing(map.entries.get(key)?.value) ? told.add(map.line, `${key} of ${what} is missing`, "Give a text.") : found
}
