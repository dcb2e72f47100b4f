import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { gunzipSync } from "node:zlib"

/** Files of published data sets, as they were published: with their own delimiters, encodings and ways to write numbers. */

export interface Layout {
  readonly delimiter?: string
  readonly encoding?: "utf-8" | "windows-1252"
}

/** A record by the names of its file's header: those that must be there, and those that may. */
export type Published<C extends string, O extends string = never> = { readonly [column in C]: string } & { readonly [column in O]?: string }

const filesIn = (folder: string): ReadonlyArray<string> => {
  try {
    return readdirSync(folder).sort()
  } catch (cause) {
    throw new Error(`${folder} cannot be read as a folder: give the one that has the data set.`, { cause })
  }
}

/** Names of the files of a folder that a pattern takes, in order. Throws where there are none. @param what they are, for people */
export const namesIn = (folder: string, pattern: RegExp, what: string): ReadonlyArray<string> => {
  const found = filesIn(folder).filter((name) => pattern.test(name))
  if (found.length === 0) throw new Error(`${folder} has no ${what}: give the folder that has the data set.`)
  return found
}

/** A file's bytes, unpacked where its name says that it is gzip. */
export const bytesIn = (folder: string, name: string): Uint8Array => {
  const path = join(folder, name)
  const bytes = readFileSync(path)
  if (!name.endsWith(".gz")) return bytes
  try {
    return gunzipSync(bytes)
  } catch (cause) {
    throw new Error(`${path} is called gzip and cannot be unpacked: fetch it again.`, { cause })
  }
}

/**
 * The records of a table, which is a file of that name, packed or not. Throws where the file, or a column of it, is not there, or a record has other fields
 * than the header.
 *
 * @param more columns that the file may have
 */
export const recordsOf = <const C extends string, const O extends string = never>(
  folder: string,
  name: string,
  columns: ReadonlyArray<C>,
  { delimiter = ",", encoding = "utf-8" }: Layout = {},
  more: ReadonlyArray<O> = []
): ReadonlyArray<Published<C, O>> => {
  const file = filesIn(folder).find((each) => each === name || each === `${name}.gz`)
  if (file === undefined) throw new Error(`${folder} has no ${name}, nor ${name}.gz: give the folder that has the data set.`)
  const path = join(folder, file)
  const [names = [], ...records] = cellsOf(textIn(folder, file, encoding), delimiter)
  const places = new Map(names.map((column, i) => [column, i]))
  const missing = columns.filter((column) => !places.has(column))
  if (missing.length > 0)
    throw new Error(`${path} has no column ${missing.join(", ")}: it begins with ${names.slice(0, 6).join(", ")}. It is another file.`)
  const wanted = [...columns, ...more].filter((column) => places.has(column))
  const hasAll = (record: object): record is Published<C, O> => columns.every((column) => column in record)
  return records.map((cells, i) => {
    const record = Object.fromEntries(wanted.map((column) => [column, cells[places.get(column) ?? 0] ?? ""]))
    if (cells.length !== names.length || !hasAll(record))
      throw new Error(`${path}, record ${i + 1}: ${cells.length} fields, where its header has ${names.length}. Fetch it again.`)
    return record
  })
}

const textIn = (folder: string, file: string, encoding: NonNullable<Layout["encoding"]>): string => {
  const bytes = bytesIn(folder, file)
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new Error(`${join(folder, file)} is not in ${encoding}, in which it is published: fetch it again, without converting it.`, {
      cause
    })
  }
}

/** Fields of all records: quoted where they must, with any end of lines. */
const cellsOf = (text: string, delimiter: string): ReadonlyArray<ReadonlyArray<string>> => {
  const cell = new RegExp(`("(?:[^"]|"")*"|[^${delimiter}\\r\\n]*)(${delimiter}|\\r?\\n|$)`, "y")
  const records: Array<ReadonlyArray<string>> = []
  let record: Array<string> = []
  while (cell.lastIndex < text.length) {
    const [, value = "", end = ""] = cell.exec(text) ?? []
    record.push(value.startsWith('"') ? value.slice(1, -1).replaceAll('""', '"') : value)
    if (end === delimiter) continue
    records.push(record)
    record = []
    // What no field can be, such as text behind a quote, ends all.
    if (end === "") break
  }
  return records
}

/** Milliseconds of a time without a zone. Throws where it is none. */
export const timeIn = (text: string, where: string): number => {
  const at = Date.parse(`${text.replace(" ", "T")}${text.includes(":") ? "" : "T00:00:00"}Z`)
  if (Number.isNaN(at)) throw new Error(`${where} is ${JSON.stringify(text)}, which is no time: it is another file.`)
  return at
}

/** Cents of a decimal of any places, half away from zero. */
export const centsIn = (text: string): number => {
  if (/e/i.test(text)) return Math.round(Number(text) * 100)
  const sign = text.startsWith("-") ? -1 : 1
  const [whole = "0", part = ""] = text.replace("-", "").replace(",", ".").split(".")
  return sign * (Number(whole) * 100 + Math.floor((Number(part.padEnd(8, "0").slice(0, 8)) + 500_000) / 1_000_000))
}

/** Cents as a text. */
export const moneyOf = (cents: number): string => (cents / 100).toFixed(2)

const letters =
  "Alabama=AL Alaska=AK Arizona=AZ Arkansas=AR California=CA Colorado=CO Connecticut=CT Delaware=DE District_of_Columbia=DC Florida=FL Georgia=GA Hawaii=HI Idaho=ID Illinois=IL Indiana=IN Iowa=IA Kansas=KS Kentucky=KY Louisiana=LA Maine=ME Maryland=MD Massachusetts=MA Michigan=MI Minnesota=MN Mississippi=MS Missouri=MO Montana=MT Nebraska=NE Nevada=NV New_Hampshire=NH New_Jersey=NJ New_Mexico=NM New_York=NY North_Carolina=NC North_Dakota=ND Ohio=OH Oklahoma=OK Oregon=OR Pennsylvania=PA Rhode_Island=RI South_Carolina=SC South_Dakota=SD Tennessee=TN Texas=TX Utah=UT Vermont=VT Virginia=VA Washington=WA West_Virginia=WV Wisconsin=WI Wyoming=WY"
const states = new Map(letters.split(" ").map((pair): [string, string] => [pair.slice(0, -3).replaceAll("_", " "), pair.slice(-2)]))

/** A state of the United States as its two letters; what is none stays as it is. */
export const stateOf = (name: string): string => states.get(name) ?? name
