import { DuckDBInstance } from "@duckdb/node-api"
import type { Contract } from "../../src/contract/contract.ts"
import { type Field, shapeOf } from "../../src/contract/field.ts"
import { snakeCase } from "../../src/contract/names.ts"
import { versionFieldOf } from "../../src/contract/table.ts"
import { identifier, literal } from "../../src/duckdb/sql.ts"
import { spelled } from "./spelling.ts"
import { leafType } from "./statement.ts"

/**
 * Did both sides make the same rows? Both files are read by DuckDB, brought to one structure with one set of names, and each row
 * must be there as often on both sides: each value of each compared leaf, and whether each document and list is null.
 *
 * Left out, and counted: leaves that Sluice hashes or drops (the peer keeps them), and columns of JSON text (each writes the text its own
 * way). Of entries, which the peer makes a map, the pairs are compared in their order. A stringified order says `"null"` where a text is missing:
 * the peer keeps the four letters, which count as null here.
 */
export interface Equality {
  readonly rows: number
  /** Leaf columns compared. */
  readonly compared: number
  /** Leaf columns left out, by reason. */
  readonly leftOut: Readonly<Record<"hashed" | "dropped" | "json", number>>
}

export interface Files {
  readonly sluice: string
  readonly peer: string
  /** NDJSON of `{key, version}`: only these rows are compared. For damaged input, where the two define damage differently. */
  readonly only: string | null
}

/** @throws Error naming the columns that differ */
export const requireEqual = async (contract: Contract, files: Files): Promise<Equality> => {
  const leftOut = { hashed: 0, dropped: 0, json: 0 }
  const tally = { compared: 0, leftOut }
  const columns = Object.entries(contract.fields).flatMap(([key, field]) => {
    const name = identifier(key)
    const sluice = expression(field, [key], identifier(snakeCase(key)), "sluice", tally)
    const peer = expression(field, [key], name, "peer", { compared: 0, leftOut: { hashed: 0, dropped: 0, json: 0 } })
    return sluice === null || peer === null ? [] : [{ key, sluice: `${sluice} AS ${name}`, peer: `${peer} AS ${name}` }]
  })
  const instance = await DuckDBInstance.create(":memory:", { threads: "2" })
  const connection = await instance.connect()
  const number = async (sql: string): Promise<number> => Number((await connection.runAndReadAll(sql)).getRows()[0]?.[0])
  try {
    await connection.run("SET TimeZone = 'UTC'")
    const id = [...contract.table.key, versionFieldOf(contract.table) ?? []].flat().map(identifier).join(", ")
    const wanted =
      files.only === null
        ? ""
        : ` WHERE (${id}) IN (SELECT (key, version) FROM read_json(${literal(files.only)}, columns = {key: 'VARCHAR', version: 'TIMESTAMP'}))`
    for (const side of ["sluice", "peer"] as const)
      await connection.run(
        `CREATE TABLE ${side} AS SELECT * FROM (SELECT ${columns.map((column) => column[side]).join(", ")} FROM read_parquet(${literal(files[side])}))${wanted}`
      )
    const rows = await number("SELECT count(*) FROM sluice")
    if (rows === 0) throw new Error("there is no row to compare")
    // Of each row, how many more one side has. (`EXCEPT ALL` says the same, and takes thirty times as long for rows as wide as these.)
    const differing = (what: string) =>
      number(`SELECT coalesce(sum(abs(more)), 0) FROM (SELECT sum(one) AS more FROM
                (SELECT sluice AS compared, 1 AS one FROM (SELECT ${what} FROM sluice) AS sluice
                 UNION ALL SELECT peer, -1 FROM (SELECT ${what} FROM peer) AS peer) GROUP BY compared)`)
    const all = await differing("*")
    if (all > 0) {
      const found: Array<string> = []
      for (const { key } of columns) if ((await differing(`${id}, ${identifier(key)}`)) > 0) found.push(key)
      const [first] = found
      const only = (side: string, other: string) =>
        `SELECT ${id} FROM (SELECT ${id}, ${identifier(first ?? "")} FROM ${side} EXCEPT ALL SELECT ${id}, ${identifier(first ?? "")} FROM ${other})`
      const example = first === undefined ? [] : (await connection.runAndReadAll(`${only("sluice", "peer")} LIMIT 1`)).getRows()
      throw new Error(
        `Sluice and DuckDB do not agree: ${all} of ${rows} rows differ, in ${found.join(", ")}, such as that of ${example.flat().join(", ")}`
      )
    }
    return { rows, compared: tally.compared, leftOut }
  } finally {
    connection.closeSync()
    instance.closeSync()
  }
}

interface Tally {
  compared: number
  readonly leftOut: Record<"hashed" | "dropped" | "json", number>
}

/** The comparable part of a column in SQL; null where there is none. */
const expression = (field: Field, path: ReadonlyArray<string>, column: string, side: "sluice" | "peer", tally: Tally): string | null => {
  const shape = shapeOf(field)
  switch (shape.kind) {
    case "leaf": {
      const why =
        shape.sensitive === "hash" ? "hashed" : shape.sensitive === "drop" ? "dropped" : shape.leaf.type === "json" ? "json" : null
      if (why !== null) {
        tally.leftOut[why]++
        return null
      }
      tally.compared++
      // Outer texts that say null are null to Sluice; the peer is not asked to look.
      const value = side === "peer" && path.length === 1 && shape.leaf.type === "text" ? `nullif(${column}, 'null')` : column
      return `CAST(${value} AS ${leafType(shape.leaf)})`
    }
    case "document": {
      const members = Object.entries(shape.fields).flatMap(([key, member]) => {
        const below = [...path, key]
        const name = side === "sluice" ? snakeCase(key) : spelled(below)
        const value = expression(member, below, `${column}.${identifier(name)}`, side, tally)
        return value === null ? [] : [`${identifier(key)} := ${value}`]
      })
      return members.length === 0 ? null : `CASE WHEN ${column} IS NOT NULL THEN struct_pack(${members.join(", ")}) END`
    }
    case "list": {
      const element = variable(column)
      const value = expression(shape.element, path, element, side, tally)
      return value === null ? null : `list_transform(${column}, lambda ${element}: ${value})`
    }
    case "entries": {
      const element = variable(column)
      tally.compared += 2
      const [key, value] = side === "sluice" ? [snakeCase(shape.key[0]), snakeCase(shape.value[0])] : ["key", "value"]
      const pairs = side === "sluice" ? column : `map_entries(${column})`
      return `list_transform(${pairs}, lambda ${element}: struct_pack(k := ${element}.${identifier(key)}, v := ${element}.${identifier(value)}))`
    }
  }
}

/** A name that no lambda around has. */
const variable = (column: string): string => `e${(Number(/^e(\d+)/.exec(column)?.[1] ?? 0) || 0) + 1}`
