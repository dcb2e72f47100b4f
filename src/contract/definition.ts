import type { Schema } from "effect"
import type { Value } from "../record/column.ts"
import type { Arrives } from "./arrives.ts"
import type { DropRule } from "./drops.ts"
import type { Fields } from "./field.ts"
import type { Format } from "./format.ts"
import type { ContractTable } from "./table.ts"

/** What must hold of a row. */
export interface Expectation {
  readonly name: string
  readonly description: string
  /** Path of the column it speaks of, for lineage and documentation: `items`, `shipping_data.address.city`. */
  readonly column?: string
  /**
   * `warn` counts the row; `reject` makes the record a dead letter; `stop` ends the run before anything of the batch is committed, and whoever begins
   * it again reads the batch again: for what must not go on without somebody having looked.
   */
  readonly severity: "warn" | "reject" | "stop"
  /** Paths of the columns that it looks at, lists without brackets: `items.selling_price`. It is given these and nothing else. */
  readonly reads: ReadonlyArray<string>
  /** Given the row's data columns by name, with what `reads` names. Any value may be null. */
  readonly holds: (row: { readonly [column: string]: Value }) => boolean
}

/** Who allowed that the dataset is carried, and on which day. */
export interface Approval {
  readonly by: string
  /** `2026-11-20` */
  readonly on: string
}

/** What some systems do to values, and most do not. Absent or false: not here. */
export interface Conventions {
  /** A field of the record itself that is the text `null` is null, if it is a text, too. */
  readonly nullText?: boolean
  /** Keys count in any case, at any depth: `Items` is `items`. */
  readonly anyCase?: boolean
}

/** From everybody's to hardly anybody's. What is `personal` tells of people, what is `restricted` is for named roles alone. */
export const sensitivities = ["public", "internal", "personal", "restricted"] as const
export type Sensitivity = (typeof sensitivities)[number]

/** Is the first at most as sensitive as the second? */
export const isWithin = (given: Sensitivity, limit: Sensitivity): boolean => sensitivities.indexOf(given) <= sensitivities.indexOf(limit)

/** How records come from their system: by a stream, by replication of a database, as files, by an exchange where data is bought. */
export const sourceTypes = ["stream", "replication", "file", "exchange"] as const
/** May it be built on? */
export const statuses = ["draft", "certified", "deprecated"] as const

export interface ContractDefinition {
  /** Name of the dataset: lower case, part of table paths. */
  readonly name: string
  readonly title: string
  /** Who answers for the dataset: a person or a team. */
  readonly owner: string
  /** Who keeps its contract true, where that is somebody else. */
  readonly steward?: string
  /** The system that the records come from. */
  readonly sourceSystem?: string
  /** Who answers for that system. */
  readonly systemOwner?: string
  readonly sourceType?: (typeof sourceTypes)[number]
  /** How often that system gives new records: `1 day`. */
  readonly loadFrequency?: string
  readonly sensitivity: Sensitivity
  /** Who allowed that it is carried, where somebody must. */
  readonly approval?: Approval
  /** By which right it is carried: `contract with the customer`. */
  readonly legalBasis?: string
  /** How long rows are to be kept: `400 days`. It is told; nothing is deleted by it. */
  readonly retention?: string
  /** Part of the business that it is of: `sales`. */
  readonly domain?: string
  /** What a row of the table for users is, where its key does not say it: `a line of an access log`. */
  readonly grain?: string
  readonly status?: (typeof statuses)[number]
  /** Whom to ask: an address, a channel. */
  readonly contact?: string
  /** Terms of the business's glossary that it is about. */
  readonly glossary?: ReadonlyArray<string>
  /** To whom what the dataset costs is charged. */
  readonly costTag?: string
  /** How often new records are to be in its tables: `5 minutes`, `1 hour`, `1 day`. */
  readonly refreshEvery?: string
  readonly description: string
  /** How a record's bytes are read as the fields below; default JSON. */
  readonly format?: Format
  readonly fields: Fields
  /** What the table for users keeps, and where: `versions(…)`, `events(…)` or `latest(…)`. It says what makes two rows the same. */
  readonly table: ContractTable
  /**
   * camelCase keys of the timestamp that says when it happened, and of the one that stands in where it is missing. A record must have one of them.
   * What is there but is no timestamp makes the record a dead letter, or with `unreadable: "fallback"` counts as missing: then versions may
   * become one. Absent: the dataset has no such time.
   */
  readonly eventTime?: { readonly field: string; readonly fallback?: string; readonly unreadable?: "reject" | "fallback" }
  /** Conventions of the system that writes the records, which change what values are. Each is counted where it does. */
  readonly conventions?: Conventions
  /**
   * camelCase keys of fields that messages of other kinds have too, the key among them. A record that has no other field of the contract but
   * some that it does not know is not of this dataset: it becomes a dead letter. Absent: every record with a key is of it.
   */
  readonly commonFields?: ReadonlyArray<string>
  /** Which files are of the dataset, see {@link Arrives}. Absent: those that no other dataset of the project claims, or that it is named for. */
  readonly arrives?: Arrives
  /** Which objects are of it that a bucket announces: patterns of their whole keys, in the form of {@link Arrives}. Absent: as `arrives` says. */
  readonly announced?: Arrives
  /** Is it what an endpoint collects, and so what a stream of the project has where no dataset is named? At most one of a project's. */
  readonly collected?: boolean
  readonly drops: ReadonlyArray<DropRule>
  readonly expectations: ReadonlyArray<Expectation>
  /** Keep fields that the contract does not know in `_rescued`. */
  readonly keepUnknown: boolean
  readonly tags?: { readonly [tag: string]: string }
  /**
   * Columns that the dataset's tables have from an earlier contract, and that nothing fills any more: `status`, `items.sku`, lists without
   * brackets. They keep their values.
   */
  readonly retired?: ReadonlyArray<string>
}

/** What a dataset is, said once. Made by `defineContract`. */
export interface Contract extends ContractDefinition {
  /** Effect Schema of the whole record, keys as the contract spells them. */
  readonly schema: Schema.Codec<{ readonly [key: string]: unknown }, { readonly [key: string]: unknown }>
  /** What is wrong with it, each as a sentence. `compileContract`, through which every use goes, refuses a contract that has any. */
  readonly problems: ReadonlyArray<string>
  /** The file that defines it, where it is known. */
  readonly file: string | null
}
