/** What contracts and projects are made with: they import this as `sluice/contract`, wherever they lie. */
export { type Contract, type ContractDefinition, type DropRule, defineContract, type Expectation } from "./contract.ts"
export {
  boolean,
  decimal,
  document,
  double,
  entries,
  type Field,
  type FieldOptions,
  type Fields,
  integer,
  json,
  list,
  long,
  type NestedOptions,
  text,
  timestamp
} from "./field.ts"
export { defineProject, type Project, type ProjectDefinition } from "./project.ts"
