import { isObject, Members, members, readJson } from "../../contract/json.ts"
import { type Fault, fault } from "../fault.ts"
import { isoTime, partsOf } from "./line.ts"

/** A line that an agent has read, whatever it made of it. */
export type Carried =
  /** As it was, and what is said beside it. */
  | { readonly line: string; readonly about: ReadonlyMap<string, string | null> }
  /** As its fields. */
  | { readonly fields: ReadonlyMap<string, string | null> }

/** Begins an object, and no line. */
export const isCarried = (raw: Uint8Array): boolean => raw[0] === 123

/**
 * Reads what the Kinesis Agent makes of lines: with `LOGTOJSON` an object of their fields, all of them texts; with `ADDMETADATA` an object that has the line as
 * `data`, and beside it `metadata` and `ts`. One option may follow the other, so that `data` is such an object again.
 */
export const readCarried = (text: string): Carried | Fault => {
  const read = readJson(text)
  if (!("value" in read)) return fault("not_access_log", null, `An object that is not JSON at character ${read.offset}.`, read.offset)
  return carriedIn(read.value, new Map())
}

const carriedIn = (value: unknown, around: ReadonlyMap<string, string | null>): Carried | Fault => {
  if (!isObject(value)) return fault("not_access_log", null, "No line of the access log, and no object of one.")
  const known = value instanceof Members ? value : new Map(members(value))
  const about = new Map([...around, ...textsIn(known, ["data", "metadata"]), ...textsIn(known.get("metadata"), [])])
  const data = known.get("data")
  if (typeof data === "string") {
    const inner = data.trimStart().startsWith("{") ? readJson(data) : null
    return inner !== null && "value" in inner ? carriedIn(inner.value, about) : { line: data, about }
  }
  if (isObject(data)) return carriedIn(data, about)
  const { request, datetime } = Object.fromEntries(about)
  if (datetime == null)
    return fault("not_access_log", null, "An object that is no line of the access log: it has no datetime, and no data.")
  return { fields: new Map([...about, ["datetime", isoTime(datetime)], ...Object.entries(partsOf(request ?? null))]) }
}

/** The texts of an object by name, and numbers as they are written. */
const textsIn = (value: unknown, but: ReadonlyArray<string>): ReadonlyArray<readonly [string, string | null]> =>
  isObject(value)
    ? Array.from(members(value)).flatMap(([name, each]) =>
        but.includes(name)
          ? []
          : each === null || typeof each === "string"
            ? [[name, each === "-" ? null : each] as const]
            : isObject(each) || Array.isArray(each)
              ? []
              : [[name, typeof each === "object" && "source" in each ? String(each.source) : String(each)] as const]
      )
    : []
