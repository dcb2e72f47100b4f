import { type CompiledContract, compileContract } from "../../../src/contract/compile.ts"
import { type ContractDefinition, defineContract, versions } from "../../../src/contract/contract.ts"
import { integer, long, text, timestamp } from "../../../src/contract/field.ts"
import { type AccessLogFormat, accessLog } from "../../../src/contract/format.ts"

/** Everything that a line says, some of it sensitive. */
export const definition = (layout?: AccessLogFormat["layout"]): ContractDefinition => ({
  name: "hits",
  title: "Hits",
  owner: "tests",
  sensitivity: "personal",
  description: "A line of an access log.",
  format: accessLog(layout),
  fields: {
    time: timestamp("When.", { formerly: ["datetime"] }),
    host: text("Who asked."),
    ident: text("Who that is, by ident."),
    authuser: text("Who that is, by authentication.", { sensitive: "hash" }),
    request: text("What was asked."),
    method: text("How."),
    path: text("For what."),
    query: text("With what.", { sensitive: "drop" }),
    protocol: text("In which protocol."),
    response: integer("Status."),
    bytes: long("Size."),
    referer: text("From where."),
    agent: text("With what program.")
  },
  table: versions({ key: ["host"], version: "time", by: { day: "time" } }),
  eventTime: { field: "time" },
  drops: [],
  expectations: [
    {
      name: "status-known",
      description: "The status is one of HTTP.",
      reads: ["response"],
      severity: "warn",
      holds: ({ response }) => typeof response !== "number" || (response >= 100 && response < 600)
    }
  ],
  keepUnknown: false
})

export const hits = (layout?: AccessLogFormat["layout"], change: Partial<ContractDefinition> = {}): CompiledContract =>
  compileContract(defineContract({ ...definition(layout), ...change }))
