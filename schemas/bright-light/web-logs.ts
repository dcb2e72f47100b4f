import { accessLog, coordinates, defineContract, events, integer, long, text, timestamp } from "../../src/contract/index.ts"
import { about } from "./about.ts"

/** What the four web servers write of each request. */
export const webLogs = defineContract({
  ...about,
  name: "web_logs",
  title: "Logs of the web servers",
  description: "Every request that one of the four web servers answered, one row a line of its access log.",
  owner: "web-team",
  sourceSystem: "Apache, four servers behind a load balancer",
  costTag: "bright-light-web",
  sensitivity: "personal",
  approval: { by: "head of the web team", on: "2026-11-02" },
  systemOwner: "web-team",
  sourceType: "stream",
  loadFrequency: "1 minute",
  legalBasis: "legitimate interest: to keep the site running and to improve it",
  grain: "a line of an access log",
  glossary: ["request", "page view", "visitor"],
  refreshEvery: "5 minutes",
  // The agents carry lines as they are, with the name of the server beside each: it is not in a line. A server that was not changed yet writes less.
  format: accessLog('%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-Agent}i" %v %D "%{visitor}C"', { carried: true, others: ["combined"] }),
  arrives: ["web/**", "**/access_log*", "**/access.log*"],
  fields: {
    server: text("Server that answered, as the agent says that carried the line. Lines are in order per server only."),
    vhost: text("Site that was asked."),
    datetime: timestamp("When the request came."),
    host: text("Address that it came from.", { sensitive: "hash" }),
    ident: text("Who that is, as the machine there says; hardly ever known.", { sensitive: "hash" }),
    authuser: text("Who that is, as the server found out.", { sensitive: "hash" }),
    visitorId: text("Visitor, by the cookie of the site.", { sensitive: "hash", caseCounts: true, formerly: ["cookieVisitor"] }),
    request: text("The request's first line, also where it is none of HTTP."),
    method: text("What was asked: `GET`, `POST`, …"),
    path: text("Of what, without the query."),
    query: text("What stood behind the question mark."),
    protocol: text("In which version of HTTP."),
    status: integer("How it was answered: 200, 404, …", { formerly: ["response"] }),
    bytes: long("Size of the answer, without its head; null: there was none."),
    durationMicros: long("Microseconds that the answer took."),
    referer: text("Page that led to it."),
    agent: text("Program that asked.")
  },
  // Two lines may be alike: a page asked for twice in one second.
  table: events({ key: coordinates, by: { hour: "datetime" } }),
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
  domain: "web",
  tags: { entity: "request" }
})
