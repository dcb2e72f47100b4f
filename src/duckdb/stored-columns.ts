import { type Column, type LeafType, leaf } from "../record/column.ts"
import { Malformed } from "../record/malformed.ts"
import type { ResultColumn } from "./duckdb.ts"
import { identifier } from "./sql.ts"

/** A column of a SELECT as a table keeps it. */
export interface StoredColumn {
  readonly column: Column
  /** Its value, of a row of the SELECT, in the table's own type. */
  readonly sql: string
}

/** What is known of a column beside its type. */
export interface AboutColumn {
  readonly description: string
  readonly isSensitive: boolean
}

/** DuckDB's words for a type, as `DESCRIBE` gives them, read. */
type Type =
  | { readonly kind: "leaf"; readonly name: string }
  | { readonly kind: "struct"; readonly fields: ReadonlyArray<readonly [name: string, type: Type]> }
  | { readonly kind: "list"; readonly element: Type }

/**
 * The column of a table that keeps what a column of a SELECT gives. Types that Delta and Parquet lack become the nearest that keeps every
 * value: whole numbers `integer` or `long` (what a sum gives, too: one that does not fit fails), times `timestamp` in UTC, texts of a kind
 * `text`. Throws `Malformed` for what has none.
 */
export const storedColumn = ({ name, type }: ResultColumn, { description, isSensitive }: AboutColumn): StoredColumn => {
  const read = new TypeReader(type).whole()
  const [column, stored] = storedAs(name, read, name, { description, isSensitive })
  return { column, sql: stored === type ? identifier(name) : `CAST(${identifier(name)} AS ${stored}) AS ${identifier(name)}` }
}

/** A column, and DuckDB's type of it. @param path names of what it lies in, for errors */
const storedAs = (name: string, type: Type, path: string, about: AboutColumn): readonly [Column, string] => {
  const inside: AboutColumn = { ...about, description: "" }
  switch (type.kind) {
    case "leaf": {
      const [leafType, stored] = leafOf(type.name, path)
      return [leaf(name, leafType, about.description, about.isSensitive ? "keep" : undefined), stored]
    }
    case "list": {
      const [element, stored] = storedAs("element", type.element, `${path}[]`, inside)
      return [{ kind: "list", name, description: about.description, element }, `${stored}[]`]
    }
    case "struct": {
      const fields = type.fields.map(([field, of]) => [field, storedAs(field, of, `${path}.${field}`, inside)] as const)
      return [
        { kind: "struct", name, description: about.description, fields: fields.map(([, [column]]) => column) },
        `STRUCT(${fields.map(([field, [, stored]]) => `${identifier(field)} ${stored}`).join(", ")})`
      ]
    }
  }
}

const leaves: ReadonlyArray<readonly [names: ReadonlyArray<string>, leaf: LeafType, stored: string]> = [
  [["VARCHAR", "UUID", "JSON", "TIME", "TIME_NS", "TIME WITH TIME ZONE", "BIT"], { type: "text" }, "VARCHAR"],
  [["BOOLEAN"], { type: "boolean" }, "BOOLEAN"],
  [["TINYINT", "SMALLINT", "INTEGER", "UTINYINT", "USMALLINT"], { type: "integer" }, "INTEGER"],
  [["BIGINT", "UINTEGER", "HUGEINT"], { type: "long" }, "BIGINT"],
  [["UBIGINT"], { type: "decimal", precision: 20, scale: 0 }, "DECIMAL(20,0)"],
  [["FLOAT", "DOUBLE"], { type: "double" }, "DOUBLE"],
  [["DATE"], { type: "date" }, "DATE"],
  [
    ["TIMESTAMP", "TIMESTAMP WITH TIME ZONE", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"],
    { type: "timestamp" },
    "TIMESTAMP WITH TIME ZONE"
  ],
  [["BLOB"], { type: "binary" }, "BLOB"]
]

const leafOf = (name: string, path: string): readonly [LeafType, string] => {
  const known = leaves.find(([names]) => names.includes(name))
  if (known !== undefined) return [known[1], known[2]]
  if (name.startsWith("ENUM(")) return [{ type: "text" }, "VARCHAR"]
  const decimal = /^DECIMAL\((\d+),\s*(\d+)\)$/.exec(name)
  if (decimal !== null) return [{ type: "decimal", precision: Number(decimal[1]), scale: Number(decimal[2]) }, name]
  const hint = name.startsWith("MAP(")
    ? "Make a list of structs of it, or a text: cast(to_json(m) as varchar)."
    : "Cast it to a text, a number or a time."
  throw new Malformed("Unsupported", `the column ${path} is of the type ${name}, which a table cannot hold`, hint)
}

/** Reads DuckDB's words for a type. */
class TypeReader {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  whole(): Type {
    const type = this.#type()
    // Something new: it stands for itself, and is refused by its name.
    return this.#at === this.#text.length ? type : { kind: "leaf", name: this.#text }
  }

  #type(): Type {
    let type: Type = this.#takes("STRUCT(") ? { kind: "struct", fields: this.#fields() } : { kind: "leaf", name: this.#word() }
    for (;;) {
      const list = /^\[\d*\]/.exec(this.#text.slice(this.#at))
      if (list === null) return type
      this.#at += list[0].length
      type = { kind: "list", element: type }
    }
  }

  #fields(): ReadonlyArray<readonly [string, Type]> {
    const fields: Array<readonly [string, Type]> = []
    do {
      const name = this.#name()
      this.#takes(" ")
      fields.push([name, this.#type()])
    } while (this.#takes(", "))
    this.#takes(")")
    return fields
  }

  #name(): string {
    const quoted = /^"((?:[^"]|"")*)"/.exec(this.#text.slice(this.#at))
    const found = quoted ?? /^[^ ,()"]*/.exec(this.#text.slice(this.#at))
    this.#at += found?.[0].length ?? 0
    return quoted?.[1]?.replaceAll('""', '"') ?? found?.[0] ?? ""
  }

  /** Words up to what ends a type, with whatever stands in brackets behind them. */
  #word(): string {
    const start = this.#at
    for (let depth = 0; this.#at < this.#text.length; this.#at++) {
      const c = this.#text[this.#at]
      if (c === "'") this.#at = Math.max(this.#at, this.#text.indexOf("'", this.#at + 1))
      else if (c === "(") depth++
      else if (depth > 0 && c === ")") depth--
      else if (depth === 0 && (c === "," || c === ")" || c === "[")) break
    }
    return this.#text.slice(start, this.#at)
  }

  #takes(text: string): boolean {
    if (!this.#text.startsWith(text, this.#at)) return false
    this.#at += text.length
    return true
  }
}
