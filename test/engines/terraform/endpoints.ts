/** What stands in for AWS, as one role sees it: what it may not do is denied there. */
import { type Fault, type FaultyProxy, type Gate, type Passing, startProxy } from "../faulty-proxy.ts"
import { absentGuard, type Guard, guardOf, needsOfEmr, needsOfJson, needsOfS3 } from "./guard.ts"
import type { Deployed } from "./model.ts"

/** Servers that stand in for services, by their URLs. */
export interface Servers {
  readonly s3: string
  readonly firehose?: string
  readonly glue?: string
  readonly emr?: string
  readonly secrets?: string
  readonly sqs?: string
  readonly kinesis?: string
}

/** Variables by which Sluice, or the SDK, is told where a service is. */
const variables: { readonly [service in keyof Servers]-?: string } = {
  s3: "SLUICE_S3_ENDPOINT",
  firehose: "SLUICE_FIREHOSE_ENDPOINT",
  glue: "SLUICE_GLUE_ENDPOINT",
  emr: "SLUICE_EMR_ENDPOINT",
  secrets: "AWS_ENDPOINT_URL_SECRETS_MANAGER",
  sqs: "AWS_ENDPOINT_URL_SQS",
  kinesis: "SLUICE_ENDPOINT"
}

export interface Endpoints {
  /** Of a role: variables that lead to servers where what it may not do is denied. */
  readonly of: (role: string) => Promise<{ readonly [variable: string]: string }>
  /** What was denied, in words, once each. */
  readonly denied: ReadonlySet<string>
  /** How many requests there were, of all roles. */
  readonly requests: () => number
  readonly stop: () => Promise<void>
}

/** @param faults what goes wrong with requests to S3, of all roles */
export const openEndpoints = (
  deployed: Deployed,
  servers: Servers,
  faults: ReadonlyArray<{ readonly when: (method: string, url: string) => boolean; readonly fault: Fault }> = []
): Endpoints => {
  const denied = new Set<string>()
  const proxies: Array<FaultyProxy> = []
  const known = new Map<string, { readonly [variable: string]: string }>()
  const note = (says: string | null, answer: ReturnType<Gate["enter"]>) => {
    if (says === null) return null
    denied.add(says)
    return answer
  }
  const s3Denied = {
    status: 403,
    type: "application/xml",
    body: '<?xml version="1.0"?><Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>'
  }
  const jsonDenied = {
    status: 400,
    type: "application/x-amz-json-1.1",
    body: JSON.stringify({ __type: "AccessDeniedException", message: "The role may not do that." })
  }
  const restDenied = {
    status: 403,
    type: "application/json",
    body: JSON.stringify({ __type: "AccessDeniedException", message: "The role may not do that." })
  }
  const gateOf = (service: keyof Servers, role: string): Gate => {
    const guard: Guard = guardOf(deployed, role, (request) =>
      service === "s3" ? needsOfS3(request) : service === "emr" ? needsOfEmr(deployed, request) : needsOfJson(deployed, request)
    )
    const absent = absentGuard(deployed, role)
    const answer = service === "s3" ? s3Denied : service === "emr" ? restDenied : jsonDenied
    return {
      enter: (request: Passing) => note(guard(request), answer),
      absent: (request: Passing) => (service === "s3" ? note(absent(request), answer) : null)
    }
  }
  return {
    denied,
    requests: () => proxies.reduce((sum, { seen }) => sum + seen.length, 0),
    of: async (role) => {
      const found = known.get(role)
      if (found !== undefined) return found
      const environment: { [variable: string]: string } = {}
      for (const [service, variable] of Object.entries(variables)) {
        const name = service as keyof Servers
        const server = servers[name]
        if (server === undefined) continue
        const proxy = await startProxy(server, gateOf(name, role))
        if (name === "s3") for (const { fault, when } of faults) proxy.next(when, fault, Number.POSITIVE_INFINITY)
        proxies.push(proxy)
        environment[variable] = proxy.endpoint
      }
      known.set(role, environment)
      return environment
    },
    stop: async () => {
      for (const proxy of proxies) await proxy.stop()
    }
  }
}
