import type { LeafType } from "../record/column.ts"
import { isFunction, isObjectOf, isRecord, isText, isTexts, optional, problemsOfObject, type Rule, shown } from "./input-rules.ts"

/** What is asked of a project's generator. Everything comes of it, time included: the same settings give the same bytes on every machine. */
export interface GeneratorSettings {
  readonly seed: number
  /** How much, in what `counts` names. */
  readonly size: number
}

/** Rows that are written as a file of Parquet; values are texts, or numbers, as CSV would have them. */
export interface MadeRows {
  readonly columns: ReadonlyArray<{ readonly name: string; readonly type: LeafType }>
  readonly rows: ReadonlyArray<{ readonly [column: string]: string | number | null }>
}

/** A file as it arrives. */
export interface MadeFile {
  /** Below one of `folders`, with `/` between names. */
  readonly path: string
  /** All of it; a text is written as UTF-8. */
  readonly content: string | Uint8Array | MadeRows
  readonly records: number
}

/** What is made, and what must come of it. */
export interface Made {
  /** In the order in which they arrive. */
  readonly files: Iterable<MadeFile>
  /** Once all files are taken: what must come out of them, as it stands in the manifest. */
  readonly expected: () => { readonly [name: string]: unknown }
}

/** Turns a data set that others publish into input as the project's contracts take it. */
export interface DataSetAdapter {
  /** What the data set is called, and which files its folder has. */
  readonly description: string
  /** The same files make the same bytes. @throws Error that says which file, or what of it, is not as it must be */
  readonly make: (folder: string) => Made
}

/** Input that a project makes for itself, such as its contracts take: for demonstrations, tests and load. */
export interface ProjectGenerator {
  /** What is made, as the end of "Write …". */
  readonly description: string
  /** What `--size` counts, as a word in the plural: `customers`. */
  readonly counts: string
  /** How many, where nobody says. */
  readonly defaultSize: number
  /** Names of the folders that files lie in. Whoever generates again replaces these, and nothing else. */
  readonly folders: ReadonlyArray<string>
  /** @throws RangeError naming the setting that makes no sense */
  readonly make: (settings: GeneratorSettings) => Made
  /** Data sets that it makes input of instead, by what `--from` calls them. */
  readonly adapters?: { readonly [name: string]: DataSetAdapter }
}

const rules: { readonly [key in keyof ProjectGenerator]-?: Rule } = {
  description: isText,
  counts: isText,
  defaultSize: {
    accepts: "a whole number from 1",
    holds: (value): value is number => typeof value === "number" && Number.isSafeInteger(value) && value > 0
  },
  folders: isTexts,
  make: isFunction,
  adapters: optional(isObjectOf("adapters by name"))
}

const adapterRules: { readonly [key in keyof DataSetAdapter]-?: Rule } = { description: isText, make: isFunction }

/** What is wrong with a project's generator, each as a sentence. */
export const problemsOfGenerator = (given: unknown): ReadonlyArray<string> => {
  if (!isRecord(given)) return [`generator is ${shown(given)}: give an object.`]
  const { folders, adapters } = given
  const wrong = isTexts.holds(folders) ? folders.filter((name) => !/^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(name)) : []
  return [
    ...problemsOfObject("generator.", given, rules),
    ...Object.entries(isRecord(adapters) ? adapters : {}).flatMap(([name, adapter]) => [
      ...(/^[a-z][a-z0-9-]*$/.test(name)
        ? []
        : [`generator.adapters has ${shown(name)}: give names of lower case letters, digits and "-".`]),
      ...(isRecord(adapter)
        ? problemsOfObject(`generator.adapters.${name}.`, adapter, adapterRules)
        : [`generator.adapters.${name} is ${shown(adapter)}: give an object.`])
    ]),
    ...wrong.map((name) => `generator.folders has ${shown(name)}: give names of folders, letters, digits, "_", "-" and ".".`)
  ]
}
