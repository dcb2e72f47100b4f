import { accessLog, coordinates, defineContract, events, integer, long, text, timestamp } from "../../src/contract/index.ts"

/** What a web server writes of each request. */
export const webLogs = defineContract({
  name: "web_logs",
  title: "Access logs",
  owner: "web-team",
  sensitivity: "personal",
  description: "Every request that a web server answered, one row a line of its access log.",
  format: accessLog("combined"),
  fields: {
    datetime: timestamp("When the request came."),
    host: text("Address that it came from.", { sensitive: "hash" }),
    ident: text("Who that is, as the machine there says; hardly ever known.", { sensitive: "hash" }),
    authuser: text("Who that is, as the server found out.", { sensitive: "hash" }),
    request: text("The request's first line, also where it is none of HTTP."),
    method: text("What was asked: `GET`, `POST`, …"),
    path: text("Of what, without the query."),
    query: text("What stood behind the question mark."),
    protocol: text("In which version of HTTP."),
    status: integer("How it was answered: 200, 404, …", { formerly: ["response"] }),
    bytes: long("Size of the answer, without its head."),
    referer: text("Page that led to it."),
    agent: text("Program that asked.")
  },
  // Two lines may be alike: a page asked for twice in one second.
  table: events({ key: coordinates, by: { day: "datetime" } }),
  eventTime: { field: "datetime" },
  drops: [],
  expectations: [
    {
      name: "status-of-http",
      description: "The status is one that HTTP has.",
      column: "status",
      reads: ["status"],
      severity: "warn",
      holds: ({ status }) => typeof status !== "number" || (status >= 100 && status <= 599)
    }
  ],
  keepUnknown: true,
  domain: "web",
  tags: { entity: "request" }
})
