/** What contracts and projects are made with: they import this as `sluice/contract`, wherever they lie. */

export type { LeafType } from "../record/column.ts"
export { Random, weighted, zipf } from "../record/seeded.ts"
export { compileContract } from "./compile.ts"
export {
  type Approval,
  type Contract,
  type ContractDefinition,
  type ContractTable,
  coordinates,
  type DropRule,
  defineContract,
  type Expectation,
  events,
  type Latest,
  type Loads,
  latest,
  versions
} from "./contract.ts"
export {
  binary,
  boolean,
  date,
  decimal,
  document,
  double,
  entries,
  type Field,
  type Fields,
  integer,
  json,
  list,
  long,
  text,
  timestamp
} from "./field.ts"
export type {
  BinaryOptions,
  DateOptions,
  DecimalOptions,
  FieldOptions,
  ListOptions,
  NestedOptions,
  TextOptions,
  TimestampOptions
} from "./field-options.ts"
export { type AccessLogFormat, accessLog, type CsvFormat, type CsvOptions, csv, type Format, form, parquet } from "./format.ts"
export type { DataSetAdapter, GeneratorSettings, Made, MadeFile, MadeRows, ProjectGenerator } from "./generator.ts"
export { hitEnvelope } from "./hit-envelope.ts"
export { type Lookup, type LookupDefinition, lookup } from "./lookup.ts"
export type { Numbered } from "./numbered.ts"
export { defineProject, type Project, type ProjectDefinition } from "./project.ts"
